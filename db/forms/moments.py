"""Moments as people type them: a day and a time in a zone; what is meant is whole seconds since 1970."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from db.targeting import zoned_times

TIME_HELP: Final = "Like 09:00. A time that the clocks show twice needs its offset, like 02:30+02:00."
ZONE_HELP: Final = "The zone in which the time is meant, such as Europe/Berlin or UTC. It is kept and shown in UTC too."
_TIME: Final = re.compile(r"(\d\d?)(:\d\d(?::\d\d)?)(Z|[+-]\d\d:\d\d)?", re.IGNORECASE)


class TypedMoment(NamedTuple):
    """A moment as it is typed."""

    day: date
    time: str
    """Like 09:00, 09:00:30 or, where the clocks show a time twice, 02:30+02:00."""


def tomorrow(zone: str) -> TypedMoment:
    """Return nine o'clock tomorrow in a zone, which forms begin with."""
    return TypedMoment(datetime.now(ZoneInfo(zone)).date() + timedelta(days=1), "09:00")


def written(moment: int, zone: str) -> TypedMoment:
    """Write a moment as it would be typed."""
    local = datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(zone))
    offset = local.isoformat()[-6:] if local.replace(fold=1 - local.fold).utcoffset() != local.utcoffset() else ""
    return TypedMoment(local.date(), f"{local:{'%H:%M:%S' if moment % 60 else '%H:%M'}}{offset}")


def read_zone(text: str) -> str:
    """Read the zone that was typed. Raises InvalidInputError."""
    return zoned_times.zone(text.strip(), "the zone")


def read(typed: TypedMoment, zone: str) -> int:
    """Read a moment. Raises ValueError or, for one that the zone's clocks skip or show twice, InvalidInputError."""
    return zoned_times.moment(f"{typed.day}T{read_time(typed.time)}", zone, "the time")


def read_time(text: str) -> str:
    """Read the time of a day, with two digits for its hour. Raises ValueError."""
    matched = _TIME.fullmatch(text.strip())
    if matched is None:
        raise ValueError("write the time like 09:00")
    return f"{matched[1]:0>2}{matched[2]}{matched[3] or ''}"


def check_future(moment: int) -> None:
    """Raise ValueError for a moment that is over."""
    if moment <= datetime.now(UTC).timestamp():
        raise ValueError("this time is over")
