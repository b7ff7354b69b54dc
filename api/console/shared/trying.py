"""Writes that many flags feel: tried first, told, confirmed, then done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from api.console.visit import visit
from db.views import Affected, EnvironmentView
from db.vocabulary import Actor
from db.wording import phrases
from db.writing import NOBODY


class Written(Protocol):
    """What a write came to, or would."""

    @property
    def affected(self) -> Sequence[Affected]:
        """The flags that it changes, by environment."""


W_co = TypeVar("W_co", bound=Written, covariant=True)


class Write(Protocol[W_co]):
    """A function of `db` that changes a segment or layer, with all its arguments but these."""

    def __call__(self, *, actor: Actor, dry_run: bool = False) -> W_co: ...


def tell_and_do(write: Write[W_co], what: str) -> W_co:
    """Say which flags a write changes, and do it if the person goes on.

    Every environment logs it, and may ask for a comment. Raises ConfirmationNeededError, and what the write raises.
    """
    tried = write(actor=NOBODY, dry_run=True)
    there = reached(tried.affected)
    sentence = f"{what} {phrases.affected(tried.affected)}"
    actor = visit().actor_for(sentence, *there, touched=visit().environments, asks=bool(there))
    return write(actor=actor)


def reached(affected: Sequence[Affected]) -> list[EnvironmentView]:
    """Return the environments whose flags a write changes."""
    names = {one.environment for one in affected if one.flags}
    return [environment for environment in visit().environments if environment.key in names]
