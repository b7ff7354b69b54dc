"""Take flags out of service, and bring them back."""

from __future__ import annotations

from interval_sdk import Layout

from db.errors import FlagNotFoundError
from db.flags import flags
from db.flags.flags import FlagQuery
from db.history import changes
from db.views import ChangeView, FlagView
from db.vocabulary import Action
from db.wording import phrases
from interval_app.display import tables
from interval_app.display.tables import Row, RowsWanted, cell
from interval_app.forms.flag_to_change import flag_to_change
from interval_app.session.errors import DashboardError
from interval_app.session.executor import in_thread
from interval_app.session.interaction import ActionInteraction, PageInteraction, Result, back
from interval_app.session.routes import Route, link

COLUMNS = (("Key", "key"), ("Type", "type"), ("Description", "description"), ("Archived", "updated"))


async def archive(interaction: ActionInteraction) -> Result:
    """Archive a flag, after saying what that means."""
    environments = await interaction.all_environments()
    target = await flag_to_change(interaction, reaches=environments)
    flag = target.flag
    views = [await in_thread(flags.get, flag.id, other.key) for other in environments]
    enabled = [view.environment for view in views if view.enabled]
    serving = f"It is enabled in {', '.join(enabled)}. " if enabled else "It is disabled everywhere. "
    means = (
        "Archived, it is gone for programs in every environment: they get their own default, as for a flag that never "
        "was. Its key can be used for another flag. Nothing is deleted: under Archived flags it can be restored."
    )
    await interaction.confirm(f"Archive {flag.key}?", serving + means, environments)
    await in_thread(flags.archive, flag.id, actor=target.actor)
    return await interaction.go(Route.FLAGS, f"{flag.key} is archived.", environment=target.environment.key)


async def show(interaction: PageInteraction) -> Layout:
    """Show the archived flags, to restore."""
    environment = await interaction.environment()

    async def fetch(wanted: RowsWanted) -> tuple[list[Row], int]:
        query = FlagQuery(
            environment=environment.key,
            search=wanted.search,
            archived=True,
            sort="updated",
            descending=True,
            limit=wanted.limit,
            skip=wanted.skip,
        )
        found = await in_thread(flags.search, query)
        return [row(flag) for flag in found.items], found.total

    return Layout(
        title="Archived flags",
        description="Out of service in every environment. Restoring brings a flag back as it was when it was archived.",
        menu_items=[back(environment=environment.key)],
        children=[tables.fetched(interaction.display, "Archived flags", COLUMNS, fetch, is_sortable=False)],
    )


def row(flag: FlagView) -> Row:
    """Make the row of an archived flag. Its links have its id, because its key may be another's by now."""
    params = {"flag": flag.id, "environment": flag.environment}
    menu = [
        link("Restore", Route.RESTORE_FLAG, params),
        link("Change log", Route.CHANGES, params),
    ]
    when = f"{phrases.moment(flag.archived_at)} by {flag.updated_by}"
    return Row([cell(flag.key), phrases.kind(flag), cell(flag.description), when], menu)


async def restore(interaction: ActionInteraction) -> Result:
    """Bring an archived flag back in every environment."""
    target = await flag_to_change(
        interaction, flag=interaction.param("flag"), reaches=await interaction.all_environments()
    )
    environment, flag = target.environment, target.flag
    if flag.archived_at is None:
        raise DashboardError(f"{flag.key} is not archived: somebody has restored it already.")
    archiving = await in_thread(_archiving, flag)
    means = "It lives again in every environment as it was: enabled or not, with its variants, rules, rollout, members."
    await interaction.confirm(f"Restore {flag.key}?", means, target.reaches)
    await in_thread(changes.restore, flag.id, environment.key, archiving.id, actor=target.actor)
    return await interaction.go(Route.FLAGS, f"{flag.key} is back.", environment=environment.key)


def _archiving(flag: FlagView) -> ChangeView:
    """Find the change that archived the flag: its last one in the environment."""
    last = changes.page(flag.id, flag.environment, limit=1).items
    if not last or last[0].action is not Action.FLAG_ARCHIVED:
        raise FlagNotFoundError(flag.key)
    return last[0]
