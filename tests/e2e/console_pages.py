"""The console as a team has it that uses everything: its pages, and a server with flags that fill them."""

from __future__ import annotations

import os
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Browser, Page

from tests.processes import Server

needs_time = pytest.mark.skipif(not os.environ.get("FLAGSTAFF_CONSOLE_PAGES"), reason="make pages runs these")

Scheme = Literal["light", "dark"]
ADMIN: Final = {"X-Admin-API-Key": "admin-secret-key"}

PAGES: Final = {
    "flags": "/console/flags?environment=dev",
    "flag": "/console/flags/new-checkout?environment=dev",
    "flag-protected": "/console/flags/new-checkout?environment=prod",
    "explain": "/console/flags/new-checkout/explain?environment=dev&type=user&id=zoe",
    "new-flag": "/console/new-flag?environment=dev",
    "edit": "/console/flags/checkout-theme/edit?environment=dev",
    "edit-static": "/console/flags/limits/edit?environment=dev",
    "rollout": "/console/flags/checkout-theme/rollout?environment=dev",
    "ramp": "/console/flags/search-v2/ramp?environment=dev",
    "schedule": "/console/flags/search-v2/schedule?environment=dev",
    "prerequisites": "/console/flags/checkout-theme/prerequisites?environment=dev&needed=new-checkout",
    "flag-planned": "/console/flags/search-v2?environment=dev",
    "rule": "/console/flags/new-checkout/rules/2?environment=dev",
    "new-rule": "/console/flags/new-checkout/rules/new?environment=dev",
    "members": "/console/flags/new-checkout/members?environment=dev",
    "segments": "/console/segments?environment=dev",
    "segment": "/console/segments/beta-testers?environment=dev",
    "segment-new": "/console/new-segment?environment=dev",
    "segment-edit": "/console/segments/beta-testers/edit?environment=dev",
    "segment-rule": "/console/segments/beta-testers/rules/1?environment=dev",
    "layers": "/console/layers?environment=dev",
    "layer": "/console/layers/checkout?environment=dev",
    "layer-new": "/console/new-layer?environment=dev",
    "layer-edit": "/console/layers/checkout/edit?environment=dev",
    "environments": "/console/environments?environment=dev",
    "environment-new": "/console/new-environment?environment=dev",
    "environment-edit": "/console/environments/prod/edit?environment=dev",
    "environment-delete": "/console/environments/staging/delete?environment=dev",
    "keys": "/console/keys?environment=dev",
    "key-new": "/console/new-key?environment=dev",
    "changes": "/console/changes?environment=dev",
    "changes-of-flag": "/console/changes?environment=dev&flag=new-checkout&only=dev",
    "change": "/console/changes/{change}?environment=dev",
    "promote": "/console/flags/new-checkout/promote?environment=dev&to=prod",
    "archive": "/console/flags/new-checkout/archive?environment=dev",
    "archived": "/console/archived-flags?environment=dev",
    "flag-static": "/console/flags/limits?environment=dev",
}
"""Every page that somebody who is signed in can open, by a name."""


def addresses(server: Server) -> dict[str, str]:
    """The whole addresses of all pages, by their names; the change is the last one of a flag."""
    last = server.request("GET", "/api/admin/changes?flag=new-checkout&limit=1", headers=ADMIN).json["changes"][0]["id"]
    return {name: url_of(server) + path.format(change=last) for name, path in PAGES.items()}


def url_of(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


def signed_in(
    server: Server, chromium: Browser, problems: list[str], width: int = 1024, scheme: Scheme = "light"
) -> Page:
    """A page of somebody who is signed in; what goes wrong in its script, or against its policy, joins `problems`."""
    page = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
    watch(page, problems)
    page.goto(url_of(server) + "/console")
    page.get_by_role("button", name="Open the console").click()
    page.wait_for_url("**/console/flags**")
    return page


def watch(page: Page, problems: list[str]) -> None:
    """Note what goes wrong in a page. To raise here would end the browser."""
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if "Content Security" in said.text else None)


