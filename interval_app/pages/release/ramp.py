"""Say what a ramp has come to, and stop it there."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from db.flags import flags
from db.flags.flags import FlagEdit
from db.targeting.schedules import ended
from db.wording import phrases
from flagstaff.targeting import Ramp
from interval_app.forms.conflicts import refusing_old_pages
from interval_app.forms.flag_to_change import flag_to_change
from interval_app.session.errors import DashboardError
from interval_app.session.interaction import ActionInteraction, Result
from interval_app.session.routes import Route


async def end(interaction: ActionInteraction) -> Result:
    """Turn the ramp into a rollout with the share that it has now."""
    target = await flag_to_change(interaction)
    environment, flag = target.environment, target.flag
    if flag.ramp is None:
        raise DashboardError(f"{flag.key} has no ramp in {environment.key}.")
    protected = f" {environment.key} is protected." if environment.protected else ""
    kept = phrases.split(ended(flag.ramp, flag.variants, _now()))
    help_text = f"{phrases.ramp(flag.ramp)}. It will stay as it is now: {kept}.{protected}"
    await interaction.confirm(f"End the ramp of {flag.key}?", help_text, [environment])
    split = ended(flag.ramp, flag.variants, _now())
    with refusing_old_pages("open the flag again"):
        await target.write(partial(flags.update, flag.id, environment.key, FlagEdit(rollout=split)))
    said = f"The ramp of {flag.key} in {environment.key} has ended. Its rollout: {phrases.split(split)}."
    return await interaction.go(Route.FLAG, said, flag=flag.key, environment=environment.key)


def in_words(given: Ramp) -> str:
    """Describe a ramp with the share that it has now: "23.4 % on now; on from 5 % to 60 %, …"."""
    return f"{phrases.split((given.share_at(_now()),))} now; {phrases.ramp(given)}"


def _now() -> float:
    return datetime.now(UTC).timestamp()
