"""What the page and the README say of costs is what the tables come to, and what they count is what a stage has."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.infra.conftest import Deploy
from tests.processes import ROOT


@pytest.fixture(autouse=True)
def infra(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The program's modules can be imported."""
    monkeypatch.syspath_prepend(str(ROOT / "infra"))
    yield


def costs(name: str) -> ModuleType:
    return importlib.import_module(f"costs.{name}")


def test_the_page_has_what_make_costs_writes() -> None:
    page = (ROOT / "docs" / "aws.md").read_text()
    assert costs("page").written_into(page) == page, "run make costs"


def test_the_readme_has_the_same_figures() -> None:
    readme = " ".join((ROOT / "README.md").read_text().split())
    idle, million = costs("usage").sums()[:2]
    bare = costs("usage").sums(without=["Dashboard"])[0]
    assert f"costs {bare:.2f} dollars a month, or {idle:.2f} with" in readme
    assert f"with one million evaluations it is {million:.0f}." in readme


def test_every_price_is_used_and_shown() -> None:
    prices = costs("prices")
    names = {name for name, value in vars(prices).items() if isinstance(value, prices.Price)}
    sources = "".join((ROOT / "infra" / "costs" / f"{name}.py").read_text() for name in ("usage", "beside"))
    used = set(re.findall(r"prices\.([A-Z0-9_]+)", sources)) | {"HTTP_REQUEST"}
    assert names <= used
    assert all(f"{price.what} {price.dollars}" in " ".join(costs("page").section().split()) for price in prices.PRICES)


def test_what_is_counted_is_what_a_stage_has(deploy: Deploy) -> None:
    usage, stage = costs("usage"), deploy("dev")
    assert len(stage.all("cloudwatch:MetricAlarm")) == usage.ALARMS
    server = {"intervalApiKey": "k", "intervalServerEndpoint": "wss://interval.example.com/websocket"}
    assert len(deploy("dev", **server).all("cloudwatch:MetricAlarm")) == usage.ALARMS + 1
    widgets = json.loads(stage.one("cloudwatch:Dashboard").inputs["dashboardBody"])["widgets"]
    shown = [metric for widget in widgets for metric in widget["properties"]["metrics"]]
    assert len(shown) <= 50  # those with more are not free
    ours = {tuple(part for part in metric if isinstance(part, str)) for metric in shown if metric[0] == "Flagstaff"}
    assert len(ours) + len(stage.all("cloudwatch:LogMetricFilter")) == usage.METRICS
    for part in ("evaluation", "worker"):
        assert stage.one("lambda:Function", part).inputs["memorySize"] == usage.MEMORY_GB * 1024
    throttling = stage.one("apigatewayv2:Stage").inputs["defaultRouteSettings"]
    assert throttling["throttlingRateLimit"] == costs("beside").ABUSE_RATE
    assert len(deploy("dev", dashboard="false").all("cloudwatch:Dashboard")) == 0
    assert "dashboard" not in deploy("dev", dashboard="false").outputs
