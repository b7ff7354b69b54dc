"""What a stage is, by meaning: who reaches what, who may do what, what is kept and what is secret."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from api import cors
from api.evaluation_routes import EVALUATION_PREFIXES
from api.lambda_routes import ROUTES
from db import rds
from db.settings import ControlSettings, Settings
from tests.infra.conftest import Resource, Stage, run
from tests.processes import ROOT

Deploy = Callable[..., Stage]
WORLD = ("0.0.0.0/0", "::/0")
WITHOUT_RESOURCES = {
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "ecr:GetAuthorizationToken",
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}
"""Actions that can't be bound to a resource, or not to one that exists when they are needed."""


def environment(function: Resource) -> dict[str, str]:
    variables: dict[str, str] = function.inputs["environment"]["variables"]
    return variables


# Who reaches what


def test_nothing_lets_the_world_in(any_stage: Stage) -> None:
    for group in any_stage.all("ec2:SecurityGroup"):
        assert not group.inputs.get("ingress")
    rules = any_stage.all("vpc:SecurityGroupIngressRule")
    assert rules
    for rule in rules:
        assert rule.inputs["referencedSecurityGroupId"]
        assert not {"cidrIpv4", "cidrIpv6", "prefixListId"} & rule.inputs.keys()
    default = any_stage.one("ec2:DefaultSecurityGroup").inputs
    assert not default.get("ingress")
    assert not default.get("egress")
    assert any_stage.one("rds:ClusterInstance").inputs["publiclyAccessible"] is False


def test_only_clients_reach_the_database_and_only_its_port(deploy: Deploy) -> None:
    for options, clients in (({}, {"admin-id"}), ({"intervalApiKey": "k"}, {"admin-id", "interval-id"})):
        stage = deploy("dev", **options)
        assert stage.one("rds:Cluster").inputs["vpcSecurityGroupIds"] == ["database-id"]
        into = [rule.inputs for rule in stage.all("vpc:SecurityGroupIngressRule")]
        assert {rule["securityGroupId"] for rule in into} == {"database-id"}
        assert {rule["referencedSecurityGroupId"] for rule in into} == clients
        assert {(rule["fromPort"], rule["toPort"], rule["ipProtocol"]) for rule in into} == {(5432, 5432, "tcp")}


def test_the_database_reaches_nobody_and_the_functions_only_it_and_s3(any_stage: Stage) -> None:
    out = [rule.inputs for rule in any_stage.all("vpc:SecurityGroupEgressRule")]
    assert not [rule for rule in out if rule["securityGroupId"] == "database-id"]
    admin = [rule for rule in out if rule["securityGroupId"] == "admin-id"]
    assert {rule.get("referencedSecurityGroupId") or rule["prefixListId"] for rule in admin} == {"database-id", "pl-s3"}
    to_the_world = [rule for rule in out if rule.get("cidrIpv4") in WORLD]
    assert all(rule["securityGroupId"] == "interval-id" and rule["fromPort"] == 443 for rule in to_the_world)
    assert bool(to_the_world) is bool(any_stage.all("ecs:Service"))


def test_interval_reaches_its_server_on_whichever_port(deploy: Deploy) -> None:
    stage = deploy("dev", intervalApiKey="k", intervalServerEndpoint="wss://interval.example.com:3000/websocket")
    rules = [rule.inputs for rule in stage.all("vpc:SecurityGroupEgressRule") if rule.inputs.get("cidrIpv4") in WORLD]
    assert sorted((rule["fromPort"], rule["toPort"]) for rule in rules) == [(443, 443), (3000, 3000)]
    assert "intervalServerEndpoint" not in stage.said
    assert "intervalServerEndpoint" in deploy("dev", intervalApiKey="k").said


def test_private_subnets_have_no_way_out_but_the_s3_endpoint(any_stage: Stage) -> None:
    assert not any_stage.one("ec2:RouteTable", "network-private").inputs.get("routes")
    assert not any_stage.all("ec2:NatGateway")
    endpoint = any_stage.one("ec2:VpcEndpoint").inputs
    assert (endpoint["vpcEndpointType"], endpoint["routeTableIds"]) == ("Gateway", ["network-private-id"])
    (statement,) = json.loads(endpoint["policy"])["Statement"]
    assert set(statement["Action"]) == {"s3:GetObject", "s3:PutObject"}
    assert statement["Resource"] == ["arn:Bucket:definitions/*"]
    private = {subnet.name + "-id" for subnet in any_stage.all("ec2:Subnet") if "private" in subnet.name}
    assert len(private) >= 2
    assert set(any_stage.one("rds:SubnetGroup").inputs["subnetIds"]) == private


