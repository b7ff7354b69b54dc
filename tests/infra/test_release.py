"""In which order a deployment updates functions, and what leads requests to their new versions."""

from __future__ import annotations

import itertools
import json

from tests.infra.conftest import Stage

IN_ORDER = (
    "lambda:Function migration",
    "lambda:Invocation migrations",
    "lambda:Function evaluation",
    "lambda:Invocation publication",
    "lambda:Invocation check",
    "lambda:Alias evaluation",
    "apigatewayv2:Integration gateway-evaluation",
)


def test_the_tables_come_before_the_code_and_the_check_before_requests(any_stage: Stage) -> None:
    for in_order in (IN_ORDER, [name.replace("evaluation", "admin") for name in IN_ORDER]):
        for earlier, later in itertools.pairwise(in_order):
            assert any_stage.comes_after(later, earlier), (later, earlier)


def test_the_migration_waits_for_no_function_that_serves(any_stage: Stage) -> None:
    for part in ("evaluation", "admin"):
        assert not any_stage.comes_after("lambda:Invocation migrations", f"lambda:Function {part}")


def test_migrating_publishes_nothing_and_the_last_invocations_publish_and_evaluate(any_stage: Stage) -> None:
    said = {one.name: json.loads(one.inputs["input"]) for one in any_stage.all("lambda:Invocation")}
    assert said["migrations"]["publish"] is False
    assert (said["publication"], said["check"]) == ({"publish": True}, {"check": "definitions"})
    assert any_stage.one("lambda:Invocation", "check").inputs["qualifier"] == "evaluation-7"


def test_another_version_of_either_function_is_published_for_and_checked(any_stage: Stage) -> None:
    for name in ("publication", "check"):
        triggers = any_stage.one("lambda:Invocation", name).inputs["triggers"]
        assert (triggers["evaluation"], triggers["admin"]) == ("evaluation-7", "admin-7")
        assert triggers["cluster"] == "cluster-ABC"
        assert "firstKeys" in triggers["keys"]
    assert any_stage.one("lambda:Invocation", "migrations").inputs["triggers"]["package"]


def test_requests_reach_functions_that_have_versions_by_their_alias_only(any_stage: Stage) -> None:
    versioned = {one.name for one in any_stage.all("lambda:Function") if one.inputs.get("publish")}
    assert versioned == {"evaluation", "admin"}
    for part in versioned:
        alias = any_stage.one("lambda:Alias", part).inputs
        assert (alias["name"], alias["functionVersion"]) == ("live", f"{part}-7")
        integration = any_stage.one("apigatewayv2:Integration", f"gateway-{part}").inputs
        assert integration["integrationUri"] == f"invoke:Alias:{part}"
        assert any_stage.one("lambda:Permission", f"gateway-{part}").inputs["qualifier"] == "live"
    assert "qualifier" not in any_stage.one("lambda:Permission", "gateway-control").inputs
