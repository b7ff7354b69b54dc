"""Edit the rollout: which share of everybody gets which variant. What that means is shown before it is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, NamedTuple

from db.flags import flags
from db.flags.flags import FlagEdit
from db.layers.edits import LayerView
from db.targeting.rules import check_split
from db.targeting.schedules import ended
from db.views import EnvironmentView, FlagView
from db.wording import phrases
from db.wording.growth import Drawn, growth
from flagstaff.targeting import LayerRange, Share, Split
from interval_app.forms.flag_to_change import flag_to_change
from interval_app.forms.form import Answers, ask, ask_with_comment, refuse_static, until_accepted, validator
from interval_app.forms.layers import all_layers, layer_fields, read_layer
from interval_app.forms.shares import SPLIT_BY, read_shares, read_split_by, share_fields, split_by_field
from interval_app.session.errors import DashboardError
from interval_app.session.interaction import ActionInteraction, Result
from interval_app.session.routes import Route

STEPS: Final = (5, 25, 50, 100)
"""Percentages to grow a rollout by, in one click."""
NONE: Final = "none"
CUSTOM: Final = "custom"


class Entered(NamedTuple):
    """What the form says."""

    shares: Split | None
    split_by: str | None
    layer: LayerRange | None

    def in_words(self) -> str:
        """Describe it: "25 % on, 75 % off by organisation.id, in 0 to 45 % of checkout"."""
        shares = phrases.rollout(self.shares, self.split_by) if self.shares else "none"
        return f"{shares}, in {phrases.layer_range(self.layer)}" if self.layer else shares


async def rollout(interaction: ActionInteraction) -> Result:
    """Ask for the shares, say what they mean, and save them."""
    target = await flag_to_change(interaction)
    refuse_static(target.flag)
    if not target.flag.variants:
        raise DashboardError(f"{target.flag.key} has no variants yet: add some with Edit.")
    entered, layers = _now(target.flag), await all_layers()

    async def attempt(problem: str | None) -> FlagView:
        nonlocal entered
        environment, flag = target.environment, target.flag
        while True:
            entered = await _entered(interaction, environment, flag, entered, layers, problem)
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
        await interaction.confirm_if_protected(environment, f"The rollout of {flag.key}: {entered.in_words()}.")
        edit = FlagEdit(rollout=entered.shares, split_by=entered.split_by, layer=entered.layer)
        return await target.write(partial(flags.update, flag.id, environment.key, edit))

    saved = await until_accepted(attempt)
    now = Entered(saved.rollout, saved.split_by, saved.layer)
    said = f"The rollout of {saved.key} in {saved.environment}: {now.in_words()}."
    return await interaction.go(Route.FLAG, said, flag=saved.key, environment=saved.environment)


def _now(flag: FlagView) -> Entered:
    """Return what the form begins with: the shares of the rollout, or those that a ramp has by now."""
    shares = ended(flag.ramp, flag.variants, datetime.now(UTC).timestamp()) if flag.ramp else flag.rollout
    return Entered(shares, flag.split_by, flag.layer)


async def _entered(
    interaction: ActionInteraction,
    environment: EnvironmentView,
    flag: FlagView,
    entered: Entered,
    layers: Sequence[LayerView],
    problem: str | None,
) -> Entered:
    has = flag.ramp or flag.rollout
    now = phrases.rollout(has, flag.split_by) if has else "no rollout"
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
    fields = {
        **share_fields(interaction, flag, entered.shares),
        SPLIT_BY: split_by_field(interaction.io, entered.split_by),
        **layer_fields(interaction.io, layers, flag, entered.layer),
    }

    def check(answers: Answers) -> str | None:
        return validator(lambda given: _check(flag, given, is_custom=answers.button == CUSTOM))(answers.values)

    button, found = await ask(
        interaction.io,
        fields,
        intro=intro,
        problem=problem,
        buttons=buttons,
        check=check,
    )
    split_by, layer = read_split_by(found), read_layer(found, flag.layer)
    if button == NONE:
        return Entered(None, split_by, layer)
    if button in steps:
        step = int(button.removesuffix(" %"))
        return Entered((Share.of_percent(names[0], step), Share.of_percent(names[1], 100 - step)), split_by, layer)
    return Entered(read_shares(flag, found), split_by, layer)


def _check(flag: FlagView, found: Mapping[str, Any], *, is_custom: bool) -> None:
    """Raise ValueError or InvalidInputError with a sentence; the shares count only where they are to be taken."""
    read_layer(found, flag.layer)
    if is_custom:
        check_split(read_shares(flag, found), "the rollout", flag.variants)


def meaning(flag: FlagView, entered: Entered) -> str:
    """Describe what a rollout means."""
    shares, split_by, layer = entered
    if not shares:
        rest = f"the default variant {flag.default_variant}" if flag.default_variant else "the caller's default"
        kept = f" It keeps {phrases.layer_range(layer)}." if layer else ""
        return f"No rollout: everyone whom no member entry and no rule decides gets {rest}.{kept}"
    lines = [f"Of those whom no member entry and no rule decides: {phrases.rollout(shares, split_by)}."]
    of_what = f"values of {split_by}" if split_by else "entities"
    if layer is not None:
        lines.append(f"Only for those in {layer.span} of the layer {layer.layer}; for all others there is no rollout.")
        of_what += " there"
    lines += [
        f"{share.variant}: about {round(share.percent * 100):,} of 10,000 {of_what}, always the same ones."
        for share in shares
    ]
    lines.append(growth(drawn_now(flag), Drawn(shares, flag.default_variant, split_by, layer)))
    if not flag.enabled:
        lines.append(f"The flag is disabled in {flag.environment}: nobody is served anything before it is enabled.")
    return "\n".join(filter(None, lines))


def drawn_now(flag: FlagView) -> Drawn:
    """Return who is drawn now; of a ramp, by the shares that it has come to."""
    return Drawn(_now(flag).shares, flag.default_variant, flag.split_by, flag.layer)
