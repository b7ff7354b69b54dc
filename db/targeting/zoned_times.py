"""Times as people say them, in their zone, and the moment that is meant."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from db.errors import InvalidInputError

_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")
_NO_ZONE: Final = re.compile(r"localtime|posixrules|Factory|(posix|right)/.*")
"""What lies beside the zones in many systems' files: the machine's own, and others with leap seconds in them."""
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII)
"""RFC 3339, and less of it: Python reads more forms, other releases of it others."""
MAX_ZONE: Final = 64
LAST_YEAR: Final = 9000
"""Moments are compared with the clock, and shown in any zone, so they stay far from the last one there is."""


def zone(given: object, field: str) -> str:
    """Return the name of a time zone of the IANA database, such as Europe/Berlin; raises InvalidInputError."""
    if isinstance(given, str) and len(given) <= MAX_ZONE and _ZONE.fullmatch(given) and not _NO_ZONE.fullmatch(given):
        try:
            return ZoneInfo(given).key
        except (ZoneInfoNotFoundError, OSError, ValueError):
            pass
    message = f"{field} must be the name of a time zone, such as Europe/Berlin or UTC"
    raise InvalidInputError("unknown_zone", field, message)


def moment(given: object, zone_name: str, field: str) -> int:
    """Return a time in whole seconds since 1970; one without an offset is the local time of the zone.

    Raises InvalidInputError: it is no time (RFC 3339), or one that the zone's clocks skip or show twice.
    """
    said = None
    if isinstance(given, str) and _MOMENT.fullmatch(given.upper()):
        with suppress(ValueError):
            said = datetime.fromisoformat(given.upper())
    if said is None or not 1970 < said.year < LAST_YEAR:
        message = f"{field} must be a time such as 2026-12-01T09:00:00Z, or 2026-12-01T09:00 in the zone"
        raise InvalidInputError("invalid_time", field, message)
    if said.tzinfo is None:
        said = _local(said, zone_name, field)
    return int(said.timestamp())


def _local(said: datetime, zone_name: str, field: str) -> datetime:
    first, second = (said.replace(tzinfo=ZoneInfo(zone_name), fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first
    offsets = " or ".join(f"{each:%H:%M}{each.isoformat()[-6:]}" for each in (first, second))
    if first.astimezone(UTC).astimezone(first.tzinfo).replace(tzinfo=None) != said:
        message = f"{field}: in {zone_name} the clocks skip {said:%Y-%m-%d %H:%M}; say another time, or give its offset"
        raise InvalidInputError("skipped_time", field, message)
    message = f"{field}: in {zone_name} the clocks show {said:%Y-%m-%d %H:%M} twice; give the offset ({offsets})"
    raise InvalidInputError("repeated_time", field, message)
