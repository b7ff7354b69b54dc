"""Describe flags in plain words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from db.views import Affected, FlagView
from db.vocabulary import JsonValue
from flagstaff.targeting import (
    LayerRange,
    Prerequisite,
    Ramp,
    Rollout,
    Rule,
    Share,
    Split,
    Step,
    Test,
    Unchanged,
    conditions,
)

NOTHING: Final = "-"
MAX_CELL: Final = 200
MANY_FLAGS: Final = 10
"""Flags are named up to this number."""


def status(enabled: bool) -> str:
    """Return "enabled" or "disabled"."""
    return "enabled" if enabled else "disabled"


def status_until(flag: FlagView) -> str:
    """Return "disabled", or "disabled until 2026-12-01 09:00 UTC" where the schedule will switch the flag."""
    steps = (step for step in flag.schedule if step.enabled not in (None, flag.enabled))
    switching = next(steps, None)
    return status(flag.enabled) + (f" until {in_zone(switching.at, switching.zone)}" if switching else "")


def kind(flag: FlagView) -> str:
    """Return the kind of a flag: "dynamic boolean"."""
    return f"{'static' if flag.is_static else 'dynamic'} {flag.value_type}"


def shown(value: JsonValue) -> str:
    """Write a value as people read it: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else as_json(value)


def readable(value: JsonValue) -> str:
    """Write a value so that an empty text is seen too: as `""`."""
    return shown(value) or '""'


def as_json(value: JsonValue) -> str:
    """Write a value as JSON, which tells the number 1 from the text "1"."""
    return json.dumps(value, ensure_ascii=False)


def variant(name: str, value: JsonValue) -> str:
    """Describe a variant: "gold = 10"."""
    return name if shown(value) == name else f"{name} = {short(readable(value))}"


def rule(given: Rule) -> str:
    """Describe a rule: "country is one of US, CA and plan is premium → on"."""
    return f"{rule_conditions(given)} → {served(given)}"


def named_rule(given: Rule) -> str:
    """Describe a rule with its name, if it has one: "beta testers: country is US → on"."""
    return f"{given.name}: {rule(given)}" if given.name else rule(given)


def rule_conditions(given: Rule) -> str:
    """Describe when a rule holds."""
    return tests(given.conditions)


def tests(given: Sequence[Test]) -> str:
    """Describe conditions that all have to hold."""
    return " and ".join(map(conditions.describe, given))


def served(given: Rule) -> str:
    """Describe what a rule serves: "on", or "25 % on, 75 % off by organisation.id"."""
    return given.serves if isinstance(given.serves, str) else f"{split(given.serves)}{by(given.split_by)}"


def split(shares: Split | None) -> str:
    """Describe shares of variants: "25 % on, 75 % off"."""
    return ", ".join(f"{percent(share)} {share.variant}" for share in shares or ()) or NOTHING


def by(field: str | None) -> str:
    """Describe by what a split is, to stand behind it: " by organisation.id"; nothing where it is by the entity."""
    return f" by {field}" if field else ""


def rollout(given: Rollout, field: str | None = None) -> str:
    """Describe a rollout and the field by which it is: "25 % on, 75 % off by organisation.id", or a ramp with its
    times.
    """
    return f"{ramp(given) if isinstance(given, Ramp) else split(given)}{by(field)}"


def layer_range(given: LayerRange) -> str:
    """Describe a flag's part of a layer: "0 to 45 % of checkout"."""
    return f"{given.span} of {given.layer}"


def ramp(given: Ramp) -> str:
    """Describe a ramp: "on from 5 % to 60 %, 2026-12-01 09:00 to 2026-12-08 09:00 Europe/Berlin (UTC: …)"."""
    shares = f"{percent(Share('', given.from_weight)).strip()} to {percent(Share('', given.to_weight)).strip()}"
    times = f"from {in_zone(given.start, given.zone)} to {in_zone(given.end, given.zone)}"
    return f"{given.variant} from {shares}, {times}"


def step(given: Step) -> str:
    """Describe a step of a schedule: "2026-12-01 09:00 Europe/Berlin (08:00 UTC): enabled, rollout 50 % on, …"."""
    return f"{in_zone(given.at, given.zone)}: {step_changes(given)}"


def step_changes(given: Step) -> str:
    """Describe what a step changes: "enabled, rollout 50 % on, 50 % off"."""
    changes = [] if given.enabled is None else [status(given.enabled)]
    if not isinstance(given.rollout, Unchanged):
        changes.append(f"rollout {split(given.rollout)}" if given.rollout else "no rollout")
    if not isinstance(given.default_variant, Unchanged):
        changes.append(f"default variant {given.default_variant or 'none'}")
    return ", ".join(changes)


def prerequisite(given: Prerequisite) -> str:
    """Describe a prerequisite: "payments serves on or beta"."""
    return f"{given.flag} serves {' or '.join(given.variants)}"


def affected(given: Sequence[Affected]) -> str:
    """Describe what a change reaches: "It changes 37 flags (a, b, …), 5 of them enabled in prod, 2 in dev."."""
    flags = sorted({flag for one in given for flag in one.flags})
    if not flags:
        return "It changes no flag: none uses it."
    named = ", ".join(flags[:MANY_FLAGS]) + (", …" if len(flags) > MANY_FLAGS else "")
    enabled = [f"{one.enabled:,} in {one.environment}" for one in given if one.enabled]
    of_them = f"{', '.join(enabled).replace(' in ', ' of them enabled in ', 1)}" if enabled else "none of them enabled"
    return f"It changes {count(len(flags), 'flag')} ({named}), {of_them}."


def in_zone(moment: int, zone: str) -> str:
    """Write a time in a zone, and in UTC: "2026-12-01 09:00 Europe/Berlin (08:00 UTC)"."""
    in_utc = datetime.fromtimestamp(moment, UTC)
    local = in_utc.astimezone(ZoneInfo(zone))
    precision = "%H:%M:%S" if moment % 60 else "%H:%M"
    if local.utcoffset() == in_utc.utcoffset():
        return f"{in_utc:%Y-%m-%d {precision}} UTC"
    day = "" if local.date() == in_utc.date() else "%Y-%m-%d "
    return f"{local:%Y-%m-%d {precision}} {zone} ({in_utc:{day}{precision}} UTC)"


def percent(share: Share) -> str:
    """Write a share with the decimals that it has, up to three: "12.5 %"."""
    return f"{share.percent:.3f}".rstrip("0").rstrip(".") + " %"


def comment(text: str | None) -> str:
    """Quote why a change was made; empty where nobody said it."""
    return f"“{text}”" if text else ""


def moment(at: datetime | None) -> str:
    """Write a time in UTC, to the minute."""
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else NOTHING


def second(at: datetime) -> str:
    """Write a time in UTC, to the second."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def count(number: int, what: str) -> str:
    """Write a number with its noun: "1 member", "12,000 members"."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def short(text: str, longest: int = MAX_CELL) -> str:
    """Shorten a text, so that it fits a table's cell for example."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
