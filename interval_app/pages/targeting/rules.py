"""Show the rules of a flag, in the order in which they are tried, each in plain words."""

from __future__ import annotations

from interval_sdk import Layout

from db.views import FlagView
from db.wording import phrases
from interval_app.display import tables
from interval_app.display.environments import marked
from interval_app.display.tables import Row, cell
from interval_app.forms.form import refuse_static
from interval_app.session.interaction import PageInteraction, back
from interval_app.session.routes import Route, link

COLUMNS = (("Order", "order"), ("Name", "name"), ("When", "when"), ("Serves", "serves"))


async def show(interaction: PageInteraction) -> Layout:
    """Show the rules of the flag in the environment that the link names."""
    environment = await interaction.environment()
    flag = await interaction.flag(environment)
    refuse_static(flag)
    params = {"flag": flag.key, "environment": environment.key}
    rows = [row(flag, number) for number in range(1, len(flag.rules) + 1)]
    display = interaction.display
    table = tables.fixed(display, "Rules", COLUMNS, rows, is_sortable=False) if rows else None
    return Layout(
        title=f"Rules of {flag.key} · {marked(environment)}",
        description="Tried from the first on, after members and before the rollout: the first rule that holds decides.",
        menu_items=[
            link("Add rule", Route.ADD_RULE, params, theme="primary"),
            link("The flag", Route.FLAG, params, theme="secondary"),
            back(environment=environment.key),
        ],
        children=[table or display.heading("There is no rule yet.", level=3)],
    )


def row(flag: FlagView, number: int) -> Row:
    """Make the row of a rule. Its links carry the flag's version: a number means another rule once others moved."""
    rule = flag.rules[number - 1]
    params = {"flag": flag.key, "environment": flag.environment, "rule": str(number), "version": str(flag.version)}

    menu = [
        link("Edit", Route.EDIT_RULE, params),
        *([link("Move up", Route.MOVE_RULE_UP, params)] if number > 1 else []),
        *([link("Move down", Route.MOVE_RULE_DOWN, params)] if number < len(flag.rules) else []),
        link("Remove", Route.REMOVE_RULE, params, theme="danger"),
    ]
    return Row([str(number), cell(rule.name or ""), phrases.rule_conditions(rule), cell(phrases.served(rule))], menu)
