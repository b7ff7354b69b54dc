"""From what people edit to the flagd targeting that says the same. Equal input gives equal bytes.

A targeting is one `if` with a branch for each decision, in the order in which they are tried:

    {"if": [<a prerequisite fails>,  null,          then nothing else is tried
            <entity is a member …>,  "on",          one branch for each variant and type of entity
            <conditions of rule 1>,  "on",          a rule serves a variant …
            <conditions of rule 2>,  {"fractional": […]},    … or a split
            <there is an entity>,    {"fractional": […]}]}   the rollout, or a ramp

(or there is the field by which a split is; or it is in the flag's range of its layer)

and nothing matching is null: the default variant. Where there is a schedule, an `if` on the time comes after the
prerequisites and has such an `if` for each period.

A prerequisite is the other flag's targeting, written in, with its key and its default variant.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from flagstaff.targeting.condition_logic import to_logic
from flagstaff.targeting.configuration import Configuration, Members
from flagstaff.targeting.entity import split_subject
from flagstaff.targeting.layers import Layer, LayerUse, gate_logic
from flagstaff.targeting.rules import Rule, Split
from flagstaff.targeting.schedule import Period, Ramp, Rollout, ramp_weights, until
from flagstaff.targeting.segments import MAX_WRITTEN_IN, Known, Segment, id_list, is_shareable, segment_logic

Logic = Any

OWN_KEY: Logic = {"var": "$flagd.flagKey"}

NOBODY_SERVED = ""
"""What a prerequisite serves that serves no variant: no variant has this name, and every evaluator compares it."""


class Targeting(NamedTuple):
    """What a flag definition has of a configuration. `logic` None: nothing is targeted."""

    enabled: bool
    default_variant: str | None
    logic: dict[str, Logic] | None


class Catalog:
    """What the configurations of one environment refer to: segments, flags that others need, and layers.

    `evaluators` are the long lists that were needed so far, as the document's `$evaluators` has them. What is referred
    to twice is the same object both times.
    """

    def __init__(
        self,
        segments: Mapping[str, Segment] | None = None,
        flags: Mapping[str, Configuration] | None = None,
        layers: Mapping[str, Layer] | None = None,
    ) -> None:
        self._segments = segments or {}
        self._flags = flags or {}
        self.layers = layers or {}
        self._logic: dict[str, Logic] = {}
        self._served: dict[str, Logic] = {}
        self.evaluators: dict[str, Logic] = {}

    def segment(self, key: str) -> Logic:
        """Return the JsonLogic of a segment; nobody is in one that is gone."""
        if key not in self._logic:
            segment = self._segments.get(key, Segment(key))
            shared = segment.size > MAX_WRITTEN_IN
            rules = [_all_of([to_logic(test) for test in tests]) for tests in segment.rules]
            self._logic[key] = segment_logic(
                self._lists(f"segment-{_safe(key)}-in", segment.included, shared),
                self._lists(f"segment-{_safe(key)}-ex", segment.excluded, shared),
                rules,
            )
        return self._logic[key]

    def served(self, key: str) -> Logic:
        """Return the JsonLogic of the variant that a flag serves; "" for none, as of a flag that is gone."""
        if key not in self._served:
            found = self._flags.get(key)
            self._served[key] = _Writer(self, found, written_in=True).served() if found else NOBODY_SERVED
        return self._served[key]

    def layer(self, key: str) -> Layer:
        """Return a layer; one that is gone goes by the entity."""
        return self.layers.get(key, Layer(key))

    def members(self, key: str, members: Members) -> Iterator[tuple[str, Logic]]:
        """Yield the variants of a prerequisite's members, with the JsonLogic of who they are."""
        for number, (variant, entity_type) in enumerate(sorted(members)):
            if ids := members[variant, entity_type]:
                shared = len(ids) > MAX_WRITTEN_IN
                yield variant, self._list(f"members-{_safe(key)}-{number}", entity_type, ids, shared)

    def _lists(self, name: str, ids: Mapping[str, Collection[str]], shared: bool) -> list[Logic]:
        named = enumerate(sorted(ids))
        return [self._list(f"{name}-{number}", kind, ids[kind], shared) for number, kind in named if ids[kind]]

    def _list(self, name: str, entity_type: str, ids: Collection[str], shared: bool) -> Logic:
        logic = id_list(entity_type, ids)
        if not shared or not all(map(is_shareable, (entity_type, *ids))):
            return logic
        self.evaluators[name] = logic
        return {"$ref": name}

    def known(self, *configurations: Configuration, layers: Mapping[str, LayerUse] | None = None) -> Known:
        """Return what the references of these configurations, and of those in the catalog, are called.

        `layers` are who has which part of them.
        """
        needs = {
            each.key: [prerequisite.flag for prerequisite in each.prerequisites]
            for each in (*self._flags.values(), *configurations)
            if each.prerequisites
        }
        return Known({key: self.segment(key) for key in self._segments}, self.evaluators, needs, layers or {})


def _safe(key: str) -> str:
    """Return a key in letters, digits, `_` and `-`, another one for each key."""
    return key.replace("_", "__").replace(".", "_-")


def build(configuration: Configuration, catalog: Catalog | None = None) -> Targeting:
    """Return what the flag's definition has of a configuration."""
    return _Writer(catalog or Catalog(), configuration, written_in=False).targeting()


