"""Edit what a segment is called, and take segments out of service."""

from __future__ import annotations

from functools import partial

from db.segments import segments
from db.segments.edits import SegmentEdit
from interval_app.forms.form import ask_with_comment, until_accepted
from interval_app.pages.segments.segment_list import text_fields
from interval_app.pages.segments.segment_to_change import segment_to_change
from interval_app.session.executor import in_thread
from interval_app.session.interaction import ActionInteraction, Result
from interval_app.session.routes import Route


async def edit(interaction: ActionInteraction) -> Result:
    """Change a segment's name and description, which decide nothing."""
    target = await segment_to_change(interaction)
    name, description = target.segment.name, target.segment.description

    async def attempt(problem: str | None) -> Result:
        nonlocal name, description
        key = target.segment.key
        _, found = await ask_with_comment(
            interaction,
            text_fields(interaction.io, name, description),
            target.environments,
            intro=f"{key}, whose key never changes.",
            problem=problem,
            buttons=["Save"],
        )
        name, description = found["name"], found["description"] or ""
        await target.write(partial(segments.update, key, SegmentEdit(name=name, description=description)))
        return await target.show(f"{key} is saved.")

    return await until_accepted(attempt)


async def archive(interaction: ActionInteraction) -> Result:
    """Archive a segment that no flag uses; one that is used is refused before anything is asked."""
    target = await segment_to_change(interaction)
    key, version = target.segment.key, target.segment.version
    await in_thread(segments.archive, key, actor=target.actor, version=version, dry_run=True)
    means = "No flag uses it. Its key can be used for another segment then. The change log brings it back."
    await interaction.confirm(f"Archive the segment {key}?", means, target.environments)
    await target.write(partial(segments.archive, key))
    return await interaction.go(Route.SEGMENTS, f"The segment {key} is archived.")
