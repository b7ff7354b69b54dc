"""Tell people that something is wrong: alarms, and a dashboard. Metrics come out of logs (`api.telemetry.emf`)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws
from functions import Functions
from gateway import Gateway
from options import Options
from pulumi import ResourceOptions

OURS: Final = "Flagstaff"
PERIOD_SECONDS: Final = 300
NO_STREAM: Final = '$.status != "501"'
WAKING: Final = '(($.status != "503") || ($.routeKey != "$default"))'
FAILURES: Final = f'{{ ($.status = "5*") && ({NO_STREAM}) && {WAKING} }}'
"""Answers of 500 and more, but for two that are no failure: every program hears by 501 that there is no stream of
changes, and every first edit after a pause hears by 503 that the database is waking."""
REASONS: Final = ("STATIC", "TARGETING_MATCH", "SPLIT", "DEFAULT", "DISABLED", "ERROR")


@dataclass(frozen=True)
class ObservabilityArgs:
    """What is watched."""

    name: str
    region: str
    options: Options
    functions: Functions
    gateway: Gateway


class Observability(pulumi.ComponentResource):
    """Alarms, sent by e-mail where an address is set, and one dashboard."""

    def __init__(self, name: str, args: ObservabilityArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flagstaff:aws:Observability", name, None, opts)
        self._args = args
        self._child = ResourceOptions(parent=self)
        self._actions = self._topic(name)
        self._alarm("5xx", *self._failures(name), {}, "the API answers with errors")
        for part, function in args.functions.all.items():
            on = {"FunctionName": function.name}
            self._alarm(f"{part}-errors", "AWS/Lambda", "Errors", on, f"the {part} function fails")
            self._alarm(f"{part}-throttles", "AWS/Lambda", "Throttles", on, f"calls of the {part} function are refused")
        stage = {"Stage": args.options.stage}
        stale = args.options.stale_minutes
        self._alarm(
            "stale-definitions",
            OURS,
            "DefinitionsAge",
            stage,
            f"definitions are older than {stale} minutes",
            statistic="Maximum",
            threshold=stale * 60,
        )
        # It stays until a publication succeeds: no news is no good news here.
        self._alarm(
            "unpublished",
            OURS,
            "UnpublishedRevisions",
            stage,
            "a change is committed but not published",
            statistic="Minimum",
            missing="ignore",
        )
        self.dashboard = self._dashboard(name)
        self.url = (
            f"https://{args.region}.console.aws.amazon.com/cloudwatch/home?region={args.region}"
            f"#dashboards/dashboard/{args.name}"
        )
        self.register_outputs({"url": self.url})

    def _failures(self, name: str) -> tuple[str, str]:
        """Return the metric that counts failures in the access log: its namespace and name. The gateway's own counts
        more.
        """
        namespace, metric = f"{OURS}/{self._args.options.stage}", "5xx"
        aws.cloudwatch.LogMetricFilter(
            name,
            name=f"{self._args.name}-failures",
            log_group_name=self._args.gateway.log.name,
            pattern=FAILURES,
            metric_transformation=aws.cloudwatch.LogMetricFilterMetricTransformationArgs(
                namespace=namespace, name=metric, value="1"
            ),
            opts=self._child,
        )
        return namespace, metric

    def _topic(self, name: str) -> list[pulumi.Output[str]]:
        """Return where alarms go. Not encrypted with a key of its own: alarms can't use AWS's, and hold no data of
        yours.
        """
        if not self._args.options.alarm_email:
            return []
        topic = aws.sns.Topic(name, name=f"{self._args.name}-alarms", opts=self._child)
        aws.sns.TopicSubscription(
            name, topic=topic.arn, protocol="email", endpoint=self._args.options.alarm_email, opts=self._child
        )
        return [topic.arn]

    def _alarm(
        self,
        part: str,
        namespace: str,
        metric: str,
        dimensions: Mapping[str, pulumi.Input[str]],
        says: str,
        *,
        statistic: str = "Sum",
        threshold: float = 0,
        missing: str = "notBreaching",
    ) -> None:
        aws.cloudwatch.MetricAlarm(
            part,
            name=f"{self._args.name}-{part}",
            alarm_description=f"Flagstaff {self._args.options.stage}: {says}",
            namespace=namespace,
            metric_name=metric,
            dimensions=dict(dimensions) or None,
            statistic=statistic,
            comparison_operator="GreaterThanThreshold",
            threshold=threshold,
            period=PERIOD_SECONDS,
            evaluation_periods=1,
            treat_missing_data=missing,
            alarm_actions=self._actions,
            ok_actions=self._actions,
            opts=self._child,
        )

    def _dashboard(self, name: str) -> aws.cloudwatch.Dashboard:
        names = {part: function.name for part, function in self._args.functions.all.items()}
        body = pulumi.Output.all(api=self._args.gateway.api.id, **names).apply(self._body)
        return aws.cloudwatch.Dashboard(name, dashboard_name=self._args.name, dashboard_body=body, opts=self._child)

    def _body(self, ids: Mapping[str, str]) -> str:
        stage = ["Stage", self._args.options.stage]
        functions = [ids[part] for part in self._args.functions.all]
        graphs: dict[str, list[Any]] = {
            "Evaluations by reason": [[OURS, "Evaluations", *stage, "Reason", reason] for reason in REASONS],
            "Evaluation errors": [[OURS, "EvaluationErrors", *stage]],
            "Oldest definitions (s)": [[OURS, "DefinitionsAge", *stage, {"stat": "Maximum"}]],
            "Unpublished changes": [[OURS, "UnpublishedRevisions", *stage, {"stat": "Maximum"}]],
            "Requests": [["AWS/ApiGateway", name, "ApiId", ids["api"]] for name in ("Count", "4xx", "5xx")],
            "Duration (ms, 99 %)": [["AWS/Lambda", "Duration", "FunctionName", f, {"stat": "p99"}] for f in functions],
            "Function errors": [["AWS/Lambda", "Errors", "FunctionName", name] for name in functions],
            "Throttles": [["AWS/Lambda", "Throttles", "FunctionName", name] for name in functions],
        }
        widgets = [self._widget(index, title, graphs[title]) for index, title in enumerate(graphs)]
        return json.dumps({"widgets": widgets})

    def _widget(self, index: int, title: str, metrics: Sequence[Any]) -> dict[str, Any]:
        place = {"x": index % 2 * 12, "y": index // 2 * 6, "width": 12, "height": 6}
        about = {
            "title": title,
            "metrics": metrics,
            "region": self._args.region,
            "stat": "Sum",
            "period": PERIOD_SECONDS,
        }
        return {"type": "metric", **place, "properties": {**about, "view": "timeSeries"}}
