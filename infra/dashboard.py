"""One page of graphs, in CloudWatch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from alarms import GATEWAY, LAMBDA, OURS, PERIOD_SECONDS

REASONS: Final = ("STATIC", "TARGETING_MATCH", "SPLIT", "DEFAULT", "DISABLED", "ERROR")


def dashboard_body(stage: str, region: str, api: str, functions: Sequence[str]) -> str:
    """Return the dashboard of a stage, as CloudWatch takes it."""
    shown = graphs(["Stage", stage], ["ApiId", api], functions)
    widgets = [_widget(index, title, shown[title], region) for index, title in enumerate(shown)]
    return json.dumps({"widgets": widgets})


def graphs(stage: Sequence[str], api: Sequence[str], functions: Sequence[str]) -> Mapping[str, Sequence[Any]]:
    """Return the metrics of each graph, by title."""

    def of_functions(metric: str, **how: str) -> list[Any]:
        return [[LAMBDA, metric, "FunctionName", name, *([how] if how else [])] for name in functions]

    greatest = {"stat": "Maximum"}
    return {
        "Evaluations by reason": [[OURS, "Evaluations", *stage, "Reason", reason] for reason in REASONS],
        "Evaluation errors": [[OURS, "EvaluationErrors", *stage]],
        "Oldest definitions (s)": [[OURS, "DefinitionsAge", *stage, greatest]],
        "Unpublished changes": [[OURS, "UnpublishedRevisions", *stage, greatest]],
        "Memory of evaluation (MB)": [[OURS, "MemoryPeak", *stage, greatest]],
        "Largest document written": [[OURS, "DocumentBytes", *stage, greatest]],
        "Requests": [[GATEWAY, name, *api] for name in ("Count", "4xx", "5xx")],
        "Answers (ms, 99 %)": [[GATEWAY, "Latency", *api, {"stat": "p99"}]],
        "Duration (ms, 99 %)": of_functions("Duration", stat="p99"),
        "Function errors": of_functions("Errors"),
        "Throttles": of_functions("Throttles"),
    }


def _widget(index: int, title: str, metrics: Sequence[Any], region: str) -> dict[str, Any]:
    place = {"x": index % 2 * 12, "y": index // 2 * 6, "width": 12, "height": 6}
    about = {"title": title, "metrics": metrics, "region": region, "stat": "Sum", "period": PERIOD_SECONDS}
    return {"type": "metric", **place, "properties": {**about, "view": "timeSeries"}}
