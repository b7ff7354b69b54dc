"""Ask when: a day, a time and a zone, as people say them; what is meant is a moment in whole seconds since 1970."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from interval_sdk import IO

from db.targeting import zoned_times
from interval_app.forms.form import validator
from interval_app.session.interaction import ActionInteraction
from interval_app.session.last_used import LastUsed

ZONE: Final = "zone"
"""The name of the zone's input in a form."""
TIME_HELP: Final = "Like 09:00. A time that the clocks show twice needs its offset, like 02:30+02:00."
ZONE_HELP: Final = "The zone in which the time is meant, such as Europe/Berlin or UTC. It is kept and shown in UTC too."
_TIME: Final = re.compile(r"(\d\d?)(:\d\d(?::\d\d)?)(Z|[+-]\d\d:\d\d)?", re.IGNORECASE)
_LAST_ZONE: Final = LastUsed()


def tomorrow(interaction: ActionInteraction, *names: str) -> dict[str, Any]:
    """Return what a form about these moments begins with: nine o'clock tomorrow, in the zone that was used last."""
    zone = _LAST_ZONE.of(interaction.ctx.user.email, "UTC")
    day = datetime.now(ZoneInfo(zone)).date() + timedelta(days=1)
    return {**{part: value for name in names for part, value in _parts(name, day, "09:00")}, ZONE: zone}


def written(moments: Mapping[str, int], zone: str) -> dict[str, Any]:
    """Write moments as they would be entered."""
    found: dict[str, Any] = {ZONE: zone}
    for name, moment in moments.items():
        local = datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(zone))
        offset = local.isoformat()[-6:] if local.replace(fold=1 - local.fold).utcoffset() != local.utcoffset() else ""
        found |= dict(_parts(name, local.date(), f"{local:{'%H:%M:%S' if moment % 60 else '%H:%M'}}{offset}"))
    return found


def _parts(name: str, day: Any, time: str) -> list[tuple[str, Any]]:
    return [(f"{name}_day", day), (f"{name}_time", time)]


def moment_fields(io: IO, name: str, entered: Mapping[str, Any], label: str = "") -> dict[str, Any]:
    """Make the inputs for a day and a time, which `read_moment` reads."""
    day, time = (f"{label} {what}".strip().capitalize() for what in ("date", "time"))
    typed = io.input.text(time, default_value=entered[f"{name}_time"], help_text=TIME_HELP, max_length=20)
    return {
        f"{name}_day": io.input.date(day, default_value=entered[f"{name}_day"]),
        f"{name}_time": typed.validate(validator(_time)),
    }


def zone_field(io: IO, entered: Mapping[str, Any]) -> Any:
    """Make the input for a zone, which `read_zone` reads."""
    zone = io.input.text(
        "Zone", default_value=entered[ZONE], help_text=ZONE_HELP, max_length=zoned_times.MAX_ZONE, placeholder="UTC"
    )
    return zone.validate(validator(lambda text: zoned_times.zone(text.strip(), "the zone")))


def read_zone(found: Mapping[str, Any]) -> str:
    """Read the zone that was entered. Raises InvalidInputError."""
    return zoned_times.zone(found[ZONE].strip(), "the zone")


def read_moment(found: Mapping[str, Any], name: str) -> int:
    """Read a moment. Raises InvalidInputError for one that the zone's clocks skip or show twice."""
    said = f"{found[f'{name}_day']}T{_time(found[f'{name}_time'])}"
    return zoned_times.moment(said, read_zone(found), "the time")


def _time(text: str) -> str:
    matched = _TIME.fullmatch(text.strip())
    if matched is None:
        raise ValueError("write the time like 09:00")
    return f"{matched[1]:0>2}{matched[2]}{matched[3] or ''}"


def check_future(moment: int) -> None:
    """Raise ValueError for a moment that is over."""
    if moment <= datetime.now(UTC).timestamp():
        raise ValueError("this time is over")


def remember_zone(interaction: ActionInteraction, zone: str) -> None:
    """Begin this person's next form with this zone."""
    _LAST_ZONE.remember(interaction.ctx.user.email, zone)
