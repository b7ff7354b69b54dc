"""API keys and environments at the console, without script."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from uuid import uuid4

import pytest

from db.administration import environments
from tests.api.conftest import Client
from tests.api.console.browser import Browser, text_of
from tests.api.operations.test_metrics import samples
from tests.db.helpers import ADA

EVIL = "<script>alert(1)</script>\"'>"


def keys_of(client: Client) -> dict[str, Any]:
    return {key["name"]: key for key in client.do("GET", "/api/admin/keys")["keys"]}


def new_key(browser: Browser, **typed: str) -> Any:
    sent = {"name": "shop", "scope": "server", "for": "dev", "expires": "", "id": str(uuid4()), **typed}
    return browser.send("/console/new-key", environment="dev", **sent)


def secret_in(html: str) -> str:
    (found,) = re.findall(r'id="secret"[^>]*>(fs_\w+_[\w-]+)<', html)
    return found


# -- keys --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "environment"), [("server", "dev"), ("client", "dev"), ("admin", None), ("reader", None)]
)
def test_a_key_is_made_and_shown_once(client: Client, browser: Browser, scope: str, environment: str | None) -> None:
    more = {} if environment else {"confirm": "prod"}
    answer = new_key(browser, scope=scope, expires="2099-12-31", **more)
    secret = secret_in(answer.text)
    assert answer.status_code == 201 and answer.headers["Cache-Control"] == "no-store"
    made = keys_of(client)["shop"]
    assert (made["scope"], made["environment"], made["expiresAt"][:10]) == (scope, environment, "2100-01-01")
    listed = browser.get("/console/keys?environment=dev")
    assert secret not in listed and f"{secret[:16]}"[: len(made["prefix"])] in listed and "until" in listed


def test_the_same_form_makes_one_key_however_often_it_is_sent(client: Client, browser: Browser) -> None:
    form = browser.get("/console/new-key?environment=dev")
    (key_id,) = re.findall(r'name="id" value="([\w-]+)"', form)
    assert new_key(browser, id=key_id).status_code == 201
    again = new_key(browser, id=key_id)
    assert again.status_code == 409 and "was made already" in text_of(again.text) and "fs_server_" not in again.text
    assert keys_of(client)["shop"]["id"] == key_id
    assert [key["name"] for key in client.do("GET", "/api/admin/keys")["keys"]].count("shop") == 1
    (other,) = re.findall(r'name="id" value="([\w-]+)"', again.text)
    assert new_key(browser, id=other).status_code == 201  # told of the first, somebody wants another one


def test_making_a_key_counts_as_a_write(client: Client, browser: Browser) -> None:
    before = samples(client)["flagstaff_writes_total", "done"]
    new_key(browser)
    assert samples(client)["flagstaff_writes_total", "done"] == before + 1


def test_keys_of_protected_environments_are_confirmed(client: Client, browser: Browser) -> None:
    for typed in ({"for": "prod"}, {"scope": "admin"}):
        assert "prod is protected" in text_of(new_key(browser, **typed).text)
    assert "shop" not in keys_of(client)


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"name": " "}, "Name"),
        ({"name": EVIL + "x" * 300}, "Name"),
        ({"scope": "root", "confirm": "prod"}, "Scope"),
        ({"for": "nowhere"}, "nowhere"),
        ({"expires": "tomorrow"}, "Write the day like 2026-12-01."),
        ({"expires": "9999-12-31"}, "Write the day like 2026-12-01."),
        ({"expires": "2020-01-01"}, "This day is over."),
    ],
)
def test_what_can_be_no_key_is_told_and_kept(
    client: Client, browser: Browser, typed: dict[str, str], problem: str
) -> None:
    answer = new_key(browser, **typed)
    assert answer.status_code in (400, 422) and problem in text_of(answer.text), text_of(answer.text)
    assert EVIL not in answer.text and "shop" not in keys_of(client)


def test_a_key_is_revoked_after_asking(client: Client, browser: Browser) -> None:
    new_key(browser, name=EVIL)
    key = keys_of(client)[EVIL]
    html = browser.get("/console/keys?environment=dev")
    assert EVIL not in html and EVIL in unescape(html)
    path = f"/console/keys/{key['id']}/revoke"
    assert "this can't be taken back" in text_of(browser.send(path, environment="dev").text)
    assert keys_of(client)[EVIL]["revokedAt"] is None
    assert browser.send(path, environment="dev", sure="yes").status_code == 303
    assert keys_of(client)[EVIL]["revokedAt"] is not None
    assert "revoked" in text_of(browser.get("/console/keys?environment=dev"))
    for other in ("none", "00000000-0000-0000-0000-000000000000"):
        assert browser.send(f"/console/keys/{other}/revoke", environment="dev").status_code == 404


# -- environments ------------------------------------------------------------------------------------------------------


def names(client: Client) -> dict[str, Any]:
    return {one["key"]: one for one in client.do("GET", "/api/admin/environments")["environments"]}


def test_an_environment_is_added_edited_and_deleted(client: Client, browser: Browser) -> None:
    sent = {"environment": "dev", "key": "qa", "name": EVIL, "copy_of": "dev", "comment_required": "yes"}
    assert browser.send("/console/new-environment", **sent).status_code == 303
    made = names(client)["qa"]
    assert (made["name"], made["protected"], made["commentRequired"]) == (EVIL, False, True)
    html = browser.get("/console/environments?environment=qa")
    assert EVIL not in html and EVIL in unescape(html)
    path = "/console/environments/qa"
    assert "asked for here" in browser.send(f"{path}/edit", environment="dev", name="QA", protected="yes").text
    sent = {"environment": "dev", "name": "QA", "comment": "calm"}
    assert browser.send(f"{path}/edit", **sent, protected="yes").status_code == 303
    assert names(client)["qa"]["protected"] is True
    assert browser.send(f"{path}/edit", **sent, confirm="qa").status_code == 303
    answer = browser.send(f"{path}/delete", environment="qa", key="q")
    assert answer.status_code == 422 and "not the key" in answer.text
    answer = browser.send(f"{path}/delete", environment="qa", key="qa")
    assert answer.status_code == 303 and "environment=prod" in answer.headers["Location"]
    assert "qa" not in names(client)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"key": "dev", "copy_of": "dev"}, 409),
        ({"key": "a b", "copy_of": "dev"}, 422),
        ({"copy_of": "dev"}, 422),
        ({"key": "qa", "copy_of": "nowhere"}, 400),
        ({"key": "qa"}, 400),
        ({"key": "qa", "copy_of": "dev", "name": "x" * 999}, 422),
    ],
)
def test_what_can_be_no_environment_is_refused(
    client: Client, browser: Browser, sent: dict[str, str], status: int
) -> None:
    assert browser.send("/console/new-environment", environment="dev", **sent).status_code == status
    assert set(names(client)) == {"dev", "staging", "prod"}


@pytest.mark.parametrize("key", ["prod", "staging"])
def test_protected_and_default_environments_stay(client: Client, browser: Browser, key: str) -> None:
    environments.update("staging", protected=True, actor=ADA)
    said = text_of(browser.get(f"/console/environments/{key}/delete?environment=dev"))
    assert "It is the default environment" in said or "It is protected" in said
    answer = browser.send(f"/console/environments/{key}/delete", environment="dev", key=key)
    assert answer.status_code == 409 and key in names(client)
    for path in ("edit", "delete"):
        browser.get(f"/console/environments/none/{path}?environment=dev", 400)
