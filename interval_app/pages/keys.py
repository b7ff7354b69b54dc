"""List, create (and show that once) and revoke API keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from interval_sdk import Layout

from db import validation
from db.administration import keys
from db.administration.keys import FOR_EVERY_ENVIRONMENT
from db.views import EnvironmentView, KeyView
from db.vocabulary import Scope
from db.wording import phrases
from interval_app.display import tables
from interval_app.display.tables import Row, cell
from interval_app.forms.form import ask_with_comment, select, until_accepted, validator
from interval_app.session.errors import DashboardError
from interval_app.session.executor import in_thread
from interval_app.session.interaction import ActionInteraction, PageInteraction, Result, back
from interval_app.session.routes import Link, Route, link

COLUMNS = (
    ("Name", "name"),
    ("May", "scope"),
    ("Environment", "environment"),
    ("Begins with", "prefix"),
    ("State", "state"),
    ("Last used", "used"),
    ("Created", "created"),
)
SCOPES: Final = (
    (str(Scope.SERVER), "server: evaluate, and read all definitions"),
    (str(Scope.CLIENT), "client: evaluate only; safe in a browser"),
    (str(Scope.ADMIN), "admin: everything, in every environment"),
    (str(Scope.READER), "reader: look at everything, in every environment"),
)


async def show(interaction: PageInteraction) -> Layout:
    """Show every key, revoked ones too."""
    found = await in_thread(keys.list_all)
    display = interaction.display
    table = (
        tables.fixed(display, "API keys", COLUMNS, [row(key) for key in found], is_sortable=False) if found else None
    )
    return Layout(
        title="API keys",
        description="Programs evaluate with them. The secret itself is shown once, when a key is created.",
        menu_items=[link("Create key", Route.CREATE_KEY, theme="primary"), back()],
        children=[table or display.heading("There is no key yet.", level=3)],
    )


def row(key: KeyView) -> Row:
    """Make the row of a key."""
    menu: list[Link] = []
    if key.revoked_at is None:
        menu.append(link("Revoke", Route.REVOKE_KEY, {"key": key.id}, theme="danger"))
    used = f"{key.last_used:%Y-%m-%d}" if key.last_used else "never"
    created = f"{phrases.moment(key.created_at)} by {key.created_by}"
    return Row(
        [
            cell(key.name),
            str(key.scope),
            cell(key.environment or "all"),
            cell(f"{key.prefix}…"),
            state(key),
            used,
            created,
        ],
        menu,
    )


def state(key: KeyView) -> tables.Cell:
    """Make the cell that says whether a key is in force."""
    if key.revoked_at is not None:
        return cell(f"revoked {phrases.moment(key.revoked_at)}", "gray")
    if key.expires_at is None:
        return cell("in force", "green")
    if key.expires_at <= datetime.now(UTC):
        return cell(f"expired {phrases.moment(key.expires_at)}", "gray")
    return cell(f"until {phrases.moment(key.expires_at)}", "green")


async def create(interaction: ActionInteraction) -> Result:
    """Make a key, and show its secret until the person says that it is stored."""
    environments = await interaction.all_environments()
    start: dict[str, Any] = {
        "name": "",
        "scope": str(Scope.SERVER),
        "environment": environments[0].key,
        "expires": None,
    }

    async def attempt(problem: str | None) -> tuple[KeyView, str]:
        nonlocal start
        start = await _form(interaction, environments, start, problem)
        scope = Scope(start["scope"])
        environment = (
            None
            if scope in FOR_EVERY_ENVIRONMENT
            else next(one for one in environments if one.key == start["environment"])
        )
        affected = environments if environment is None else [environment]
        interaction.actor_for(*affected)
        await _confirm(interaction, affected, f"A key {start['name']!r} will be created for it.")
        return await in_thread(
            keys.create,
            start["name"],
            scope,
            environment=environment.key if environment else None,
            expires_at=end_of(start["expires"]),
            actor=interaction.actor_for(*affected),
        )

    key, secret = await until_accepted(attempt)
    io = interaction.io
    warning = io.display.markdown(
        "**This is the only time that the key is shown.** Store it now; it is kept as a hash."
    )
    await io.group(warning, io.display.code(f"The key {key.name}", code=secret)).with_choices(["I have stored it"])
    said = f"The {key.scope} key {key.name} is created for {key.environment or 'all environments'}."
    return await interaction.go(Route.KEYS, said)


async def _confirm(interaction: ActionInteraction, environments: Sequence[EnvironmentView], what: str) -> None:
    """Ask once whether to go on, where any of the environments is protected or needs a comment."""
    protected = [environment for environment in environments if environment.protected]
    asking = [environment for environment in environments if environment.comment_required]
    for environment in (protected or asking)[:1]:
        await interaction.confirm_if_protected(environment, what)


async def _form(
    interaction: ActionInteraction, environments: Sequence[EnvironmentView], start: dict[str, Any], problem: str | None
) -> dict[str, Any]:
    io = interaction.io
    name = io.input.text(
        "Name", default_value=start["name"] or None, max_length=validation.MAX_NAME, placeholder="checkout service"
    )
    help_text = "At the end of this day (UTC). Left empty: never."
    expires = io.input.date("Expires", default_value=start["expires"], help_text=help_text)
    fields = {
        "name": name.validate(validator(_check_name)),
        "scope": select(io, "May", SCOPES, start["scope"]),
        "environment": select(io, "Environment", [(one.key, one.key) for one in environments], start["environment"]),
        "expires": expires.optional().validate(validator(_check_future)),
    }
    intro = (
        "The name is what the change log shows for what is done with the key. Admin and reader keys are for every "
        "environment."
    )
    _, found = await ask_with_comment(interaction, fields, (), intro=intro, problem=problem, buttons=["Create key"])
    return {
        "name": found["name"].strip(),
        "scope": found["scope"]["value"],
        "environment": found["environment"]["value"],
        "expires": found["expires"],
    }


def _check_name(text: str) -> None:
    if validation.name(text) is None:
        raise ValueError("a key needs a name")


def _check_future(day: date) -> None:
    if day < datetime.now(UTC).date():
        raise ValueError("this day is over")
    if day == date.max:
        raise ValueError("leave it empty for a key that never expires")  # no time comes after this day


def end_of(day: date | None) -> datetime | None:
    """Return the midnight at the end of a day, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), UTC) if day else None


async def revoke(interaction: ActionInteraction) -> Result:
    """Take a key out of force at once."""
    key = next((one for one in await in_thread(keys.list_all) if one.id == interaction.param("key")), None)
    if key is None:
        raise DashboardError("There is no such key: open the list of API keys, and pick one there.")
    environments = await interaction.all_environments()
    affected = [environment for environment in environments if key.environment in (None, environment.key)]
    interaction.actor_for(*affected)
    help_text = f"It begins with {key.prefix}. Programs that use it are refused from now on; this can't be taken back."
    await interaction.confirm(f"Revoke the key {key.name}?", help_text, affected)
    await in_thread(keys.revoke, key.id, actor=interaction.actor_for(*affected))
    return await interaction.go(Route.KEYS, f"The key {key.name} is revoked.")
