"""Layers at the console, without script."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from tests.api.conftest import Client
from tests.api.console.browser import Browser, text_of

NEW = "/console/new-layer"
LAYER = "/console/layers/experiments"
EVIL = "<script>alert(1)</script>\"'>"


def layer_of(client: Client) -> Any:
    return client.do("GET", "/api/admin/layers/experiments")["layer"]


@pytest.fixture
def layer(client: Client, browser: Browser) -> Browser:
    """A layer with a holdout, of which a flag has a part in dev."""
    made = {"key": "experiments", "description": EVIL, "holdout": {"from": 95, "to": 100}}
    client.do("POST", "/api/admin/layers", made, 201)
    part = {"key": "experiments", "from": 10, "to": 45}
    client.do("PUT", "/api/admin/flags/checkout?environment=dev", {"layer": part})
    return browser


def edit(browser: Browser, **typed: str) -> Any:
    sent = {"name": "", "description": "", "split_by": "", "from": "95", "to": "100", **typed}
    return browser.send(f"{LAYER}/edit", environment="dev", **sent)


def test_a_layer_is_made_and_found(client: Client, browser: Browser) -> None:
    assert "There are no layers yet." in browser.get("/console/layers?environment=dev")
    sent = {"key": "experiments", "name": "Experiments", "split_by": "organisation.id", "from": "90.5", "to": "100"}
    answer = browser.send(NEW, environment="dev", **sent)
    assert answer.status_code == 303 and LAYER in answer.headers["Location"]
    made = layer_of(client)
    assert (made["name"], made["splitBy"], made["holdout"]) == (
        "Experiments",
        "organisation.id",
        {"from": 90.5, "to": 100},
    )
    assert "90.5 to 100 %" in text_of(browser.get("/console/layers?environment=dev&search=exp"))
    assert "No layer fits." in browser.get("/console/layers?environment=dev&search=none")
    browser.get("/console/layers?environment=dev&search=%00", 422)


@pytest.mark.parametrize(
    ("sent", "status", "problem"),
    [
        ({"key": "experiments"}, 409, "experiments"),
        ({"key": "a b"}, 422, "Key must be"),
        ({}, 422, "Key must be"),
        ({"key": "x", "from": "5"}, 422, "Say from where to where the holdout is"),
        ({"key": "x", "from": "x", "to": "5"}, 422, "must be a number from 0 to 100"),
        ({"key": "x", "from": "50", "to": "5"}, 422, "must be more than"),
        ({"key": "x", "from": "1e999", "to": "5"}, 422, "must be a number from 0 to 100"),
        ({"key": "x", "split_by": "a..b"}, 422, ""),
    ],
)
def test_what_can_be_no_layer_is_told_and_kept(layer: Browser, sent: dict[str, str], status: int, problem: str) -> None:
    answer = layer.send(NEW, environment="dev", description=EVIL, **sent)
    assert answer.status_code == status and problem in text_of(answer.text), text_of(answer.text)
    assert EVIL not in answer.text and EVIL in unescape(answer.text)


def test_who_has_which_part_is_shown(layer: Browser) -> None:
    html = layer.get(f"{LAYER}?environment=dev")
    said = text_of(html)
    assert "0 to 10 % free 10 to 45 % checkout" in said and "95 to 100 % the holdout" in said
    assert '<rect class="share-0" x="10" y="0" width="35"' in html and EVIL not in html


def test_what_it_changes_is_told_first(client: Client, layer: Browser) -> None:
    said = text_of(edit(layer, split_by="plan").text)
    assert "Everyone has another place in it then. It changes 1 flag (checkout)" in said
    assert layer_of(client)["splitBy"] is None
    assert edit(layer, split_by="plan", sure="yes").status_code == 303
    assert layer_of(client)["splitBy"] == "plan"
    assert edit(layer, split_by="plan", name="Only a name").status_code == 303  # no flag feels that


def test_a_holdout_that_flags_are_in_is_refused(client: Client, layer: Browser) -> None:
    answer = edit(layer, **{"from": "40", "to": "50"})
    assert answer.status_code == 409 and "checkout" in answer.text and 'value="40"' in answer.text
    assert layer_of(client)["holdout"] == {"from": 95, "to": 100}


def test_a_conflict_shows_both_sides(client: Client, layer: Browser) -> None:
    form = layer.get(f"{LAYER}/edit?environment=dev")
    (version,) = set(re.findall(r'name="version" value="(\d+)"', form))
    client.do("PUT", "/api/admin/layers/experiments", {"name": "Theirs"})
    answer = edit(layer, name="Mine", version=version)
    assert answer.status_code == 409 and "It is now: Theirs" in text_of(answer.text) and 'value="Mine"' in answer.text


def test_a_layer_is_archived_unless_it_is_used(client: Client, layer: Browser) -> None:
    answer = layer.send(f"{LAYER}/archive", environment="dev")
    assert answer.status_code == 409 and "checkout" in answer.text
    client.do("PUT", "/api/admin/flags/checkout?environment=dev", {"layer": None})
    assert layer.send(f"{LAYER}/archive", environment="dev").status_code == 200
    assert layer.send(f"{LAYER}/archive", environment="dev", sure="yes").status_code == 303
    layer.get(f"{LAYER}?environment=dev", 404)
