"""Rules and splits as people write them (percentages, by name), checked, and as the engine takes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from db import validation
from db.errors import InvalidInputError
from db.vocabulary import JsonObject, JsonValue
from flagstaff import targeting
from flagstaff.targeting import conditions

MAX_RULES: Final = 100
MAX_CONDITIONS: Final = 50
HUNDRED: Final = 100


def clean_rules(given: object, variants: Collection[str]) -> list[JsonObject]:
    """Rules that the model allows, in order; raises InvalidInputError."""
    if not isinstance(given, list | tuple) or len(given) > MAX_RULES:
        raise InvalidInputError("invalid_rule", "rules", f"rules must be a list of at most {MAX_RULES}")
    return [_clean_rule(rule, f"rules[{number}]", variants) for number, rule in enumerate(given)]


def _clean_rule(rule: object, field: str, variants: Collection[str]) -> JsonObject:
    if not isinstance(rule, Mapping) or set(rule) - {"name", "conditions", "variant", "split"}:
        message = f"{field} must be an object with conditions, a variant or a split, and perhaps a name"
        raise InvalidInputError("invalid_rule", field, message)
    served = [what for what in ("variant", "split") if rule.get(what) is not None]
    if len(served) != 1:
        raise InvalidInputError("invalid_rule", field, f"{field} must have either a variant or a split")
    clean: JsonObject = {"name": validation.name(rule.get("name"), f"{field}.name")}
    clean["conditions"] = _clean_conditions(rule.get("conditions"), f"{field}.conditions")
    if served == ["variant"]:
        clean["variant"] = known_variant(rule["variant"], f"{field}.variant", variants)
    else:
        clean["split"] = clean_split(rule["split"], f"{field}.split", variants)
    return clean


def _clean_conditions(given: object, field: str) -> list[JsonObject]:
    if not isinstance(given, list | tuple) or not 1 <= len(given) <= MAX_CONDITIONS:
        message = f"{field} must be a list of 1 to {MAX_CONDITIONS} conditions; for everyone there is the rollout"
        raise InvalidInputError("invalid_rule", field, message)
    return [_clean_condition(condition, f"{field}[{number}]") for number, condition in enumerate(given)]


def _clean_condition(given: object, field: str) -> JsonObject:
    if not isinstance(given, Mapping) or set(given) - {"field", "operator", "value"}:
        raise InvalidInputError("invalid_condition", field, f"{field} must be an object with field, operator and value")
    value = validation.json_value(given.get("value"), f"{field}.value", code="invalid_condition")
    path, operator = given.get("field"), given.get("operator")
    try:
        conditions.check(conditions.Condition(path, operator, value))  # type: ignore[arg-type]
    except conditions.UnknownOperatorError as error:
        raise InvalidInputError("unknown_operator", f"{field}.operator", f"{field}: {error}") from error
    except conditions.ConditionError as error:
        raise InvalidInputError("invalid_condition", field, f"{field}: {error}") from error
    return {"field": path, "operator": operator, "value": value}


def clean_split(given: object, field: str, variants: Collection[str]) -> list[JsonObject]:
    """Shares of variants in percent, which add up to 100; raises InvalidInputError."""
    if not isinstance(given, list | tuple) or not given:
        raise InvalidInputError("invalid_weights", field, f"{field} must be a list of variants with their weights")
    clean = [_clean_share(share, f"{field}[{number}]", variants) for number, share in enumerate(given)]
    names = [share["variant"] for share in clean]
    if len(set(names)) < len(names):
        raise InvalidInputError("invalid_weights", field, f"{field} must name each variant once")
    total = sum(_percent(share["weight"]) for share in clean)
    if total != HUNDRED:
        raise InvalidInputError("invalid_weights", field, f"the weights of {field} must add up to 100, not {total}")
    return clean


def _clean_share(given: object, field: str, variants: Collection[str]) -> JsonObject:
    if not isinstance(given, Mapping) or set(given) != {"variant", "weight"}:
        raise InvalidInputError("invalid_weights", field, f"{field} must be an object with variant and weight")
    weight = given["weight"]
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= HUNDRED:
        raise InvalidInputError("invalid_weights", f"{field}.weight", f"{field}.weight must be a number from 0 to 100")
    if (_percent(weight) * 1000) % 1:
        message = f"{field}.weight must have at most 3 decimals, not {weight}"
        raise InvalidInputError("invalid_weights", f"{field}.weight", message)
    return {"variant": known_variant(given["variant"], f"{field}.variant", variants), "weight": weight}


def known_variant(given: object, field: str, variants: Collection[str]) -> str:
    """The name of one of these variants; raises InvalidInputError."""
    if not isinstance(given, str) or given not in variants:
        names = ", ".join(variants) or "no variants yet"
        raise InvalidInputError("unknown_variant", field, f"{field} must be one of the flag's variants ({names})")
    return given


def in_order(rules: Sequence[Mapping[str, Any]]) -> list[JsonObject]:
    """Rules as people write them: jsonb forgets the order of an object's names."""
    return [
        {
            "name": rule.get("name"),
            "conditions": [
                {part: test.get(part) for part in ("field", "operator", "value")} for test in rule["conditions"]
            ],
            **({"split": split_in_order(rule["split"])} if "split" in rule else {"variant": rule["variant"]}),
        }
        for rule in rules
    ]


def split_in_order(split: Sequence[Mapping[str, Any]]) -> list[JsonObject]:
    """A split as people write it."""
    return [{"variant": share["variant"], "weight": share["weight"]} for share in split]


def to_engine(rules: Sequence[Mapping[str, Any]]) -> list[targeting.Rule]:
    """Clean rules as the engine's builder takes them."""
    return [targeting.Rule([_condition(part) for part in rule["conditions"]], _served(rule)) for rule in rules]


def split_to_engine(split: Sequence[Mapping[str, Any]] | None) -> targeting.Split | None:
    """A clean split in thousandths of a percent."""
    if split is None:
        return None
    return tuple((share["variant"], int(_percent(share["weight"]) * 1000)) for share in split)


def _condition(given: Mapping[str, Any]) -> conditions.Condition:
    return conditions.Condition(given["field"], given["operator"], given.get("value"))


def _served(rule: Mapping[str, Any]) -> str | targeting.Split:
    if "split" in rule:
        return split_to_engine(rule["split"]) or ()
    return str(rule["variant"])


def _percent(weight: JsonValue) -> Decimal:
    """Exactly what was written: 0.1 is a tenth, not the float nearest to it."""
    return Decimal(str(weight))
