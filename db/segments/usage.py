"""Where segments are used."""

# mypy: allow-untyped-calls

from __future__ import annotations

from db.configuration import references
from db.configuration.flag_rows import ENABLED_NOW
from db.configuration.needs import Needs
from db.database import database, rows, snapshot, write_json
from db.segments.edits import Affected
from db.segments.rows import find
from db.writing import EnvironmentRef, Write, live_environments


def usage(key: str) -> list[Affected]:
    """Return the flags that a change of this segment would change, by environment; raises SegmentNotFoundError."""
    with snapshot():
        find(key)
        return [found for environment in live_environments() if (found := affected(environment, key)).flags]


def users(environment: EnvironmentRef, key: str) -> list[str]:
    """Return the live flags whose rules name a segment in an environment, in the order of their keys."""
    found = rows(
        "SELECT f.key FROM configuration c JOIN flag f ON f.id = c.flag_id WHERE c.environment_id = %s"
        " AND c.segments <> '[]'::jsonb AND c.segments @> %s::jsonb AND f.archived_at IS NULL ORDER BY f.key",
        *(environment.id, write_json([key])),
    )
    return [flag for (flag,) in found]


def affected(environment: EnvironmentRef, key: str) -> Affected:
    """Return the flags whose definitions have a segment in them."""
    named = users(environment, key)
    if not named:
        return Affected(environment.key, [], 0)
    keys = sorted({*named, *(each.key for each in Needs.read(environment).dependants(named))})
    ((enabled,),) = rows(
        "SELECT count(*) FROM configuration c JOIN flag f ON f.id = c.flag_id"
        f" WHERE c.id IN {ENABLED_NOW} AND f.key = ANY(%s) AND f.archived_at IS NULL",
        *(environment.id, True, keys),
    )
    return Affected(environment.key, keys, enabled)


def touch(writing: Write, key: str, *, has_other_rules: bool) -> list[Affected]:
    """Give the flags whose definitions have a segment in them the revision of the write, in each environment.

    Raises InvalidInputError where one would become too complex, which ids do not count for.
    """
    found = [affected(environment, key) for environment in writing.environments]
    for environment, flags in zip(writing.environments, found, strict=True):
        if not flags.flags:
            continue
        database.execute_sql(
            "UPDATE configuration SET revision = %s FROM flag WHERE flag.id = configuration.flag_id"
            " AND configuration.environment_id = %s AND flag.key = ANY(%s) AND flag.archived_at IS NULL",
            (writing.stamp(environment), environment.id, list(flags.flags)),
        )
        if has_other_rules:
            references.refuse_too_complex(Needs.read(environment), flags.flags)
    return [each for each in found if each.flags]
