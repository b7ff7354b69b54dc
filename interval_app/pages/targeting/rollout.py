"""Edit the rollout: which share of everybody gets which variant. What that means is shown before it is saved."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Final

from db.flags import flags
from db.flags.flags import FlagEdit
from db.targeting.rules import check_split
from db.targeting.schedules import ended
from db.views import EnvironmentView, FlagView
from db.wording import phrases
from flagstaff.targeting import Share, Split
from interval_app.forms.flag_to_change import flag_to_change
from interval_app.forms.form import ask, ask_with_comment, refuse_static, until_accepted, validator
from interval_app.forms.shares import read_shares, share_fields
from interval_app.session.errors import DashboardError
from interval_app.session.interaction import ActionInteraction, Result
from interval_app.session.routes import Route

STEPS: Final = (5, 25, 50, 100)
"""Percentages to grow a rollout by, in one click."""
NONE: Final = "none"
CUSTOM: Final = "custom"


async def rollout(interaction: ActionInteraction) -> Result:
    """Ask for the shares, say what they mean, and save them."""
    target = await flag_to_change(interaction)
    refuse_static(target.flag)
    if not target.flag.variants:
        raise DashboardError(f"{target.flag.key} has no variants yet: add some with Edit.")
    entered = _now(target.flag)

    async def attempt(problem: str | None) -> FlagView:
        nonlocal entered
        environment, flag = target.environment, target.flag
        while True:
            entered = await _shares_or_none(interaction, environment, flag, entered, problem)
            button, _ = await ask_with_comment(
                interaction,
                {},
                [environment],
                unchanging=["back"],
                intro=meaning(flag, entered),
                buttons=["Save rollout", {"label": "Back", "value": "back", "theme": "secondary"}],
            )
            if button != "back":
                break
            problem = None
        await interaction.confirm_if_protected(
            environment, f"{flag.key}: {phrases.split(entered) if entered else 'no rollout'}."
        )
        return await target.write(partial(flags.update, flag.id, environment.key, FlagEdit(rollout=entered)))

    saved = await until_accepted(attempt)
    now = phrases.split(saved.rollout) if saved.rollout else "none"
    said = f"The rollout of {saved.key} in {saved.environment}: {now}."
    return await interaction.go(Route.FLAG, said, flag=saved.key, environment=saved.environment)


def _now(flag: FlagView) -> Split | None:
    """Return the shares that the form begins with: those of the rollout, or those that a ramp has by now."""
    return ended(flag.ramp, flag.variants, datetime.now(UTC).timestamp()) if flag.ramp else flag.rollout


async def _shares_or_none(
    interaction: ActionInteraction,
    environment: EnvironmentView,
    flag: FlagView,
    entered: Split | None,
    problem: str | None,
) -> Split | None:
    has = flag.ramp or flag.rollout
    now = phrases.rollout(has) if has else "no rollout"
    intro = f"{flag.key} in {environment.key} has {now}. It is for everyone whom no member entry and no rule decides."
    names = list(flag.variants)
    steps = [f"{step} %" for step in STEPS] if len(names) == 2 else []
    if steps:
        intro += f"\n“{names[1]}” gets what “{names[0]}” does not."
    buttons: list[str | dict[str, str]] = [
        {"label": "Preview", "value": CUSTOM},
        *({"label": step, "value": step, "theme": "secondary"} for step in steps),
        {"label": "No rollout", "value": NONE, "theme": "secondary"},
    ]
    fields = share_fields(interaction, flag, entered)
    check = validator(lambda given: check_split(read_shares(flag, given), "the rollout", flag.variants))
    button, found = await ask(
        interaction.io,
        fields,
        intro=intro,
        problem=problem,
        buttons=buttons,
        check=lambda answers: check(answers.values) if answers.button == CUSTOM else None,
    )
    if button == NONE:
        return None
    if button in steps:
        step = int(button.removesuffix(" %"))
        return Share.of_percent(names[0], step), Share.of_percent(names[1], 100 - step)
    return read_shares(flag, found)


def meaning(flag: FlagView, shares: Split | None) -> str:
    """Describe what a rollout means."""
    if not shares:
        rest = f"the default variant {flag.default_variant}" if flag.default_variant else "the caller's default"
        return f"No rollout: everyone whom no member entry and no rule decides gets {rest}."
    lines = [f"Of those whom no member entry and no rule decides: {phrases.split(shares)}."]
    lines += [
        f"{share.variant}: about {round(share.percent * 100):,} of 10,000 entities, always the same ones."
        for share in shares
    ]
    lines.append(_growth(flag, shares))
    if not flag.enabled:
        lines.append(f"The flag is disabled in {flag.environment}: nobody is served anything before it is enabled.")
    return "\n".join(filter(None, lines))


def _growth(flag: FlagView, shares: Split) -> str:
    """Describe what happens to those who have the first variant now."""
    if not flag.rollout or flag.rollout[0].variant != shares[0].variant:
        return ""
    old, new = flag.rollout[0], shares[0]
    if new == old:
        return ""
    growth = f"({phrases.percent(old)} → {phrases.percent(new)})"
    if new.weight > old.weight:
        return f"Everyone who gets {new.variant} now keeps it {growth}."
    return f"Some who get {new.variant} now lose it {growth}."
