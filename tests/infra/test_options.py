"""Options: where they arrive, and which are refused."""

from __future__ import annotations

import importlib
import json
import re
from typing import Any

import pytest

from api.access import cors
from db.settings import Settings
from tests.infra.conftest import Deploy, Resource, environment, run
from tests.processes import ROOT


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
    (container,) = json.loads(stage.one("ecs:TaskDefinition", "interval").inputs["containerDefinitions"])
    told = {setting["name"]: setting["value"] for setting in container["environment"]}
    assert (told["INTERVAL_PROTECTED_ROLES"], told["INTERVAL_PROTECTED_TEAMS"]) == ("admin,developer", "release")
    assert stage.outputs["url"]["value"] == "https://flags.example.com"
    assert stage.outputs["customDomainTarget"]["value"]
    zones = {subnet.inputs["availabilityZone"] for subnet in stage.all("ec2:Subnet")}
    assert zones == {"eu-central-1b", "eu-central-1c"}
    keys = json.loads(stage.one("lambda:Invocation", "migrations").inputs["input"])["firstKeys"]
    assert keys[1]["environment"] == "staging"


def test_pages_of_other_origins_may_do_in_aws_what_they_may_elsewhere(deploy: Deploy) -> None:
    stage = deploy("dev", corsOrigins="*", corsHeaders="X-Tenant")
    allowed = stage.one("apigatewayv2:Api").inputs["corsConfiguration"]
    assert allowed["allowMethods"] == cors.METHODS.split(", ")
    assert {*allowed["allowHeaders"]} >= {*cors.HEADERS.lower().split(", "), "traceparent", "x-tenant"}
    (rule,) = stage.one("s3:BucketCorsConfiguration").inputs["corsRules"]  # where large definitions are read from
    assert (rule["allowedOrigins"], rule["allowedMethods"]) == (["*"], ["GET", "HEAD"])
    assert rule["allowedHeaders"] == ["*"]  # a browser that follows a redirect sends its headers again
    assert {*allowed["exposeHeaders"]} == {*cors.EXPOSED.lower().split(", ")}
    assert allowed["maxAge"] == int(cors.MAX_AGE_SECONDS)
    assert "corsConfiguration" not in deploy("dev").one("apigatewayv2:Api").inputs
    assert not deploy("dev").all("s3:BucketCorsConfiguration")


def test_a_domain_of_ones_own_closes_the_gateways(deploy: Deploy) -> None:
    own = {"customDomain": "flags.example.com", "certificateArn": "arn:aws:acm:eu-central-1:1:certificate/x"}
    assert deploy("dev", **own).one("apigatewayv2:Api").inputs["disableExecuteApiEndpoint"] is True
    assert deploy("dev").one("apigatewayv2:Api").inputs["disableExecuteApiEndpoint"] is False


@pytest.mark.parametrize("name", ["live", "prod-eu", "eu-production"])
def test_a_stage_that_looks_in_use_is_warned_of(deploy: Deploy, name: str) -> None:
    assert "goes with all its data" in deploy(name).said
    assert "goes with all its data" not in deploy(name, protected="true").said + deploy("product").said


def test_a_pinned_postgresql_stays_as_it_is(deploy: Deploy) -> None:
    for version, upgraded in (("16", True), ("16.4", False), ("17.5", False)):
        instance = deploy("dev", postgresVersion=version).one("rds:ClusterInstance").inputs
        assert instance["autoMinorVersionUpgrade"] is upgraded


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
        ({"alarmTopicArn": "arn:aws:sns:eu-central-1:123456789012:a.fifo"}, "flagstaff:alarmTopicArn must be"),
        ({"tags": "aws:team=web"}, "flagstaff:tags must be names and values"),
        ({"postgresVersion": "16.2"}, "flagstaff:postgresVersion must be"),
        ({"autoPauseSeconds": "10"}, "flagstaff:autoPauseSeconds must be a whole number"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_an_option_that_can_not_be_used_is_named(options: dict[str, str], said: str) -> None:
    done = run("dev", **options)
    assert done.returncode != 0
    assert said in done.stderr


@pytest.mark.parametrize("name", ["My Stack", "a--b", "pr-", "1st", "a" * 21])
def test_a_stack_name_that_can_not_be_part_of_names_is_refused(name: str) -> None:
    assert "the stack's name must be 1 to 20 of a-z" in run(name).stderr


@pytest.mark.parametrize(
    ("name", "hint"),
    [("minimumCapacty", " (flagstaff:minimumCapacity?)"), ("colour", "; the options are adminMemory,")],
)
def test_a_misspelt_option_is_refused(name: str, hint: str) -> None:
    assert f"there is no option flagstaff:{name}{hint}" in run("dev", **{name: "1"}).stderr


@pytest.mark.parametrize("text", ["team=web,costCentre=42", '{"team": "web", "costCentre": 42}'])
def test_everything_that_takes_tags_gets_those_of_the_option(deploy: Deploy, text: str) -> None:
    stage = deploy("dev", tags=text, intervalApiKey="k")
    own = {"team": "web", "costCentre": "42", "flagstaff": "dev"}
    tagged = [one.type for one in stage.resources if one.type.startswith("aws:") and own.items() <= tags_of(one)]
    kinds = ("lambda/function:F", "rds/cluster:C", "s3/bucket:B", "iam/role:R", "ecs/service:S", "logGroup:L")
    for kind in kinds:
        assert [one for one in tagged if kind in one], kind
    assert stage.one("ec2:Vpc").inputs["tags"] == {**own, "Name": "flagstaff-dev"}


def test_the_page_has_every_option_with_its_default() -> None:
    page = (ROOT / "docs" / "aws.md").read_text().split("| option |", 1)[1].split("\n\n", 1)[0]
    shown = dict(re.findall(r"^\| `([A-Za-z]+)` \| `?([^`|]+?)`?(?: for .*)? \|", page, re.MULTILINE))
    names = options_class().names()
    assert shown.keys() == names.keys()
    blank = options_class()("dev")
    for name, default in shown.items():
        if re.fullmatch(r"[0-9.]+", default):
            assert float(getattr(blank, names[name])) == float(default), name


def tags_of(resource: Resource) -> Any:
    """The items of a resource's tags."""
    return (resource.inputs.get("tags") or {}).items()


def options_class() -> Any:
    """The program's own class of options, which needs no Pulumi."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "infra"))
        return importlib.import_module("options").Options
