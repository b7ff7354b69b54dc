"""The worker function: what it is like, and what starts it."""

from __future__ import annotations

import pytest

from db.published.manifest import MANIFESTS_FOLDER, PARTS_FOLDER
from tests.infra.conftest import Deploy, Stage, environment


def test_it_has_time_and_memory_and_no_way_to_the_database(any_stage: Stage) -> None:
    worker = any_stage.one("lambda:Function", "worker").inputs
    assert worker["handler"] == "api.aws.worker_function.handler"
    assert worker["memorySize"] >= 512
    assert worker["timeout"] == 120
    assert "vpcConfig" not in worker
    assert "FLAGSTAFF_DATABASE_URL" not in environment(any_stage.one("lambda:Function", "worker"))
    assert worker["loggingConfig"]["logGroup"] == any_stage.one("cloudwatch:LogGroup", "worker").inputs["name"]


def test_a_manifest_that_is_written_starts_it_and_nothing_else_that_is(any_stage: Stage) -> None:
    notification = any_stage.one("s3:BucketNotification").inputs
    assert notification["bucket"] == "definitions-id"
    (told,) = notification["lambdaFunctions"]
    assert told["lambdaFunctionArn"] == "arn:Function:worker"
    assert (told["events"], told["filterPrefix"]) == (["s3:ObjectCreated:*"], MANIFESTS_FOLDER)
    assert not PARTS_FOLDER.startswith(MANIFESTS_FOLDER)
    # S3 refuses a function that it may not start yet.
    assert any_stage.comes_after("s3:BucketNotification worker", "lambda:Permission worker-bucket")


def test_it_runs_once_a_minute_for_what_a_notification_missed(any_stage: Stage) -> None:
    rule, target = any_stage.one("cloudwatch:EventRule").inputs, any_stage.one("cloudwatch:EventTarget").inputs
    assert rule["scheduleExpression"] == "rate(1 minute)"
    assert (target["rule"], target["arn"]) == (rule["name"], "arn:Function:worker")


def test_it_is_there_before_a_deployment_publishes_and_does_not_wait_for_the_migration(any_stage: Stage) -> None:
    assert any_stage.comes_after("lambda:Invocation publication", "s3:BucketNotification worker")
    assert any_stage.comes_after("lambda:Invocation publication", "lambda:Function worker")
    assert not any_stage.comes_after("lambda:Function worker", "lambda:Invocation migrations")


@pytest.mark.parametrize(("quota", "workers"), [("10", None), ("999", None), ("1000", 2), ("5000", 2)])
def test_few_run_at_once_where_the_account_has_executions_to_set_apart(
    deploy: Deploy, quota: str, workers: int | None
) -> None:
    stage = deploy("dev", **{"mock:concurrentExecutions": quota})
    assert stage.one("lambda:Function", "worker").inputs.get("reservedConcurrentExecutions") == workers
    ignored = stage.ignored.get("lambda:Function worker", [])  # where it is not set, nobody sets it
    assert ("reservedConcurrentExecutions" in ignored) is (workers is None)
