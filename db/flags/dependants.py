"""Which flags need which: what prerequisites say, read from the side of the flag that is needed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TypeAlias

from db.configuration.references import needing
from db.database import snapshot
from db.writing import find_environment
from flagstaff.targeting import Prerequisite

Dependants: TypeAlias = Mapping[str, Prerequisite]
"""What flags need of one flag, by their keys."""


def by_flag(environment: str) -> Mapping[str, Dependants]:
    """Return the live flags that need each flag, by the key of that flag; raises UnknownEnvironmentError."""
    found: defaultdict[str, dict[str, Prerequisite]] = defaultdict(dict)
    with snapshot():
        for dependant in needing(find_environment(environment)):
            for prerequisite in dependant.prerequisites:
                found[prerequisite.flag][dependant.key] = prerequisite
    return found


def of(key: str, environment: str) -> Dependants:
    """Return the live flags that need this one; raises UnknownEnvironmentError."""
    return by_flag(environment).get(key, {})
