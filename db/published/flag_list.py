"""The list of boolean flags, as far as it can be read off their definitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from db.published.manifest import Part
from flagstaff import targeting

LISTED: Final = ("on", "user")
"""The variant and the type of the entities that are listed."""


def listed_users(definition: Mapping[str, Any]) -> list[str]:
    """Return the ids of those entities that a flag's targeting names itself."""
    branches = targeting.read(definition.get("targeting"))
    return [id_ for branch in branches if (branch.serves, branch.entity_type) == LISTED for id_ in branch.members]


def entries(part: Part) -> Iterator[Mapping[str, Any]]:
    """Give what the list says of the flags of a part, as `db.definitions.summaries.to_json` does."""
    for key, said in part.listed.items():
        users = said["targeted_users"] if "targeted_users" in said else listed_users(part.flags[key])
        yield {**said, "targeted_users": users}
