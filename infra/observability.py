"""Tell people that something is wrong: alarms, and a dashboard. Metrics come out of logs (`db.process.metrics`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws
from alarms import OURS, Alarm, Watched, alarms
from dashboard import dashboard_body
from functions import Functions
from gateway import Gateway
from interval import Interval
from options import Options
from pulumi import ResourceOptions

NO_STREAM: Final = '$.status != "501"'
WAKING: Final = '(($.status != "503") || ($.routeKey != "$default") || ($.integrationErrorMessage != "-"))'
FAILURES: Final = f'{{ ($.status = "5*") && ({NO_STREAM}) && {WAKING} }}'
"""Answers of 500 and more, but for two that are no failure: every program hears by 501 that there is no stream of
changes, and every first edit after a pause hears by the admin function's own 503 that the database is waking."""


@dataclass(frozen=True)
class ObservabilityArgs:
    """What is watched."""

    name: str
    region: str
    options: Options
    functions: Functions
    gateway: Gateway
    interval: Interval | None


class Observability(pulumi.ComponentResource):
    """Alarms, sent by e-mail or to a topic that is there, and one dashboard."""

    def __init__(self, name: str, args: ObservabilityArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flagstaff:aws:Observability", name, None, opts)
        self._args = args
        self._child = ResourceOptions(parent=self)
        self._actions = [*self._topic(name), *([args.options.alarm_topic_arn] if args.options.alarm_topic_arn else [])]
        for alarm in alarms(args.options, self._watched(name)):
            self._alarm(alarm)
        if args.options.dashboard:
            self._dashboard(name)
        self.register_outputs({})

    @property
    def url(self) -> str:
        """The dashboard's address."""
        place = f"https://{self._args.region}.console.aws.amazon.com/cloudwatch/home?region={self._args.region}"
        return f"{place}#dashboards/dashboard/{self._args.name}"

    def _watched(self, name: str) -> Watched:
        interval = self._args.interval
        return Watched(
            api=self._args.gateway.api.id,
            failures=self._failures(name),
            functions={part: function.name for part, function in self._args.functions.all.items()},
            # Without its server the task ends at once, which `pulumi up` has said.
            interval=interval.dimensions if interval and self._args.options.interval_server_endpoint else None,
        )

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
        """Return where mails go. Not encrypted with a key of its own: alarms can't use AWS's, and hold no data of
        yours.
        """
        if not self._args.options.alarm_email:
            return []
        topic = aws.sns.Topic(name, name=f"{self._args.name}-alarms", opts=self._child)
        aws.sns.TopicSubscription(
            name, topic=topic.arn, protocol="email", endpoint=self._args.options.alarm_email, opts=self._child
        )
        return [topic.arn]

    def _alarm(self, alarm: Alarm) -> None:
        percentile = alarm.statistic if alarm.is_percentile else None
        aws.cloudwatch.MetricAlarm(
            alarm.name,
            name=f"{self._args.name}-{alarm.name}",
            alarm_description=f"Flagstaff {self._args.options.stage}: {alarm.says}. {alarm.advice}.",
            namespace=alarm.namespace,
            metric_name=alarm.metric,
            dimensions=dict(alarm.dimensions) or None,
            statistic=None if percentile else alarm.statistic,
            extended_statistic=percentile,
            evaluate_low_sample_count_percentiles="ignore" if percentile else None,
            comparison_operator="LessThanThreshold" if alarm.below else "GreaterThanThreshold",
            threshold=alarm.threshold,
            period=alarm.seconds,
            evaluation_periods=alarm.periods,
            treat_missing_data=alarm.missing,
            alarm_actions=self._actions,
            ok_actions=self._actions,
            opts=self._child,
        )

    def _dashboard(self, name: str) -> None:
        functions = self._args.functions.all
        names = pulumi.Output.all(*(functions[part].name for part in sorted(functions)))
        body = pulumi.Output.all(self._args.gateway.api.id, names).apply(
            lambda ids: dashboard_body(self._args.options.stage, self._args.region, ids[0], ids[1])
        )
        aws.cloudwatch.Dashboard(name, dashboard_name=self._args.name, dashboard_body=body, opts=self._child)
