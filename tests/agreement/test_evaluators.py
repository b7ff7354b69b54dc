"""Other people's evaluators give the value, variant and error code of our engine, for documents that Flagstaff writes.

Whatever differs is one of `differences.DIFFERENCES`. FLAGSTAFF_AGREEMENT_EXAMPLES sets how many random pairs of a flag
and a context each evaluator is asked for, beyond every operator with attributes of every kind.
"""

from __future__ import annotations

import math
import os
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from random import Random

import pytest

from tests.agreement import random_flags, values
from tests.agreement.comparison import Comparison
from tests.agreement.differences import DIFFERENCES
from tests.agreement.edited_flags import EditedFlag, shares
from tests.agreement.evaluators import EVALUATORS, Context, Evaluator, running

EXAMPLES = int(os.environ.get("FLAGSTAFF_AGREEMENT_EXAMPLES", "5000"))
SEED = 9
FLAGS, CONTEXTS = 25, 40  # of one question


@pytest.fixture(scope="module", params=EVALUATORS, ids=lambda evaluator: evaluator.name)
def comparison(request: pytest.FixtureRequest) -> Iterator[Comparison]:
    """One evaluator, running; skips where there is none, unless the variable that requires it is set."""
    evaluator: Evaluator = request.param
    if evaluator.missing:
        assert evaluator.required and not os.environ.get(evaluator.required), evaluator.missing
        pytest.skip(evaluator.missing)
    with running(evaluator) as ask:
        yield Comparison(evaluator, ask)


def _one_rule_each(path: str) -> list[EditedFlag]:
    """A flag for each condition on a path; every second one has a default variant."""
    return [
        EditedFlag(
            f"f{number}", default_variant=[None, "off"][number % 2], rules=[{"conditions": [one], "variant": "on"}]
        )
        for number, one in enumerate(values.conditions(path))
    ]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        pytest.param("f", "f", id="a name"),
        pytest.param("a.b", "a.b", id="a path"),
        pytest.param("a.b", "a", id="a path through anything"),
        pytest.param("a.b.c", "a", id="two steps through anything"),
        pytest.param("a.0", "a", id="an index"),
        pytest.param("a.1.0", "a", id="two indexes"),
        pytest.param("a.0.b", "a", id="an index and a name"),
        pytest.param("a.length", "a", id="a length"),
    ],
)
def test_every_operator_with_every_kind_of_attribute(comparison: Comparison, path: str, place: str) -> None:
    contexts = [{"targetingKey": "john", **values.attribute(place, given)} for given in values.ATTRIBUTES]
    comparison.compare(_one_rule_each(path), contexts)


IDS = [
    "john",
    "1",
    "0",
    "True",
    "true",
    "false",
    "42",
    "1.0",
    "ünï",
    "日本",
    "a b",
    "ends with ",
    "None",
    "null",
    "1e+21",
]
ENTITIES = [*values.ATTRIBUTES, 1e15, 1e16, 123_456_789_012_345_678, 2**63, 1e-7, 0.1 + 0.2, -0.0, "x" * 300, "x\t"]


def test_entities_of_every_kind(comparison: Comparison) -> None:
    everyone = [(variant, kind) for variant, kind in [("on", "user"), ("off", "org"), ("on", "true"), ("off", "1")]]
    flags = [
        EditedFlag("members", members=dict.fromkeys(everyone, IDS)),
        EditedFlag("rollout", rollout=shares(on=40, off=60), default_variant="off"),
        EditedFlag(
            "both", "string", members={("off", "user"): IDS[:1]}, rollout=shares(on=33.333, off=33.333, third=33.334)
        ),
        EditedFlag("ruled", "number", rules=[{**RULE, "split": shares(on=50, off=50)}]),
    ]
    texts = [given for given in ENTITIES if isinstance(given, str)]
    contexts: list[Context] = [
        *(values.attribute("entityId", given) for given in ENTITIES),
        *({"targetingKey": "jane", **values.attribute("entityId", given)} for given in ENTITIES),
        *({"targetingKey": "john", **values.attribute("entityType", given)} for given in ENTITIES),
        *({"targetingKey": given} for given in texts),
        *(
            {"entityType": kind, "entityId": given}
            for kind in ["org", "1", 1, "", "user"]
            for given in [*IDS, 1, 0, 42]
        ),
    ]
    comparison.compare(flags, contexts)


