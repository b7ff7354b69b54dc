"""The deployment page and the container files, held to the code: settings that exist, commands that exist."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.processes import ROOT

PAGE = (ROOT / "docs" / "deploy.md").read_text()
COMPOSE = (ROOT / "compose.yaml").read_text()
OURS = re.compile(r"\b(?:FLAGSTAFF|INTERVAL)_[A-Z_]+\b")
OF_COMPOSE = {"INTERVAL_SECRET", "INTERVAL_URL", "INTERVAL_PORT"}
SETTINGS = set(re.findall(r'read\("([A-Z0-9_]+)"', (ROOT / "db" / "settings.py").read_text()))
NOT_FOR_CONTAINERS = {"FLAGSTAFF_DATABASE_AUTH", "FLAGSTAFF_DEFINITIONS_BUCKET", "FLAGSTAFF_STAGE"}


def manifests() -> Iterator[dict[str, Any]]:
    for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL):
        yield from yaml.safe_load_all(block)


@pytest.mark.parametrize("text", [PAGE, COMPOSE], ids=["page", "compose"])
def test_they_name_no_setting_that_does_not_exist(text: str) -> None:
    assert set(OURS.findall(text)) <= SETTINGS | OF_COMPOSE


@pytest.mark.parametrize("text", [PAGE, COMPOSE], ids=["page", "compose"])
def test_they_name_no_command_that_does_not_exist(text: str) -> None:
    named = set(re.findall(r"python,? -m,? ([a-z_.]+)", text))
    assert named
    for module in named:
        assert importlib.util.find_spec(module), module


def test_the_api_s_container_takes_every_setting() -> None:
    api = yaml.safe_load(COMPOSE)["services"]["api"]["environment"]
    ours = {name for name in SETTINGS if name.startswith("FLAGSTAFF_")}
    assert ours - api.keys() - NOT_FOR_CONTAINERS <= {"FLAGSTAFF_REFRESH_SECONDS", "FLAGSTAFF_SERVER"}


def test_no_container_is_reached_from_elsewhere_unless_it_is_asked_for() -> None:
    services = yaml.safe_load(COMPOSE)["services"]
    for service in services.values():
        assert all(port.startswith("${HOST:-127.0.0.1}:") for port in service.get("ports", ()))


def test_the_manifests_probe_routes_that_exist() -> None:
    kinds = {manifest["kind"]: manifest for manifest in manifests()}
    assert kinds.keys() == {"Secret", "Job", "Deployment", "Service"}
    (container,) = kinds["Deployment"]["spec"]["template"]["spec"]["containers"]
    probes = {name: container[name]["httpGet"]["path"] for name in container if name.endswith("Probe")}
    assert probes == {"startupProbe": "/health", "livenessProbe": "/health", "readinessProbe": "/ready"}
