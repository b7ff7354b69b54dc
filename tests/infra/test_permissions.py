"""Who may do what: the statements of every role."""

from __future__ import annotations

import re

from tests.infra.conftest import Deploy, Stage

WITHOUT_RESOURCES = {
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
    "ecr:GetAuthorizationToken",
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}
"""Actions that can't be bound to a resource, or not to one that exists when they are needed."""


def test_only_what_is_traced_may_trace(deploy: Deploy) -> None:
    for tracing in ("true", "false"):
        statements = deploy("dev", tracing=tracing).statements()
        assert any("xray:PutTraceSegments" in one["Action"] for _, one in statements) is (tracing == "true")


def test_every_statement_lists_actions_and_resources(any_stage: Stage) -> None:
    assert len(any_stage.statements()) > 10
    for role, statement in any_stage.statements():
        assert all(re.fullmatch(r"[a-z0-9-]+:[A-Za-z]+", action) for action in statement["Action"]), (role, statement)
        if statement["Effect"] == "Allow" and "*" in statement["Resource"]:
            assert set(statement["Action"]) <= WITHOUT_RESOURCES, (role, statement)


def objects(*patterns: str) -> list[str]:
    return [f"arn:Bucket:definitions/{pattern}" for pattern in patterns]


KEYS, MANIFESTS, PARTS, DOCUMENTS = objects("keys.json", "manifest/*", "parts/*", "definitions/*")
PUBLISHERS = ("admin", "migration", "interval-running")
PUBLISHING = {
    "s3:GetObject": {KEYS, MANIFESTS, PARTS},
    "s3:PutObject": {KEYS, MANIFESTS, PARTS},
    "s3:DeleteObject": {MANIFESTS, PARTS, DOCUMENTS},
}
MAY_IN_BUCKET = {
    "evaluation": {"s3:GetObject": {KEYS, MANIFESTS, PARTS, DOCUMENTS}},
    "control": {"s3:GetObject": {KEYS}},
    "worker": {"s3:GetObject": {KEYS, MANIFESTS, PARTS, DOCUMENTS}, "s3:PutObject": {DOCUMENTS}},
    **dict.fromkeys(PUBLISHERS, PUBLISHING),
}
"""Objects by action and role: what tests/aws/test_permissions.py sees them ask for."""


def test_each_role_may_do_in_the_bucket_what_it_has_to(any_stage: Stage) -> None:
    roles = {role for role, _ in any_stage.statements()}
    for role in roles:
        allowed = any_stage.allowed(role)
        found = {action: set(allowed[action]) for action in allowed if action.startswith("s3:")}
        assert found == MAY_IN_BUCKET.get(role, {}), role
    assert roles >= MAY_IN_BUCKET.keys() - {"interval-running"}


def test_those_without_a_database_may_use_the_bucket_and_nothing_else(any_stage: Stage) -> None:
    for role in ("evaluation", "worker"):
        assert {action.partition(":")[0] for action in any_stage.allowed(role)} <= {"s3", "logs", "xray"}


def test_clients_sign_in_as_one_role_and_publish(any_stage: Stage) -> None:
    clients = ["admin", "migration"] + (["interval-running"] if any_stage.all("ecs:Service") else [])
    for client in clients:
        allowed = any_stage.allowed(client)
        (user,) = allowed["rds-db:connect"]
        assert user == "arn:aws:rds-db:eu-central-1:123456789012:dbuser:cluster-ABC/flagstaff"
        services = {action.partition(":")[0] for action in allowed}
        assert services <= {"logs", "xray", "s3", "rds-db", "ec2"}
    may_connect = {role for role, statement in any_stage.statements() if "rds-db:connect" in statement["Action"]}
    assert may_connect == set(clients)


def test_code_in_the_vpc_may_not_use_lambdas_own_permissions(any_stage: Stage) -> None:
    for name in ("admin", "migration"):
        (denied,) = [one for role, one in any_stage.statements() if role == name and one["Effect"] == "Deny"]
        source = f":function:{any_stage.one('lambda:Function', name).inputs['name']}"
        plain, version = denied["Condition"]["ArnLike"]["lambda:SourceFunctionArn"]
        assert (plain.endswith(source), version.endswith(f"{source}:*")) == (True, True)


def test_the_cost_brake_is_for_the_evaluation_function_and_outlives_deployments(any_stage: Stage) -> None:
    may_brake = {role for role, one in any_stage.statements() if "lambda:PutFunctionConcurrency" in one["Action"]}
    assert may_brake == {"control"}
    evaluation = any_stage.one("lambda:Function", "evaluation").inputs
    (arn,) = any_stage.allowed("control")["lambda:PutFunctionConcurrency"]
    assert arn == f"arn:aws:lambda:eu-central-1:123456789012:function:{evaluation['name']}"
    assert "reservedConcurrentExecutions" not in evaluation
    assert "reservedConcurrentExecutions" in any_stage.ignored["lambda:Function evaluation"]


def test_only_the_data_api_uses_the_master_secret(any_stage: Stage) -> None:
    readers = [
        (role, one["Resource"]) for role, one in any_stage.statements()
        if "secretsmanager:GetSecretValue" in one["Action"] and role != "interval-starting"
    ]  # fmt: skip
    assert readers == [("control", ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:master"])]


def test_only_the_gateway_may_call_functions_but_the_worker(any_stage: Stage) -> None:
    worker = any_stage.one("lambda:Function", "worker").inputs["name"]
    permissions = [one.inputs for one in any_stage.all("lambda:Permission") if one.inputs["function"] != worker]
    for permission in permissions:
        assert permission["principal"] == "apigateway.amazonaws.com"
        assert permission["sourceArn"].startswith("arn:aws:execute-api:")
    assert not any_stage.all("lambda:FunctionUrl")
    called = {permission["function"] for permission in permissions}
    assert any_stage.one("lambda:Function", "migration").inputs["name"] not in called


def test_the_stages_own_bucket_and_schedule_may_start_the_worker(any_stage: Stage) -> None:
    worker = any_stage.one("lambda:Function", "worker").inputs["name"]
    allowed = {
        (one.inputs["principal"], one.inputs["sourceArn"], one.inputs.get("sourceAccount"))
        for one in any_stage.all("lambda:Permission")
        if one.inputs["function"] == worker
    }
    assert allowed == {
        ("s3.amazonaws.com", "arn:Bucket:definitions", "123456789012"),
        ("events.amazonaws.com", "arn:EventRule:worker", None),
    }
