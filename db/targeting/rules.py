"""Rules and splits: read from the JSON that people send, and checked against what the model allows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from db import validation
from db.errors import InvalidInputError
from flagstaff.targeting import TOTAL_WEIGHT, AnyOf, Condition, Rule, Share, Split, Test, conditions
from flagstaff.targeting.conditions import NO_FIELD

MAX_RULES: Final = 100
MAX_CONDITIONS: Final = 50


def read_rules(given: object) -> tuple[Rule, ...]:
    """Read rules, as `Rule.to_json` writes them, from JSON that may be anything; raises InvalidInputError."""
    if not isinstance(given, list | tuple):
        raise _no_rules()
    return tuple(_read_rule(rule, f"rules[{number}]") for number, rule in enumerate(given))


def _no_rules() -> InvalidInputError:
    return InvalidInputError("invalid_rule", "rules", f"rules must be a list of at most {MAX_RULES}")


def _read_rule(rule: object, field: str) -> Rule:
    if not isinstance(rule, Mapping) or set(rule) - {"name", "conditions", "variant", "split", "splitBy"}:
        message = f"{field} must be an object with conditions, a variant or a split, and perhaps a name and splitBy"
        raise InvalidInputError("invalid_rule", field, message)
    served = [what for what in ("variant", "split") if rule.get(what) is not None]
    if len(served) != 1:
        raise InvalidInputError("invalid_rule", field, f"{field} must have either a variant or a split")
    name = validation.name(rule.get("name"), f"{field}.name")
    read = read_tests(rule.get("conditions"), f"{field}.conditions")
    split_by: Any = rule.get("splitBy")
    serves = rule["variant"] if served == ["variant"] else read_split(rule["split"], f"{field}.split")
    return Rule(read, serves, name, split_by)


def read_tests(given: object, field: str) -> tuple[Test, ...]:
    """Read conditions and groups of them from JSON that may be anything; raises InvalidInputError."""
    if not isinstance(given, list | tuple):
        raise _no_conditions(field)
    return tuple(_read_test(test, f"{field}[{number}]") for number, test in enumerate(given))


def _read_test(given: object, field: str) -> Test:
    if not isinstance(given, Mapping) or "any" not in given:
        return _read_condition(given, field)
    group = given["any"]
    if set(given) != {"any"} or not isinstance(group, list | tuple):
        message = f"{field} must be an object with a list of conditions as any, and nothing else"
        raise InvalidInputError("invalid_condition", field, message)
    return AnyOf(tuple(_read_condition(one, f"{field}.any[{number}]") for number, one in enumerate(group)))


def _no_conditions(field: str) -> InvalidInputError:
    message = f"{field} must be a list of 1 to {MAX_CONDITIONS} conditions; for everyone there is the rollout"
    return InvalidInputError("invalid_rule", field, message)


def _read_condition(given: object, field: str) -> Condition:
    unknown = set(given) - {"field", "operator", "value"} if isinstance(given, Mapping) else {"anything else"}
    if not isinstance(given, Mapping) or unknown:
        message = (
            f"{field} must be an object with field, operator and value, not {', '.join(sorted(map(str, unknown)))}"
        )
        raise InvalidInputError("invalid_condition", field, message)
    value = validation.json_value(given.get("value"), f"{field}.value", code="invalid_condition")
    path: Any = given.get("field")
    operator: Any = given.get("operator")
    is_of_segments = Condition("", operator).is_of_segments
    return Condition(NO_FIELD if is_of_segments and path is None else path, operator, value)


def read_split(given: object, field: str) -> Split:
    """Read a split, as `split_to_json` writes it, from JSON that may be anything; raises InvalidInputError."""
    if not isinstance(given, list | tuple):
        raise _no_split(field)
    return tuple(_read_share(share, f"{field}[{number}]") for number, share in enumerate(given))


def _no_split(field: str) -> InvalidInputError:
    return InvalidInputError("invalid_weights", field, f"{field} must be a list of variants with their weights")


def _read_share(given: object, field: str) -> Share:
    if not isinstance(given, Mapping) or set(given) != {"variant", "weight"}:
        raise InvalidInputError("invalid_weights", field, f"{field} must be an object with variant and weight")
    weight = given["weight"]
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 100:
        raise InvalidInputError("invalid_weights", f"{field}.weight", f"{field}.weight must be a number from 0 to 100")
    try:
        return Share.of_percent(given["variant"], weight)
    except ValueError:
        message = f"{field}.weight must have at most 3 decimals, not {weight}"
        raise InvalidInputError("invalid_weights", f"{field}.weight", message) from None


def check_rules(rules: Sequence[Rule], variants: Collection[str]) -> None:
    """Raise InvalidInputError for rules that the model does not allow for a flag with these variants."""
    if len(rules) > MAX_RULES:
        raise _no_rules()
    for number, rule in enumerate(rules):
        _check_rule(rule, f"rules[{number}]", variants)


def _check_rule(rule: Rule, field: str, variants: Collection[str]) -> None:
    check_tests(rule.conditions, f"{field}.conditions")
    check_split_by(rule.split_by, f"{field}.splitBy")
    if isinstance(rule.serves, tuple):
        check_split(rule.serves, f"{field}.split", variants)
        return
    known_variant(rule.serves, f"{field}.variant", variants)
    if rule.split_by is not None:
        message = f"{field}.splitBy is for a split, and the rule serves a variant"
        raise InvalidInputError("invalid_split_by", f"{field}.splitBy", message)


def check_tests(tests: Sequence[Test], field: str, *, in_segment: bool = False) -> None:
    """Raise InvalidInputError for conditions that the model does not allow, for none, or for too many.

    Those of a segment can't be on segments.
    """
    if in_segment and any(condition.is_of_segments for test in tests for condition in conditions.each(test)):
        message = f"{field}: a segment can't be made of other segments"
        raise InvalidInputError("invalid_condition", field, message)
    if not tests or sum(1 for test in tests for _ in conditions.each(test)) > MAX_CONDITIONS:
        raise _no_conditions(field)
    for number, test in enumerate(tests):
        if isinstance(test, AnyOf):
            _check_group(test, f"{field}[{number}].any")
        else:
            _check_condition(test, f"{field}[{number}]")


def _check_group(group: AnyOf, field: str) -> None:
    if not group.conditions:
        raise InvalidInputError("invalid_condition", field, f"{field} must have at least one condition")
    for number, condition in enumerate(group.conditions):
        _check_condition(condition, f"{field}[{number}]")


def _check_condition(condition: Condition, field: str) -> None:
    try:
        conditions.check(condition)
    except conditions.UnknownOperatorError as error:
        raise InvalidInputError("unknown_operator", f"{field}.operator", f"{field}: {error}") from error
    except conditions.ConditionError as error:
        raise InvalidInputError("invalid_condition", field, f"{field}: {error}") from error


def check_split(split: Split, field: str, variants: Collection[str]) -> None:
    """Raise InvalidInputError for a split that the model does not allow for a flag with these variants."""
    if not split:
        raise _no_split(field)
    for number, share in enumerate(split):
        known_variant(share.variant, f"{field}[{number}].variant", variants)
    if len({share.variant for share in split}) < len(split):
        raise InvalidInputError("invalid_weights", field, f"{field} must name each variant once")
    total = sum(share.weight for share in split)
    if total != TOTAL_WEIGHT:
        percent = Share("", total).percent
        raise InvalidInputError(
            "invalid_weights", field, f"the percentages of {field} must add up to 100, not {percent}"
        )


def check_split_by(given: object, field: str = "splitBy") -> str | None:
    """Return the field by which a split is, None for the entity; raises InvalidInputError for what is no path."""
    if given is None:
        return None
    try:
        conditions.check_field(given)
    except conditions.ConditionError as error:
        raise InvalidInputError("invalid_split_by", field, f"{field}: {error}") from None
    return str(given)


def known_variant(given: object, field: str, variants: Collection[str]) -> str:
    """Return the name of one of these variants; raises InvalidInputError."""
    if not isinstance(given, str) or given not in variants:
        names = ", ".join(variants) or "no variants yet"
        raise InvalidInputError("unknown_variant", field, f"{field} must be one of the flag's variants ({names})")
    return given


def read_segment_rules(given: object) -> tuple[tuple[Test, ...], ...]:
    """Read a segment's rules, `[{"conditions": […]}]`, from JSON that may be anything; raises InvalidInputError."""
    if not isinstance(given, list | tuple):
        raise _no_rules()
    return tuple(_read_segment_rule(rule, f"rules[{number}]") for number, rule in enumerate(given))


def _read_segment_rule(rule: object, field: str) -> tuple[Test, ...]:
    if not isinstance(rule, Mapping) or set(rule) != {"conditions"}:
        raise InvalidInputError("invalid_rule", field, f"{field} must be an object with conditions, and nothing else")
    return read_tests(rule["conditions"], f"{field}.conditions")
