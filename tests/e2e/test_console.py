"""The console in a real browser: with script and without, with the keyboard alone, in every width."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.console_pages import needs_time, watch
from tests.openfeature.javascript import needs_chromium
from tests.processes import Server, free_port, running, wait_until

pytestmark = [needs_chromium, needs_time]

ADMIN = {"X-Admin-API-Key": "admin-secret-key"}


class Place(NamedTuple):
    """A server as `make run` starts it, with some flags, and a browser."""

    server: Server
    chromium: Browser
    problems: list[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def do(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.server.request(method, path, body, ADMIN)
        assert answer.status < 300, answer.body
        return answer.json

    def enabled(self, key: str, environment: str) -> bool:
        return bool(self.do("GET", f"/api/admin/flags/{key}?environment={environment}")["flag"]["enabled"])

    def page(self, path: str = "/console/flags?environment=dev", **options: Any) -> Page:
        """A page of somebody who has just signed in; what goes wrong in it is an error of the test."""
        page = self.chromium.new_context(**options).new_page()
        watch(page, self.problems)
        page.goto(self.url + path)
        page.get_by_label("Your name").fill("Ada")
        page.get_by_role("button", name="Open the console").click()
        page.wait_for_url(f"**{path}")
        return page


@pytest.fixture
def place(database: None, database_url: str, chromium: Browser) -> Iterator[Place]:
    port = free_port()
    with running("api", "dev", port=port, env={"PORT": str(port), "FLAGSTAFF_DATABASE_URL": database_url}) as server:
        server.wait_until_it_answers("/ready")
        found = Place(server, chromium, [])
        for key in ("checkout", "search", "a" * 128):
            flag = {"key": key, "enabled": True, "rolloutPercentage": 25, "description": f"what {key} is for " * 9}
            found.do("POST", "/api/admin/flags?environment=dev", flag)
        yield found
        assert found.problems == []


def test_the_first_page_is_the_console(place: Place) -> None:
    page = place.chromium.new_page()
    page.goto(place.url)
    page.get_by_role("button", name="Open the console").click()
    page.get_by_role("link", name="checkout", exact=True).wait_for()
    assert page.get_by_role("switch").count() == 3


def test_the_list_is_searched_as_one_types(place: Place) -> None:
    page = place.page()
    page.keyboard.press("/")
    page.keyboard.type("check")
    page.wait_for_url("**search=check**")
    page.get_by_text("1 flag that fit").wait_for()
    assert page.evaluate("document.activeElement.name") == "search"
    page.reload()
    assert page.get_by_role("searchbox").input_value() == "check"


def test_a_switch_works_by_keyboard_without_loading_the_page(place: Place) -> None:
    page = place.page()
    page.evaluate("window.stayed = true")
    switch = page.get_by_role("switch", name="checkout in dev")
    switch.focus()
    page.keyboard.press("Space")
    page.get_by_text("checkout is disabled in dev.").wait_for()
    assert not place.enabled("checkout", "dev")
    assert page.evaluate("[window.stayed, document.activeElement.id]") == [True, "switch-checkout"]


def test_a_protected_environment_asks_for_its_name(place: Place) -> None:
    page = place.page("/console/flags/checkout?environment=prod")
    page.get_by_role("switch").click()
    page.get_by_label("prod is protected").fill("prod")
    page.keyboard.press("Enter")
    page.get_by_text("checkout is enabled in prod.").wait_for()
    assert place.enabled("checkout", "prod")


def test_back_and_forward_lead_where_they_say(place: Place) -> None:
    page = place.page("/console/new-flag?environment=dev")
    key = page.get_by_role("textbox", name="Key letters")
    key.fill("fresh")
    page.keyboard.press("Enter")
    page.get_by_text("fresh is created").wait_for()
    page.go_back()
    key.wait_for()
    assert page.url.endswith("/console/new-flag?environment=dev")
    page.go_forward()
    page.get_by_role("switch", name="fresh in dev").wait_for()
    page.locator(".skip").focus()
    page.evaluate("window.stayed = true")
    page.keyboard.press("Enter")
    assert page.evaluate("[window.stayed, location.hash, document.activeElement.id]") == [True, "#main", "main"]


def test_everything_works_without_script(place: Place) -> None:
    page = place.page(java_script_enabled=False)
    page.get_by_role("searchbox").fill("check")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("switch", name="checkout in dev").click()
    page.get_by_text("checkout is disabled in dev.").wait_for()
    page.get_by_role("link", name="checkout", exact=True).click()
    page.get_by_role("button", name="Disable everywhere").click()
    page.get_by_label("prod is protected").fill("prod")
    page.get_by_role("button", name="Do it").click()
    page.get_by_text("checkout is disabled in dev, staging, prod.").wait_for()


def test_a_server_that_is_gone_is_told(place: Place) -> None:
    page = place.page()
    page.route("**/enabled", lambda route: route.abort())
    page.get_by_role("switch", name="checkout in dev").click()
    page.get_by_text("The server can't be reached").wait_for()
    assert place.enabled("checkout", "dev")


def test_a_session_that_ended_in_mid_edit_loses_nothing(place: Place) -> None:
    page = place.page("/console/flags/checkout/edit?environment=dev")
    page.get_by_label("Owner").fill("payments")
    page.context.clear_cookies()
    page.get_by_role("button", name="Save").click()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in again in another tab").click()
    opened.value.get_by_role("button", name="Open the console").click()
    opened.value.get_by_role("heading", name="Edit checkout").wait_for()
    opened.value.close()
    assert page.get_by_label("Owner").input_value() == "payments"
    page.get_by_role("button", name="Save").click()
    page.get_by_text("checkout is saved.").wait_for()
    assert place.do("GET", "/api/admin/flags/checkout?environment=dev")["flag"]["owner"] == "payments"


def test_times_are_in_the_viewers_zone(place: Place) -> None:
    page = place.page(timezone_id="Pacific/Auckland", locale="en-GB")
    time = page.locator("time").first
    wait_until(lambda: (time.get_attribute("title") or "").endswith("UTC"))
    assert time.inner_text() != time.get_attribute("title")


def test_the_environment_is_switched_in_place(place: Place) -> None:
    page = place.page("/console/flags/checkout?environment=dev")
    page.locator(".environments summary").click()
    page.locator(".environments").get_by_role("link", name="prod").click()
    page.wait_for_url("**/console/flags/checkout?environment=prod")


@pytest.mark.parametrize("width", [360, 768, 1440, 1920])
@pytest.mark.parametrize("path", ["/console/flags?environment=dev", f"/console/flags/{'a' * 128}?environment=prod"])
def test_nothing_is_wider_than_the_window(place: Place, width: int, path: str) -> None:
    page = place.page(path, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_first_load_is_small(place: Place) -> None:
    page = place.page()
    loaded: list[int] = []
    page.on("response", lambda answer: loaded.append(len(answer.body())))
    page.context.clear_cookies(name="flagstaff-notice")
    page.reload()
    page.wait_for_load_state("networkidle")
    assert len(loaded) <= 10
    assert sum(loaded) <= 100 * 1024


def test_sliders_stay_at_a_hundred_and_say_what_they_do(place: Place) -> None:
    page = place.page("/console/flags/checkout?environment=dev")
    page.get_by_role("slider", name="on, in percent").focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    page.get_by_text("12 % more get on; nobody loses it.").wait_for()
    assert page.get_by_role("spinbutton", name="off").input_value() == "63"
    page.get_by_role("spinbutton", name="off").fill("62.5")
    page.get_by_text("12.5 % more get on; nobody loses it.").wait_for()
    page.get_by_role("button", name="Save the rollout").click()
    page.get_by_text("The rollout of checkout in dev: 37.5 % on, 62.5 % off.").wait_for()
    assert place.do("GET", "/api/admin/flags/checkout?environment=dev")["flag"]["rolloutPercentage"] == 37.5


def test_three_sliders_share_the_rest_in_proportion(place: Place) -> None:
    flag = {
        "key": "theme",
        "type": "string",
        "variants": {"calm": "calm", "bold": "bold", "plain": "plain"},
        "rollout": [
            {"variant": "calm", "weight": 40},
            {"variant": "bold", "weight": 40},
            {"variant": "plain", "weight": 20},
        ],
    }
    place.do("POST", "/api/admin/flags?environment=dev", flag)
    page = place.page("/console/flags/theme?environment=dev")

    def numbers() -> list[str]:
        return [page.get_by_role("spinbutton", name=name).input_value() for name in flag["variants"]]

    page.get_by_role("spinbutton", name="calm").fill("70")
    assert numbers() == ["70", "20", "10"]
    page.get_by_role("spinbutton", name="calm").fill("100")
    assert numbers() == ["100", "0", "0"]
    page.get_by_role("spinbutton", name="calm").fill("33")
    assert sum(map(float, numbers())) == 100
    page.get_by_role("spinbutton", name="calm").fill("33.333")
    assert abs(sum(map(float, numbers())) - 100) < 1e-9


def test_a_double_click_makes_one_key(place: Place) -> None:
    page = place.page("/console/new-key?environment=dev")
    page.get_by_label("Name").fill("shop")
    page.get_by_role("button", name="Make the key").dblclick()
    page.get_by_role("heading", name="The key shop").wait_for()
    page.reload()
    page.wait_for_url("**/console/keys?environment=dev")
    assert [key["name"] for key in place.do("GET", "/api/admin/keys")["keys"]].count("shop") == 1
