"""Alarms: on what, where they go, and whether the page says the same; and the dashboard."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.infra.conftest import Deploy, Stage
from tests.processes import ROOT

TOPIC = "arn:aws:sns:eu-central-1:123456789012:on-call"
SERVER = {"intervalApiKey": "k", "intervalServerEndpoint": "wss://interval.example.com/websocket"}


def alarms_of(stage: Stage) -> dict[str, Mapping[str, Any]]:
    """Every alarm, by its name without the stage's."""
    return {alarm.name: alarm.inputs for alarm in stage.all("cloudwatch:MetricAlarm")}


def test_failures_are_counted_in_the_access_log_without_missing_streams_and_waking_databases(any_stage: Stage) -> None:
    counting = any_stage.one("cloudwatch:LogMetricFilter").inputs
    assert counting["logGroupName"].startswith("/aws/vendedlogs/")
    logged = json.loads(any_stage.one("apigatewayv2:Stage").inputs["accessLogSettings"]["format"])
    for name in re.findall(r"\$\.(\w+)", counting["pattern"]):
        assert logged[name] == f"$context.{name}"
    # The admin function's own 503; that of the gateway, where the function does not answer, is a failure.
    waking = '($.status != "503") || ($.routeKey != "$default") || ($.integrationErrorMessage != "-")'
    assert counting["pattern"] == f'{{ ($.status = "5*") && ($.status != "501") && ({waking}) }}'
    metric, alarm = counting["metricTransformation"], alarms_of(any_stage)["5xx"]
    assert (alarm["namespace"], alarm["metricName"]) == (metric["namespace"], metric["name"])
    assert alarm.get("dimensions") is None


def test_what_must_be_told_of_has_an_alarm(deploy: Deploy) -> None:
    alarms = alarms_of(deploy("prod", staleMinutes="3", evaluationMemory="1024", **SERVER))
    function = {part: {"FunctionName": f"flagstaff-prod-{part}"} for part in ("evaluation", "admin", "worker")}
    api, stage = {"ApiId": "gateway-id"}, {"Stage": "prod"}
    task = {"ClusterName": "flagstaff-prod-interval", "ServiceName": "flagstaff-prod-interval"}
    found = {name: (alarm["metricName"], alarm.get("dimensions"), alarm["threshold"]) for name, alarm in alarms.items()}
    assert found == {
        "5xx": ("5xx", None, 0),
        "latency": ("Latency", api, 1000),
        "requests": ("Count", api, 200_000),
        "evaluation-throttles": ("Throttles", function["evaluation"], 0),
        "admin-throttles": ("Throttles", function["admin"], 0),
        "worker-errors": ("Errors", function["worker"], 0),
        "stale-definitions": ("DefinitionsAge", stage, 180),
        "unpublished": ("UnpublishedRevisions", stage, 0),
        "memory": ("MemoryPeak", stage, 0.8 * 1024),
        "interval-task": ("CPUUtilization", task, 3),
    }
    assert alarms["unpublished"]["treatMissingData"] == "ignore"
    assert alarms["requests"]["period"] == 3600


def test_a_slow_answer_among_few_is_no_alarm(any_stage: Stage) -> None:
    latency = alarms_of(any_stage)["latency"]
    assert (latency["extendedStatistic"], latency.get("statistic")) == ("p99", None)
    assert latency["evaluateLowSampleCountPercentiles"] == "ignore"


def test_a_task_that_does_not_run_is_an_alarm_where_it_could(deploy: Deploy) -> None:
    alarm = alarms_of(deploy("dev", **SERVER))["interval-task"]  # ECS has figures of tasks that run, and of no others
    assert (alarm["statistic"], alarm["comparisonOperator"]) == ("SampleCount", "LessThanThreshold")
    assert (alarm["treatMissingData"], alarm["evaluationPeriods"] * alarm["period"]) == ("breaching", 900)
    assert "interval-task" not in alarms_of(deploy("dev", intervalApiKey="k"))
    assert "interval-task" not in alarms_of(deploy("dev"))


@pytest.mark.parametrize(
    ("options", "actions"),
    [
        ({}, []),
        ({"alarmEmail": "ops@example.com"}, ["arn:Topic:observability"]),
        ({"alarmTopicArn": TOPIC}, [TOPIC]),
        ({"alarmEmail": "ops@example.com", "alarmTopicArn": TOPIC}, ["arn:Topic:observability", TOPIC]),
    ],
)
def test_alarms_go_where_the_options_say(deploy: Deploy, options: dict[str, str], actions: list[str]) -> None:
    stage = deploy("prod", **options)
    for alarm in alarms_of(stage).values():
        assert (alarm.get("alarmActions") or []) == (alarm.get("okActions") or []) == actions
    assert len(stage.all("sns:Topic")) == ("alarmEmail" in options)


def test_the_page_says_of_each_alarm_what_the_alarm_says(deploy: Deploy) -> None:
    page = (ROOT / "docs" / "aws.md").read_text().split("## Alarms", 1)[1].split("\n## ", 1)[0]
    rows = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.*) \|$", page, re.MULTILINE))
    alarms = alarms_of(deploy("prod", **SERVER))
    assert rows.keys() == alarms.keys()
    for name, alarm in alarms.items():
        said = rows[name].replace(" | ", ". ").replace("`", "")
        assert f"Flagstaff prod: {said[0].lower()}{said[1:]}." == alarm["alarmDescription"].replace(": T", ": t", 1), (
            name
        )


def test_the_dashboard_shows_what_the_functions_write(deploy: Deploy) -> None:
    stage = deploy("dev")
    body = json.loads(stage.one("cloudwatch:Dashboard").inputs["dashboardBody"])
    shown = {metric[1] for widget in body["widgets"] for metric in widget["properties"]["metrics"]}
    ours = {"Evaluations", "EvaluationErrors", "DefinitionsAge", "MemoryPeak", "UnpublishedRevisions", "DocumentBytes"}
    assert ours <= shown
    named = {part for widget in body["widgets"] for metric in widget["properties"]["metrics"] for part in metric[3:4]}
    assert {function.inputs["name"] for function in stage.all("lambda:Function")} <= named
