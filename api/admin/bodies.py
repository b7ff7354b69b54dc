"""Bodies and query strings of flags, as what `db` takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from api.admin import fields
from api.admin.fields import Fields
from api.errors import RequestError
from db.configuration.edits import FlagEdit, FlagQuery, Members, NewFlag
from db.configuration.flag_fields import FLAG_FIELDS
from db.targeting.layers import read_layer_range
from db.targeting.prerequisites import read_prerequisites
from db.targeting.rules import read_rules, read_split
from db.targeting.schedules import read_ramp, read_schedule
from db.vocabulary import UNSET, Unset, ValueType, given
from flagstaff.targeting import TOTAL_WEIGHT, LayerRange, Prerequisite, Ramp, Rule, Share, Split, Step

ON, OFF, USER = "on", "off", "user"
READ_ONLY = (
    *("id", "key", "type", "isStatic", "revision", "memberCount", "neededBy", "summary"),
    *("createdAt", "createdBy", "updatedAt", "updatedBy", "archivedAt"),
)
"""What answers have and no edit changes. A body may have it as it was read: an answer may be edited and sent back."""

WITHOUT_A_VERSION = ("revision", "neededBy", "summary")
"""What changes without a new version of the flag: with flags that it needs or that need it, segments, time."""

SAID_TWICE = ("rollout", "rolloutPercentage", "variants", "defaultVariant")
"""What answers say in two ways: a share as rollout and as percentage, the value of a static flag as its variant."""

OWN_FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "name": fields.text,
    "description": fields.text,
    "tags": fields.texts,
    "owner": fields.text,
    "purpose": fields.text,
    "expected_end": fields.text,
    "links": fields.objects,
    "metadata": fields.an_object,
    "client_side": fields.boolean,
}
"""What reads the flag's own fields, by their columns."""

EVERYWHERE = "*"
"""In place of an environment, for the global kill switch."""


def new_flag(body: Fields, *, client_side: bool) -> NewFlag:
    """Return the flag that `POST /api/admin/flags` asks for; `client_side` unless the body says otherwise."""
    targeting = Targeting.read(body)
    value_type = body.take("type", value_type_named, ValueType.BOOLEAN)
    if targeting.is_simple and value_type is not ValueType.BOOLEAN:
        message = "rolloutPercentage, targetedUsers and rules without a variant are for boolean flags"
        raise RequestError(422, "not_boolean", message, field="type")
    is_static = body.take("isStatic", fields.boolean, False)
    variants = body.take("variants", fields.an_object, UNSET)
    has_off = value_type is ValueType.BOOLEAN and (isinstance(variants, Unset) or OFF in variants)
    return NewFlag(
        key=body.take("key", fields.text),
        value_type=value_type,
        is_static=is_static,
        **own_fields_of_new(body, client_side=client_side),
        enabled=body.take("enabled", fields.boolean, False),
        value=body.take("value", fields.anything, UNSET),
        variants=variants,
        # Released clients log an error for every answer without a value: so there is one, unless null asks for none.
        default_variant=body.take(
            "defaultVariant", fields.text, OFF if has_off and not is_static else UNSET, nullable=True
        ),
        rules=() if isinstance(targeting.rules, Unset) else targeting.rules or (),
        rollout=first_rollout(targeting),
        split_by=given(targeting.split_by, None),
        layer=given(targeting.layer, None),
        schedule=() if isinstance(targeting.schedule, Unset) else targeting.schedule or (),
        prerequisites=() if isinstance(targeting.prerequisites, Unset) else targeting.prerequisites or (),
        members=[entry for entry in given(targeting.members, []) if entry.entity_ids],
    )


def new_simple_flag(body: Fields) -> NewFlag:
    """Return the flag that `POST /feature-flag/admin` asks for: client keys see it unless the body says otherwise."""
    return NewFlag(
        key=body.take("flagKey", fields.text),
        value_type=body.take("type", value_type_named, ValueType.BOOLEAN),
        is_static=body.take("isStatic", fields.boolean, False),
        **own_fields_of_new(body, client_side=True),
        enabled=body.take("enabled", fields.boolean, True),
        value=body.take("staticValue", fields.anything, UNSET),
    )


def flag_edit(body: Fields) -> FlagEdit:
    """Return the changes that a PUT asks for: fields that are absent stay as they are, null clears."""
    body.refuse(READ_ONLY, "can't be changed")
    targeting = Targeting.read(body)
    return FlagEdit(
        **own_fields(body, UNSET),
        enabled=body.take("enabled", fields.boolean, UNSET),
        value=body.take("value", fields.anything, UNSET),
        variants=body.take("variants", fields.an_object, UNSET),
        default_variant=body.take("defaultVariant", fields.text, UNSET, nullable=True),
        rules=targeting.rules,
        rollout=targeting.rollout,
        ramp=targeting.ramp,
        split_by=targeting.split_by,
        layer=targeting.layer,
        schedule=targeting.schedule,
        prerequisites=targeting.prerequisites,
        members=targeting.members,
    )


def own_fields_of_new(body: Fields, *, client_side: bool) -> dict[str, Any]:
    """Take what is the flag's own in every environment, of a new flag; null is as if it were absent."""
    own = own_fields(body, None)
    if own["client_side"] is None:
        own["client_side"] = client_side
    return own


def own_fields(body: Fields, absent: Unset | None) -> dict[str, Any]:
    """Take what is the flag's own in every environment; what is not there is `absent`."""
    return {name: body.take(FLAG_FIELDS[name].json, read, absent, nullable=True) for name, read in OWN_FIELDS.items()}


