"""Ask when: a day, a time and a zone, as people say them; what is meant is a moment in whole seconds since 1970."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from interval_sdk import IO

from db.forms import moments
from db.forms.moments import TIME_HELP, ZONE_HELP, TypedMoment
from db.targeting import zoned_times
from interval_app.forms.form import validator
from interval_app.session.interaction import ActionInteraction
from interval_app.session.last_used import LastUsed

ZONE: Final = "zone"
"""The name of the zone's input in a form."""
_LAST_ZONE: Final = LastUsed()


def tomorrow(interaction: ActionInteraction, *names: str) -> dict[str, Any]:
    """Return what a form about these moments begins with: nine o'clock tomorrow, in the zone that was used last."""
    zone = _LAST_ZONE.of(interaction.ctx.user.email, "UTC")
    begin = moments.tomorrow(zone)
    return {**{part: value for name in names for part, value in _parts(name, begin)}, ZONE: zone}


def written(named: Mapping[str, int], zone: str) -> dict[str, Any]:
    """Write moments as they would be entered."""
    parts = [part for name, moment in named.items() for part in _parts(name, moments.written(moment, zone))]
    return {ZONE: zone, **dict(parts)}


def _parts(name: str, typed: TypedMoment) -> list[tuple[str, Any]]:
    return [(f"{name}_day", typed.day), (f"{name}_time", typed.time)]


def moment_fields(io: IO, name: str, entered: Mapping[str, Any], label: str = "") -> dict[str, Any]:
    """Make the inputs for a day and a time, which `read_moment` reads."""
    day, time = (f"{label} {what}".strip().capitalize() for what in ("date", "time"))
    typed = io.input.text(time, default_value=entered[f"{name}_time"], help_text=TIME_HELP, max_length=20)
    return {
        f"{name}_day": io.input.date(day, default_value=entered[f"{name}_day"]),
        f"{name}_time": typed.validate(validator(moments.read_time)),
    }


def zone_field(io: IO, entered: Mapping[str, Any]) -> Any:
    """Make the input for a zone, which `read_zone` reads."""
    zone = io.input.text(
        "Zone", default_value=entered[ZONE], help_text=ZONE_HELP, max_length=zoned_times.MAX_ZONE, placeholder="UTC"
    )
    return zone.validate(validator(moments.read_zone))


def read_zone(found: Mapping[str, Any]) -> str:
    """Read the zone that was entered. Raises InvalidInputError."""
    return moments.read_zone(found[ZONE])


def read_moment(found: Mapping[str, Any], name: str) -> int:
    """Read a moment. Raises InvalidInputError for one that the zone's clocks skip or show twice."""
    return moments.read(TypedMoment(found[f"{name}_day"], found[f"{name}_time"]), read_zone(found))


def remember_zone(interaction: ActionInteraction, zone: str) -> None:
    """Begin this person's next form with this zone."""
    _LAST_ZONE.remember(interaction.ctx.user.email, zone)
