"""Find a segment that somebody is about to change: with the permission, the version, and what a change reaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from db.errors import VersionConflictError
from db.segments import segments
from db.segments.edits import SegmentView, SegmentWritten
from db.views import EnvironmentView
from db.vocabulary import Actor
from db.wording import phrases
from interval_app.session.executor import in_thread
from interval_app.session.interaction import ActionInteraction
from interval_app.session.routes import Route


class SegmentWrite(Protocol):
    """A function of `db` that changes the segment, with all its arguments but these."""

    def __call__(self, *, actor: Actor, version: int, dry_run: bool = False) -> SegmentWritten: ...


@dataclass
class SegmentToChange:
    """A segment, and the person who may change every environment: it is the same in all of them."""

    segment: SegmentView
    """The segment as the person was shown it: what they write is based on this version."""
    environments: Sequence[EnvironmentView]
    interaction: ActionInteraction

    @property
    def actor(self) -> Actor:
        """The person, with the comment that they have given by now."""
        return self.interaction.actor_for(*self.environments)

    async def write(self, function: SegmentWrite) -> SegmentWritten:
        """Write on top of the version that the person was shown.

        Raises VersionConflictError where somebody else has changed the segment since. From then on `segment` is what
        they made of it: `until_accepted` tells the person, and the next attempt is based on that.
        """
        return await self._on_top(function, dry_run=False)

    async def confirm_and_write(self, function: SegmentWrite, what: str) -> SegmentWritten:
        """Say which flags would change, and write if the person goes on; without a word where nothing would change.

        Raises DeclinedError at a no, and what `write` raises.
        """
        tried = await self._on_top(function, dry_run=True)
        if tried.segment.version == self.segment.version:
            return tried
        protected = [environment.key for environment in self.environments if environment.protected]
        told = [what, phrases.affected(tried.affected), *([f"Protected: {', '.join(protected)}."] if protected else [])]
        await self.interaction.confirm(f"Change {self.segment.key}?", " ".join(told), self.environments)
        return await self.write(function)

    async def _on_top(self, function: SegmentWrite, *, dry_run: bool) -> SegmentWritten:
        try:
            return await in_thread(function, actor=self.actor, version=self.segment.version, dry_run=dry_run)
        except VersionConflictError:
            self.segment = await in_thread(segments.get, self.segment.key)
            raise

    async def show(self, said: str) -> str:
        """Lead the browser to the segment's page, which says this."""
        return await self.interaction.go(Route.SEGMENT, said, segment=self.segment.key)


async def segment_to_change(interaction: ActionInteraction) -> SegmentToChange:
    """Find the segment that the link names, for a person who may change every environment.

    Raises NotAllowedError before anything is asked; SegmentNotFoundError.
    """
    environments = await interaction.all_environments()
    interaction.actor_for(*environments)
    found = await in_thread(segments.get, interaction.param("segment"))
    return SegmentToChange(found, environments, interaction)
