"""Shares of variants as people type them: percentages that add up to 100."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from db.errors import InvalidInputError
from db.forms.values import read_json
from db.targeting.rules import check_split, read_split
from flagstaff.targeting import TOTAL_WEIGHT, Share, Split
from flagstaff.targeting.operators import is_number


def read_percent(text: str, what: str) -> float:
    """Read a percentage that was typed; nothing is 0. Raises InvalidInputError."""
    try:
        number = read_json(text.strip() or "0")
    except ValueError:
        number = None
    if not is_number(number) or not 0 <= number <= 100:
        raise InvalidInputError("invalid_weights", what, f"{what} must be a number from 0 to 100")
    return number  # type: ignore[no-any-return]


def read_shares(percentages: Mapping[str, float], variants: Collection[str]) -> Split:
    """Read shares by variant, without variants that have none. Of two variants, one that is left out gets the rest.

    Raises InvalidInputError where they do not add up to 100.
    """
    percentages = {name: percentages[name] for name in variants if name in percentages}
    if len(variants) == 2 and len(percentages) == 1:
        percentages = {name: percentages.get(name, _rest(*percentages.values())) for name in variants}
    weights = [{"variant": name, "weight": percent} for name, percent in percentages.items() if percent]
    shares = read_split(weights, "rollout")
    if not shares:
        raise InvalidInputError(
            "invalid_weights", "rollout", "the percentages must add up to 100, and all of them are 0"
        )
    check_split(shares, "the rollout", variants)
    return shares


def _rest(percent: float) -> float:
    return Share("", TOTAL_WEIGHT - Share.of_percent("", percent).weight).percent
