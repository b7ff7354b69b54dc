"""Where in a layer somebody is, and whose range that is; for explanations."""

from __future__ import annotations

from typing import Any, NamedTuple

from flagstaff.engine.steps import clipped
from flagstaff.jsonlogic.fractional import HASH, Bucketing
from flagstaff.targeting.layers import Gate, LayerUse, Span, percent
from flagstaff.targeting.rules import TOTAL_WEIGHT

OWN, FLAG, HOLDOUT, FREE, OTHER = "own", "flag", "holdout", "free", "other"
"""Whose range it is: the flag's own, another flag's, nobody's on purpose, nobody's yet; or just not the flag's own,
where only the document is known.
"""


class LayerPlace(NamedTuple):
    """Somebody's place in a layer."""

    gate: Gate
    hashed: str
    at: int
    """In thousandths of a percent."""
    range: str
    flag: str | None
    """The flag that has it, if another one does."""
    span: Span | None
    """The range that the place is in, as far as it is known."""

    def to_json(self) -> dict[str, Any]:
        """Write `{"key", "from", "to", "hashed", "at", "range"}`, perhaps with `splitBy` and `flag`."""
        by = {} if self.gate.split_by is None else {"splitBy": self.gate.split_by}
        flag = {} if self.flag is None else {"flag": self.flag}
        place = {"hashed": clipped(self.hashed), "at": percent(self.at), "range": self.range}
        return {"key": self.gate.layer, **self.gate.span.to_json(), **by, **place, **flag}

    def in_words(self, who: str) -> str:
        """Describe it: "user john is at 63.412 %, in the range of search (45 to 80 %)"."""
        span = f" ({self.span})" if self.span else ""
        ranges = {
            OWN: f"in the flag's range{span}",
            FLAG: f"in the range of {clipped(self.flag or '')}{span}",
            HOLDOUT: f"in the holdout{span}",
            FREE: "where no flag has a range",
            OTHER: "outside of it",
        }
        return f"{who} is at {percent(self.at)} %, {ranges[self.range]}"


def place_of(hashed: str, gate: Gate, bucketing: Bucketing, use: LayerUse | None) -> LayerPlace:
    """Find the place of a text that is hashed, and the range that it is in. `use` None: that is not known."""
    at = HASH[bucketing](hashed) * TOTAL_WEIGHT >> 32
    if at in gate.span:
        return LayerPlace(gate, hashed, at, OWN, None, gate.span)
    if use is None:
        return LayerPlace(gate, hashed, at, OTHER, None, None)
    if use.holdout is not None and at in use.holdout:
        return LayerPlace(gate, hashed, at, HOLDOUT, None, use.holdout)
    flag = use.flag_at(at)
    return LayerPlace(gate, hashed, at, FREE if flag is None else FLAG, flag, use.ranges[flag] if flag else None)
