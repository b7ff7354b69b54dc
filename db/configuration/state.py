"""What one configuration says, members apart: a value that can be checked, compared, logged and stored."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from db import validation
from db.configuration.edits import FlagEdit, NewFlag
from db.errors import InvalidInputError, StaticFlagError
from db.targeting.layers import check_span
from db.targeting.prerequisites import check_prerequisites
from db.targeting.rules import check_rules, check_split, check_split_by, known_variant
from db.targeting.schedules import check_ramp, check_schedule
from db.vocabulary import UNSET, JsonObject, JsonValue, Unset, ValueType, given
from flagstaff.targeting import LayerRange, Prerequisite, Ramp, Rollout, Rule, Step
from flagstaff.targeting.conditions import each
from flagstaff.targeting.rules import split_from_json, split_to_json
from flagstaff.targeting.schedule import Period, folded, without_switching_on

MAX_VARIANTS: Final = 100
ON_OFF: Final[Mapping[str, JsonValue]] = {"on": True, "off": False}
STATIC_VARIANT: Final = "value"


@dataclass(frozen=True)
class State:
    """Enabled or not, variants in their order, the default variant, rules, rollout (or ramp), the steps to come, the
    flags that are needed, the field by which rollouts are split, and the range of a layer that they are for.
    """

    enabled: bool
    variants: Mapping[str, JsonValue]
    default_variant: str | None
    rules: tuple[Rule, ...]
    rollout: Rollout | None
    schedule: tuple[Step, ...] = ()
    prerequisites: tuple[Prerequisite, ...] = ()
    split_by: str | None = None
    layer: LayerRange | None = None

    def columns(self) -> dict[str, Any]:
        """Return the state as the columns of `Configuration`."""
        return {**self._columns(), "segments": sorted(self.segments())}

    def _columns(self) -> dict[str, Any]:
        return {
            "enabled": self.enabled,
            "variants": [list(pair) for pair in self.variants.items()],
            "default_variant": self.default_variant,
            "rules": [rule.to_json() for rule in self.rules],
            "rollout": split_to_json(self.rollout) if isinstance(self.rollout, tuple) else None,
            "ramp": self.rollout.to_json() if isinstance(self.rollout, Ramp) else None,
            "schedule": [step.to_json() for step in self.schedule],
            "prerequisites": [prerequisite.to_json() for prerequisite in self.prerequisites],
            "split_by": self.split_by,
            "layer": self.layer.to_json() if self.layer else None,
        }

    def to_json(self) -> JsonObject:
        """Return the state as the change log keeps it; `from_json` reads it back."""
        columns = self._columns()
        return {
            "defaultVariant": columns.pop("default_variant"),
            "splitBy": columns.pop("split_by"),
            **columns,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> State:
        """Read what `to_json` wrote, or wrote before there was all of it."""
        return cls(
            data["enabled"],
            dict(data["variants"]),
            data["defaultVariant"],
            tuple(map(Rule.from_json, data["rules"])),
            read_rollout(data["rollout"], data.get("ramp")),
            tuple(map(Step.from_json, data.get("schedule", ()))),
            tuple(map(Prerequisite.from_json, data.get("prerequisites", ()))),
            data.get("splitBy"),
            LayerRange.from_json(data["layer"]) if data.get("layer") else None,
        )

    def segments(self) -> set[str]:
        """Return the keys of the segments that its rules name."""
        every = (condition for rule in self.rules for test in rule.conditions for condition in each(test))
        return {key for condition in every if condition.is_of_segments for key in condition.value}

    def at(self, moment: datetime) -> State:
        """Return the state with the steps that are past by then taken in."""
        if not self.schedule or moment.timestamp() < self.schedule[0].at:
            return self
        period = Period(self.enabled, self.rollout, self.default_variant)
        now, steps = folded(period, self.schedule, moment.timestamp())
        return replace(
            self, enabled=now.enabled, rollout=now.rollout, default_variant=now.default_variant, schedule=steps
        )

    def is_like(self, other: State) -> bool:
        """Tell whether both say the same, by JSON's idea of equal."""
        return canonical_json(self.to_json()) == canonical_json(other.to_json())

    def untargeted(self) -> State:
        """Return the same variants and default, disabled, for the environments that were not asked for."""
        return State(False, self.variants, self.default_variant, (), None)

    def switched(self, enabled: bool) -> State:
        """Return the state switched on, or off so that it stays off."""
        schedule = self.schedule if enabled else without_switching_on(self.schedule)
        return replace(self, enabled=enabled, schedule=schedule)


