"""Moments in forms: a day, a time and a zone, which `release/moments.html` shows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from api.console import forms
from db.forms import moments
from db.forms.moments import TypedMoment


def begin(*names: str) -> Mapping[str, str]:
    """Return what a new form shows: nine o'clock tomorrow, and each further moment a week later.

    Script puts the viewer's zone in the place of UTC.
    """
    first = moments.tomorrow("UTC")
    typed = {name: first._replace(day=first.day + timedelta(weeks=number)) for number, name in enumerate(names)}
    texts = {part: text for name, moment in typed.items() for part, text in parts(name, moment)}
    return {"zone": "UTC", "is_new": "yes", **texts}


def written(named: Mapping[str, int], zone: str) -> Mapping[str, str]:
    """Return what a form shows for moments that there are."""
    texts = {part: text for name, at in named.items() for part, text in parts(name, moments.written(at, zone))}
    return {"zone": zone, "is_new": "", **texts}


def typed(*names: str) -> Mapping[str, str]:
    """Return what was typed."""
    fields = ["zone", *(f"{name}_{part}" for name in names for part in ("day", "time"))]
    return {"is_new": "", **{field: forms.text(field) for field in fields}}


def parts(name: str, moment: TypedMoment) -> list[tuple[str, str]]:
    """Return the texts of a moment's fields, by their names."""
    return [(f"{name}_day", str(moment.day)), (f"{name}_time", moment.time)]


def zone() -> str:
    """Read the zone. Raises InvalidInputError."""
    return moments.read_zone(forms.line("zone"))


def read(name: str) -> int:
    """Read a moment, in seconds since 1970. Raises ValueError or InvalidInputError with a sentence."""
    try:
        day = date.fromisoformat(forms.line(f"{name}_day"))
    except ValueError:
        raise ValueError("write the day like 2026-12-01") from None
    return moments.read(TypedMoment(day, forms.line(f"{name}_time")), zone())
