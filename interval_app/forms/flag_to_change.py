"""Find a flag that somebody is about to change: with its environment, the permission, and the version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from db.errors import VersionConflictError
from db.flags import flags
from db.views import EnvironmentView, FlagView
from db.vocabulary import Actor
from interval_app.forms.conflicts import describe_conflict
from interval_app.forms.form import flag_asked
from interval_app.session.executor import in_thread
from interval_app.session.interaction import ActionInteraction

T_co = TypeVar("T_co", covariant=True)


class FlagWrite(Protocol[T_co]):
    """A function of `db` that changes the flag, with all its arguments but these."""

    def __call__(self, *, actor: Actor, version: int) -> T_co: ...


@dataclass
class FlagToChange:
    """A flag in an environment in which the person at the dashboard may change it."""

    environment: EnvironmentView
    flag: FlagView
    """The flag as the person was shown it: what they write is based on this version."""
    reaches: Sequence[EnvironmentView]
    """The environments that the change is for."""
    interaction: ActionInteraction

    @property
    def actor(self) -> Actor:
        """The person, with the comment that they have given by now."""
        return self.interaction.actor_for(*self.reaches)

    async def write(self, function: FlagWrite[T_co]) -> T_co:
        """Write on top of the version that the person was shown.

        Raises ChangedMeanwhileError where somebody else has changed the flag since. From then on `flag` is what they
        made of it: `until_accepted` tells the person, and the next attempt is based on that.
        """
        try:
            return await in_thread(function, actor=self.actor, version=self.flag.version)
        except VersionConflictError as error:
            conflict = await describe_conflict(error, self.flag)
            self.flag = conflict.flag
            raise conflict from error


async def flag_to_change(
    interaction: ActionInteraction,
    environment: EnvironmentView | None = None,
    flag: str | None = None,
    *,
    reaches: Sequence[EnvironmentView] = (),
) -> FlagToChange:
    """Find the flag, for a person who may change it there.

    The environment is that of the link unless one is given. The flag is the one with the given key or id; else that of
    the link, or one that the person picks. `reaches` are the environments that the change is for, where that is more
    than the one. Raises NotAllowedError before anything is asked; UnknownEnvironmentError, FlagNotFoundError.
    """
    environment = environment or await interaction.environment()
    reaches = reaches or (environment,)
    interaction.actor_for(*reaches)
    found = await (
        flag_asked(interaction, environment) if flag is None else in_thread(flags.get, flag, environment.key)
    )
    return FlagToChange(environment, found, reaches, interaction)