def read_rollout(split: Any, ramp: Any) -> Rollout | None:
    """Read the columns `rollout` and `ramp`, of which one at most is there."""
    if ramp:
        return Ramp.from_json(ramp)
    return split_from_json(split) if split else None


def initial_state(new: NewFlag, value_type: ValueType) -> State:
    """Return the state that a new flag begins with, before its members; raises InvalidInputError or StaticFlagError."""
    enabled = validation.boolean(new.enabled, "enabled")
    if new.is_static:
        _refuse_for_static(new.key, new)
        _refuse_default_for_static(new.key, new.default_variant)
        if new.value is UNSET:
            raise InvalidInputError("missing_value", "value", "value must be given for a static flag")
        valued = _with_value(State(enabled, {}, None, (), None), new.value, value_type)
        return _with_schedule(valued, new.schedule, is_static=True)
    _refuse_value(new.value)
    state = State(enabled, ON_OFF if value_type is ValueType.BOOLEAN else {}, None, (), None)
    if not isinstance(new.variants, Unset):
        state = replace(state, variants=_clean_variants(new.variants, value_type, state))
    prerequisites, split_by = _checked_prerequisites(new.prerequisites), check_split_by(new.split_by)
    state = replace(state, prerequisites=prerequisites, split_by=split_by, layer=_checked_layer(new.layer))
    return _with_schedule(with_targeting(state, given(new.default_variant, None), new.rules, new.rollout), new.schedule)


def apply_edit(state: State, edit: FlagEdit, key: str, value_type: ValueType, is_static: bool) -> State:
    """Return the state after an edit, all of it checked but the members' variants."""
    if not isinstance(edit.enabled, Unset):
        state = state.switched(validation.boolean(edit.enabled, "enabled"))
    schedule = given(edit.schedule, state.schedule) or ()
    if is_static:
        _refuse_for_static(key, edit)
        _refuse_default_for_static(key, edit.default_variant)
        valued = state if isinstance(edit.value, Unset) else _with_value(state, edit.value, value_type)
        return _with_schedule(valued, schedule, is_static=True)
    _refuse_value(edit.value)
    if not isinstance(edit.prerequisites, Unset):
        state = replace(state, prerequisites=_checked_prerequisites(edit.prerequisites or ()))
    if not isinstance(edit.split_by, Unset):
        state = replace(state, split_by=check_split_by(edit.split_by))
    if not isinstance(edit.layer, Unset):
        state = replace(state, layer=_checked_layer(edit.layer))
    if not isinstance(edit.variants, Unset):
        state = replace(state, variants=_clean_variants(edit.variants, value_type, state))
    targeted = with_targeting(
        state,
        given(edit.default_variant, state.default_variant),
        given(edit.rules, state.rules),
        _rollout(state, edit),
    )
    return _with_schedule(targeted, schedule)


def _rollout(state: State, edit: FlagEdit) -> Rollout | None:
    if edit.ramp and edit.rollout:
        raise InvalidInputError("ambiguous_rollout", "ramp", "a flag has either a rollout or a ramp")
    if isinstance(edit.ramp, Ramp):
        return edit.ramp
    rollout = given(edit.rollout, state.rollout)
    return None if edit.ramp is None and isinstance(rollout, Ramp) else rollout


def _with_schedule(state: State, schedule: Sequence[Step], *, is_static: bool = False) -> State:
    check_schedule(schedule, state.variants, is_static=is_static)
    return replace(state, schedule=tuple(schedule))


def _checked_layer(layer: LayerRange | None) -> LayerRange | None:
    if layer is not None:
        check_span(layer.span, "layer")
    return layer


def _checked_prerequisites(prerequisites: Sequence[Prerequisite]) -> tuple[Prerequisite, ...]:
    check_prerequisites(prerequisites)
    return tuple(prerequisites)


def with_targeting(state: State, default: object, rules: Sequence[Rule] | None, rollout: Rollout | None) -> State:
    """Return the state with these, checked against its variants."""
    names = state.variants
    if default is not None:
        default = known_variant(default, "defaultVariant", names)
    check_rules(rules or (), names)
    if isinstance(rollout, Ramp):
        check_ramp(rollout, names)
    elif rollout is not None:
        check_split(rollout, "rollout", names)
    return replace(state, default_variant=default, rules=tuple(rules or ()), rollout=rollout)


