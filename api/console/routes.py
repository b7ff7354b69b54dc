"""All pages of the console, for the application to register."""

from __future__ import annotations

from typing import Final

from flask import Blueprint
from flask import Response as FlaskResponse

from api.console import links, page, sign_in, static_files
from api.console.administration import environments, keys
from api.console.editing import create, edit
from api.console.flags import explain, flag_list, flag_page, switching
from api.console.history import change, change_log
from api.console.lifecycle import archive, promote
from api.console.live import events
from api.console.release import prerequisites, ramp, rollout, schedule
from api.console.session import guard
from api.console.shared import layer, layer_list, segment, segment_ids, segment_list, segment_rule, segment_rules
from api.console.targeting import members, rule, rules
from api.errors import RequestError

front = guard(Blueprint("console_front", __name__, url_prefix="/console"))


@front.get("")
def begin() -> FlaskResponse:
    """Lead to the first page."""
    return page.see_other(links.address("console_flags.page"))


@front.get("/<path:rest>")
def nowhere(rest: str) -> FlaskResponse:
    """Tell somebody who is signed in that there is no such page."""
    raise RequestError(404, "not_found", f"the console has no page {rest!r}")


BLUEPRINTS: Final = (
    static_files.blueprint,
    sign_in.blueprint,
    events.blueprint,
    flag_list.blueprint,
    flag_page.blueprint,
    explain.blueprint,
    create.blueprint,
    edit.blueprint,
    promote.blueprint,
    segment_list.blueprint,
    segment.blueprint,
    segment_ids.blueprint,
    segment_rule.blueprint,
    segment_rules.blueprint,
    layer_list.blueprint,
    layer.blueprint,
    environments.blueprint,
    keys.blueprint,
    change_log.blueprint,
    change.blueprint,
    members.blueprint,
    rule.blueprint,
    rules.blueprint,
    rollout.blueprint,
    ramp.blueprint,
    schedule.blueprint,
    prerequisites.blueprint,
    archive.blueprint,
    switching.blueprint,
    front,
)
