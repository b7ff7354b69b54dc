"""Describe flags in plain words."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final

from db.views import FlagView
from db.vocabulary import JsonValue
from flagstaff.targeting import Rule, Share, Split, conditions

NOTHING: Final = "-"
MAX_CELL: Final = 200


def status(enabled: bool) -> str:
    """Return "enabled" or "disabled"."""
    return "enabled" if enabled else "disabled"


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
    return " and ".join(map(conditions.describe, given.conditions))


def served(given: Rule) -> str:
    """Describe what a rule serves."""
    return given.serves if isinstance(given.serves, str) else split(given.serves)


def split(shares: Split | None) -> str:
    """Describe shares of variants: "25 % on, 75 % off"."""
    return ", ".join(f"{percent(share)} {share.variant}" for share in shares or ()) or NOTHING


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