def with_variant_for(state: State, value: JsonValue, value_type: ValueType) -> tuple[State, str]:
    """Return the variant that has this value, made if there is none; the state then has it."""
    clean = _clean_value(value, value_type, "value", state)
    wanted = canonical_json(clean)
    for name, held in state.variants.items():
        if canonical_json(held) == wanted:
            return state, name
    if len(state.variants) >= MAX_VARIANTS:
        raise InvalidInputError("too_many_variants", "value", f"a flag has at most {MAX_VARIANTS} variants")
    name = next(name for name in _names_for(clean) if name not in state.variants)
    variants = {**state.variants, name: clean}
    if isinstance(state.rollout, Ramp):
        check_ramp(state.rollout, variants)
    return replace(state, variants=variants), name


def canonical_json(value: JsonValue) -> str:
    """Equal for equal JSON values only: in Python, True equals 1 and 1.0."""
    return json.dumps(value, sort_keys=True)


def _names_for(value: JsonValue) -> Iterator[str]:
    """Names for the variant of a value: the value itself where it can be one, else v1, v2, …"""
    if isinstance(value, bool):
        yield "on" if value else "off"
    elif isinstance(value, str | int | float) and is_key(str(value)):
        yield str(value)
    number = 1
    while True:
        yield f"v{number}"
        number += 1


def is_key(text: str) -> bool:
    """Tell whether a text has the form of a key."""
    return bool(validation.KEY.fullmatch(text)) and not validation.UUID.fullmatch(text)


def refuse_missing_variants(state: State, used_by_members: Collection[str]) -> None:
    """Members keep their variants: raises InvalidInputError for one that the state does not have."""
    if missing := sorted(set(used_by_members) - set(state.variants)):
        names = ", ".join(missing)
        raise InvalidInputError("variant_in_use", "variants", f"members still get {names}: give them another one first")


def _with_value(state: State, value: JsonValue | Unset, value_type: ValueType) -> State:
    assert not isinstance(value, Unset)
    clean = _clean_value(value, value_type, "value", state)
    if value_type is ValueType.BOOLEAN:
        return replace(state, variants=ON_OFF, default_variant="on" if clean else "off")
    return replace(state, variants={STATIC_VARIANT: clean}, default_variant=STATIC_VARIANT)


def _clean_variants(variants: object, value_type: ValueType, before: State) -> dict[str, JsonValue]:
    if not isinstance(variants, Mapping) or len(variants) > MAX_VARIANTS:
        message = f"variants must be an object of at most {MAX_VARIANTS} names with their values"
        raise InvalidInputError("invalid_variant", "variants", message)
    return {
        validation.key(name, "the name of a variant", code="invalid_variant"): _clean_value(
            value, value_type, f"variants.{name}", before
        )
        for name, value in variants.items()
    }


def _clean_value(value: object, value_type: ValueType, field: str, before: State) -> JsonValue:
    """Return a value of a flag. A list only where the flag has one already, from the time when they were taken: flagd's
    schema has `objectVariants` of objects (https://flagd.dev/schema/v0/flags.json).
    """
    clean = validation.value(value, value_type, field)
    if isinstance(clean, list) and not any(isinstance(held, list) for held in before.variants.values()):
        message = (
            f'{field} must be a JSON object, such as {{"items": [...]}}: flagd documents have no lists as values, '
            "and their evaluators report or refuse such a flag"
        )
        raise InvalidInputError("list_value", field, message)
    return clean


def _refuse_value(value: object) -> None:
    if value is not UNSET:
        message = "value is for static flags: a dynamic flag has variants, and a default variant for everyone"
        raise InvalidInputError("value_of_dynamic_flag", "value", message)


def _refuse_default_for_static(key: str, default: object) -> None:
    if given(default, None) is not None:
        raise StaticFlagError(key, "a default variant")


def _refuse_for_static(key: str, asked: NewFlag | FlagEdit) -> None:
    for what in ("variants", "rules", "rollout", "ramp", "split_by", "layer", "prerequisites"):
        if getattr(asked, what, None):
            raise StaticFlagError(key, "splitBy" if what == "split_by" else what)
    if any(entry.entity_ids for entry in given(asked.members, ())):
        raise StaticFlagError(key, "members")
