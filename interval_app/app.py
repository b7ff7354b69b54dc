"""The dashboard as the SDK serves it: every page and action, by its route."""

from __future__ import annotations

from functools import partial

from interval_sdk import Action, Page

from db.settings import Settings
from interval_app import (
    archive,
    change_log,
    create_flag,
    edit_flag,
    environments,
    explain,
    flags_page,
    keys,
    members,
    members_page,
    promote,
    publishing,
    rollout,
    rules,
    rules_page,
    switching,
)
from interval_app.routes import Route
from interval_app.sdk_corrections import Host
from interval_app.visit import action, page


def build(settings: Settings) -> Host:
    """Make the host, not connected yet; the settings must have a key and an endpoint."""
    host = Host(settings.interval_api_key or "", endpoint=settings.interval_server_endpoint or "")
    host.routes.add(Route.FLAGS.value, home(settings))
    return host


def home(settings: Settings) -> Page:
    """Make the landing page, with all others below it."""
    routes = pages(settings) | actions(settings)
    for route, below in routes.items():
        parent, _, name = route.rpartition("/")
        if parent:
            page_above = routes[Route(parent)]
            assert isinstance(page_above, Page)
            page_above.add(name, below)
    return routes[Route.FLAGS]


def pages(settings: Settings) -> dict[Route, Page]:
    """Make the pages. What needs a flag to be of use is unlisted, and reached from the flag's row."""
    shows = partial(page, settings)
    about = "Flags, whom they are for, and who changed them."
    return {
        Route.FLAGS: shows(flags_page.show, "Feature Flags", description=about),
        Route.MEMBERS: shows(members_page.show, "Members", unlisted=True),
        Route.RULES: shows(rules_page.show, "Rules", unlisted=True),
        Route.CHANGES: shows(change_log.show, "Change log"),
        Route.CHANGE: shows(change_log.show_change, "A change", unlisted=True),
        Route.ARCHIVED_FLAGS: shows(archive.show, "Archived flags"),
        Route.ENVIRONMENTS: shows(environments.show, "Environments"),
        Route.KEYS: shows(keys.show, "API keys"),
    }


def actions(settings: Settings) -> dict[Route, Action]:
    """Make the actions, which are reached from the pages."""
    does = partial(action, settings)
    made = {
        Route.CREATE_FLAG: does(create_flag.create, "Create flag"),
        Route.EDIT_FLAG: does(edit_flag.edit, "Edit flag"),
        Route.ENABLE_FLAG: does(switching.enable, "Enable flag"),
        Route.DISABLE_FLAG: does(switching.disable, "Disable flag"),
        Route.DISABLE_EVERYWHERE: does(switching.disable_everywhere, "Disable flag everywhere"),
        Route.ROLLOUT: does(rollout.rollout, "Rollout"),
        Route.EXPLAIN: does(explain.explain, "Explain"),
        Route.PROMOTE_FLAG: does(promote.promote, "Promote flag"),
        Route.ARCHIVE_FLAG: does(archive.archive, "Archive flag"),
        Route.RESTORE_FLAG: does(archive.restore, "Restore flag"),
        Route.ADD_MEMBERS: does(members.add, "Add members", backgroundable=True),
        Route.CHANGE_MEMBERS: does(members.change, "Change value", backgroundable=True),
        Route.REMOVE_MEMBERS: does(members.remove, "Remove members", backgroundable=True),
        Route.ADD_RULE: does(rules.add, "Add rule"),
        Route.EDIT_RULE: does(rules.edit, "Edit rule"),
        Route.MOVE_RULE_UP: does(rules.up, "Move rule up"),
        Route.MOVE_RULE_DOWN: does(rules.down, "Move rule down"),
        Route.REMOVE_RULE: does(rules.remove, "Remove rule"),
        Route.CHANGES_OF_FLAG: does(change_log.of, "Change log of a flag"),
        Route.RESTORE_CHANGE: does(change_log.restore, "Restore"),
        Route.ADD_ENVIRONMENT: does(environments.add, "Add environment"),
        Route.CREATE_KEY: does(keys.create, "Create key"),
        Route.REVOKE_KEY: does(keys.revoke, "Revoke key"),
    }
    if settings.definitions_bucket:
        made[Route.PUBLISH] = does(publishing.publish, "Publish now")
    return made
