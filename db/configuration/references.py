"""What a write to one flag means for others: flags that need it, and what it needs itself."""

# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

import orjson

from db.configuration.catalog import read_catalog
from db.configuration.flag_rows import ENABLED_NOW, live_flag_rows
from db.configuration.layer_ranges import check_range
from db.configuration.needs import Needs
from db.configuration.state import State
from db.database import database, rows
from db.errors import InvalidInputError, RequiredByError
from db.views import Affected
from db.writing import EnvironmentRef, Write
from flagstaff.targeting import Prerequisite, build

MAX_BYTES: Final = 1 << 20
MAX_OPERATIONS: Final = 20_000
MAX_NESTING: Final = 45
"""How deep the targeting of a flag may be nested; each prerequisite of a prerequisite is some levels more."""


def touch(writing: Write, needs: Needs, key: str) -> None:
    """Give the flags that need this one the revision of the write: their definitions have changed too."""
    if ids := [each.configuration_id for each in needs.dependants([key])]:
        revision = writing.stamp(needs.environment)
        database.execute_sql("UPDATE configuration SET revision = %s WHERE id = ANY(%s)", (revision, ids))


def affected(needs: Needs, keys: Sequence[str]) -> Affected:
    """Return these flags and those that need them, whose definitions have these inside."""
    environment = needs.environment
    if not keys:
        return Affected(environment.key, [], 0)
    every = sorted({*keys, *(each.key for each in needs.dependants(keys))})
    ((enabled,),) = rows(
        "SELECT count(*) FROM configuration c JOIN flag f ON f.id = c.flag_id"
        f" WHERE c.id IN {ENABLED_NOW} AND f.key = ANY(%s) AND f.archived_at IS NULL",
        *(environment.id, True, every),
    )
    return Affected(environment.key, every, enabled)


def touch_all(writing: Write, environment: EnvironmentRef, flags: Affected) -> None:
    """Give all of these flags the revision of the write: what they refer to has changed."""
    if flags.flags:
        database.execute_sql(
            "UPDATE configuration SET revision = %s FROM flag WHERE flag.id = configuration.flag_id"
            " AND configuration.environment_id = %s AND flag.key = ANY(%s) AND flag.archived_at IS NULL",
            (writing.stamp(environment), environment.id, list(flags.flags)),
        )


def check(needs: Needs, key: str, state: State) -> None:
    """Check what a flag's new state, which is written by now, refers to, and what refers to it.

    Raises InvalidInputError (unknown flag, variant, segment or layer, a circle), RequiredByError where a flag needs a
    variant that is gone, and RangeTakenError where others have a part of its range.
    """
    _check_segments(state)
    if state.layer is not None:
        check_range(needs.environment, key, state.layer)
    _check_prerequisites(needs, key, state.prerequisites)
    lost = [flag for flag, prerequisite in needs.of(key) if not set(prerequisite.variants) <= state.variants.keys()]
    if lost:
        raise RequiredByError(key, {needs.environment.key: lost})


def refuse_if_needed(environments: Sequence[EnvironmentRef], key: str) -> None:
    """Raise RequiredByError where a flag needs this one, which is to go."""
    users = {environment.key: [flag for flag, _ in Needs.read(environment).of(key)] for environment in environments}
    if any(users.values()):
        raise RequiredByError(key, {environment: flags for environment, flags in users.items() if flags})


def _check_segments(state: State) -> None:
    named = state.segments()
    if not named:
        return
    known = {key for (key,) in rows("SELECT key FROM segment WHERE key = ANY(%s) AND archived_at IS NULL", list(named))}
    if missing := sorted(named - known):
        raise InvalidInputError("unknown_segment", "rules", f"there is no segment {', '.join(map(repr, missing))}")


def _check_prerequisites(needs: Needs, key: str, prerequisites: Sequence[Prerequisite]) -> None:
    if not prerequisites:
        return
    flags = {flag.key: flag for flag in live_flag_rows(needs.environment.id, [each.flag for each in prerequisites])}
    for number, prerequisite in enumerate(prerequisites):
        field = f"prerequisites[{number}]"
        if prerequisite.flag == key:
            raise InvalidInputError("circular_prerequisite", field, f"the flag {key!r} can't need itself")
        if prerequisite.flag not in flags:
            message = f"{field}: there is no flag {prerequisite.flag!r}"
            raise InvalidInputError("unknown_prerequisite", f"{field}.flag", message)
        known = [name for name, _ in flags[prerequisite.flag].variants]
        for variant in prerequisite.variants:
            if variant not in known:
                message = f"{field}: {prerequisite.flag!r} has no variant {variant!r}, but {', '.join(known)}"
                raise InvalidInputError("unknown_variant", f"{field}.variants", message)
    if circle := needs.circle(key):
        message = f"the prerequisites would lead in a circle: {' needs '.join(circle)}"
        raise InvalidInputError("circular_prerequisite", "prerequisites", message)


def refuse_too_complex(needs: Needs, keys: Collection[str]) -> None:
    """Measure the definitions of these flags and of those that need them, without the ids of members.

    Raises InvalidInputError (`too_complex`).
    """
    affected = [*keys, *(each.key for each in needs.dependants(keys))]
    flags = live_flag_rows(needs.environment.id, affected)
    catalog = read_catalog(needs.environment.id, flags, lambda needed: {}, ids_as=None)
    built = [build(flag.configuration({}), catalog).logic for flag in flags]
    sizes: dict[int, Size] = {}  # by ids, which are good while what was built is there
    for flag, logic in zip(flags, built, strict=True):
        size = measured(logic, sizes)
        if size.bytes > MAX_BYTES or size.operations > MAX_OPERATIONS or size.nesting > MAX_NESTING:
            raise _too_complex(flag.key, flag.prerequisites, size)


def _too_complex(key: str, prerequisites: Sequence[Prerequisite], size: Size) -> InvalidInputError:
    needs = f" (with what it needs: {', '.join(one.flag for one in prerequisites)})" if prerequisites else ""
    message = (
        f"the flag {key!r}{needs} would become too complex: {size.operations:,} operations of at most"
        f" {MAX_OPERATIONS:,}, {size.bytes:,} bytes of at most {MAX_BYTES:,}, {size.nesting} levels of at most"
        f" {MAX_NESTING}"
    )
    return InvalidInputError("too_complex", "rules", message)


class Size(NamedTuple):
    """How large a targeting is: its operations, how deep they are nested, and its length as JSON."""

    operations: int
    nesting: int
    bytes: int


def measured(node: Any, known: dict[int, Size]) -> Size:
    """Return the size of a targeting. `known` has what was measured before, by `id`.

    A segment or a flag that is written in at many places is one object, and is looked at once: ten rules can make a
    billion operations.
    """
    if not isinstance(node, dict | list):
        return Size(0, 0, len(orjson.dumps(node)))
    if id(node) not in known:
        known[id(node)] = _measured_anew(node, known)
    return known[id(node)]


def _measured_anew(node: dict[str, Any] | list[Any], known: dict[int, Size]) -> Size:
    own = int(isinstance(node, dict))
    parts = list(node.values()) if isinstance(node, dict) else node
    if not any(isinstance(part, dict | list) for part in parts):
        return Size(own, own, len(orjson.dumps(node)))
    inside = [measured(part, known) for part in parts]
    names = sum(len(orjson.dumps(name)) + 1 for name in node) if isinstance(node, dict) else 0
    return Size(
        sum(part.operations for part in inside) + own,
        max(part.nesting for part in inside) + own,
        sum(part.bytes for part in inside) + names + len(parts) + 1,
    )