def fill(server: Server) -> None:
    """Make what the pages show."""
    for path, body in MADE:
        answer = server.request("POST", path, body, ADMIN)
        assert answer.status < 300, answer.body
    assert server.request("DELETE", "/api/admin/flags/old-banner", headers=ADMIN).status == 200


MADE: Final[tuple[tuple[str, Any], ...]] = (
    (
        "/api/admin/segments",
        {
            "key": "beta-testers",
            "description": "People who asked to see things early",
            "included": {"user": ["ada", "grace", "linus"], "organisation": ["acme"]},
            "excluded": {"user": ["mallory"]},
            "rules": [{"conditions": [{"field": "email", "operator": "ends_with", "value": "@example.com"}]}],
        },
    ),
    (
        "/api/admin/layers",
        {
            "key": "checkout",
            "name": "Checkout",
            "description": "One experiment a customer",
            "holdout": {"from": 95, "to": 100},
        },
    ),
    (
        "/api/admin/flags?environment=dev",
        {
            "key": "new-checkout",
            "name": "New checkout",
            "description": "One page instead of four. Fewer people give up on the way to paying.",
            "enabled": True,
            "tags": ["web", "checkout"],
            "owner": "payments",
            "purpose": "release",
            "expectedEnd": "2027-03-31",
            "links": [{"title": "Ticket", "url": "https://example.com/tickets/481"}],
            "clientSide": True,
            "defaultVariant": "off",
            "rules": [
                {
                    "name": "beta testers",
                    "conditions": [{"operator": "in_segment", "value": ["beta-testers"]}],
                    "variant": "on",
                },
                {
                    "conditions": [
                        {"field": "country", "operator": "in", "value": ["US", "CA"]},
                        {"field": "app.version", "operator": "semver_gte", "value": "2.4.0"},
                    ],
                    "split": [{"variant": "on", "weight": 50}, {"variant": "off", "weight": 50}],
                },
            ],
            "rollout": [{"variant": "on", "weight": 25}, {"variant": "off", "weight": 75}],
        },
    ),
    (
        "/api/admin/flags/new-checkout/members?environment=dev",
        {"entityType": "user", "entityIds": ["ada", "grace", "linus"], "variant": "on"},
    ),
    (
        "/api/admin/flags?environment=dev",
        {
            "key": "checkout-theme",
            "type": "string",
            "description": "How the checkout looks",
            "enabled": True,
            "tags": ["web"],
            "owner": "design",
            "purpose": "experiment",
            "variants": {"calm": "calm", "bold": "bold", "plain": "plain"},
            "defaultVariant": "plain",
            "rollout": [
                {"variant": "calm", "weight": 40},
                {"variant": "bold", "weight": 35},
                {"variant": "plain", "weight": 25},
            ],
            "layer": {"key": "checkout", "from": 0, "to": 45},
            "prerequisites": [{"flag": "new-checkout", "variants": ["on"]}],
        },
    ),
    (
        "/api/admin/flags?environment=dev",
        {
            "key": "limits",
            "type": "structured",
            "isStatic": True,
            "value": {"perMinute": 600, "burst": [10, 50], "message": "Please slow down"},
            "enabled": True,
            "owner": "platform",
            "purpose": "operational",
        },
    ),
    (
        "/api/admin/flags?environment=dev",
        {
            "key": "search-v2",
            "description": "Results by meaning, not by letters",
            "tags": ["search"],
            "owner": "search",
            "ramp": {
                "variant": "on",
                "from": 5,
                "to": 60,
                "start": "2027-01-11T09:00",
                "end": "2027-01-18T09:00",
                "zone": "Europe/Berlin",
            },
            "schedule": [{"at": "2027-01-11T09:00", "zone": "Europe/Berlin", "enabled": True}],
        },
    ),
    ("/api/admin/flags?environment=dev", {"key": "dark-mode", "enabled": True, "rolloutPercentage": 100}),
    ("/api/admin/flags?environment=dev", {"key": "old-banner", "description": "Black Friday", "owner": "marketing"}),
    ("/api/admin/flags?environment=dev", {"key": "kill-exports", "purpose": "operational", "owner": "platform"}),
)
