"""Answers that come late, twice or not at all: what somebody asked for last is shown, and what was typed stays."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.console_pages import ADMIN, needs_time
from tests.e2e.test_console_live import FLAG, SOON, change, opened
from tests.openfeature.javascript import needs_chromium
from tests.processes import Server

pytestmark = [needs_chromium, needs_time]

LIST = "/console/flags?environment=dev"
CHANGED = "This page has changed meanwhile"
LATE = """() => {
  const real = window.fetch;
  window.fetch = async (url, options) => {
    const answer = await real(url, options);
    if (String(url).endsWith("/rollout")) await new Promise((then) => (window.release = then));
    return answer;
  };
}"""
"""Keeps the answer to a rollout back."""


class Held:
    """Requests that get no answer yet."""

    def __init__(self, page: Page, pattern: str, method: str = "GET") -> None:
        self.page, self.pattern, self.method = page, pattern, method
        self.routes: list[Route] = []
        page.route(pattern, self.hold)

    def hold(self, route: Route) -> None:
        if route.request.method == self.method and not route.request.is_navigation_request():
            self.routes.append(route)
        else:
            route.continue_()

    def wait(self) -> None:
        deadline = time.monotonic() + 5
        while not self.routes and time.monotonic() < deadline:
            self.page.wait_for_timeout(20)
        assert self.routes

    def release(self) -> None:
        held, self.routes, self.method = self.routes, [], ""
        for route in held:
            route.continue_()
        self.page.wait_for_timeout(400)


def requests_of(page: Page) -> list[str]:
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    return seen


def problems_of(page: Page) -> list[str]:
    seen: list[str] = []
    page.on("pageerror", lambda error: seen.append(str(error)))
    return seen


# -- the stream --------------------------------------------------------------------------------------------------------


def test_a_stream_that_ends_on_purpose_makes_no_page_be_asked_for(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, LIST)
    page.route(
        "**/api/client/stream**",
        lambda route: route.fulfill(status=200, content_type="text/event-stream", body="retry: 4000\n\nid: 5\n\n"),
    )
    page.reload()
    page.get_by_role("switch").first.wait_for()
    seen = requests_of(page)
    page.wait_for_timeout(5_000)
    assert 1 <= len(seen) <= 3
    assert all("/api/client/stream" in url for url in seen)


@pytest.mark.parametrize("asks", [False, True])
def test_a_stream_that_is_refused_is_asked_for_at_leisure(filled: Server, chromium: Browser, asks: bool) -> None:
    page = opened(filled, chromium, "/console/flags/new-checkout?environment=prod")
    if asks:
        page.get_by_role("switch").first.click()
        page.get_by_label("prod is protected").wait_for()
    page.route("**/api/client/stream**", lambda route: route.fulfill(status=401, body="{}"))
    seen = requests_of(page)
    page.evaluate("document.dispatchEvent(new CustomEvent('changed-page'))")
    page.wait_for_timeout(4_000)
    assert 2 <= len(seen) <= 10


def test_an_environment_that_is_gone_is_told(filled: Server, chromium: Browser) -> None:
    made = filled.request("POST", "/api/admin/environments", {"key": "qa", "copyOf": "dev"}, ADMIN)
    assert made.status == 201, made.body
    page = opened(filled, chromium, "/console/flags?environment=qa")
    assert filled.request("DELETE", "/api/admin/environments/qa", headers=ADMIN).status < 300
    expect(page.get_by_text("there is no environment 'qa'")).to_be_visible(timeout=SOON)
    seen = requests_of(page)
    page.wait_for_timeout(3_000)
    assert len(seen) <= 4


# -- what is typed -----------------------------------------------------------------------------------------------------


def test_the_zone_that_was_typed_stays(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, "/console/flags/dark-mode/schedule?environment=dev")
    page.get_by_label("Zone").fill("Asia/Tokyo")
    change(filled, {"rolloutPercentage": 12})
    page.wait_for_timeout(800)
    assert page.get_by_label("Zone").input_value() == "Asia/Tokyo"


def test_what_was_typed_and_put_back_does_not_hide_what_others_typed(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, FLAG)
    share = page.get_by_role("spinbutton", name="on")
    before = share.input_value()
    share.fill("30")
    share.fill(before)
    change(filled, {"rolloutPercentage": 70})
    expect(share).to_have_value("70", timeout=SOON)
    expect(page.get_by_role("slider").first).to_have_value("70")


def test_what_is_typed_while_another_form_is_sent_stays(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, FLAG)
    held = Held(page, "**/enabled", "POST")
    page.get_by_role("switch").first.click()
    held.wait()
    page.get_by_role("spinbutton", name="on").fill("44")
    held.release()
    expect(page.get_by_text("new-checkout is disabled in dev.")).to_be_visible()
    assert page.get_by_role("spinbutton", name="on").input_value() == "44"


def test_a_form_that_did_not_change_is_not_said_to_have(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, FLAG)
    page.get_by_role("spinbutton", name="on").fill("41")
    page.locator("[data-previewed]").get_by_text("get on").wait_for()
    change(filled, {"description": "another flag"}, "dark-mode")
    page.wait_for_timeout(800)
    expect(page.get_by_text(CHANGED)).to_be_hidden()


def test_ones_own_change_is_not_told_as_that_of_others(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, FLAG)
    said: list[bool] = []
    page.get_by_role("spinbutton", name="on").fill("39")
    page.get_by_role("spinbutton", name="on").press("Enter")
    for _ in range(15):
        said.append(page.get_by_text(CHANGED).is_visible())
        page.wait_for_timeout(50)
    expect(page.get_by_text("39 % on, 61 % off").first).to_be_visible()
    assert not any(said)
    change(filled, {"rolloutPercentage": 71})  # the field still has the focus, and nothing is typed in it
    expect(page.get_by_role("spinbutton", name="on")).to_have_value("71", timeout=SOON)


@pytest.mark.parametrize("is_sent_before", [True, False])
def test_the_form_is_sent_after_signing_in_again(filled: Server, chromium: Browser, is_sent_before: bool) -> None:
    page = opened(filled, chromium, "/console/flags/new-checkout/edit?environment=dev")
    problems = problems_of(page)
    page.get_by_label("Owner").fill("mine")
    page.context.clear_cookies()
    if is_sent_before:
        page.get_by_role("button", name="Save").click()
    else:
        change(filled, {"description": "another flag"}, "dark-mode")
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    with page.context.expect_page() as another:
        page.get_by_role("link", name="Sign in again in another tab").click()
    another.value.get_by_role("button", name="Open the console").click()
    another.value.get_by_role("heading", level=1).wait_for()
    another.value.close()
    page.wait_for_timeout(300)
    assert page.get_by_label("Owner").input_value() == "mine"
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("new-checkout is saved.")).to_be_visible()
    expect(page.get_by_text("Your session has ended")).to_be_hidden()
    assert problems == []


def test_back_shows_no_form_with_what_was_typed_before(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, FLAG)
    before = page.get_by_role("spinbutton", name="on").input_value()
    page.get_by_role("spinbutton", name="on").fill("13")
    page.get_by_role("link", name="Flags", exact=True).last.click()
    page.get_by_role("searchbox").wait_for()
    page.go_back()
    expect(page.get_by_role("spinbutton", name="on")).to_have_value(before)


# -- answers out of order ----------------------------------------------------------------------------------------------


def test_a_late_look_does_not_undo_a_search(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, LIST)
    held = Held(page, "**/console/flags?environment=dev")
    change(filled, {"rolloutPercentage": 21})
    held.wait()
    page.get_by_role("searchbox").fill("theme")
    expect(page.locator("a.key")).to_have_text(["checkout-theme"])
    held.release()
    expect(page.locator("a.key")).to_have_text(["checkout-theme"])
    assert "search=theme" in page.url


def test_a_search_outlives_a_form_that_is_answered_first(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, LIST)
    held = Held(page, "**/flags?*search=theme*")
    page.get_by_role("searchbox").fill("theme")
    held.wait()
    page.get_by_role("switch", name="dark-mode in dev").click()
    expect(page.get_by_text("dark-mode is disabled in dev.")).to_be_visible()
    assert page.get_by_role("searchbox").input_value() == "theme"
    held.release()
    expect(page.locator("a.key")).to_have_text(["checkout-theme"])


def test_a_late_answer_to_a_form_does_not_undo_a_later_one(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, FLAG)
    page.evaluate(LATE)
    page.get_by_role("spinbutton", name="on").fill("52")
    page.get_by_role("button", name="Save the rollout").click()
    page.evaluate("() => new Promise((then) => setInterval(() => window.release && then(), 20))")
    page.get_by_role("switch").first.click()
    expect(page.get_by_text("new-checkout is disabled in dev.")).to_be_visible()
    page.evaluate("window.release()")
    expect(page.get_by_text("52 % on, 48 % off").first).to_be_visible(timeout=SOON)
    expect(page.get_by_role("switch").first).to_have_attribute("aria-checked", "false")


def test_the_explanation_stays_live_and_so_does_what_is_typed(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, "/console/flags/new-checkout/explain?environment=dev&type=user&id=zoe")
    problems = problems_of(page)
    page.get_by_label("What else the program sends").fill('{"country": "US"')
    before = page.locator("#explained").inner_text()
    change(filled, {"enabled": False})
    expect(page.locator("#explained")).not_to_have_text(before, timeout=SOON)
    assert page.get_by_label("What else the program sends").input_value() == '{"country": "US"'
    assert problems == []


def test_the_switch_that_has_the_focus_stays_that_of_its_flag(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, f"{LIST}&sort=updated&order=down")
    mine = page.locator("#switch-new-checkout")
    mine.focus()
    before = page.locator("a.key").all_inner_texts()
    change(filled, {"description": "now the first"}, before[-1])
    expect(page.locator("a.key").first).to_have_text(before[-1], timeout=SOON)
    assert page.evaluate("document.activeElement.id") == "switch-new-checkout"
    page.keyboard.press("Space")
    expect(page.get_by_text("new-checkout is disabled in dev.")).to_be_visible()


def test_a_new_flag_in_the_list_takes_no_focus(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, LIST)
    page.locator("#switch-new-checkout").focus()
    assert filled.request("POST", "/api/admin/flags?environment=dev", {"key": "a-new-one"}, ADMIN).status == 201
    expect(page.get_by_role("link", name="a-new-one")).to_be_visible(timeout=SOON)
    assert page.evaluate("document.activeElement.id") == "switch-new-checkout"


def test_what_is_unfolded_stays_when_something_is_planned(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, "/console/flags/dark-mode?environment=dev")
    page.locator(".snippet summary").first.click()
    change(filled, {"schedule": [{"at": "2099-01-01T00:00:00Z", "enabled": False}]}, "dark-mode")
    expect(page.get_by_text("What is to come")).to_be_visible(timeout=SOON)
    assert page.locator(".snippet").first.get_attribute("open") is not None


# -- twice -------------------------------------------------------------------------------------------------------------


def test_a_double_click_removes_one_rule(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, FLAG)
    removes = page.locator("button[aria-label^='Remove rule']")
    many = removes.count()
    assert many > 1
    box = removes.first.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.click(x, y)
    expect(page.get_by_text("The rule is removed.")).to_be_visible()
    page.mouse.down(click_count=2)
    page.mouse.up(click_count=2)
    page.wait_for_timeout(500)
    assert removes.count() == many - 1


def test_a_form_that_waits_for_the_database_is_sent_once(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, "/console/new-flag?environment=dev")
    problems = problems_of(page)
    sent: list[str] = []

    def waking(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        sent.append(route.request.url)
        if len(sent) > 1:
            route.continue_()
        else:
            body = "<html><body class=bare><main id=main><h1>Waking, about 15 s</h1></main></body></html>"
            route.fulfill(status=503, content_type="text/html", body=body)

    page.route("**/console/new-flag", waking)
    page.get_by_role("textbox", name="Key letters").fill("woken")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("The database is waking")).to_be_visible()
    page.get_by_role("button", name="Create").click()
    page.wait_for_timeout(300)
    assert len(sent) == 1
    assert filled.request("POST", "/api/admin/flags?environment=dev", {"key": "meanwhile"}, ADMIN).status == 201
    expect(page.get_by_text("woken is created")).to_be_visible(timeout=12_000)
    assert len(sent) == 2 and problems == []


# -- what is said, and where ------------------------------------------------------------------------------------------


def test_what_is_wrong_is_in_view(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, "/console/flags/new-checkout/edit?environment=dev")
    page.get_by_label("Links").fill("no link")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main [role=alert]")).to_be_in_viewport()
    page.route("**/edit", lambda route: route.abort())
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The server can't be reached")).to_be_in_viewport()


def test_a_preview_that_could_not_be_had_is_not_the_one_before(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, FLAG)
    share = page.get_by_role("spinbutton", name="on")
    share.fill("90")
    page.locator("[data-previewed]").get_by_text("get on").wait_for()
    page.route("**/rollout/preview**", lambda route: route.abort())
    share.fill("1")
    expect(page.locator("[data-previewed]")).to_have_text("")


def test_times_are_in_the_viewers_zone_after_a_change_too(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, FLAG)
    change(filled, {"rolloutPercentage": 64})
    expect(page.get_by_text("64 % on, 36 % off").first).to_be_visible(timeout=SOON)
    said, title = page.locator(".everywhere time").first.evaluate("one => [one.textContent, one.title]")
    assert "UTC" not in said and title.endswith("UTC")
    assert time.strftime("%Y-%m-%d", time.gmtime()) in title


def test_the_menu_leads_to_the_same_search_elsewhere(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, LIST)
    page.get_by_role("searchbox").fill("theme")
    page.wait_for_url("**search=theme**")
    page.locator(".environments summary").click()
    page.locator(".environments").get_by_role("link", name="prod").click()
    page.wait_for_url("**environment=prod**")
    assert "search=theme" in page.url


# -- several at once ---------------------------------------------------------------------------------------------------


def test_a_late_question_does_not_take_the_place_of_another(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, "/console/flags/new-checkout?environment=prod")
    held = Held(page, "**/enabled", "POST")
    page.get_by_role("switch").first.click()
    held.wait()
    page.get_by_role("spinbutton", name="on").fill("33")
    page.get_by_role("button", name="Save the rollout").click()
    page.get_by_label("prod is protected").fill("pr")
    held.release()
    expect(page.get_by_text("this was not done: look, and send it again")).to_be_visible()
    page.get_by_label("prod is protected").fill("prod")
    page.keyboard.press("Enter")
    expect(page.get_by_text("33 % on, 67 % off").first).to_be_visible()
    answer = filled.request("GET", "/api/admin/flags/new-checkout?environment=prod", headers=ADMIN)
    assert answer.json["flag"]["enabled"] is False


def test_a_question_that_came_without_script_is_not_taken_away(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, LIST)
    page.route("**/console.js*", lambda route: route.abort())
    page.goto(page.url.partition("/console")[0] + "/console/flags/new-checkout?environment=prod")
    page.unroute_all()
    page.get_by_role("switch").first.click()
    page.get_by_label("prod is protected").wait_for()
    answer = filled.request("PUT", "/api/admin/flags/limits?environment=prod", {"enabled": True}, ADMIN)
    assert answer.status == 200
    page.wait_for_timeout(1_000)
    expect(page.get_by_label("prod is protected")).to_be_visible()


def test_two_switches_of_a_list_are_both_sent(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, LIST)
    held = Held(page, "**/dark-mode/enabled", "POST")
    page.get_by_role("switch", name="dark-mode in dev").click()
    held.wait()
    page.get_by_role("switch", name="new-checkout in dev").click()
    expect(page.get_by_text("new-checkout is disabled in dev.")).to_be_visible()
    held.release()
    expect(page.get_by_role("switch", name="dark-mode in dev")).to_have_attribute("aria-checked", "false")
    expect(page.get_by_role("switch", name="new-checkout in dev")).to_have_attribute("aria-checked", "false")


def test_what_is_typed_into_a_form_that_is_on_its_way_stays(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, FLAG)
    held = Held(page, "**/rollout", "POST")
    share = page.get_by_role("spinbutton", name="on")
    share.fill("31")
    share.press("Enter")
    held.wait()
    share.fill("37")
    held.release()
    expect(page.get_by_text("The rollout of new-checkout in dev: 31 % on")).to_be_visible()
    assert share.input_value() == "37"


@pytest.mark.parametrize("is_refused", [False, True])
def test_the_page_is_live_again_after_signing_in_elsewhere(filled: Server, chromium: Browser, is_refused: bool) -> None:
    page = opened(filled, chromium, FLAG)
    cookies = page.context.cookies()
    page.context.clear_cookies()
    if is_refused:
        page.route("**/api/client/stream**", lambda route: route.fulfill(status=401, body="{}"))
        page.evaluate("document.dispatchEvent(new CustomEvent('changed-page'))")
    else:
        change(filled, {"rolloutPercentage": 14})
    expect(page.get_by_text("Your session has ended")).to_be_visible(timeout=SOON)
    page.unroute_all()
    page.context.add_cookies(cookies)
    page.get_by_role("switch").first.click()
    expect(page.get_by_text("new-checkout is disabled in dev.")).to_be_visible()
    page.wait_for_timeout(300)
    change(filled, {"rolloutPercentage": 15})
    expect(page.get_by_text("15 % on, 85 % off").first).to_be_visible(timeout=SOON)


def test_an_answer_that_breaks_off_is_told(filled: Server, chromium: Browser) -> None:
    page = opened(filled, chromium, FLAG)
    problems = problems_of(page)
    page.evaluate("window.fetch = async () => new Response(new ReadableStream({start: (one) => one.error('cut')}))")
    page.get_by_role("spinbutton", name="on").fill("34")
    page.get_by_role("button", name="Save the rollout").click()
    expect(page.get_by_text("nothing more is known of this change")).to_be_visible()
    assert page.get_by_role("spinbutton", name="on").input_value() == "34"
    assert problems == []


@pytest.mark.parametrize("status", [429, 500])
def test_a_search_that_is_refused_leaves_the_page_as_it_is(filled: Server, chromium: Browser, status: int) -> None:
    page = opened(filled, chromium, "/console/flags/new-checkout/members?environment=dev")
    page.get_by_role("textbox", name="Ids").first.fill("kept")
    refused: list[str] = []

    def once(route: Route) -> None:
        refused.append(route.request.url)
        if len(refused) == 1:
            route.fulfill(status=status, content_type="text/html", body="<main id=main>no</main>")
        else:
            route.continue_()

    page.route("**/members?*search=ada*", once)
    page.get_by_role("searchbox").fill("ada")
    page.wait_for_url("**search=ada**", timeout=8_000)
    assert len(refused) == 2
    assert page.get_by_role("textbox", name="Ids").first.input_value() == "kept"
