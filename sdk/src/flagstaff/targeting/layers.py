"""Layers: flags that share one hash and take disjoint ranges of it; and the JsonLogic of who is in a range.

    {"===": [{"fractional": [{"cat": ["layer:KEY:", <the entity>]},
                             ["out", 45000], ["in", 35000], ["out", 20000]]}, "in"]}

An arm of weight 0 is left out. Bounds are thousandths of a percent, as weights of splits are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from flagstaff.targeting.entity import read_split_field, split_subject
from flagstaff.targeting.rules import TOTAL_WEIGHT, Share

Logic = Any

_PREFIX = "layer:"
INSIDE, OUTSIDE = "in", "out"


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a layer, from one bound up to another, which is not in it; 0 to 100,000 is all of it."""

    start: int
    end: int

    def __contains__(self, place: int) -> bool:
        return self.start <= place < self.end

    def __str__(self) -> str:
        return f"{percent(self.start)} to {percent(self.end)} %"

    def overlaps(self, other: Span) -> bool:
        """Tell whether somebody is in both."""
        return self.start < other.end and other.start < self.end

    def to_json(self) -> dict[str, Any]:
        """Write `{"from", "to"}`, in percent."""
        return {"from": percent(self.start), "to": percent(self.end)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Span:
        """Read what `to_json` wrote. Raises ValueError where a bound has more than three decimals."""
        start, end = (Share.of_percent("", data[name]).weight for name in ("from", "to"))
        return cls(start, end)


def percent(place: int) -> int | float:
    """Return a place in a layer in percent, with up to three decimals."""
    return Share("", place).percent


@dataclass(frozen=True, slots=True)
class LayerRange:
    """The part of a layer, which is named by its key, that a flag takes."""

    layer: str
    span: Span

    def to_json(self) -> dict[str, Any]:
        """Write `{"key", "from", "to"}`, in percent."""
        return {"key": self.layer, **self.span.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LayerRange:
        """Read what `to_json` wrote."""
        return cls(data["key"], Span.from_json(data))


@dataclass(frozen=True, slots=True)
class Layer:
    """What is hashed, the entity's id or the text of a field, and the part that no flag may take."""

    key: str
    split_by: str | None = None
    holdout: Span | None = None


class LayerUse(NamedTuple):
    """Who has which part of a layer in one environment: the flags that are in it, by their keys."""

    holdout: Span | None = None
    ranges: Mapping[str, Span] = {}

    def flag_at(self, place: int) -> str | None:
        """Return the flag whose range a place is in."""
        return next((flag for flag, span in self.ranges.items() if place in span), None)


def layer_uses(layers: Mapping[str, Layer], ranges: Mapping[str, LayerRange]) -> dict[str, LayerUse]:
    """Return who has which part of these layers, from the ranges of flags by their keys."""
    return {
        key: LayerUse(layer.holdout, {flag: taken.span for flag, taken in ranges.items() if taken.layer == key})
        for key, layer in layers.items()
    }


class Gate(NamedTuple):
    """The JsonLogic of who is in a range, taken apart."""

    layer: str
    split_by: str | None
    span: Span
    text: Logic
    """The JsonLogic of the text that is hashed."""


def gate_logic(layer: Layer, span: Span) -> Logic:
    """Return the JsonLogic that tells who is in this part of a layer, of those whom it hashes."""
    text = {"cat": [f"{_PREFIX}{layer.key}:", split_subject(layer.split_by)]}
    arms = [OUTSIDE, span.start], [INSIDE, span.end - span.start], [OUTSIDE, TOTAL_WEIGHT - span.end]
    return {"===": [{"fractional": [text, *(arm for arm in arms if arm[1])]}, INSIDE]}


def read_gate(logic: Logic) -> Gate | None:
    """Read what `gate_logic` wrote; None for anything else."""
    match logic:
        case {"===": [{"fractional": [{"cat": [str(prefix), subject]} as text, *arms]}, _]}:
            layer = Layer(prefix.removeprefix(_PREFIX).removesuffix(":"), read_split_field(subject))
            span = _span(arms)
            if span is not None and logic == gate_logic(layer, span):
                return Gate(layer.key, layer.split_by, span, text)
    return None


def _span(arms: list[Logic]) -> Span | None:
    """Return the part whose arms these are, if they are."""
    place = 0
    for arm in arms:
        match arm:
            case [name, int(weight)] if not isinstance(weight, bool):
                if name == INSIDE:
                    return Span(place, place + weight)
                place += weight
            case _:
                return None
    return None
