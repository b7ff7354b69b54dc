"""Go back to an earlier state of a segment, out of the archive too."""

from __future__ import annotations

from functools import partial

from db.history import changes
from db.segments import restore as segment_restore
from db.wording import phrases
from flagstaff.digits import parse_digits
from interval_app.session.errors import DashboardError
from interval_app.session.executor import in_thread, in_thread_for_display
from interval_app.session.interaction import ActionInteraction, Result
from interval_app.session.routes import Route


async def restore(interaction: ActionInteraction) -> Result:
    """Bring a segment back to where it was before a change, after saying which flags change with it."""
    environments = await interaction.all_environments()
    actor = interaction.actor_for(*environments)
    change = await in_thread(changes.get, parse_digits(interaction.param("segmentChange")) or 0)
    key, moment = change.segment, phrases.second(change.at)
    if key is None:
        raise DashboardError("Only the changes of a segment can be taken back here.")
    goes_back = partial(segment_restore.restore, key, change.id)
    tried = await in_thread_for_display(goes_back, actor=actor, dry_run=True)
    means = f"It will be as it was before {moment}, with the ids of then. {phrases.affected(tried.affected)}"
    await interaction.confirm(f"Restore the segment {key}?", means, environments)
    await in_thread(goes_back, actor=interaction.actor_for(*environments))
    return await interaction.go(Route.SEGMENT, f"{key} is as it was before {moment}.", segment=key)
