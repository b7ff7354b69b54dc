"""What a write to one flag means for others: flags that need it, and what it needs itself."""

# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import orjson

from db.configuration.catalog import read_catalog
from db.configuration.flag_rows import ENABLED_NOW, live_flag_rows
from db.configuration.layer_ranges import check_range
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


class Needing(NamedTuple):
    """A flag of one environment that has prerequisites."""

    configuration_id: int
    key: str
    prerequisites: Sequence[Prerequisite]


def needing(environment: EnvironmentRef) -> list[Needing]:
    """Return the live flags that have prerequisites in an environment."""
    found = rows(
        "SELECT c.id, f.key, c.prerequisites FROM configuration c JOIN flag f ON f.id = c.flag_id"
        " WHERE c.environment_id = %s AND c.prerequisites <> '[]'::jsonb AND f.archived_at IS NULL ORDER BY f.key",
        environment.id,
    )
    return [Needing(id_, key, tuple(map(Prerequisite.from_json, needs))) for id_, key, needs in found]


def dependants(environment: EnvironmentRef, keys: Collection[str]) -> list[Needing]:
    """Return the flags that need one of these flags, or a flag that does, in the order of their keys."""
    every = needing(environment)
    reached = set(keys)
    found: dict[str, Needing] = {}
    while latest := [
        each
        for each in every
        if each.key not in found and any(prerequisite.flag in reached for prerequisite in each.prerequisites)
    ]:
        found |= {each.key: each for each in latest}
        reached |= {each.key for each in latest}
    return [found[key] for key in sorted(found)]


def touch(writing: Write, environment: EnvironmentRef, keys: Collection[str]) -> None:
    """Give the flags that need these the revision of the write: their definitions have changed too."""
    if ids := [each.configuration_id for each in dependants(environment, keys)]:
        revision = writing.stamp(environment)
        database.execute_sql("UPDATE configuration SET revision = %s WHERE id = ANY(%s)", (revision, ids))


def affected(environment: EnvironmentRef, keys: Sequence[str]) -> Affected:
    """Return these flags and those that need them, whose definitions have these inside."""
    if not keys:
        return Affected(environment.key, [], 0)
    every = sorted({*keys, *(each.key for each in dependants(environment, keys))})
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


def check(environment: EnvironmentRef, key: str, state: State) -> None:
    """Check what a flag's new state refers to, and what refers to it.

    Raises InvalidInputError (unknown flag, variant, segment or layer, a circle), RequiredByError where a flag needs a
    variant that is gone, and RangeTakenError where others have a part of its range.
    """
    _check_segments(state)
    if state.layer is not None:
        check_range(environment, key, state.layer)
    _check_prerequisites(environment, key, state.prerequisites)
    lost = [
        each.key
        for each in needing(environment)
        for prerequisite in each.prerequisites
        if prerequisite.flag == key and not set(prerequisite.variants) <= state.variants.keys()
    ]
    if lost:
        raise RequiredByError(key, {environment.key: lost})


def refuse_if_needed(environment: EnvironmentRef, key: str) -> None:
    """Raise RequiredByError where a flag needs this one, which is to go."""
    users = [each.key for each in needing(environment) if key in (one.flag for one in each.prerequisites)]
    if users:
        raise RequiredByError(key, {environment.key: users})


def _check_segments(state: State) -> None:
    named = state.segments()
    if not named:
        return
    known = {key for (key,) in rows("SELECT key FROM segment WHERE key = ANY(%s) AND archived_at IS NULL", list(named))}
    if missing := sorted(named - known):
        raise InvalidInputError("unknown_segment", "rules", f"there is no segment {', '.join(map(repr, missing))}")


def _check_prerequisites(environment: EnvironmentRef, key: str, prerequisites: Sequence[Prerequisite]) -> None:
    if not prerequisites:
        return
    flags = {flag.key: flag for flag in live_flag_rows(environment.id, [each.flag for each in prerequisites])}
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
    _refuse_circles(environment, key, prerequisites)


def _refuse_circles(environment: EnvironmentRef, key: str, prerequisites: Sequence[Prerequisite]) -> None:
    needs = {each.key: [one.flag for one in each.prerequisites] for each in needing(environment)}
    needs[key] = [one.flag for one in prerequisites]
    if circle := _circle(key, needs):
        message = f"the prerequisites would lead in a circle: {' needs '.join(circle)}"
        raise InvalidInputError("circular_prerequisite", "prerequisites", message)


def _circle(key: str, needs: Mapping[str, Sequence[str]]) -> list[str] | None:
    """Return the way from a flag back to itself; None where there is none."""
    ways = [[key]]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for needed in needs.get(way[-1], ()):
            if needed == key:
                return [*way, key]
            if needed not in seen:
                seen.add(needed)
                ways.append([*way, needed])
    return None


def refuse_too_complex(environment: EnvironmentRef, keys: Collection[str]) -> None:
    """Measure the definitions of these flags and of those that need them, without the ids of members.

    Raises InvalidInputError (`too_complex`).
    """
    affected = [*keys, *(each.key for each in dependants(environment, keys))]
    flags = live_flag_rows(environment.id, affected)
    catalog = read_catalog(environment.id, flags, lambda needed: {}, ids_as=None)
    for flag in flags:
        logic = build(flag.configuration({}), catalog).logic
        operations, nesting = _size(logic)
        size = len(orjson.dumps(logic)) if nesting <= MAX_NESTING else 0
        if size > MAX_BYTES or operations > MAX_OPERATIONS or nesting > MAX_NESTING:
            raise _too_complex(flag.key, flag.prerequisites, operations, size, nesting)


def _too_complex(
    key: str, prerequisites: Sequence[Prerequisite], operations: int, size: int, nesting: int
) -> InvalidInputError:
    needs = f" (with what it needs: {', '.join(one.flag for one in prerequisites)})" if prerequisites else ""
    message = (
        f"the flag {key!r}{needs} would become too complex: {operations:,} operations of at most {MAX_OPERATIONS:,}, "
        f"{size:,} bytes of at most {MAX_BYTES:,}, {nesting} levels of at most {MAX_NESTING}"
    )
    return InvalidInputError("too_complex", "rules", message)


def _size(logic: object) -> tuple[int, int]:
    """Return how many operations there are, and how deep they are nested."""
    operations = nesting = 0
    level: list[object] = [logic]
    while level:
        found = [node for node in level if isinstance(node, dict)]
        operations += len(found)
        nesting += bool(found)
        level = [part for node in found for part in _parts(node)]
    return operations, nesting


def _parts(node: dict[str, object]) -> Iterator[object]:
    """Yield what is directly inside an operation, lists opened."""
    inside: list[object] = list(node.values())
    while inside:
        part = inside.pop()
        if isinstance(part, list):
            inside += part
        else:
            yield part
