"""What a layer is called, what it is split by, and its holdout: read from a form, and shown in one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from api.console import forms
from db.forms.shares import read_percent
from db.layers.edits import LayerView
from db.targeting.layers import read_span
from db.targeting.rules import check_split_by
from flagstaff.targeting import Span

FIELDS = ("key", "name", "description", "split_by", "from", "to")


class Typed(NamedTuple):
    """What the form says, in the order of `NewLayer` and `LayerEdit`."""

    name: str | None
    description: str
    split_by: str | None
    holdout: Span | None


def read() -> Typed:
    """Read what was typed. Raises ValueError or InvalidInputError with a sentence."""
    split_by = check_split_by(forms.line("split_by") or None)
    return Typed(forms.line("name") or None, forms.text("description"), split_by, holdout())


def holdout() -> Span | None:
    """Read the part that no flag can have; None for none."""
    first, last = forms.line("from"), forms.line("to")
    if not first and not last:
        return None
    if not first or not last:
        raise ValueError("say from where to where the holdout is, or leave both empty")
    bounds = {name: read_percent(text, f"the holdout: {name}") for name, text in (("from", first), ("to", last))}
    return read_span(bounds, "the holdout")


def typed() -> Mapping[str, str]:
    """Return what was typed."""
    return {name: forms.text(name) for name in FIELDS}


def written(layer: LayerView) -> Mapping[str, str]:
    """Return what the form shows of a layer."""
    span = layer.holdout.to_json() if layer.holdout else {"from": "", "to": ""}
    return {
        "key": layer.key,
        "name": layer.name or "",
        "description": layer.description,
        "split_by": layer.split_by or "",
        "from": str(span["from"]),
        "to": str(span["to"]),
    }