def drop_unchanged(body: Fields, version: int | None, current: Callable[[], Mapping[str, Any]]) -> None:
    """Drop from an answer that was edited and sent back what is as it is now, where it would be refused or ambiguous.

    `current` gives the flag as answers have it; it is asked for only where the body looks like an answer. One of an
    older version is left to the version's own check.
    """
    if all(name in body for name in WITHOUT_A_VERSION):
        body.drop(WITHOUT_A_VERSION)
    if any(name in body for name in READ_ONLY) or all(name in body for name in ("rollout", "rolloutPercentage")):
        flag = current()
        if version is not None and version != flag["version"]:
            body.drop(READ_ONLY)
        body.drop_unchanged((*READ_ONLY, *SAID_TWICE), flag)


def flag_query(query: Fields, environment: str) -> FlagQuery:
    """Return which flags a list asks for."""
    tags = query.take("tag", fields.text, "")
    return FlagQuery(
        environment,
        search=query.take("search", fields.text, ""),
        value_type=query.take("type", value_type_named, None),
        is_static=query.take("static", fields.flag_in_query, None),
        enabled=query.take("enabled", fields.flag_in_query, None),
        tags=[tag for tag in tags.split(",") if tag],
        owner=query.take("owner", fields.text, None),
        purpose=query.take("purpose", fields.text, None),
        client_side=query.take("clientSide", fields.flag_in_query, None),
        archived=query.take("archived", fields.flag_in_query, False),
        sort=query.take("sort", fields.one_of("key", "name", "created", "updated"), "key"),
        descending=query.take("order", fields.one_of("asc", "desc"), "asc") == "desc",
        limit=query.take("limit", fields.between(1, 1000), 100),
        after=query.take("next", fields.text, None),
    )


@dataclass(frozen=True)
class Targeting:
    """Rules, rollout and targeted users of a body, each UNSET where it is absent."""

    rules: tuple[Rule, ...] | Unset | None
    rollout: Split | Unset | None
    ramp: Ramp | Unset | None
    split_by: str | Unset | None
    layer: LayerRange | Unset | None
    schedule: tuple[Step, ...] | Unset | None
    prerequisites: tuple[Prerequisite, ...] | Unset | None
    members: list[Members] | Unset
    is_simple: bool
    """Whether it is, in part, said in the short forms that only boolean flags have."""

    @classmethod
    def read(cls, body: Fields) -> Targeting:
        """Take the fields out of the body."""
        percentage = body.take("rolloutPercentage", read_percentage, UNSET, nullable=True)
        if "rollout" in body and percentage is not UNSET:
            message = "give rollout or rolloutPercentage, not both"
            raise RequestError(400, "ambiguous_field", message, field="rollout")
        users = body.take("targetedUsers", fields.texts, UNSET, nullable=True)
        rules = body.take("rules", fields.objects, UNSET, nullable=True)
        rollout = body.take("rollout", fields.objects, UNSET, nullable=True)
        flat = isinstance(rules, list) and bool(rules) and is_flat(rules)
        if flat:
            rules = [{"conditions": rules, "variant": ON}]
        return cls(
            rules=read_rules(rules) if isinstance(rules, list) else rules,
            rollout=split_of(percentage) if isinstance(rollout, Unset) else read_rollout(rollout),
            ramp=body.take("ramp", read_ramp, UNSET, nullable=True),
            split_by=body.take("splitBy", fields.text, UNSET, nullable=True),
            layer=body.take("layer", read_layer_range, UNSET, nullable=True),
            schedule=body.take("schedule", read_schedule, UNSET, nullable=True),
            prerequisites=body.take("prerequisites", read_prerequisites, UNSET, nullable=True),
            members=UNSET if users is UNSET else [Members(USER, users or [], variant=ON)],
            is_simple=flat or bool(users) or isinstance(percentage, int | float),
        )


def first_rollout(targeting: Targeting) -> Split | Ramp | None:
    """Return the rollout of a new flag. Raises `RequestError` (400) where there is a ramp too."""
    rollout, ramp = given(targeting.rollout, None), given(targeting.ramp, None)
    if rollout and ramp:
        raise RequestError(400, "ambiguous_field", "give rollout or ramp, not both", field="ramp")
    return ramp or rollout


def read_rollout(rollout: list[dict[str, Any]] | None) -> Split | None:
    """Return the rollout in its full form; None is none."""
    return None if rollout is None else read_split(rollout, "rollout")


def is_flat(rules: list[dict[str, Any]]) -> bool:
    """Tell whether these are conditions, all of ONE rule that serves `on`, and not rules of the full form.

    Raises `RequestError` (400) for a mixture.
    """
    flat = ["field" in rule or "operator" in rule for rule in rules]
    if any(flat) and not all(flat):
        message = "rules must be either rules (with conditions) or conditions (with field, operator, value)"
        raise RequestError(400, "invalid_field", message, field="rules")
    return all(flat)


def read_percentage(value: Any) -> int | float:
    """Return a share in percent, to the thousandth."""
    percentage = fields.number(value)
    if not 0 <= percentage <= 100 or (Decimal(str(percentage)) * 1000) % 1:
        message = "rolloutPercentage must be a number from 0 to 100 with at most 3 decimals"
        raise RequestError(422, "invalid_percentage", message, field="rolloutPercentage")
    return percentage


def split_of(percentage: int | float | Unset | None) -> Split | Unset | None:
    """Return the rollout that serves `on` to this share; `on` comes first, so that growing it keeps everyone who was
    in.
    """
    if percentage is None or isinstance(percentage, Unset):
        return percentage
    share = Share.of_percent(ON, percentage)
    return share, Share(OFF, TOTAL_WEIGHT - share.weight)


def value_type_named(value: Any) -> ValueType:
    """Return the value type of this name, in capitals or not."""
    try:
        return ValueType(fields.text(value).lower())
    except ValueError:
        raise ValueError(", ".join(kind.upper() for kind in ValueType)) from None
