"""Every link of the dashboard leads to a page or an action that there is."""

from __future__ import annotations

from interval_sdk import Page

from db.settings import Settings
from interval_app.app import home
from interval_app.session.routes import Route
from tests.interval.conftest import Running, open_everything

SILENT = {"flags/enable", "flags/disable", "flags/rules/up", "flags/rules/down", "flags/changes/of"}
"""The actions that are done at once where nothing is protected, and show nothing."""


def below(page: Page, route: str) -> set[str]:
    """The routes of a page and of all that is below it."""
    found = {route}
    for name, one in page.routes.items():
        found |= below(one, f"{route}/{name}") if isinstance(one, Page) else {f"{route}/{name}"}
    return found


def test_every_route_is_there_and_nothing_else() -> None:
    made = home(Settings.from_env({"FLAGSTAFF_DEFINITIONS_BUCKET": "definitions", "AWS_REGION": "eu-central-1"}))
    assert below(made, Route.FLAGS) == set(Route)


def test_every_page_leads_only_to_what_there_is(dash: Running) -> None:
    """The double complains of links to nowhere, here and in every other test; this one opens all that is declared."""
    open_everything(dash)
    declared = dash.server.host.pages | dash.server.host.actions
    assert declared - {where for where, _, _ in dash.server.renders} <= SILENT


def test_a_link_to_nowhere_is_complained_of(dash: Running) -> None:
    actions = dash.server.host.declared["actions"]
    (create,) = [one for one in actions if (one["groupSlug"], one["slug"]) == ("flags", "create")]
    actions.remove(create)
    dash.ada.open("flags")
    actions.append(create)
    assert set(dash.server.complaints) == {"flags: a link to flags/create, where nothing is"}
    dash.server.complaints.clear()
