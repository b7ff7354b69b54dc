"""What a deployer may do, and how GitHub's runners become one: held to what the program declares."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest
import yaml

from tests.infra.conftest import Deploy, Stage, short
from tests.infra.deployer_actions import ACCOUNT, ACTIONS, OF_CALLS, arn_of
from tests.processes import ROOT

FOLDER = ROOT / "infra" / "deployer"
POLICY = json.loads((FOLDER / "policy.json").read_text())
TRUST = json.loads((FOLDER / "github-trust.json").read_text())
WORKFLOW = yaml.safe_load((FOLDER / "github-workflow.yml").read_text())
INLINE_LIMIT = 10_240
"""Characters of a role's own policies, white space left out."""
WITHOUT_NAMES = ("LookAround", "AccessLogOfTheGateway")
"""Statements of actions that know no resource, or read only."""

EVERYTHING = {
    "intervalApiKey": "k",
    "intervalServerEndpoint": "wss://interval.example.com/websocket",
    "alarmEmail": "ops@example.com",
    "corsOrigins": "https://app.example.com",
    "customDomain": "flags.example.com",
    "certificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/1",
}


def matches(patterns: list[str], text: str) -> bool:
    return any(fnmatchcase(text, pattern.replace("[", "[[]")) for pattern in patterns)


def is_allowed(action: str, resource: str, **context: str) -> bool:
    """Whether the policy allows it, as IAM judges: a condition on what is not in the context is not met."""
    return any(
        matches(one["Action"], action) and matches(one["Resource"], resource) and met(one, context)
        for one in POLICY["Statement"]
    )


def met(statement: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    return all(
        matches([wanted] if isinstance(wanted, str) else wanted, context.get(key, ""))
        for conditions in statement.get("Condition", {}).values()
        for key, wanted in conditions.items()
    )


def contexts(action: str, stage: str) -> dict[str, str]:
    """What AWS knows of a request for what a stage has: its tag, before it is there or since."""
    tag = {"aws:RequestTag/flagstaff": stage} if re.search(":(Create|Authorize)", action) else {}
    return {"aws:ResourceTag/flagstaff": stage, "iam:PassedToService": "lambda.amazonaws.com", **tag}


@pytest.fixture(params=["dev", "prod"])
def stage(request: pytest.FixtureRequest, deploy: Deploy) -> Stage:
    return deploy(request.param, **EVERYTHING)


def test_everything_that_the_program_declares_can_be_made_changed_and_removed(stage: Stage) -> None:
    resources = [(short(one.type), one.inputs) for one in stage.resources if one.type.startswith("aws:")]
    assert {kind for kind, _ in resources} <= ACTIONS.keys(), "tests/infra/deployer_actions.py does not know these"
    refused = {
        (action, arn)
        for kind, inputs in resources
        for action in ACTIONS[kind].split()
        if not is_allowed(action, arn := arn_of(kind, inputs), **contexts(action, "dev"))
    }
    assert refused == set()


def test_what_the_program_looks_up_and_aws_asks_beside_it_is_allowed() -> None:
    names = {
        "secretsmanager": f"arn:aws:secretsmanager:{ACCOUNT}:secret:rds!cluster-0",
        "iam": "arn:aws:iam::123456789012:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS",
    }
    context = {"iam:AWSServiceName": "rds.amazonaws.com"}
    refused = [one for one in OF_CALLS if not is_allowed(one, names.get(one.partition(":")[0], "*"), **context)]
    assert refused == []


OF_OTHERS = [
    ("lambda:UpdateFunctionCode", f"arn:aws:lambda:{ACCOUNT}:function:billing"),
    ("rds:DeleteDBCluster", f"arn:aws:rds:{ACCOUNT}:cluster:billing"),
    ("s3:DeleteObject", "arn:aws:s3:::billing/invoices"),
    ("s3:GetObject", "arn:aws:s3:::billing/invoices"),
    ("ec2:DeleteVpc", f"arn:aws:ec2:{ACCOUNT}:vpc/vpc-1"),
    ("ec2:AuthorizeSecurityGroupIngress", f"arn:aws:ec2:{ACCOUNT}:security-group/sg-1"),
    ("ec2:CreateVpc", f"arn:aws:ec2:{ACCOUNT}:vpc/*"),
    ("ec2:RunInstances", f"arn:aws:ec2:{ACCOUNT}:instance/*"),
    ("iam:PassRole", "arn:aws:iam::123456789012:role/Administrator"),
    ("iam:PassRole", "arn:aws:iam::123456789012:role/flagstaff-dev-admin"),
    ("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/Administrator"),
    ("iam:AttachRolePolicy", "arn:aws:iam::123456789012:role/flagstaff-dev-admin"),
    ("iam:CreateUser", "arn:aws:iam::123456789012:user/ada"),
    ("iam:CreateServiceLinkedRole", "arn:aws:iam::123456789012:role/aws-service-role/x/y"),
    ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{ACCOUNT}:secret:rds!cluster-0"),
    ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{ACCOUNT}:secret:billing"),
    ("logs:GetLogEvents", f"arn:aws:logs:{ACCOUNT}:log-group:/aws/lambda/billing"),
]


@pytest.mark.parametrize(("action", "resource"), OF_OTHERS, ids=lambda value: value.rpartition(":")[2])
def test_what_others_have_is_out_of_reach(action: str, resource: str) -> None:
    assert not is_allowed(action, resource)


def test_the_policy_names_what_it_allows_and_fits_into_a_role() -> None:
    for statement in POLICY["Statement"]:
        assert statement["Effect"] == "Allow"
        for action in statement["Action"]:
            assert re.fullmatch(r"[a-z0-9-]+:(?=.*[A-Za-z])[A-Za-z*]+", action), action
        assert ("*" in statement["Resource"]) is (statement["Sid"] in WITHOUT_NAMES), statement["Sid"]
    assert len(re.sub(r"\s", "", json.dumps(POLICY))) < INLINE_LIMIT
    (passing,) = [one for one in POLICY["Statement"] if "iam:PassRole" in one["Action"]]
    assert passing["Resource"] == ["arn:aws:iam::*:role/flagstaff-*"]
    assert passing["Condition"] == {
        "StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com", "ecs-tasks.amazonaws.com"]}
    }


