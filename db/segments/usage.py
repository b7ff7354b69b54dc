"""Where segments are used."""

# mypy: allow-untyped-calls

from __future__ import annotations

from db.configuration import references
from db.configuration.needs import Needs
from db.database import rows, snapshot, write_json
from db.segments.rows import find
from db.views import Affected
from db.writing import EnvironmentRef, Write, live_environments


def usage(key: str) -> list[Affected]:
    """Return the flags that a change of this segment would change, by environment; raises SegmentNotFoundError."""
    with snapshot():
        find(key)
        found = [
            references.affected(Needs.read(environment), users(environment, key)) for environment in live_environments()
        ]
        return [each for each in found if each.flags]


def users(environment: EnvironmentRef, key: str) -> list[str]:
    """Return the live flags whose rules name a segment in an environment, in the order of their keys."""
    found = rows(
        "SELECT f.key FROM configuration c JOIN flag f ON f.id = c.flag_id WHERE c.environment_id = %s"
        " AND c.segments <> '[]'::jsonb AND c.segments @> %s::jsonb AND f.archived_at IS NULL ORDER BY f.key",
        *(environment.id, write_json([key])),
    )
    return [flag for (flag,) in found]


def touch(writing: Write, key: str, *, has_other_rules: bool) -> list[Affected]:
    """Give the flags whose definitions have a segment in them the revision of the write, in each environment.

    Raises InvalidInputError where one would become too complex, which ids do not count for.
    """
    found = []
    for environment in writing.environments:
        needs = Needs.read(environment)
        flags = references.affected(needs, users(environment, key))
        references.touch_all(writing, environment, flags)
        if has_other_rules and flags.flags:
            references.refuse_too_complex(needs, flags.flags)
        found.append(flags)
    return [each for each in found if each.flags]
