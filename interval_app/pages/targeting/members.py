"""Show the members of a flag page by page, however many there are."""

from __future__ import annotations

from interval_sdk import Layout

from db.flags import members
from db.views import MemberView
from db.wording import phrases
from interval_app.display import tables
from interval_app.display.environments import marked
from interval_app.display.tables import Row, RowsWanted, cell
from interval_app.forms.form import refuse_static
from interval_app.session.executor import in_thread
from interval_app.session.interaction import PageInteraction, back
from interval_app.session.routes import Route, link

COLUMNS = (("Type", "type"), ("Id", "id"), ("Gets", "variant"), ("Value", "value"))


async def show(interaction: PageInteraction) -> Layout:
    """Show the members of the flag in the environment that the link names."""
    environment = await interaction.environment()
    flag = await interaction.flag(environment)
    refuse_static(flag)
    params = {"flag": flag.key, "environment": environment.key}

    async def fetch(wanted: RowsWanted) -> tuple[list[Row], int]:
        found = await in_thread(
            members.page,
            flag.id,
            environment.key,
            skip=wanted.skip,
            limit=wanted.limit,
            search=wanted.search,
        )
        return [row(member, params) for member in found.items], found.total

    return Layout(
        title=f"Members of {flag.key} · {marked(environment)}",
        description=f"{phrases.count(flag.member_count, 'member')}. Each gets the variant given here, before any rule.",
        menu_items=[
            link("Add members", Route.ADD_MEMBERS, params, theme="primary"),
            link("Change value", Route.CHANGE_MEMBERS, params),
            link("Remove members", Route.REMOVE_MEMBERS, params, theme="danger"),
            link("The flag", Route.FLAG, params, theme="secondary"),
            back(environment=environment.key),
        ],
        children=[
            tables.fetched(
                interaction.display,
                "Members",
                COLUMNS,
                fetch,
                is_sortable=False,
                help_text="Search for a part of the id.",
            )
        ],
    )


def row(member: MemberView, params: dict[str, str]) -> Row:
    """Make the row of a member, who can be changed and removed."""
    named = {**params, "type": member.entity_type, "id": member.entity_id}
    menu = [
        link("Change value", Route.CHANGE_MEMBERS, named),
        link("Remove", Route.REMOVE_MEMBERS, named, theme="danger"),
    ]
    return Row(
        [cell(member.entity_type), cell(member.entity_id), cell(member.variant), cell(phrases.readable(member.value))],
        menu,
    )
