"""Put the dashboard together: every page and action, by its route."""

from __future__ import annotations

from functools import partial

from interval_sdk import Action, Page

from db.settings import Settings
from interval_app.host.sdk_patches import Host
from interval_app.pages import change_log, environments, keys, publishing
from interval_app.pages.flags import archive, create, edit, explain, filters, flag_list, flag_page, promote, switching
from interval_app.pages.layers import edit as layer_edit
from interval_app.pages.layers import layer_list, layer_page
from interval_app.pages.release import prerequisite_form, prerequisites, ramp, ramp_form, schedule, step_form
from interval_app.pages.segments import edit as segment_edit
from interval_app.pages.segments import ids as segment_ids
from interval_app.pages.segments import restore as segment_restore
from interval_app.pages.segments import rules as segment_rules
from interval_app.pages.segments import segment_list, segment_page
from interval_app.pages.targeting import member_actions, new_rule, rollout, rule_editor
from interval_app.pages.targeting import members as members_page
from interval_app.pages.targeting import rules as rules_page
from interval_app.session.interaction import action, page
from interval_app.session.routes import Route


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
        Route.FLAGS: shows(flag_list.show, "Feature Flags", description=about),
        Route.FLAG: shows(flag_page.show, "A flag", unlisted=True),
        Route.MEMBERS: shows(members_page.show, "Members", unlisted=True),
        Route.RULES: shows(rules_page.show, "Rules", unlisted=True),
        Route.SCHEDULE: shows(schedule.show, "Schedule", unlisted=True),
        Route.PREREQUISITES: shows(prerequisites.show, "Prerequisites", unlisted=True),
        Route.SEGMENTS: shows(segment_list.show, "Segments"),
        Route.SEGMENT: shows(segment_page.show, "A segment", unlisted=True),
        Route.LAYERS: shows(layer_list.show, "Layers"),
        Route.LAYER: shows(layer_page.show, "A layer", unlisted=True),
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
        Route.FILTER_FLAGS: does(filters.choose, "Filter flags"),
        Route.CREATE_FLAG: does(create.create, "Create flag"),
        Route.EDIT_FLAG: does(edit.edit, "Edit flag"),
        Route.ENABLE_FLAG: does(switching.enable, "Enable flag"),
        Route.DISABLE_FLAG: does(switching.disable, "Disable flag"),
        Route.DISABLE_EVERYWHERE: does(switching.disable_everywhere, "Disable flag everywhere"),
        Route.ROLLOUT: does(rollout.rollout, "Rollout"),
        Route.RAMP: does(ramp_form.ramp, "Ramp"),
        Route.END_RAMP: does(ramp.end, "End ramp"),
        Route.EXPLAIN: does(explain.explain, "Explain"),
        Route.PROMOTE_FLAG: does(promote.promote, "Promote flag"),
        Route.ARCHIVE_FLAG: does(archive.archive, "Archive flag"),
        Route.RESTORE_FLAG: does(archive.restore, "Restore flag"),
        Route.ADD_MEMBERS: does(member_actions.add, "Add members", backgroundable=True),
        Route.CHANGE_MEMBERS: does(member_actions.change, "Change value", backgroundable=True),
        Route.REMOVE_MEMBERS: does(member_actions.remove, "Remove members", backgroundable=True),
        Route.ADD_RULE: does(new_rule.add, "Add rule"),
        Route.EDIT_RULE: does(rule_editor.edit, "Edit rule"),
        Route.MOVE_RULE_UP: does(rule_editor.up, "Move rule up"),
        Route.MOVE_RULE_DOWN: does(rule_editor.down, "Move rule down"),
        Route.REMOVE_RULE: does(rule_editor.remove, "Remove rule"),
        Route.ADD_STEP: does(step_form.add, "Add step"),
        Route.EXPIRE: does(step_form.expire, "Expire at"),
        Route.REMOVE_STEP: does(schedule.remove, "Remove step"),
        Route.SET_PREREQUISITE: does(prerequisite_form.set_prerequisite, "Prerequisite"),
        Route.REMOVE_PREREQUISITE: does(prerequisites.remove, "Remove prerequisite"),
        Route.CREATE_SEGMENT: does(segment_list.create, "Create segment"),
        Route.EDIT_SEGMENT: does(segment_edit.edit, "Edit segment"),
        Route.ADD_IDS: does(segment_ids.add, "Add ids"),
        Route.REMOVE_IDS: does(segment_ids.remove, "Remove ids"),
        Route.SET_SEGMENT_RULE: does(segment_rules.set_rule, "Rule of a segment"),
        Route.REMOVE_SEGMENT_RULE: does(segment_rules.remove, "Remove rule of a segment"),
        Route.ARCHIVE_SEGMENT: does(segment_edit.archive, "Archive segment"),
        Route.RESTORE_SEGMENT: does(segment_restore.restore, "Restore segment"),
        Route.CREATE_LAYER: does(layer_list.create, "Create layer"),
        Route.EDIT_LAYER: does(layer_edit.edit, "Edit layer"),
        Route.ARCHIVE_LAYER: does(layer_edit.archive, "Archive layer"),
        Route.CHANGES_OF_FLAG: does(change_log.of, "Change log of a flag"),
        Route.FILTER_CHANGES: does(change_log.choose, "Filter the change log"),
        Route.RESTORE_CHANGE: does(change_log.restore, "Restore"),
        Route.ADD_ENVIRONMENT: does(environments.add, "Add environment"),
        Route.EDIT_ENVIRONMENT: does(environments.edit, "Edit environment"),
        Route.CREATE_KEY: does(keys.create, "Create key"),
        Route.REVOKE_KEY: does(keys.revoke, "Revoke key"),
    }
    if settings.definitions_bucket:
        made[Route.PUBLISH] = does(publishing.publish, "Publish now")
    return made