def test_roles_are_taken_on_by_the_services_that_they_may_be_passed_to(stage: Stage) -> None:
    for role in stage.all("iam:Role"):
        (who,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        assert is_allowed("iam:PassRole", arn_of("iam:Role", role.inputs), **{"iam:PassedToService": service_of(who)})


def service_of(statement: Mapping[str, Any]) -> str:
    service: str = statement["Principal"]["Service"]
    return service


def test_only_one_environment_of_one_repository_becomes_the_deployer() -> None:
    (statement,) = TRUST["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Principal"]["Federated"].endswith(":oidc-provider/token.actions.githubusercontent.com")
    assert statement["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": "repo:ORGANISATION/REPOSITORY:environment:dev",
        }
    }


def test_the_workflow_deploys_by_targets_that_there_are_with_no_stored_keys() -> None:
    (job,) = WORKFLOW["jobs"].values()
    assert job["permissions"] == {"id-token": "write", "contents": "read"}
    (allowed,) = TRUST["Statement"]
    assert allowed["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"].endswith(job["environment"])
    assert WORKFLOW[True]["push"]["branches"] == ["main"]  # YAML 1.1 reads `on` as true
    assert WORKFLOW["concurrency"]["cancel-in-progress"] is False
    targets = re.findall(r"^([a-z -]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    known = {name for line in targets for name in line.split()}
    used = [name for command in commands(job) for name in re.findall(r"\bmake ([a-z-]+)", command)]
    assert used == ["deploy"]
    assert set(used) <= known
    text = (FOLDER / "github-workflow.yml").read_text()
    assert not re.search(r"AWS_(ACCESS_KEY|SECRET)", text)
    for action in re.findall(r"uses: (\S+)", text):
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@v\d+", action), action


def commands(job: Mapping[str, Any]) -> Iterator[str]:
    for step in job["steps"]:
        if "run" in step:
            yield step["run"]