class _Writer:
    """Writes one configuration: as the flag's own targeting, or written into that of a flag that needs it."""

    def __init__(self, catalog: Catalog, configuration: Configuration, *, written_in: bool) -> None:
        self._catalog = catalog
        self._of = configuration
        self._written_in = written_in
        self._periods = configuration.periods()
        self._key: Logic = configuration.key if written_in else OWN_KEY

    def targeting(self) -> Targeting:
        first = self._periods[0]
        if all((period.enabled, period.default_variant) == (True, first.default_variant) for period in self._periods):
            return Targeting(True, first.default_variant, self._whole(lambda period: None))
        if len(self._periods) == 1:
            return Targeting(False, first.default_variant, self._whole(lambda period: None))
        enabled = any(period.enabled for period in self._periods)
        return Targeting(enabled, None, self._whole(lambda period: period.default_variant if period.enabled else None))

    def served(self) -> Logic:
        def last(period: Period) -> str:
            return (period.default_variant if period.enabled else None) or NOBODY_SERVED

        if not any(period.enabled for period in self._periods):
            return NOBODY_SERVED
        return self._whole(last) or last(self._periods[0])

    def _whole(self, last: Callable[[Period], str | None]) -> dict[str, Logic] | None:
        """Return the whole targeting; `last` says what is served in a period where nothing matches."""
        prerequisites = self._prerequisites(self._chosen(list(map(last, self._periods))))
        if len(self._periods) > 1:
            periods = [self._period(period, last) for period in self._periods]
            return {"if": [*prerequisites, *self._in_turn(periods)]}
        branches = [*prerequisites, *self._branches(self._periods[0])]
        otherwise = last(self._periods[0])
        if not branches:
            return None
        return {"if": branches if otherwise is None else [*branches, otherwise]}

    def _prerequisites(self, otherwise: Logic) -> Iterator[Logic]:
        for prerequisite in self._of.prerequisites:
            yield {"!": [{"in": [self._catalog.served(prerequisite.flag), list(prerequisite.variants)]}]}
            yield otherwise

    def _chosen(self, defaults: Sequence[str | None]) -> Logic:
        """Return the default of the period that holds."""
        return defaults[0] if len(set(defaults)) == 1 else {"if": self._in_turn(defaults)}

    def _in_turn(self, periods: Sequence[Logic]) -> list[Logic]:
        """Return the parts of an `if` that chooses between periods by the time."""
        ends = (until(step.at) for step in self._of.schedule)
        return [*(part for pair in zip(ends, periods[:-1], strict=True) for part in pair), periods[-1]]

    def _period(self, period: Period, last: Callable[[Period], str | None]) -> Logic:
        branches = list(self._branches(period)) if period.enabled else []
        otherwise = last(period)
        if not branches:
            return otherwise
        return {"if": branches if otherwise is None else [*branches, otherwise]}

    def _branches(self, period: Period) -> Iterator[Logic]:
        """Yield the conditions and results of members, rules and the rollout, in turn."""
        for variant, logic in self._members():
            yield from (logic, variant)
        for rule in self._of.rules:
            yield from self._rule(rule)
        if period.rollout is not None:
            yield from (self._entrance(), self._rollout(period.rollout))

    def _members(self) -> Iterator[tuple[str, Logic]]:
        members = self._of.members
        if self._written_in:
            yield from self._catalog.members(self._of.key, members)
            return
        for variant, entity_type in sorted(members):
            if ids := members[variant, entity_type]:
                yield variant, id_list(entity_type, ids)

    def _rule(self, rule: Rule) -> Iterator[Logic]:
        tests = [to_logic(test, self._catalog.segment) for test in rule.conditions]
        if isinstance(rule.serves, str):
            yield from (_all_of(tests), rule.serves)
        else:
            subject = split_subject(rule.split_by)
            yield from (_all_of([*tests, subject]), self._split(rule.serves, subject))

    def _entrance(self) -> Logic:
        """Return the condition of the rollout: there is what it is split by, in the flag's range of its layer."""
        subject = split_subject(self._of.split_by)
        if self._of.layer is None:
            return subject
        layer = self._catalog.layer(self._of.layer.layer)
        # What the layer hashes has to be there too: else all who lack it would be in one place of the layer.
        other = [] if layer.split_by == self._of.split_by else [split_subject(layer.split_by)]
        return {"and": [subject, *other, gate_logic(layer, self._of.layer.span)]}

    def _rollout(self, rollout: Rollout) -> Logic:
        subject = split_subject(self._of.split_by)
        if not isinstance(rollout, Ramp):
            return self._split(rollout, subject)
        growing, other = ramp_weights(rollout)
        (name,) = (variant for variant in self._of.variants if variant != rollout.variant)
        return {"fractional": [self._text(subject), [rollout.variant, growing], [name, other]]}

    def _split(self, split: Split, subject: Logic) -> Logic:
        return {"fractional": [self._text(subject), *([share.variant, share.weight] for share in split)]}

    def _text(self, subject: Logic) -> Logic:
        """Return the JsonLogic of the text that is hashed."""
        return {"cat": [self._key, ":", subject]}


def _all_of(tests: Sequence[Logic]) -> Logic:
    return tests[0] if len(tests) == 1 else {"and": tests}
