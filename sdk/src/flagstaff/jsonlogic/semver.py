"""Comparing versions: flagd's `sem_ver` operation on https://semver.org versions.

As flagd has it (https://flagd.dev/reference/custom-operations/semver-operation/), a leading `v` is dropped and missing
parts are zero, so that `v1.2` is 1.2.0.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from semver import Version

COMPARISONS: Mapping[str, Callable[[Version, Version], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "^": lambda a, b: a.major == b.major,
    "~": lambda a, b: (a.major, a.minor) == (b.major, b.minor),
}


LONGEST = 256
"""Characters; what is longer is no version, and must not fill the memory of those parsed."""


def parse(version: str) -> Version | None:
    """Return the version a text stands for, or None."""
    return _parse(version) if len(version) <= LONGEST else None


@lru_cache(maxsize=4096)  # an application meets few versions, but often
def _parse(version: str) -> Version | None:
    core, rest = _split(version[1:] if version[:1] in ("v", "V") else version)
    try:
        return Version.parse(core + ".0" * (2 - core.count(".")) + rest)
    except ValueError:
        return None


def _split(version: str) -> tuple[str, str]:
    """`1.2` and what follows it, a pre-release or a build."""
    end = min((at for at in (version.find("-"), version.find("+")) if at >= 0), default=len(version))
    return version[:end], version[end:]


def sem_ver(*arguments: Any) -> bool | None:
    """`[version, comparison, version]`; None (no answer) where one of the three can't be read."""
    if len(arguments) != 3 or arguments[1].__class__ is not str:
        return None
    a, b, compare = parse(str(arguments[0])), parse(str(arguments[2])), COMPARISONS.get(arguments[1])
    return None if a is None or b is None or compare is None else bool(compare(a, b))
