"""What another rollout does to those who have one now: how many get something else, and whether somebody loses it.

An entity's place between 0 and 100 % stays, and shares are cut from it in their order, so the answer is exact: it is
computed from the places that belong to another variant before and after.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

from db.wording.phrases import by, percent
from flagstaff.targeting import TOTAL_WEIGHT, LayerRange, Share, Span, Split

CALLERS_DEFAULT: Final = ""
"""Stands for the variant of those who get none."""
Moves: TypeAlias = "Mapping[tuple[str, str], int]"
"""How much, in weight, goes from one variant to another."""


class Drawn(NamedTuple):
    """Who is drawn for what."""

    shares: Split | None
    """None: there is no rollout, and everyone gets the default variant."""
    default: str | None = None
    """The default variant; None: the caller's default."""
    split_by: str | None = None
    layer: LayerRange | None = None


def growth(before: Drawn, after: Drawn) -> str:
    """Describe in sentences what changes for those whom no member entry and no rule decides."""
    if before.shares and after.shares and before.split_by != after.split_by:
        old, new = (by(drawn.split_by or "the entity") for drawn in (before, after))
        return f"It was split{old} and will be{new}: everyone is drawn anew."
    if before.layer and after.layer and before.layer.layer != after.layer.layer:
        return f"It was in the layer {before.layer.layer} and will be in {after.layer.layer}: everyone is drawn anew."
    return " ".join(_changes(before, after)) or "Nobody gets anything else."


def _changes(before: Drawn, after: Drawn) -> Iterator[str]:
    """Yield a sentence for each variant that some get or lose; where there are two, the first says it all."""
    moved = transfers(before, after)
    concerned = dict.fromkeys(name for pair in moved for name in pair)
    shown = [share.variant for drawn in (before, after) for share in drawn.shares or ()]
    ordered = [name for name in dict.fromkeys([*shown, *concerned]) if name in concerned]
    for name in ordered[:1] if len(ordered) == 2 else ordered:
        yield _sentence(name, moved)


def transfers(before: Drawn, after: Drawn) -> Moves:
    """Return what goes where, of everyone. Places in a layer and in a rollout have nothing to do with each other."""
    old, new = (drawn.layer.span if drawn.layer else Span(0, TOTAL_WEIGHT) for drawn in (before, after))
    old, new = old if before.shares else new, new if after.shares else old  # who has none is in it nowhere
    kept = max(0, min(old.end, new.end) - max(old.start, new.start))
    found: dict[tuple[str, str], float] = defaultdict(float)
    for width, one, other in (
        (kept, _effective(before), _effective(after)),
        (new.end - new.start - kept, _default(before), _effective(after)),
        (old.end - old.start - kept, _effective(before), _default(after)),
    ):
        for pair, weight in moves(one, other).items():
            found[pair] += weight * width / TOTAL_WEIGHT
    return {pair: rounded for pair, weight in found.items() if (rounded := round(weight))}


def moves(before: Split, after: Split) -> Moves:
    """Return what goes from which variant to which other one."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    cuts = sorted({0, *_ends(before), *_ends(after)})
    for start, end in pairwise(cuts):
        old, new = _at(before, start), _at(after, start)
        if old != new:
            found[old, new] += end - start
    return found


def _effective(drawn: Drawn) -> Split:
    """Return the shares, those of no rollout too."""
    return drawn.shares or _default(drawn)


def _default(drawn: Drawn) -> Split:
    """Return what they get whom no rollout draws."""
    return (Share(drawn.default or CALLERS_DEFAULT, TOTAL_WEIGHT),)


def _ends(shares: Split) -> Iterator[int]:
    place = 0
    for share in shares:
        place += share.weight
        yield place


def _at(shares: Split, place: int) -> str:
    """Return the variant of those who are at a place."""
    return next(share.variant for share, end in zip(shares, _ends(shares), strict=True) if place < end)


def _sentence(name: str, moved: Moves) -> str:
    """Describe what becomes of those who get a variant."""
    gained = sum(weight for (_, new), weight in moved.items() if new == name)
    lost = {new: weight for (old, new), weight in moved.items() if old == name}
    more, less = (percent(Share("", weight)).strip() for weight in (gained, sum(lost.values())))
    if not lost:
        return f"{more} more get {_called(name)}; nobody loses it."
    instead = f", and get {_called(next(iter(lost)))}" if len(lost) == 1 else ""
    if not gained:
        return f"{less} lose {_called(name)}{instead}."
    return f"{more} more get {_called(name)}, and {less} lose it{instead}."


def _called(name: str) -> str:
    return name or "the caller's default"
