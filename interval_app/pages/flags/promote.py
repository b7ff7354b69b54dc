"""Copy a flag's configuration from one environment to another, after showing the difference."""

from __future__ import annotations

from functools import partial

from db.flags import promotion
from db.wording import differences
from interval_app.forms.conflicts import previewed
from interval_app.forms.flag_to_change import flag_to_change
from interval_app.forms.form import ask, flag_asked, select, until_accepted
from interval_app.session.errors import DashboardError
from interval_app.session.executor import in_thread_for_display
from interval_app.session.interaction import UNCHANGED, ActionInteraction, Result
from interval_app.session.routes import Route


async def promote(interaction: ActionInteraction) -> Result:
    """Pick the target, see what would change there, and copy."""
    source = await interaction.environment()
    flag = await flag_asked(interaction, source)
    others = {
        environment.key: environment
        for environment in await interaction.all_environments()
        if environment.key != source.key
    }
    if not others:
        raise DashboardError("There is no other environment: add one first.")
    choices = [(key, f"{key}{' (protected)' if environment.protected else ''}") for key, environment in others.items()]
    fields = {"target": select(interaction.io, "To", choices)}
    intro = (
        f"All that {flag.key} is in {source.key} it will be there too: enabled or not, with its variants, default, "
        "members, rules, rollout, layer, schedule and prerequisites."
    )
    _, found = await ask(interaction.io, fields, intro=intro, buttons=["Show the difference"])
    target = await flag_to_change(interaction, others[found["target"]["value"]], flag.id)
    there = target.environment

    async def attempt(problem: str | None) -> Result:
        lines = differences.of(await in_thread_for_display(promotion.difference, flag.id, source.key, there.key))
        if not lines:
            return f"{flag.key} is the same in {source.key} and {there.key}. {UNCHANGED}"
        if not await previewed(interaction, there, lines, problem, f"Promote {flag.key} to {there.key}", "Promote"):
            return UNCHANGED
        await interaction.confirm_if_protected(there, f"{flag.key} will be there as it is in {source.key}.")
        await target.write(partial(promotion.promote, flag.id, source.key, there.key))
        said = f"{flag.key} is in {there.key} as it is in {source.key}."
        return await interaction.go(Route.FLAG, said, flag=flag.key, environment=there.key)

    return await until_accepted(attempt)
