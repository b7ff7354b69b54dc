"""Ask for what a layer is: its name, what it is split by, and its holdout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from interval_sdk import IO

from db import validation
from db.layers.edits import LayerView
from db.targeting.layers import check_span
from db.targeting.rules import check_split_by
from flagstaff.targeting import Share, Span
from flagstaff.targeting.conditions import MAX_FIELD
from flagstaff.targeting.layers import percent
from interval_app.forms.form import Answers, validator

ABOUT_SPLIT_BY = (
    "Left empty, each entity has its place in the layer by its id. A field, such as organisation.id, gives everyone of "
    "one organisation the same place. Another one moves everybody, in all flags of the layer."
)
ABOUT_HOLDOUT = "A part that no flag can have, to compare with; leave both empty for none."


class Entered(NamedTuple):
    """What the form says."""

    name: str | None
    description: str
    split_by: str | None
    holdout: Span | None

    @classmethod
    def of(cls, layer: LayerView) -> Entered:
        """Return what the form begins with."""
        return cls(layer.name, layer.description, layer.split_by, layer.holdout)


NOTHING_ENTERED = Entered(None, "", None, None)


def layer_inputs(io: IO, entered: Entered) -> dict[str, Any]:
    """Make the inputs, filled with what was entered before."""
    text, number = io.input.text, io.input.number
    holdout = entered.holdout
    bounds = [percent(holdout.start), percent(holdout.end)] if holdout else [None, None]
    longest = validation.MAX_DESCRIPTION
    about = text("Description", default_value=entered.description or None, multiline=True, max_length=longest)
    split_by = text("Split by", default_value=entered.split_by, max_length=MAX_FIELD, help_text=ABOUT_SPLIT_BY)
    first: Any = number("Holdout from %", min=0, max=100, decimals=3, default_value=bounds[0], help_text=ABOUT_HOLDOUT)
    last: Any = number("Holdout to %", min=0, max=100, decimals=3, default_value=bounds[1])
    return {
        "name": text("Name", default_value=entered.name, max_length=validation.MAX_NAME).optional(),
        "description": about.optional(),
        "split_by": split_by.optional().validate(
            validator(lambda given: check_split_by(given.strip() or None, "the field"))
        ),
        "from": first.optional(),
        "to": last.optional(),
    }


def check(answers: Answers) -> str | None:
    """Say what is wrong with what was entered, if something is."""
    return validator(read)(answers.values)


def read(found: Mapping[str, Any]) -> Entered:
    """Read what was entered. Raises ValueError or InvalidInputError with a sentence."""
    split_by = (found["split_by"] or "").strip() or None
    return Entered(found["name"], found["description"] or "", split_by, _holdout(found["from"], found["to"]))


def _holdout(first: float | None, last: float | None) -> Span | None:
    if first is None and last is None:
        return None
    if first is None or last is None:
        raise ValueError("say from where to where the holdout is, or leave both empty")
    span = Span(*(Share.of_percent("", bound).weight for bound in (first, last)))
    check_span(span, "the holdout")
    return span
