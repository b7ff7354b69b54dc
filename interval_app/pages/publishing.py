"""Tell what is not published yet: where programs read from S3, they do not get what is saved until it is there."""

from __future__ import annotations

import logging
from typing import Any, Final

from db.publishing.publisher import PublicationError, Publisher
from db.settings import Settings
from interval_app.session.errors import DashboardError
from interval_app.session.executor import in_thread
from interval_app.session.interaction import (
    MADE_UP_FOR,
    MEANWHILE,
    UNPUBLISHED,
    ActionInteraction,
    PageInteraction,
    Result,
)
from interval_app.session.routes import Route, link

log = logging.getLogger(__name__)

LOG_SAYS_WHY: Final = "The log of the dashboard's process says why."


async def publish(interaction: ActionInteraction) -> Result:
    """Try again to publish what is saved, for those who may change every environment."""
    environment = await interaction.environment()
    interaction.actor_for(*await interaction.all_environments())
    if not await in_thread(publisher(interaction.settings).try_to_publish):
        raise DashboardError(f"It could not be published. {MEANWHILE} {LOG_SAYS_WHY}")
    return await interaction.go(Route.FLAGS, "Everything is published.", environment=environment.key)


async def warning(interaction: PageInteraction, **params: str) -> list[Any]:
    """Make the heading above a page while programs do not have all that is saved; its link has the parameters."""
    said = await _state(interaction) if interaction.settings.definitions_bucket else None
    return [_heading(interaction, *said, **params)] if said else []


async def state(interaction: PageInteraction) -> list[Any]:
    """Make a heading that says whether programs have all that is saved; none where they do not read from S3."""
    if interaction.settings.definitions_bucket is None:
        return []
    said = await _state(interaction) or ("Everything is published", "Programs get what is saved.")
    return [_heading(interaction, *said)]


async def _state(interaction: PageInteraction) -> tuple[str, str] | None:
    """Return a heading and its description; None where everything is published."""
    try:
        missing = await in_thread(publisher(interaction.settings).unpublished)
    except PublicationError as error:
        log.warning("it is not known what is published: %s", error)
        return "It is not known whether everything is published", f"S3 could not be asked. {LOG_SAYS_WHY}"
    return (f"{UNPUBLISHED}: {', '.join(missing)}", f"{MEANWHILE} {MADE_UP_FOR}") if missing else None


def _heading(interaction: PageInteraction, label: str, description: str, **params: str) -> Any:
    again = link("Publish now", Route.PUBLISH, params)
    return interaction.display.heading(label, level=2, description=description, menu_items=[again])


def publisher(settings: Settings) -> Publisher:
    """Make a publisher for one use: it has its own connection to S3. The settings must name a bucket."""
    made = Publisher.from_settings(settings)
    assert made is not None
    return made
