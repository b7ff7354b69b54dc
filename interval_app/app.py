"""The dashboard as the SDK serves it: every page and action, by its route."""

from __future__ import annotations

from functools import partial

from interval_sdk import Page

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
from interval_app.sdk_corrections import Host
from interval_app.visit import HOME, action, page


def build(settings: Settings) -> Host:
    """The host, not connected yet; the settings must have a key and an endpoint."""
    host = Host(settings.interval_api_key or "", endpoint=settings.interval_server_endpoint or "")
    host.routes.add(HOME, home(settings))
    return host


def home(settings: Settings) -> Page:
    """The landing page, with everything below it. What needs a flag to be of use is reached from there alone."""
    does, shows = partial(action, settings), partial(page, settings)
    below: dict[str, tuple[Page, dict[str, object]]] = {
        "members": (
            shows(members_page.show, "Members", unlisted=True),
            {
                "add": does(members.add, "Add members", backgroundable=True),
                "change": does(members.change, "Change value", backgroundable=True),
                "remove": does(members.remove, "Remove members", backgroundable=True),
            },
        ),
        "rules": (
            shows(rules_page.show, "Rules", unlisted=True),
            {
                "add": does(rules.add, "Add rule"),
                "edit": does(rules.edit, "Edit rule"),
                "up": does(rules.up, "Move rule up"),
                "down": does(rules.down, "Move rule down"),
                "remove": does(rules.remove, "Remove rule"),
            },
        ),
        "changes": (
            shows(change_log.show, "Change log"),
            {
                "of": does(change_log.of, "Change log of a flag"),
                "change": shows(change_log.show_change, "A change", unlisted=True),
                "restore": does(change_log.restore, "Restore"),
            },
        ),
        "archived": (shows(archive.show, "Archived flags"), {"restore": does(archive.restore, "Restore flag")}),
        "environments": (shows(environments.show, "Environments"), {"add": does(environments.add, "Add environment")}),
        "keys": (
            shows(keys.show, "API keys"),
            {"create": does(keys.create, "Create key"), "revoke": does(keys.revoke, "Revoke key")},
        ),
    }
    top = shows(flags_page.show, "Feature Flags", description="Flags, whom they are for, and who changed them.")
    for slug, (child, routes) in below.items():
        for name, route in routes.items():
            child.add(name, route)
        top.add(slug, child)
    for slug, route in {
        "create": does(create_flag.create, "Create flag"),
        "edit": does(edit_flag.edit, "Edit flag"),
        "enable": does(switching.enable, "Enable flag"),
        "disable": does(switching.disable, "Disable flag"),
        "disable-everywhere": does(switching.disable_everywhere, "Disable flag everywhere"),
        "rollout": does(rollout.rollout, "Rollout"),
        "explain": does(explain.explain, "Explain"),
        "promote": does(promote.promote, "Promote flag"),
        "archive": does(archive.archive, "Archive flag"),
        **({"publish": does(publishing.publish, "Publish now")} if settings.definitions_bucket else {}),
    }.items():
        top.add(slug, route)
    return top
