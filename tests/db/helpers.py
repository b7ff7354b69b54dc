"""Shorthand that the tests of the database share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from db.administration import environments
from db.configuration.edits import FlagEdit, NewFlag
from db.flags import flags
from db.history import changes
from db.targeting.rules import read_rules, read_split
from db.views import FlagView
from db.vocabulary import Actor, Source
from flagstaff.targeting import Ramp

ADA = Actor("ada@example.com", Source.API)
BOB = Actor("bob@example.com", Source.INTERVAL)


def make(key: str = "checkout", environment: str = "prod", **fields: Any) -> FlagView:
    """A flag, made in one call: dynamic and boolean unless said otherwise."""
    return flags.create(NewFlag(key, **targeting(fields)), environment, actor=ADA)


def edit(**fields: Any) -> FlagEdit:
    """An edit whose rules and rollout are written as in JSON."""
    return FlagEdit(**targeting(fields))


def targeting(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields of a flag, their rules and rollout read from JSON where they are not read yet."""
    read = dict(fields)
    if not isinstance(read.get("rules"), tuple | None):
        read["rules"] = read_rules(read["rules"])
    if not isinstance(read.get("rollout"), tuple | Ramp | None):
        read["rollout"] = read_split(read["rollout"], "rollout")
    return read


def revisions() -> dict[str, int]:
    """The revision of each environment."""
    return {environment.key: environment.revision for environment in environments.list_all()}


def footprint() -> tuple[dict[str, int], int]:
    """What a refused write must leave as it was."""
    return revisions(), changes.page().total


def country_is(*countries: str) -> dict[str, Any]:
    """A condition."""
    return {"field": "country", "operator": "in", "value": list(countries)}


Call = Callable[[], object]
