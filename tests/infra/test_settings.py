"""Routes, the settings that functions get, and what is secret in them."""

from __future__ import annotations

import json
import re

from api.aws.routes import ROUTES
from api.routes import EVALUATION_PREFIXES
from db.postgres import iam
from db.settings import ControlSettings, Settings
from tests.infra.conftest import Stage, environment


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
            assert iam.sign_in(settings)
            assert "sslmode=verify-full" in iam.verified_url(settings)
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
    from db.published.keyring import hash_secret

    keys = json.loads(invocation["input"])["firstKeys"]
    assert [key["hash"] for key in keys] == [hash_secret(secret) for secret in secrets]
    assert all(secret not in json.dumps(any_stage.one("lambda:Invocation", "migrations").inputs) for secret in secrets)
    assert [(key["scope"], key["environment"]) for key in keys] == [("admin", None), ("server", "prod")]


def test_migrations_wait_for_the_ways_to_the_database_and_the_bucket(any_stage: Stage) -> None:
    for way in ("vpc:SecurityGroupEgressRule admin-to-database", "vpc:SecurityGroupEgressRule admin-to-s3"):
        assert any_stage.comes_after("lambda:Invocation migrations", way)
    assert any_stage.comes_after("lambda:Invocation migrations", "ec2:VpcEndpoint network-s3")
    assert any_stage.comes_after("lambda:Invocation migrations", "lambda:Invocation role")
    assert any_stage.comes_after("lambda:Invocation role", "rds:ClusterInstance database")
