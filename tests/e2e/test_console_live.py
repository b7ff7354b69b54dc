"""What others change shows in an open page at once, never over what is being typed; and a server that goes away."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.console_pages import ADMIN, needs_time, url_of
from tests.openfeature.javascript import needs_chromium
from tests.processes import Server, running

pytestmark = [needs_chromium, needs_time]

FLAG = "/console/flags/new-checkout?environment=dev"
SOON = 5_000


def opened(server: Server, chromium: Browser, path: str) -> Page:
    """A page of somebody who has just signed in."""
    page = chromium.new_context().new_page()
    page.goto(url_of(server) + path)
    page.get_by_role("button", name="Open the console").click()
    page.wait_for_url(f"**{path}")
    return page


def change(server: Server, body: Any, key: str = "new-checkout") -> None:
    answer = server.request("PUT", f"/api/admin/flags/{key}?environment=dev", body, ADMIN)
    assert answer.status == 200, answer.body


def test_a_change_by_the_api_shows_in_the_list(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, "/console/flags?environment=dev")
    page.evaluate("window.stayed = true")
    change(filled, {"enabled": False})
    expect(page.locator("#switch-new-checkout")).to_have_attribute("aria-checked", "false", timeout=SOON)
    change(filled, {"rolloutPercentage": 61})
    expect(page.locator("span").get_by_text("61 % on")).to_be_visible(timeout=SOON)
    assert page.evaluate("window.stayed")


def test_two_people_see_each_other(filled: Server, chromium: Browser) -> None:
    ada, grace = (opened(filled, chromium, FLAG) for _ in range(2))
    ada.locator(".snippet summary").first.click()
    grace.get_by_role("spinbutton", name="on").fill("40")
    grace.get_by_role("button", name="Save the rollout").click()
    expect(ada.get_by_text("40 % on, 60 % off").first).to_be_visible(timeout=SOON)
    assert ada.get_by_role("spinbutton", name="on").input_value() == "40"
    assert ada.locator(".snippet").first.get_attribute("open") is not None
    expect(ada.get_by_text("Rollout changed")).to_be_visible()


def test_what_is_being_typed_is_never_overwritten(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, FLAG)
    page.get_by_role("spinbutton", name="on").fill("33")
    change(filled, {"rolloutPercentage": 70})
    expect(page.get_by_text("This page has changed meanwhile. What you typed is kept.")).to_be_visible(timeout=SOON)
    expect(page.locator(".everywhere").get_by_text("70 % on")).to_be_visible(timeout=SOON)
    assert page.get_by_role("spinbutton", name="on").input_value() == "33"
    page.get_by_role("button", name="Save the rollout").click()
    expect(page.get_by_text("Meanwhile dev admin key changed it")).to_be_visible()
    assert page.get_by_role("spinbutton", name="on").input_value() == "33"
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("33 % on, 67 % off").first).to_be_visible()


def test_a_form_that_is_open_keeps_all_of_it(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, "/console/flags/new-checkout/edit?environment=dev")
    page.get_by_label("Owner").fill("mine")
    change(filled, {"name": "Theirs"})
    expect(page.get_by_text("This page has changed meanwhile")).to_be_visible(timeout=SOON)
    assert page.get_by_label("Owner").input_value() == "mine"
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Theirs")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("new-checkout is saved.")).to_be_visible()


def test_a_question_is_not_taken_away(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, "/console/flags/new-checkout?environment=prod")
    page.get_by_role("switch").first.click()
    page.get_by_label("prod is protected").wait_for()
    answer = filled.request("PUT", "/api/admin/flags/limits?environment=prod", {"enabled": True}, ADMIN)
    assert answer.status == 200
    time.sleep(1)
    page.get_by_label("prod is protected").fill("prod")
    page.keyboard.press("Enter")
    expect(page.get_by_text("new-checkout is enabled in prod.")).to_be_visible()


def test_what_was_asked_of_the_page_before_does_not_come_back(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, "/console/new-flag?environment=dev")
    held: list[Route] = []
    page.route("**/console/new-flag?*", lambda route: held.append(route))
    change(filled, {"rolloutPercentage": 66})
    while not held:
        page.wait_for_timeout(50)
    page.get_by_role("textbox", name="Key letters").fill("late")
    page.get_by_role("button", name="Create").click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("late")
    for route in held:
        route.continue_()
    page.wait_for_timeout(500)
    expect(heading).to_contain_text("late")


def test_a_restart_in_mid_edit_loses_nothing(filled: Server, chromium: Browser, database_url: str) -> None:
    page = opened(filled, chromium, "/console/flags/new-checkout/edit?environment=dev")
    page.get_by_label("Owner").fill("mine")
    filled.stop()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("What you typed is kept: look, and send it again.")).to_be_visible()
    expect(page.get_by_text("The server can't be reached.")).to_be_visible(timeout=20_000)
    port = filled.port
    with running("api", "dev", port=port, env={"PORT": str(port), "FLAGSTAFF_DATABASE_URL": database_url}) as again:
        again.wait_until_it_answers("/ready")
        expect(page.get_by_text("The server can't be reached.")).to_be_hidden(timeout=40_000)
        assert page.get_by_label("Owner").input_value() == "mine"
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("new-checkout is saved.")).to_be_visible()
        change(again, {"name": "After the restart"})
        expect(page.get_by_text("After the restart").first).to_be_visible(timeout=20_000)


def test_a_waking_database_is_waited_for(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, "/console/flags?environment=dev")
    asleep = {"times": 1}

    def waking(route: Any) -> None:
        if asleep["times"]:
            asleep["times"] -= 1
            route.fulfill(
                status=503, body="<html><body class=bare><main><h1>Waking, about 15 s</h1></main></body></html>"
            )
        else:
            route.continue_()

    page.route("**/enabled", waking)
    page.get_by_role("switch", name="new-checkout in dev").click()
    expect(page.get_by_text("The database is waking, about 15 s.")).to_be_visible()
    expect(page.get_by_text("new-checkout is disabled in dev.")).to_be_visible(timeout=15_000)


def test_a_proxy_that_answers_instead_loses_nothing(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, FLAG)
    page.route("**/rollout", lambda route: route.fulfill(status=503, body="<h1>503 Service Unavailable</h1>"))
    page.get_by_role("spinbutton", name="on").fill("33")
    page.get_by_role("button", name="Save the rollout").click()
    expect(page.get_by_text("What you typed is kept: look, and send it again.")).to_be_visible()
    assert page.get_by_role("spinbutton", name="on").input_value() == "33"
    page.unroute("**/rollout")
    page.get_by_role("button", name="Save the rollout").click()
    expect(page.get_by_text("33 % on, 67 % off").first).to_be_visible()


def test_a_search_is_tried_again_by_itself(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, "/console/flags?environment=dev")
    failing = {"times": 1}

    def once(route: Any) -> None:
        failing["times"] -= 1
        route.fulfill(status=502, body="<h1>502 Bad Gateway</h1>") if failing["times"] >= 0 else route.continue_()

    page.route("**/flags?*search=theme*", once)
    page.get_by_role("searchbox").fill("theme")
    expect(page.get_by_text("The server can't be reached.")).to_be_visible()
    expect(page.locator("a.key")).to_have_text(["checkout-theme"], timeout=SOON)
    expect(page.get_by_text("The server can't be reached.")).to_be_hidden()


def test_a_hidden_tab_asks_for_nothing(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, FLAG)
    hide = "Object.defineProperty(document, 'hidden', {value: %s, configurable: true});"
    page.evaluate(hide % "true" + "document.dispatchEvent(new Event('visibilitychange'))")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    change(filled, {"rolloutPercentage": 44})
    time.sleep(1.5)
    assert asked == []
    page.evaluate(hide % "false" + "document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_text("44 % on, 56 % off").first).to_be_visible(timeout=SOON)
