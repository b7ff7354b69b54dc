"""Enable and disable flags: in one environment, or off in all of them at once."""

from __future__ import annotations

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api.console.page import done
from api.console.session import guard
from api.console.visit import visit
from api.errors import RequestError
from db.flags import flags
from db.wording import phrases

blueprint = guard(Blueprint("console_switching", __name__, url_prefix="/console/flags"))

WANTED = {"true": True, "false": False}


@blueprint.post("/<key>/enabled")
def enabled(key: str) -> FlaskResponse:
    """Switch a flag to what the form says, in one environment."""
    here, wanted = visit().environment, WANTED.get(request.form.get("enabled", ""))
    if wanted is None:
        raise RequestError(400, "invalid_field", "enabled must be true or false", field="enabled")
    flag = flags.get(key, here.key)
    does = "It will serve its values there." if wanted else "Everyone there will get the caller's default."
    cancels = not wanted and any(step.enabled for step in flag.schedule)
    planned = " What was planned to switch it on is cancelled." if cancels else ""
    sentence = f"{flag.key} will be {phrases.status(wanted)} in {here.key}. {does}{planned}"
    flags.set_enabled(flag.id, here.key, wanted, actor=visit().actor_for(sentence, here))
    said = f"{flag.key} is {phrases.status(wanted)} in {here.key}.{planned}"
    return done(said, "console_flag.page", key=flag.key)


@blueprint.post("/<key>/disabled-everywhere")
def disabled_everywhere(key: str) -> FlaskResponse:
    """Switch a flag off in every environment."""
    flag = flags.get(key, visit().environment.key)
    reached = visit().environments
    named = ", ".join(one.key for one in reached)
    sentence = f"{flag.key} goes off at once in {named}. Everyone gets the caller's default. Its configuration stays."
    flags.disable_everywhere(flag.id, actor=visit().actor_for(sentence, *reached))
    return done(f"{flag.key} is disabled in {named}.", "console_flag.page", key=flag.key)
