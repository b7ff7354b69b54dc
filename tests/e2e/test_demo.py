"""The demo at /demo in a real browser: every flag of it can be seen, and what changes is seen without a reload."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cli import demo
from db.administration import keys
from db.vocabulary import Actor, Scope, Source
from tests.openfeature.javascript import browser, needs_chromium
from tests.processes import Server, free_port, running

TESTER = Actor("tester", Source.SYSTEM)
CUSTOMERS = 12
LIVE = "#state[data-state=live]"
EXPRESS = ".customer[data-express=true]"


@pytest.fixture
def secret(database: None) -> str:
    return keys.create("ci", Scope.ADMIN, actor=TESTER)[1]


@contextmanager
def serving(database_url: str, port: int, **env: str) -> Iterator[Server]:
    settings = {"PORT": str(port), "FLAGSTAFF_DATABASE_URL": database_url, "FLAGSTAFF_EVALUATION": "open", **env}
    with running("api", port=port, env=settings) as server:
        server.wait_until_it_answers("/ready")
        yield server


def url_of(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


def seed(server: Server, secret: str) -> int:
    return demo.main(["--url", url_of(server), "--key", secret])


def roll_out(server: Server, secret: str, percent: int) -> None:
    body = {"rollout": [{"variant": "on", "weight": percent}, {"variant": "off", "weight": 100 - percent}]}
    path = "/api/admin/flags/demo-express-checkout"
    assert server.request("PUT", path, body, admin(secret)).status == 200


def admin(secret: str) -> dict[str, str]:
    return {"X-Admin-API-Key": secret}


def test_it_is_there_where_it_is_enabled_alone(database_url: str, secret: str) -> None:
    with serving(database_url, free_port()) as server:
        assert server.request("GET", "/demo").status == 404
    with serving(database_url, free_port(), FLAGSTAFF_DEMO="on") as server:
        page = server.request("GET", "/demo")
        assert page.status == 200
        assert "unsafe" not in dict(page.headers)["content-security-policy"]
        assert server.request("GET", "/demo/none.js").status == 404


def test_its_flags_are_made_once(database_url: str, secret: str, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(database_url, free_port(), FLAGSTAFF_DEMO="on") as server:
        assert seed(server, secret) == 0
        assert capsys.readouterr().out.count(": made\n") == len(demo.FLAGS)
        for environment in ("dev", "prod"):
            listed = server.request("GET", f"/api/admin/flags?environment={environment}", headers=admin(secret))
            assert [flag["enabled"] for flag in listed.json["flags"]] == [True] * len(demo.FLAGS)
        roll_out(server, secret, 80)
        assert seed(server, secret) == 0
        assert capsys.readouterr().out.count(": there already\n") == len(demo.FLAGS)
        assert seed(server, "wrong") == 1
        assert "API key" in capsys.readouterr().err
    assert demo.main(["--url", "http://127.0.0.1:1"]) == 1


@needs_chromium
def test_a_rollout_that_moves_moves_customers(database_url: str, secret: str) -> None:
    port = free_port()
    with serving(database_url, port, FLAGSTAFF_DEMO="on") as server, browser(f"{url_of(server)}/demo") as page:
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.locator("#notice", has_text="make demo").wait_for()
        assert seed(server, secret) == 0
        page.locator(".customer[data-tone=loud]").nth(2).wait_for()
        for percent, expected in ((0, 0), (100, CUSTOMERS), (0, 0)):
            roll_out(server, secret, percent)
            page.locator(f"#shop:has({EXPRESS})" if expected else f"#shop:not(:has({EXPRESS}))").wait_for()
            page.locator(".counts li", has_text=f"{'on' if expected else 'off'} {CUSTOMERS}").wait_for()
            assert page.locator(EXPRESS).count() == expected
        assert not problems


@needs_chromium
def test_it_goes_on_after_a_restart(database_url: str, secret: str) -> None:
    port = free_port()
    with serving(database_url, port, FLAGSTAFF_DEMO="on") as server:
        seed(server, secret)
        with browser(f"{url_of(server)}/demo") as page:
            page.locator(LIVE).wait_for()
            server.stop()
            page.locator("#state[data-state=reconnecting]").wait_for()
            assert page.locator(".customer").count() == CUSTOMERS
            with serving(database_url, port, FLAGSTAFF_DEMO="on") as again:
                page.locator(LIVE).wait_for()
                roll_out(again, secret, 100)
                page.locator(EXPRESS).nth(CUSTOMERS - 1).wait_for()


@needs_chromium
def test_it_asks_for_a_key_where_evaluation_needs_one(database_url: str, secret: str) -> None:
    _, client = keys.create("page", Scope.CLIENT, environment="prod", actor=TESTER)
    with serving(database_url, free_port(), FLAGSTAFF_DEMO="on", FLAGSTAFF_EVALUATION="key") as server:
        seed(server, secret)
        with browser(f"{url_of(server)}/demo") as page:
            page.locator("#notice input").fill(client)
            page.locator("#notice input").press("Enter")
            page.locator(LIVE).wait_for()
            page.locator(".customer").nth(CUSTOMERS - 1).wait_for()
