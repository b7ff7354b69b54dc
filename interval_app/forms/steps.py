"""Ask what a step of a schedule changes: whether the flag is enabled, its rollout, its default variant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from interval_sdk import IO

from db.views import FlagView
from db.wording import phrases
from flagstaff.targeting import UNCHANGED, Split, Step, Unchanged
from interval_app.forms import times
from interval_app.forms.form import select
from interval_app.forms.shares import shares_asked
from interval_app.session.interaction import ActionInteraction

AT: Final = "at"
"""The name of the moment's inputs in a form."""
LEAVE, NONE, SHARES = "leave", "none", "shares"
AS_IT_IS: Final = (LEAVE, "leave it as it is")
SWITCH: Final = (AS_IT_IS, ("on", "on"), ("off", "off"))
SWITCHED: Final = {"on": True, "off": False}
ROLLOUT: Final = (AS_IT_IS, (SHARES, "shares of variants …"), (NONE, "no rollout"))


def change_fields(io: IO, flag: FlagView, entered: Mapping[str, Any]) -> dict[str, Any]:
    """Make the inputs for what a step changes: of a static flag, and of one without variants, it only switches."""
    switch = select(io, "Switch it", SWITCH, _chosen(entered, "switch"))
    if flag.is_static or not flag.variants:
        return {"switch": switch}
    # Names begin with = here: a variant may be called like the choice of none.
    named = [(f"={name}", phrases.variant(name, value)) for name, value in flag.variants.items()]
    defaults = [AS_IT_IS, *named, (NONE, "none: the caller's default")]
    return {
        "switch": switch,
        "rollout": select(io, "Rollout", ROLLOUT, _chosen(entered, "rollout")),
        "default": select(io, "Default variant", defaults, _chosen(entered, "default")),
    }


def check_changes(found: Mapping[str, Any]) -> None:
    """Raise ValueError for a step that would change nothing."""
    if all(_chosen(found, name) == LEAVE for name in ("switch", "rollout", "default")):
        raise ValueError("a step has to change something: choose what")


def _chosen(found: Mapping[str, Any], name: str) -> str:
    return str(found[name]["value"]) if name in found else LEAVE


async def step_asked(interaction: ActionInteraction, flag: FlagView, found: Mapping[str, Any]) -> Step:
    """Read the step that was entered; shares are asked for on a screen of their own."""
    default = _chosen(found, "default")
    return Step(
        times.read_moment(found, AT),
        times.read_zone(found),
        SWITCHED.get(_chosen(found, "switch")),
        await _rollout(interaction, flag, _chosen(found, "rollout")),
        UNCHANGED if default == LEAVE else None if default == NONE else default[1:],
    )


async def _rollout(interaction: ActionInteraction, flag: FlagView, chosen: str) -> Split | Unchanged | None:
    if chosen == SHARES:
        return await shares_asked(interaction, flag, flag.rollout)
    return None if chosen == NONE else UNCHANGED
