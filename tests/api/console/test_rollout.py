"""The rollout at the console, without script."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.api.conftest import Client
from tests.api.console.browser import Browser, text_of

ROLLOUT = "/console/flags/checkout/rollout"
EVIL = "<script>alert(1)</script>"


def flag_of(client: Client, key: str = "checkout", environment: str = "dev") -> Any:
    return client.do("GET", f"/api/admin/flags/{key}?environment={environment}")["flag"]


def preview(browser: Browser, query: str) -> str:
    answer = browser.client.get(f"{ROLLOUT}/preview?environment=dev&{query}")
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    return answer.text


def test_the_flags_page_has_a_number_for_each_variant(browser: Browser) -> None:
    html = browser.get("/console/flags/checkout?environment=dev")
    assert re.findall(r'name="share-(\w+)" value="([^"]*)"', html) == [("on", "25"), ("off", "75")]


def test_without_a_rollout_everybody_begins_with_the_default(client: Client, browser: Browser) -> None:
    client.do("PUT", "/api/admin/flags/checkout?environment=dev", {"rollout": None})
    for path in (ROLLOUT, "/console/flags/checkout"):
        html = browser.get(f"{path}?environment=dev")
        assert re.findall(r'name="share-(\w+)" value="([^"]*)"', html) == [("on", "0"), ("off", "100")]


def test_what_a_change_does_is_said_before(browser: Browser) -> None:
    assert preview(browser, "share-on=37&share-off=63") == "12 % more get on; nobody loses it."
    assert preview(browser, "share-on=10&share-off=90") == "15 % lose on, and get off."
    assert preview(browser, "rollout=none") == "25 % lose on, and get off."
    assert "everyone is drawn anew" in preview(browser, "share-on=25&share-off=75&split_by=plan")


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("share-on=37&share-off=64", "add up to 100"),
        ("share-on=x&share-off=64", "The share of on must be a number from 0 to 100."),
        ("share-on=1e999&share-off=0", "must be a number from 0 to 100"),
        ("share-on=0.0001&share-off=99.9999", "at most 3 decimals"),
        ("share-on=-1&share-off=101", "must be a number from 0 to 100"),
        ("share-on=0&share-off=0", "all of them are 0"),
        ("", "all of them are 0"),
        ("share-on=100&share-off=0&layer=checkout", "from and to, in percent"),
        ("share-on=100&share-off=0&layer=checkout&layer_from=50&layer_to=40", "must be more than"),
        ("share-on=100&share-off=0&layer=%3Cb%3E&layer_from=50&layer_to=60", "letters, digits"),
    ],
)
def test_what_can_not_be_is_said(client: Client, browser: Browser, query: str, problem: str) -> None:
    assert problem in preview(browser, query)
    fields = dict(part.split("=") for part in query.split("&") if part)
    answer = browser.send(
        ROLLOUT, environment="dev", **{name: value.replace("%3Cb%3E", "<b>") for name, value in fields.items()}
    )
    assert answer.status_code == 422 and problem in text_of(answer.text)
    assert flag_of(client)["rolloutPercentage"] == 25


def test_a_rollout_is_saved(client: Client, browser: Browser) -> None:
    version = str(flag_of(client)["version"])
    answer = browser.send(ROLLOUT, environment="dev", version=version, **{"share-on": "37.5", "share-off": "62.5"})
    assert answer.status_code == 303
    assert flag_of(client)["rolloutPercentage"] == 37.5
    assert "The rollout of checkout in dev: 37.5 % on, 62.5 % off." in browser.get(answer.headers["Location"])


def test_what_the_form_has_no_field_for_stays(client: Client, browser: Browser) -> None:
    client.do("POST", "/api/admin/layers", {"key": "experiments"}, 201)
    part = {"key": "experiments", "from": 0, "to": 45}
    client.do("PUT", "/api/admin/flags/checkout?environment=dev", {"splitBy": "plan", "layer": part})
    browser.send(ROLLOUT, environment="dev", **{"share-on": "50", "share-off": "50"})
    flag = flag_of(client)
    assert (flag["splitBy"], flag["layer"], flag["rolloutPercentage"]) == ("plan", part, 50)
    html = browser.get(f"{ROLLOUT}?environment=dev")
    assert 'name="layer_to" value="45"' in html and 'name="split_by" value="plan"' in html
    more = {"layer": "experiments", "layer_from": "10", "layer_to": "60.5", "split_by": ""}
    assert browser.send(ROLLOUT, environment="dev", **{"share-on": "50", "share-off": "50", **more}).status_code == 303
    flag = flag_of(client)
    assert (flag["splitBy"], flag["layer"]) == (None, {"key": "experiments", "from": 10, "to": 60.5})
    assert browser.send(ROLLOUT, environment="dev", rollout="none", layer="", split_by="").status_code == 303
    assert (flag_of(client)["rollout"], flag_of(client)["layer"]) == (None, None)


def test_the_order_of_the_shares_stays(client: Client, browser: Browser) -> None:
    """Another order would draw everyone anew."""
    shares = [{"variant": "off", "weight": 90}, {"variant": "on", "weight": 10}]
    client.do("PUT", "/api/admin/flags/checkout?environment=dev", {"rollout": shares})
    assert preview(browser, "share-on=5&share-off=95") == "5 % more get off; nobody loses it."
    browser.send(ROLLOUT, environment="dev", **{"share-on": "5", "share-off": "95"})
    assert [share["variant"] for share in flag_of(client)["rollout"]] == ["off", "on"]


def test_a_conflict_keeps_what_was_typed(client: Client, browser: Browser) -> None:
    version = str(flag_of(client)["version"])
    client.do("PUT", "/api/admin/flags/checkout?environment=dev", {"rolloutPercentage": 70})
    answer = browser.send(ROLLOUT, environment="dev", version=version, **{"share-on": "30", "share-off": "70"})
    said = text_of(answer.text)
    assert answer.status_code == 409 and "Meanwhile" in said and "Now: 70 % on, 30 % off" in said
    assert 'name="share-on" value="30"' in answer.text
    (now,) = set(re.findall(r'name="version" value="(\d+)"', answer.text))
    assert (
        browser.send(ROLLOUT, environment="dev", version=now, **{"share-on": "30", "share-off": "70"}).status_code
        == 303
    )


def test_a_protected_environment_is_told_what_it_does(client: Client, browser: Browser) -> None:
    sent = {"environment": "prod", "share-on": "5", "share-off": "95"}
    said = text_of(browser.send(ROLLOUT, **sent).text)
    assert "will be: 5 % on, 95 % off. 5 % more get on; nobody loses it." in said
    assert browser.send(ROLLOUT, **sent, confirm="prod").status_code == 303
    assert flag_of(client, environment="prod")["rolloutPercentage"] == 5


def test_flags_that_have_no_rollout(client: Client, browser: Browser) -> None:
    client.create("limit", environment="dev", type="number", isStatic=True, value=10)
    client.create("plan", environment="dev", type="string", variants={}, defaultVariant=None)
    assert "share-" not in browser.get("/console/flags/limit?environment=dev")
    assert browser.send("/console/flags/limit/rollout", environment="dev").status_code == 422
    assert "There are no variants yet" in browser.get("/console/flags/plan/rollout?environment=dev")
    assert browser.send("/console/flags/none/rollout", environment="dev").status_code == 404


def test_growing_again_from_nothing_draws_the_same_ones(client: Client, browser: Browser) -> None:
    for on in ("0", "25"):
        browser.send(ROLLOUT, environment="dev", **{"share-on": on, "share-off": str(100 - int(on))})
    assert [share["variant"] for share in flag_of(client)["rollout"]] == ["on", "off"]
