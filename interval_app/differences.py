"""What a change did, or would do, as differences that people can read: what, before, after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from interval_sdk import IO

from db.views import ChangeView, Difference
from interval_app import tables, words
from interval_app.tables import Row

COLUMNS: Final = (("What", "what"), ("Before", "before"), ("After", "after"))
MANY: Final = 10
"""Entities are named up to this number, else counted."""

_LABELS: Final = {"defaultVariant": "default variant", "expiresAt": "expires"}


class Line(NamedTuple):
    """One thing that differs."""

    what: str
    before: str
    after: str

    def __str__(self) -> str:
        if not self.before or not self.after:
            return f"{self.what}: {self.before and f'without {self.before}'}{self.after}"
        return f"{self.what}: {self.before} → {self.after}"


def of_change(change: ChangeView) -> list[Line]:
    """What a logged change did."""
    return lines(change.before, change.after, change.members)


def of(difference: Difference) -> list[Line]:
    """What a promotion or restore would do."""
    return lines(difference.before, difference.after, difference.members)


def lines(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, members: Mapping[str, Any] | None
) -> list[Line]:
    """The differences between two states, and what becomes of members."""
    old, new = _texts(before or {}), _texts(after or {})
    found = [
        Line(what, old.get(what, ""), new.get(what, ""))
        for what in dict.fromkeys([*old, *new])
        if old.get(what, "") != new.get(what, "")
    ]
    return found + list(_members(members or {}))


def in_one_line(found: Sequence[Line]) -> str:
    """The differences as one text, for a table's cell."""
    return "; ".join(map(str, found)) or "no difference"


def table(display: IO.Display, label: str, found: Sequence[Line]) -> Any:
    """The differences as a table."""
    rows = [Row([tables.cell(text) for text in line]) for line in found]
    return tables.fixed(display, label, COLUMNS, rows, is_sortable=False, is_filterable=False)


def _texts(state: Mapping[str, Any]) -> dict[str, str]:
    """A state as texts by what they say; what says nothing is left out."""
    found: dict[str, str] = {}
    for name, value in state.items():
        label = _LABELS.get(name, name)
        match name:
            case "enabled":
                found["status"] = words.status(value)
            case "variants":
                found |= {f"variant {variant}": words.shown(held) for variant, held in value.items()}
            case "rules":
                found |= {f"rule {number}": words.rule(rule) for number, rule in enumerate(value, 1)}
            case "rollout":
                found[label] = words.split(value) if value else ""
            case "tags":
                found[label] = ", ".join(value)
            case "defaultVariant":
                found[label] = value or "none: the caller's default"
            case "archived" | "revoked" | "protected":
                found[label] = "yes" if value else "no"
            case "id" | "key":
                continue
            case _:
                found[label] = "" if value is None else words.shown(value)
    return found


def _members(members: Mapping[str, Any]) -> Iterator[Line]:
    for group in members.get("added", ()):
        yield Line(f"members ({_who(group)})", words.NOTHING, group["variant"])
    for group in members.get("changed", ()):
        yield Line(f"members ({_who(group)})", group["from"], group["to"])
    for group in members.get("removed", ()):
        yield Line(f"members ({_who(group)})", group["variant"], words.NOTHING)


def _who(group: Mapping[str, Any]) -> str:
    ids = group["entityIds"]
    total = group.get("count", len(ids))  # long lists come shortened
    named = ", ".join(ids[:MANY]) + (f" and {total - MANY:,} more" if total > MANY else "")
    return f"{group['entityType']}: {named}"