@pytest.mark.parametrize("path", ["f", "a.b"])
def test_splits_by_values_of_every_kind(comparison: Comparison, path: str) -> None:
    of_rule = {**RULE, "split": shares(on=50, off=50), "splitBy": path}
    split = EditedFlag("split", rollout=shares(on=40, off=60), default_variant="off", split_by=path)
    ramp = {"variant": "on", "from": 10, "to": 90, "start": random_flags.SOON, "end": "2036-01-01T00:00:00Z"}
    flags = [
        split,
        EditedFlag("ramp", ramp=ramp, split_by=path),
        EditedFlag("planned", schedule=[{"at": random_flags.PAST, "rollout": shares(on=50, off=50)}], split_by=path),
        EditedFlag("ruled", "number", rules=[of_rule]),
        EditedFlag("beside", rules=[of_rule], rollout=shares(on=50, off=50)),
        EditedFlag("needing", default_variant="on", needs=[(split, ["on"])], rollout=shares(on=0, off=100)),
        split._replace(key="in-a-layer", layer={"key": "people", "from": 10, "to": 60}),
        split._replace(key="in-a-layer-of-plans", layer={"key": "plans", "from": 0, "to": 60}),
    ]
    given = [*ENTITIES, *IDS]
    contexts: list[Context] = [
        *({"targetingKey": "john", **values.attribute(path, one)} for one in given),
        *(values.attribute(path, one) for one in given),
        *({"targetingKey": "john", **values.attribute("a", one)} for one in given),
    ]
    comparison.compare(flags, contexts)


def test_flags_drawn_at_random(comparison: Comparison) -> None:
    random, before, asked = Random(SEED), comparison.pairs, 0
    while comparison.pairs - before < EXAMPLES:
        flags = [random_flags.flag(random, f"flag-{asked + number}") for number in range(FLAGS)]
        comparison.compare(flags, [random_flags.context(random) for _ in range(CONTEXTS)])
        asked += FLAGS


def _stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()


def _of_time(begin: int, every: int = 100) -> list[EditedFlag]:
    """Flags whose answers change at four times after a moment, so many seconds from each other."""
    at = [_stamp(begin + every * number) for number in (1, 2, 3, 4)]
    steps = [
        {"at": at[0], "enabled": False},
        {"at": at[1], "enabled": True, "rollout": shares(on=50, off=50)},
        {"at": at[2], "rollout": None, "defaultVariant": "on"},
        {"at": at[3], "defaultVariant": None},
    ]
    ramp = {"variant": "on", "from": 5, "to": 100, "start": at[0], "end": at[3]}
    dated = [{"conditions": [{"field": "now", "operator": "after", "value": at[1]}], "variant": "on"}]
    planned = EditedFlag("planned", default_variant="off", schedule=steps, rollout=shares(on=10, off=90))
    return [
        planned,
        EditedFlag("expiring", "string", "third", schedule=[{"at": at[1], "enabled": False}]),
        EditedFlag("beginning", enabled=False, schedule=[{"at": at[2], "enabled": True, "defaultVariant": "on"}]),
        EditedFlag("growing", ramp=ramp),
        EditedFlag("dated", rules=dated, default_variant="off"),
        EditedFlag("needing", default_variant="off", rollout=shares(on=100, off=0), needs=[(planned, ["on"])]),
    ]


PEOPLE: list[Context] = [{}, *({"targetingKey": f"user-{number}"} for number in range(40))]


def test_time_steps_around_their_boundaries(comparison: Comparison) -> None:
    if comparison.evaluator.has_clock:
        begin = 1_900_000_000
        for now in (begin + step + offset for step in (100, 200, 300, 400) for offset in (-1, -0.001, 0, 0.999, 1, 37)):
            comparison.compare(_of_time(begin), PEOPLE, now)
        return
    every = 100_000  # so slow that a ramp moves nobody between the two answers
    for periods in (0.5, 1.5, 2.5, 3.5, 4.5):
        comparison.compare(_of_time(int(time.time() - every * periods), every), PEOPLE)


