"""What another rollout does to those who have one, in words that agree with what the engine gives."""

from __future__ import annotations

from math import sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.configuration.edits import FlagEdit
from db.definitions import document
from db.flags import flags
from db.layers import layers
from db.layers.edits import NewLayer
from db.wording.growth import Drawn, growth, moves, transfers
from flagstaff.engine import Engine
from flagstaff.targeting import TOTAL_WEIGHT, LayerRange, Share, Span, Split
from tests.db.helpers import ADA, make

ENTITIES = 4_000


def split(**percentages: float) -> Split:
    return tuple(Share.of_percent(name, percent) for name, percent in percentages.items())


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (split(on=25, off=75), split(on=37, off=63), "12 % more get on; nobody loses it."),
        (split(on=25, off=75), split(on=9.5, off=90.5), "15.5 % lose on, and get off."),
        (split(on=25, off=75), split(on=25, off=75), "Nobody gets anything else."),
        (split(on=25, off=75), split(off=75, on=25), "25 % more get on, and 25 % lose it, and get off."),
        (None, split(on=25, off=75), "25 % more get on; nobody loses it."),
        (split(on=25, off=75), None, "25 % lose on, and get off."),
        (
            split(calm=40, bold=35, plain=25),
            split(calm=50, bold=35, plain=15),
            "10 % more get calm; nobody loses it. 10 % more get bold, and 10 % lose it, and get calm. "
            "10 % lose plain, and get bold.",
        ),
    ],
)
def test_it_is_told_in_sentences(before: Split | None, after: Split | None, expected: str) -> None:
    assert growth(Drawn(before, "off"), Drawn(after, "off")) == expected


def test_without_a_default_variant_it_is_the_callers() -> None:
    assert growth(Drawn(split(on=100)), Drawn(None)) == "100 % lose on, and get the caller's default."


def test_another_field_draws_everyone_anew() -> None:
    before, after = Drawn(split(on=100)), Drawn(split(on=100), split_by="organisation.id")
    assert growth(before, after) == "It was split by the entity and will be by organisation.id: everyone is drawn anew."


def test_another_part_of_a_layer_lets_some_in_and_some_out() -> None:
    wide, narrow = (Drawn(split(on=100), layer=LayerRange("checkout", Span(0, end))) for end in (60_000, 45_000))
    assert growth(narrow, wide) == "15 % more get on; nobody loses it."
    assert growth(Drawn(split(on=100)), narrow) == "55 % lose on, and get the caller's default."
    assert growth(Drawn(None, layer=None), narrow) == "45 % more get on; nobody loses it."
    assert growth(narrow, Drawn(None)) == "45 % lose on, and get the caller's default."
    half = Drawn(split(on=50, off=50), "off", layer=LayerRange("checkout", Span(0, 40_000)))
    assert growth(Drawn(None, "off"), half) == "20 % more get on; nobody loses it."
    other = Drawn(split(on=100), layer=LayerRange("search", Span(0, 45_000)))
    assert "in the layer checkout and will be in search: everyone is drawn anew" in growth(narrow, other)


shares = st.permutations(["a", "b", "c"]).flatmap(
    lambda order: st.tuples(st.integers(0, TOTAL_WEIGHT), st.integers(0, TOTAL_WEIGHT)).map(
        lambda cuts: tuple(
            Share(name, weight)
            for name, weight in zip(order, (min(cuts), max(cuts) - min(cuts), TOTAL_WEIGHT - max(cuts)), strict=True)
            if weight
        )
    )
)


@given(shares, shares)
def test_what_moves_explains_the_difference(before: Split, after: Split) -> None:
    moved = moves(before, after)
    for name in ("a", "b", "c"):
        old, new = (sum(share.weight for share in each if share.variant == name) for each in (before, after))
        gained = sum(weight for (_, to), weight in moved.items() if to == name)
        lost = sum(weight for (source, _), weight in moved.items() if source == name)
        assert new - old == gained - lost
    assert moves(after, before) == {(new, old): weight for (old, new), weight in moved.items()}


@pytest.mark.parametrize("bucketing", ["v2", "v3"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (split(a=25, b=75), split(a=37, b=63)),
        (split(a=40, b=35, c=25), split(a=50, b=20, c=30)),
        (split(a=40, b=35, c=25), split(c=25, b=35, a=40)),
        (split(a=0.5, c=99.5), split(b=100)),
    ],
)
def test_the_engine_moves_those_alone(database: None, bucketing: str, before: Split, after: Split) -> None:
    make("plan", value_type="string", variants={"a": "a", "b": "b", "c": "c"}, default_variant="c", rollout=before)
    old = served(bucketing)
    flags.update("plan", "prod", FlagEdit(rollout=after), actor=ADA)
    pairs = list(zip(old, served(bucketing), strict=True))
    expected = moves(before, after)
    assert {pair for pair in pairs if pair[0] != pair[1]} <= set(expected)
    for pair, weight in expected.items():
        share = weight / TOTAL_WEIGHT
        assert abs(pairs.count(pair) / ENTITIES - share) < 4 * sqrt(share * (1 - share) / ENTITIES) + 1 / ENTITIES


@pytest.mark.parametrize("bucketing", ["v2", "v3"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Drawn(None, "c"), Drawn(split(a=50, b=50), "c", layer=LayerRange("all", Span(0, 45_000)))),
        (
            Drawn(split(a=50, b=50), "c", layer=LayerRange("all", Span(0, 45_000))),
            Drawn(split(a=80, b=20), "c", layer=LayerRange("all", Span(30_000, 90_000))),
        ),
        (Drawn(split(a=100), "c", layer=LayerRange("all", Span(0, 45_000))), Drawn(split(a=100), "c")),
    ],
)
def test_the_engine_agrees_in_layers(database: None, bucketing: str, before: Drawn, after: Drawn) -> None:
    layers.create(NewLayer("all"), actor=ADA)
    make("plan", value_type="string", variants={"a": "a", "b": "b", "c": "c"}, default_variant="c")
    flags.update("plan", "prod", FlagEdit(rollout=before.shares, layer=before.layer), actor=ADA)
    old = served(bucketing)
    flags.update("plan", "prod", FlagEdit(rollout=after.shares, layer=after.layer), actor=ADA)
    pairs = list(zip(old, served(bucketing), strict=True))
    expected = transfers(before, after)
    assert {pair for pair in pairs if pair[0] != pair[1]} <= set(expected)
    for pair, weight in expected.items():
        share = weight / TOTAL_WEIGHT
        assert abs(pairs.count(pair) / ENTITIES - share) < 4 * sqrt(share * (1 - share) / ENTITIES) + 1 / ENTITIES


def served(bucketing: str) -> list[Any]:
    engine = Engine(document.document_of("plan", "prod", bucketing=bucketing).document, bucketing)
    return [engine.evaluate("plan", {"targetingKey": f"user-{number}"}).variant for number in range(ENTITIES)]
