"""Layers in the tables: two writers at once, what readers and explanations learn, and the parts of one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from db.administration import environments
from db.configuration.edits import FlagEdit
from db.definitions import document as definitions
from db.definitions.reader import EnvironmentReader
from db.errors import LayerInUseError, LayerNotFoundError, RangeTakenError
from db.flags import flags
from db.layers import layers
from db.layers.edits import LayerEdit, NewLayer
from db.layers.parts import LayerPart, Owner, parts
from flagstaff.engine import Engine
from flagstaff.targeting import Layer, LayerRange, LayerUse, Share, Span
from tests.db.helpers import ADA, BOB, footprint, make, revisions

pytestmark = pytest.mark.usefixtures("database")

ALL = (Share.of_percent("on", 100),)
HOLDOUT = Span(95_000, 100_000)


def part(first: int, last: int, layer: str = "checkout") -> LayerRange:
    return LayerRange(layer, Span(first, last))


@pytest.fixture(autouse=True)
def layer(database: None) -> None:
    layers.create(NewLayer("checkout", holdout=HOLDOUT), actor=ADA)


def test_of_two_who_ask_for_a_range_at_once_one_gets_it() -> None:
    keys = [f"flag-{number}" for number in range(8)]
    for key in keys:
        make(key, rollout=ALL)

    edit = FlagEdit(layer=part(0, 50_000))
    with ThreadPoolExecutor(len(keys)) as pool:
        assert sum(pool.map(_succeeds, (partial(flags.update, key, "prod", edit, actor=ADA) for key in keys))) == 1
    assert layers.get("checkout").used_by == 1


def test_a_flag_and_the_holdout_never_get_the_same_part() -> None:
    make("one", rollout=ALL)
    enter = partial(flags.update, "one", "prod", FlagEdit(layer=part(0, 20_000)), actor=ADA)
    move = partial(layers.update, "checkout", LayerEdit(holdout=Span(0, 10_000)), actor=BOB)
    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(_succeeds, (enter, move))) == 1
    found = layers.get("checkout")
    assert found.holdout == (HOLDOUT if found.ranges else Span(0, 10_000))


def _succeeds(write: Callable[[], object]) -> bool:
    try:
        write()
    except RangeTakenError:
        return False
    return True


def test_readers_learn_of_layers_with_the_flags_in_them() -> None:
    make("one", rollout=ALL, layer=part(0, 45_000))
    reader = EnvironmentReader("prod")
    assert reader.refresh().layers == {"checkout": Layer("checkout", None, HOLDOUT)}
    before = revisions()
    layers.update("checkout", LayerEdit(split_by="team"), actor=ADA)
    assert {key: after - before[key] for key, after in revisions().items()} == {"dev": 0, "staging": 0, "prod": 1}
    delta = reader.refresh()
    assert (set(delta.changed), delta.layers) == ({"one"}, {"checkout": Layer("checkout", "team", HOLDOUT)})
    assert delta.summaries["one"].layer == part(0, 45_000)
    written = definitions.to_bytes({"flags": delta.changed, "metadata": delta.metadata})
    assert b'"layer:checkout:"' in written and b'{"var":"team"}' in written
    layers.update("checkout", LayerEdit(description="of the shop"), actor=ADA)
    assert reader.refresh().changed == {}


def test_the_document_of_one_flag_comes_with_who_has_which_part() -> None:
    make("one", rollout=ALL, layer=part(0, 45_000))
    make("two", rollout=ALL, layer=part(45_000, 80_000))
    make("other", "dev", rollout=ALL, layer=part(80_000, 90_000))
    found = definitions.document_of("one", "prod")
    use = LayerUse(HOLDOUT, {"one": Span(0, 45_000), "two": Span(45_000, 80_000)})
    assert found.known.layers == {"checkout": use}
    engine = Engine(found.document)
    told = {
        step.more["layer"]["range"]
        for number in range(200)
        for step in engine.explain("one", {"targetingKey": f"user-{number}"}, found.known).steps
        if step.more and "layer" in step.more
    }
    assert told == {"own", "flag", "holdout", "free"}
    unknown = {
        step.more["layer"]["range"]
        for number in range(200)
        for step in engine.explain("one", {"targetingKey": f"user-{number}"}).steps
        if step.more and "layer" in step.more
    }
    assert unknown == {"own", "other"}


def test_an_environment_that_is_deleted_gives_its_ranges_up() -> None:
    environments.create("qa", actor=ADA)
    make("one", "qa", layer=part(0, 45_000))
    with pytest.raises(LayerInUseError):
        layers.archive("checkout", actor=ADA)
    environments.delete("qa", default="prod", actor=ADA)
    assert layers.archive("checkout", actor=ADA).layer.archived_at is not None
    with pytest.raises(LayerNotFoundError):
        layers.get("checkout")


def test_a_refused_write_changes_nothing() -> None:
    make("one", layer=part(0, 45_000))
    before = footprint()
    for write in (
        lambda: make("two", layer=part(44_999, 50_000)),
        lambda: layers.update("checkout", LayerEdit(name="x", holdout=Span(40_000, 100_000)), actor=ADA),
        lambda: layers.archive("checkout", actor=ADA),
    ):
        with pytest.raises((RangeTakenError, LayerInUseError)):
            write()
    assert footprint() == before


def test_the_parts_of_a_layer_are_all_of_it() -> None:
    make("two", layer=part(60_000, 80_500))
    make("one", layer=part(10_000, 45_000))
    found = layers.get("checkout")
    assert parts(found, "prod") == [
        LayerPart(Span(0, 10_000), Owner.FREE),
        LayerPart(Span(10_000, 45_000), Owner.FLAG, "one"),
        LayerPart(Span(45_000, 60_000), Owner.FREE),
        LayerPart(Span(60_000, 80_500), Owner.FLAG, "two"),
        LayerPart(Span(80_500, 95_000), Owner.FREE),
        LayerPart(HOLDOUT, Owner.HOLDOUT),
    ]
    assert parts(found, "prod", but="one")[0] == LayerPart(Span(0, 60_000), Owner.FREE)
    assert parts(found, "dev") == [LayerPart(Span(0, 95_000), Owner.FREE), LayerPart(HOLDOUT, Owner.HOLDOUT)]
