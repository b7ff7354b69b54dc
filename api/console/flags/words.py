"""Say in a line what a flag serves, and to which share of everybody."""

from __future__ import annotations

from datetime import UTC, datetime

from db.targeting.schedules import ended
from db.views import FlagView
from db.wording import phrases
from flagstaff.targeting import Split

MAX_LINE = 90


def serves(flag: FlagView) -> str:
    """Describe what a flag serves: its value, or its rollout and what comes before it."""
    if flag.is_static:
        return phrases.short(phrases.readable(flag.value), MAX_LINE)
    before = [phrases.count(flag.member_count, "member")] if flag.member_count else []
    before += [phrases.count(len(flag.rules), "rule")] if flag.rules else []
    return phrases.short(" · ".join([*before, everyone_else(flag)]), MAX_LINE)


def everyone_else(flag: FlagView) -> str:
    """Describe what those get whom no member entry and no rule decides."""
    if shares := current(flag):
        return phrases.split(shares) + (" (ramp)" if flag.ramp else "")
    return f"default {flag.default_variant}" if flag.default_variant else "the caller's default"


def current(flag: FlagView) -> Split | None:
    """Return the shares of the rollout, those of a ramp as they are now."""
    if flag.ramp is None:
        return flag.rollout
    return ended(flag.ramp, flag.variants, datetime.now(UTC).timestamp())


def share(flag: FlagView) -> float | None:
    """Return the percentage of the first variant of the rollout; None where nothing is shared out."""
    shares = None if flag.is_static else current(flag)
    return float(shares[0].percent) if shares else None
