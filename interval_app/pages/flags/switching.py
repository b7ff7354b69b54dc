"""Enable and disable flags, with one click in one environment, or in all of them at once."""

from __future__ import annotations

from db.flags import flags
from db.wording import phrases
from interval_app.forms.flag_to_change import flag_to_change
from interval_app.session.executor import in_thread
from interval_app.session.interaction import ActionInteraction, Result
from interval_app.session.routes import Route


async def enable(interaction: ActionInteraction) -> Result:
    """Switch a flag on in one environment."""
    return await _switch(interaction, True)


async def disable(interaction: ActionInteraction) -> Result:
    """Switch a flag off in one environment."""
    return await _switch(interaction, False)


async def _switch(interaction: ActionInteraction, enabled: bool) -> Result:
    target = await flag_to_change(interaction)
    environment, flag = target.environment, target.flag
    does = "It will serve its values there." if enabled else "Everyone there will get the caller's default."
    cancels = not enabled and any(step.enabled for step in flag.schedule)
    planned = " What was planned to switch it on is cancelled." if cancels else ""
    await interaction.confirm_if_protected(
        environment, f"{flag.key} will be {phrases.status(enabled)}. {does}{planned}"
    )
    await in_thread(flags.set_enabled, flag.id, environment.key, enabled, actor=target.actor)
    said = f"{flag.key} is {phrases.status(enabled)} in {environment.key}.{planned}"
    return await interaction.go(Route.FLAGS, said, environment=environment.key)


async def disable_everywhere(interaction: ActionInteraction) -> Result:
    """Switch a flag off in every environment, in one transaction."""
    environments = await interaction.all_environments()
    target = await flag_to_change(interaction, reaches=environments)
    flag = target.flag
    named = ", ".join(other.key for other in environments)
    help_text = f"It goes off at once in {named}; everyone gets the caller's default. Its configuration stays."
    await interaction.confirm(f"Disable {flag.key} everywhere?", help_text, environments)
    await in_thread(flags.disable_everywhere, flag.id, actor=target.actor)
    said = f"{flag.key} is disabled in {named}."
    return await interaction.go(Route.FLAGS, said, environment=target.environment.key)
