"""Promote: a flag's configuration from one environment to another, the difference first."""

from __future__ import annotations

from db.administration import environments
from db.errors import VersionConflictError
from db.flags import flags, promotion
from interval_app import differences, work
from interval_app.forms import ask, flag_asked, select, until_accepted
from interval_app.meanwhile import explained, previewed
from interval_app.problems import DashboardError
from interval_app.visit import HOME, UNCHANGED, ActionVisit, Result


async def promote(visit: ActionVisit) -> Result:
    """Pick the target, see what would change there, and copy."""
    source = await visit.environment()
    flag = await flag_asked(visit, source)
    others = {place.key: place for place in await work.run(environments.list_all) if place.key != source.key}
    if not others:
        raise DashboardError("There is no other environment: add one first.")
    choices = [(key, f"{key}{' (protected)' if place.protected else ''}") for key, place in others.items()]
    fields = {"target": select(visit.io, "To", choices)}
    intro = (
        f"All that {flag.key} is in {source.key} it will be there too: enabled or not, with its variants, default, "
        "members, rules and rollout."
    )
    _, found = await ask(visit.io, fields, intro=intro, buttons=["Show the difference"])
    target = others[found["target"]["value"]]
    visit.check_may_change(target)
    there = await work.run(flags.get, flag.id, target.key)

    async def attempt(problem: str | None) -> Result:
        nonlocal there
        lines = differences.of(await work.look(promotion.difference, flag.id, source.key, target.key))
        if not lines:
            return f"{flag.key} is the same in {source.key} and {target.key}. {UNCHANGED}"
        if not await previewed(visit, lines, problem, f"Promote {flag.key} to {target.key}", "Promote"):
            return UNCHANGED
        await visit.confirm_if_protected(target, f"{flag.key} will be there as it is in {source.key}.")
        try:
            await work.run(promotion.promote, flag.id, source.key, target.key, actor=visit.actor, version=there.version)
        except VersionConflictError as error:
            conflict = await explained(error, there)
            there = conflict.flag
            raise conflict from error
        await visit.go(HOME, environment=target.key)
        return f"{flag.key} is in {target.key} as it is in {source.key}."

    return await until_accepted(attempt)
