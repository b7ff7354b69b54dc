"""Following an environment: everything once, then only what changed."""

from __future__ import annotations

from typing import NamedTuple

from db.words import JsonObject


class Delta(NamedTuple):
    """What became of an environment's flags since the refresh before."""

    revision: int
    changed: dict[str, JsonObject]
    """Definitions by key; member lists may be `collections.abc.Set`s of text instead of lists."""
    removed: set[str]
    """Keys of flags that are gone."""
    metadata: JsonObject
    """The document's metadata at this revision."""
    complete: bool
    """Whether `changed` is everything there is, so that what is not in it is gone."""


class EnvironmentReader:
    """Keeps up with one environment. One thread at a time; the caller hands each delta on before the next refresh."""

    def __init__(self, environment: str, *, bucketing: str = "v2") -> None:
        self.environment = environment
        self.bucketing = bucketing
        self.revision = 0

    def refresh(self) -> Delta:
        """What changed since the last refresh; the first one brings everything.

        Raises UnknownEnvironmentError or DatabaseUnavailableError and is then as if it had not been called.
        """
        raise NotImplementedError