def test_without_interval_nothing_is_connected_to_the_internet(deploy: Deploy) -> None:
    stage = deploy("prod")
    assert not stage.all("ec2:InternetGateway")
    assert not stage.all("ecs:Service")
    assert "intervalApiKey" in stage.said


def test_evaluation_and_control_are_outside_the_vpc_and_the_database_clients_in_it(any_stage: Stage) -> None:
    inside = {function.name for function in any_stage.all("lambda:Function") if function.inputs.get("vpcConfig")}
    assert inside == {"admin", "migration"}


def test_the_bucket_is_closed_encrypted_versioned_and_talks_tls(any_stage: Stage) -> None:
    block = any_stage.one("s3:BucketPublicAccessBlock").inputs
    switches = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert all(block[name] is True for name in switches)
    (rule,) = any_stage.one("s3:BucketServerSideEncryptionConfiguration").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "AES256"
    versioning = any_stage.one("s3:BucketVersioning").inputs["versioningConfiguration"]
    assert versioning["status"] == "Enabled"
    (statement,) = json.loads(any_stage.one("s3:BucketPolicy").inputs["policy"])["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_database_is_encrypted_wants_tls_and_keeps_its_own_password(any_stage: Stage) -> None:
    cluster = any_stage.one("rds:Cluster").inputs
    for switch in ("storageEncrypted", "iamDatabaseAuthenticationEnabled", "manageMasterUserPassword"):
        assert cluster[switch] is True
    assert "masterPassword" not in cluster
    parameters = any_stage.one("rds:ClusterParameterGroup").inputs
    assert {"name": "rds.force_ssl", "value": "1"} in parameters["parameters"]
    assert any_stage.one("rds:ClusterInstance").inputs["caCertIdentifier"] == "rds-ca-rsa2048-g1"
    assert "RSA2048 G1" in rds.ROOTS.read_text()


# Who may do what


def test_every_statement_lists_actions_and_resources(any_stage: Stage) -> None:
    assert len(any_stage.statements()) > 10
    for role, statement in any_stage.statements():
        assert all(re.fullmatch(r"[a-z0-9-]+:[A-Za-z]+", action) for action in statement["Action"]), (role, statement)
        if statement["Effect"] == "Allow" and "*" in statement["Resource"]:
            assert set(statement["Action"]) <= WITHOUT_RESOURCES, (role, statement)


def test_evaluation_may_read_what_is_published_and_nothing_else(any_stage: Stage) -> None:
    allowed = any_stage.allowed("evaluation")
    assert {action for action in allowed if not action.startswith(("logs:", "xray:"))} == {"s3:GetObject"}
    assert allowed["s3:GetObject"] == [
        "arn:Bucket:definitions/definitions/*",
        "arn:Bucket:definitions/keys.json",
    ]


def test_clients_sign_in_as_one_role_and_publish(any_stage: Stage) -> None:
    clients = ["admin", "migration"] + (["interval-running"] if any_stage.all("ecs:Service") else [])
    for client in clients:
        allowed = any_stage.allowed(client)
        (user,) = allowed["rds-db:connect"]
        assert user == "arn:aws:rds-db:eu-central-1:123456789012:dbuser:cluster-ABC/flagstaff"
        services = {action.partition(":")[0] for action in allowed}
        assert services <= {"logs", "xray", "s3", "rds-db", "ec2"}
        assert not {action for action in allowed if "Delete" in action and action.startswith("s3:")}
    may_connect = {role for role, statement in any_stage.statements() if "rds-db:connect" in statement["Action"]}
    assert may_connect == set(clients)


def test_code_in_the_vpc_may_not_use_lambdas_own_permissions(any_stage: Stage) -> None:
    for name in ("admin", "migration"):
        (denied,) = [one for role, one in any_stage.statements() if role == name and one["Effect"] == "Deny"]
        source = denied["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"]
        assert source.endswith(f":function:{any_stage.one('lambda:Function', name).inputs['name']}")


def test_the_cost_brake_is_for_the_evaluation_function_and_outlives_deployments(any_stage: Stage) -> None:
    may_brake = {role for role, one in any_stage.statements() if "lambda:PutFunctionConcurrency" in one["Action"]}
    assert may_brake == {"control"}
    evaluation = any_stage.one("lambda:Function", "evaluation").inputs
    (arn,) = any_stage.allowed("control")["lambda:PutFunctionConcurrency"]
    assert arn == f"arn:aws:lambda:eu-central-1:123456789012:function:{evaluation['name']}"
    assert "reservedConcurrentExecutions" not in evaluation
    assert "reservedConcurrentExecutions" in any_stage.ignored["evaluation"]


def test_only_the_data_api_uses_the_master_secret(any_stage: Stage) -> None:
    readers = [
        (role, one["Resource"]) for role, one in any_stage.statements()
        if "secretsmanager:GetSecretValue" in one["Action"] and role != "interval-starting"
    ]  # fmt: skip
    assert readers == [("control", ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:master"])]


def test_only_the_gateway_may_call_functions(any_stage: Stage) -> None:
    for permission in any_stage.all("lambda:Permission"):
        assert permission.inputs["principal"] == "apigateway.amazonaws.com"
        assert permission.inputs["sourceArn"].startswith("arn:aws:execute-api:")
    assert not any_stage.all("lambda:FunctionUrl")
    called = {permission.inputs["function"] for permission in any_stage.all("lambda:Permission")}
    assert any_stage.one("lambda:Function", "migration").inputs["name"] not in called


# Routes and settings


def test_every_evaluation_route_goes_where_no_database_is(any_stage: Stage) -> None:
    routes = {route.inputs["routeKey"]: route.inputs["target"] for route in any_stage.all("apigatewayv2:Route")}
    evaluation = routes["ANY /feature-flag/evaluate"]
    prefixes = [key.partition(" ")[2].partition("{")[0] for key, target in routes.items() if target == evaluation]
    for path in [*ROUTES, *EVALUATION_PREFIXES, "/ofrep/v1/evaluate/flags/a"]:
        assert any(path == prefix or (prefix.endswith("/") and path.startswith(prefix)) for prefix in prefixes), path
    assert routes["$default"] == "integrations/gateway-admin-id"
    assert routes["PATCH /mark-concurrency-zero"] == routes["POST /reset-limit"] == "integrations/gateway-control-id"


def test_functions_get_settings_that_they_can_read(any_stage: Stage) -> None:
    for function in any_stage.all("lambda:Function"):
        variables = {**environment(function), "AWS_REGION": "eu-central-1"}
        settings = Settings.from_env(variables)
        assert settings.definitions_bucket == "definitions-bucket"
        if settings.database_iam:
            assert rds.sign_in(settings)
            assert "sslmode=verify-full" in rds.verified_url(settings)
    control = environment(any_stage.one("lambda:Function", "control"))
    assert ControlSettings.from_env(control).role == "flagstaff"


def test_no_secret_is_in_an_environment_variable_or_shown(any_stage: Stage) -> None:
    said = json.dumps([environment(function) for function in any_stage.all("lambda:Function")])
    tasks = [task.inputs["containerDefinitions"] for task in any_stage.all("ecs:TaskDefinition")]
    for text in (said, *tasks):
        assert "live_hush" not in text
        assert "R4nd0m" not in text
        assert not re.search(r"postgresql://[^@/]*:[^@/]*@", text)
    for name, output in any_stage.outputs.items():
        assert output["secret"] is (name in ("adminKey", "serverKey")), name
    holders = {one.type for one in any_stage.resources if "live_hush" in json.dumps(one.inputs)}
    assert holders <= {"aws:secretsmanager/secretVersion:SecretVersion"}
    for version in any_stage.all("secretsmanager:SecretVersion"):
        assert "interval.secretString" in version.secret


def test_the_first_keys_are_known_to_the_database_by_hash_only(any_stage: Stage) -> None:
    invocation = any_stage.one("lambda:Invocation", "migrations").inputs
    secrets = [any_stage.outputs[name]["value"] for name in ("adminKey", "serverKey")]
    from db.keyring import hash_secret

    keys = json.loads(invocation["input"])["firstKeys"]
    assert [key["hash"] for key in keys] == [hash_secret(secret) for secret in secrets]
    assert all(secret not in json.dumps(any_stage.one("lambda:Invocation", "migrations").inputs) for secret in secrets)
    assert [(key["scope"], key["environment"]) for key in keys] == [("admin", None), ("server", "prod")]


def test_migrations_wait_for_the_ways_to_the_database_and_the_bucket(any_stage: Stage) -> None:
    assert set(any_stage.after["migrations"]) == {"role", "network"}
    assert any_stage.after["role"] == ["database"]


# What is kept, and what goes


def test_a_protected_stage_keeps_its_data(deploy: Deploy) -> None:
    stage = deploy("prod", intervalApiKey="k")
    cluster = stage.one("rds:Cluster").inputs
    assert cluster["deletionProtection"] is True
    assert cluster["skipFinalSnapshot"] is False
    assert cluster["finalSnapshotIdentifier"]
    assert cluster["backupRetentionPeriod"] >= 7
    assert set(stage.protected) >= {"database", "definitions"}
    assert stage.one("s3:Bucket").inputs["forceDestroy"] is False


@pytest.mark.parametrize(("name", "options"), [("dev", {}), ("prod", {"protected": "false"})])
def test_any_other_stage_goes_without_leftovers(deploy: Deploy, name: str, options: dict[str, str]) -> None:
    stage = deploy(name, intervalApiKey="k", **options)
    cluster = stage.one("rds:Cluster").inputs
    assert cluster["deletionProtection"] is False
    assert cluster["skipFinalSnapshot"] is True
    assert stage.protected == []
    assert stage.one("s3:Bucket").inputs["forceDestroy"] is True
    assert stage.one("ecr:Repository").inputs["forceDelete"] is True
    assert stage.one("secretsmanager:Secret").inputs["recoveryWindowInDays"] == 0


def test_every_log_group_is_ours_and_forgets(any_stage: Stage) -> None:
    groups = any_stage.all("cloudwatch:LogGroup")
    assert len(groups) >= len(any_stage.all("lambda:Function")) + 1
    assert all(group.inputs["retentionInDays"] == 30 for group in groups)
    may_make_more = [role for role, one in any_stage.statements() if "logs:CreateLogGroup" in one["Action"]]
    assert may_make_more == []


# Functions, deployment, Interval, watching


def test_functions_are_small_traced_arm64_and_logged_as_json(any_stage: Stage) -> None:
    for function in any_stage.all("lambda:Function"):
        assert function.inputs["architectures"] == ["arm64"]
        assert function.inputs["tracingConfig"] == {"mode": "Active"}
        assert function.inputs["loggingConfig"]["logFormat"] == "JSON"
        assert function.inputs["sourceCodeHash"]


def test_the_admin_function_answers_before_the_gateway_gives_up(any_stage: Stage) -> None:
    assert any_stage.one("lambda:Function", "admin").inputs["timeout"] < 30
    assert any_stage.one("lambda:Function", "migration").inputs["timeout"] >= 180


def test_interval_is_one_arm64_task_without_privileges(deploy: Deploy) -> None:
    for name, capacity in (("dev", "FARGATE_SPOT"), ("prod", "FARGATE")):
        stage = deploy(name, intervalApiKey="live_hush")
        (container,) = json.loads(stage.one("ecs:TaskDefinition").inputs["containerDefinitions"])
        assert container["readonlyRootFilesystem"] is True
        assert container["user"] not in ("", "0", "root")
        assert container["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}
        assert container["command"] == ["python", "-m", "interval_app"]
        assert [secret["name"] for secret in container["secrets"]] == ["INTERVAL_API_KEY"]
        assert stage.one("index:Image").inputs["platforms"] == ["linux/arm64"]
        (strategy,) = stage.one("ecs:Service").inputs["capacityProviderStrategies"]
        assert strategy["capacityProvider"] == capacity


def test_failures_are_counted_in_the_access_log_without_missing_streams_and_waking_databases(any_stage: Stage) -> None:
    counting = any_stage.one("cloudwatch:LogMetricFilter").inputs
    assert counting["logGroupName"].startswith("/aws/apigateway/")
    logged = json.loads(any_stage.one("apigatewayv2:Stage").inputs["accessLogSettings"]["format"])
    assert (logged["status"], logged["routeKey"]) == ("$context.status", "$context.routeKey")
    left_out = '($.status != "501") && (($.status != "503") || ($.routeKey != "$default"))'
    assert counting["pattern"] == f'{{ ($.status = "5*") && {left_out} }}'
    metric = counting["metricTransformation"]
    alarms = [alarm.inputs for alarm in any_stage.all("cloudwatch:MetricAlarm")]
    (alarm,) = [alarm for alarm in alarms if alarm["metricName"] == metric["name"]]
    assert (alarm["namespace"], alarm.get("dimensions")) == (metric["namespace"], None)


def test_what_must_be_told_of_has_an_alarm(deploy: Deploy) -> None:
    stage = deploy("prod", alarmEmail="ops@example.com", staleMinutes="3")
    alarms = [alarm.inputs for alarm in stage.all("cloudwatch:MetricAlarm")]
    metrics = {alarm["metricName"] for alarm in alarms}
    assert {"5xx", "Throttles", "Errors", "DefinitionsAge", "UnpublishedRevisions"} <= metrics
    assert all(alarm["alarmActions"] == ["arn:Topic:observability"] for alarm in alarms)
    stale = next(alarm for alarm in alarms if alarm["metricName"] == "DefinitionsAge")
    assert (stale["threshold"], stale["dimensions"]) == (180, {"Stage": "prod"})
    unpublished = next(alarm for alarm in alarms if alarm["metricName"] == "UnpublishedRevisions")
    assert unpublished["treatMissingData"] == "ignore"
    assert not [alarm for alarm in deploy("prod").all("cloudwatch:MetricAlarm") if alarm.inputs.get("alarmActions")]


def test_the_dashboard_shows_what_the_functions_write(deploy: Deploy) -> None:
    stage = deploy("dev")
    body = json.loads(stage.one("cloudwatch:Dashboard").inputs["dashboardBody"])
    shown = {metric[1] for widget in body["widgets"] for metric in widget["properties"]["metrics"]}
    assert {"Evaluations", "EvaluationErrors", "DefinitionsAge", "UnpublishedRevisions"} <= shown


def test_the_gateway_throttles_and_logs_no_query_strings(any_stage: Stage) -> None:
    stage = any_stage.one("apigatewayv2:Stage").inputs
    assert stage["defaultRouteSettings"]["throttlingRateLimit"] == 500
    log_format = json.loads(stage["accessLogSettings"]["format"])
    assert "requestId" in log_format
    assert not any("query" in value.lower() or "header" in value.lower() for value in log_format.values())


# Options


def test_options_reach_what_they_are_for(deploy: Deploy) -> None:
    stage = deploy(
        "dev",
        minimumCapacity="0.5",
        maximumCapacity="8",
        evaluationMemory="1024",
        requestsPerSecond="50",
        corsOrigins='["https://app.example.com"]',
        logRetentionDays="7",
        evaluation="open",
        tracing="false",
        customDomain="flags.example.com",
        intervalApiKey="k",
        intervalProtectedRoles="admin,developer",
        intervalProtectedTeams="release",
        certificateArn="arn:aws:acm:eu-central-1:1:certificate/x",
        availabilityZones="eu-central-1b,eu-central-1c",
        defaultEnvironment="staging",
    )
    scaling = stage.one("rds:Cluster").inputs["serverlessv2ScalingConfiguration"]
    assert scaling == {"minCapacity": 0.5, "maxCapacity": 8}  # without pauses there is nothing to wait for
    assert stage.one("lambda:Function", "evaluation").inputs["memorySize"] == 1024
    assert environment(stage.one("lambda:Function", "evaluation"))["FLAGSTAFF_EVALUATION"] == "open"
    assert stage.one("lambda:Function", "evaluation").inputs["tracingConfig"] == {"mode": "PassThrough"}
    assert stage.one("apigatewayv2:Api").inputs["corsConfiguration"]["allowOrigins"] == ["https://app.example.com"]
    (container,) = json.loads(stage.one("ecs:TaskDefinition").inputs["containerDefinitions"])
    told = {setting["name"]: setting["value"] for setting in container["environment"]}
    assert (told["INTERVAL_PROTECTED_ROLES"], told["INTERVAL_PROTECTED_TEAMS"]) == ("admin,developer", "release")
    assert stage.outputs["url"]["value"] == "https://flags.example.com"
    assert stage.outputs["customDomainTarget"]["value"]
    zones = {subnet.inputs["availabilityZone"] for subnet in stage.all("ec2:Subnet")}
    assert zones == {"eu-central-1b", "eu-central-1c"}
    keys = json.loads(stage.one("lambda:Invocation", "migrations").inputs["input"])["firstKeys"]
    assert keys[1]["environment"] == "staging"


def test_pages_of_other_origins_may_do_in_aws_what_they_may_elsewhere(deploy: Deploy) -> None:
    allowed = deploy("dev", corsOrigins="*").one("apigatewayv2:Api").inputs["corsConfiguration"]
    assert allowed["allowMethods"] == cors.METHODS.split(", ")
    assert {*allowed["allowHeaders"]} == {*cors.HEADERS.lower().split(", ")}
    assert {*allowed["exposeHeaders"]} == {*cors.EXPOSED.lower().split(", ")}
    assert allowed["maxAge"] == int(cors.MAX_AGE_SECONDS)
    assert "corsConfiguration" not in deploy("dev").one("apigatewayv2:Api").inputs


def test_administrators_may_sign_in_by_token(deploy: Deploy) -> None:
    stage = deploy(
        "dev",
        jwtPublicKeyParameter="/auth/public-key",
        jwtAudience="flagstaff",
        jwtIssuer="https://id.example.com",
        jwtAdminClaim="role=admin",
        jwtAdminUsers="mary,john",
        jwtCookie="session",
    )
    for function in stage.all("lambda:Function"):
        settings = Settings.from_env({**environment(function), "AWS_REGION": "eu-central-1"})
        if function.name in ("admin", "control"):
            assert (settings.jwt_public_key or "").startswith("-----BEGIN PUBLIC KEY-----")
            assert (settings.jwt_audience, settings.jwt_issuer) == ("flagstaff", "https://id.example.com")
            assert (settings.jwt_admin_claim, settings.jwt_cookie) == (("role", "admin"), "session")
            assert settings.jwt_admin_users == {"mary", "john"}
        else:
            assert settings.jwt_public_key is None
    assert not stage.one("lambda:Function", "admin").secret


def test_a_stage_without_options_pauses_after_five_minutes(deploy: Deploy) -> None:
    scaling = deploy("dev").one("rds:Cluster").inputs["serverlessv2ScalingConfiguration"]
    assert scaling == {"minCapacity": 0, "maxCapacity": 2, "secondsUntilAutoPause": 300}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"minimumCapacity": "-1"}, "flagstaff:minimumCapacity must be"),
        ({"minimumCapacity": "4", "maximumCapacity": "2"}, "flagstaff:minimumCapacity is larger"),
        ({"evaluation": "maybe"}, "flagstaff:evaluation must be open or key"),
        ({"logRetentionDays": "8"}, "flagstaff:logRetentionDays must be one of"),
        ({"customDomain": "flags.example.com"}, "go together"),
        ({"corsOrigins": "[1]"}, "flagstaff:corsOrigins must be a list"),
        ({"corsOrigins": "[broken"}, "flagstaff:corsOrigins"),
        ({"availabilityZones": "eu-central-1a"}, "two or three"),
        ({"pythonVersion": "3.8"}, "flagstaff:pythonVersion must be"),
        ({"jwtPublicKeyParameter": "/key"}, "needs flagstaff:jwtAudience"),
        ({"jwtPublicKeyParameter": "/key", "jwtAudience": "a"}, "needs flagstaff:jwtAdminClaim or"),
        ({"jwtAdminUsers": "mary"}, "need flagstaff:jwtPublicKeyParameter"),
        ({"intervalProtectedRoles": "admin,none"}, "flagstaff:intervalProtectedRoles must be"),
        ({"intervalServerEndpoint": "https://interval.example.com"}, "flagstaff:intervalServerEndpoint must be"),
        ({"autoPauseSeconds": "10"}, "flagstaff:autoPauseSeconds must be a whole number"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_an_option_that_can_not_be_used_is_named(options: dict[str, str], said: str) -> None:
    done = run("dev", **options)
    assert done.returncode != 0
    assert said in done.stderr


def test_a_stack_name_that_can_not_be_part_of_names_is_refused() -> None:
    assert "the stack's name must match" in run("My Stack").stderr


def test_the_page_has_every_option_with_its_default() -> None:
    source = (ROOT / "infra" / "options.py").read_text()
    read = set(re.findall(r'(?:read|get_secret)\(\s*"([A-Za-z]+)"', source))
    page = (ROOT / "docs" / "aws.md").read_text().split("| option |", 1)[1].split("\n\n", 1)[0]
    shown = dict(re.findall(r"^\| `([A-Za-z]+)` \| `?([^`|]+?)`?(?: for .*)? \|", page, re.MULTILINE))
    assert shown.keys() == read
    for name, default in shown.items():
        if re.fullmatch(r"[0-9.]+", default):
            field = re.sub("([A-Z])", lambda match: "_" + match[1].lower(), name)
            (said,) = re.findall(rf'^    {field}: \w+ = "?([0-9.]+)"?$', source, re.MULTILINE)
            assert float(said) == float(default), name
