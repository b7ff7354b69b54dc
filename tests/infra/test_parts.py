"""What functions, the Interval task, alarms and the gateway are like."""

from __future__ import annotations

import json

from tests.infra.conftest import Deploy, Stage


def test_functions_are_small_traced_arm64_and_logged_as_json(any_stage: Stage) -> None:
    for function in any_stage.all("lambda:Function"):
        assert function.inputs["architectures"] == ["arm64"]
        # A trace of each minute's run would cost more than the runs.
        mode = "PassThrough" if function.name == "worker" else "Active"
        assert function.inputs["tracingConfig"] == {"mode": mode}
        assert function.inputs["loggingConfig"]["logFormat"] == "JSON"
        assert function.inputs["sourceCodeHash"]


def test_the_admin_function_answers_before_the_gateway_gives_up(any_stage: Stage) -> None:
    assert any_stage.one("lambda:Function", "admin").inputs["timeout"] < 30
    assert any_stage.one("lambda:Function", "migration").inputs["timeout"] >= 180


def test_interval_is_one_arm64_task_without_privileges(deploy: Deploy) -> None:
    for name, capacity in (("dev", "FARGATE_SPOT"), ("prod", "FARGATE")):
        stage = deploy(name, intervalApiKey="live_hush")
        (container,) = json.loads(stage.one("ecs:TaskDefinition", "interval").inputs["containerDefinitions"])
        assert container["readonlyRootFilesystem"] is True
        assert container["user"] not in ("", "0", "root")
        assert container["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}
        assert container["command"] == ["python", "-m", "interval_app"]
        (secret,) = container["secrets"]  # by its version: another key makes another task
        assert (secret["name"], secret["valueFrom"]) == ("INTERVAL_API_KEY", "interval-id:::version-1")
        providers = stage.one("ecs:ClusterCapacityProviders").inputs["capacityProviders"]
        assert set(providers) == {"FARGATE", "FARGATE_SPOT"}
        assert stage.one("index:Image").inputs["platforms"] == ["linux/arm64"]
        (strategy,) = stage.one("ecs:Service").inputs["capacityProviderStrategies"]
        assert strategy["capacityProvider"] == capacity


def test_a_task_that_can_not_run_fails_the_deployment(deploy: Deploy) -> None:
    server = {"intervalServerEndpoint": "wss://interval.example.com/websocket"}
    service = deploy("prod", intervalApiKey="k", **server).one("ecs:Service").inputs
    assert service["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert service["waitForSteadyState"] is True
    assert deploy("prod", intervalApiKey="k").one("ecs:Service").inputs["waitForSteadyState"] is False


def test_the_gateway_throttles_and_logs_no_query_strings(any_stage: Stage) -> None:
    stage = any_stage.one("apigatewayv2:Stage").inputs
    assert stage["defaultRouteSettings"]["throttlingRateLimit"] == 500
    log_format = json.loads(stage["accessLogSettings"]["format"])
    assert "requestId" in log_format
    assert log_format["sourceIp"] == "$context.identity.sourceIp"
    assert not any("query" in value.lower() or "header" in value.lower() for value in log_format.values())