RULE = {"conditions": [{"field": "plan", "operator": "not_exists"}]}
SPLITS = {
    "half": shares(on=50, off=50),
    "some": shares(on=40, off=60),
    "few": shares(on=1, off=99),
    "one-in-100000": shares(on=0.001, off=99.999),
    "all": shares(on=100, off=0),
    "none": shares(on=0, off=100),
    "thirds": shares(on=33.333, off=33.333, third=33.334),
}


def _splits() -> Iterator[tuple[EditedFlag, Sequence[dict[str, object]]]]:
    """Each split alone, beside members and rules that decide for nobody, and in a rule."""
    for name, split in SPLITS.items():
        value_type = "boolean" if len(split) == 2 else "string"
        other = {"conditions": [{"field": "plan", "operator": "exists"}], "variant": "off"}
        yield EditedFlag(f"{name}-alone", value_type, rollout=split), split
        yield EditedFlag(f"{name}-members", value_type, rollout=split, members={("on", "user"): ["nobody"]}), split
        yield EditedFlag(f"{name}-rules", value_type, rollout=split, rules=[other]), split
        yield EditedFlag(f"{name}-in-a-rule", value_type, rules=[{**RULE, "split": split}]), split
        yield EditedFlag(f"{name}-by-a-field", value_type, rollout=split, split_by="organisation.id"), split


def _entities() -> Iterator[Context]:
    """1,200 entities with ids of the usual kinds."""
    for number in range(300):
        yield {"targetingKey": f"user-{number}"}
        yield {"targetingKey": str(uuid.uuid5(uuid.NAMESPACE_URL, str(number)))}
        yield {"entityId": number, "targetingKey": "session"}
        yield {"entityType": "org", "entityId": f"{number}@example.com"}


def _members() -> Iterator[Context]:
    """The same entities, each of an organisation of its own."""
    for number, entity in enumerate(_entities()):
        yield {**entity, "organisation": {"id": f"org-{number}" if number % 2 else number}}


def test_splits_give_everybody_the_same_variant_and_each_variant_its_share(comparison: Comparison) -> None:
    splits, entities = list(_splits()), list(_members())
    answers = comparison.compare([flag for flag, _ in splits], entities)
    for flag, split in splits:
        counts = Counter(variant for variant, _, _ in answers[flag.key])
        for share in split:
            expected = float(str(share["weight"])) / 100
            deviation = math.sqrt(expected * (1 - expected) / len(entities))
            assert counts[share["variant"]] / len(entities) == pytest.approx(expected, abs=4 * deviation), (
                flag,
                counts,
            )


IN_A_LAYER = {"first": (0, 45), "second": (45, 79.999), "third": (79.999, 80), "last": (80, 95), "all": (0, 100)}


@pytest.mark.parametrize("key", ["people", "tiers"])
def test_ranges_of_a_layer_share_nobody(comparison: Comparison, key: str) -> None:
    """Of each entity, and of an account tier of its own; the last 5 % are in none, but for the flag that has all."""
    entities = [{**entity, "account": {"tier": f"t{number}"}} for number, entity in enumerate(_entities())]
    flags = [
        EditedFlag(name, rollout=shares(on=100, off=0), layer={"key": key, "from": first, "to": last})
        for name, (first, last) in IN_A_LAYER.items()
    ]
    needing = EditedFlag("needing", needs=[(flags[0], ["on"])], rollout=shares(on=100, off=0))
    answers = comparison.compare([*flags, needing], entities)
    inside = {name: {at for at, (variant, _, _) in enumerate(given) if variant} for name, given in answers.items()}
    assert inside.pop("needing") == inside["first"]
    assert len(inside.pop("all")) == len(entities)
    assert sum(map(len, inside.values())) == len(set().union(*inside.values()))
    for name, found in inside.items():
        first, last = IN_A_LAYER[name]
        expected = (last - first) / 100
        deviation = math.sqrt(expected * (1 - expected) / len(entities))
        assert len(found) / len(entities) == pytest.approx(expected, abs=4 * deviation), name


def test_each_known_difference_is_one(comparison: Comparison) -> None:
    known = [each for each in DIFFERENCES if comparison.evaluator in each.evaluators]
    for difference in known:
        flag, context = difference.example
        before = comparison.occurred[difference.name]
        comparison.compare([flag], [context])
        assert comparison.occurred[difference.name] > before, f"{difference.name}: no difference any more"
