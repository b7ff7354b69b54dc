"""Ask for shares: percentages of variants that add up to 100."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from interval_sdk import IO

from db.forms import shares
from db.targeting.rules import check_split, check_split_by
from db.views import FlagView
from db.wording import phrases
from flagstaff.targeting import Rule, Split
from flagstaff.targeting.conditions import MAX_FIELD
from interval_app.forms.form import Answers, ask, validator
from interval_app.session.interaction import ActionInteraction

SPLIT_BY: Final = "=split by"
"""The name of the input beside those of the variants, which no variant can have."""
ABOUT_SPLIT_BY: Final = (
    "Left empty, each entity is drawn by its id. A field, such as organisation.id, is drawn by its text: everyone of "
    "one organisation gets the same, and whoever has no such field gets nothing of this."
)


async def shares_asked(interaction: ActionInteraction, flag: FlagView, filled: Split | None) -> Split:
    """Ask for shares that add up to 100."""
    return read_shares(flag, await _split_asked(interaction, flag, share_fields(interaction, flag, filled)))


async def split_asked(interaction: ActionInteraction, flag: FlagView, rule: Rule) -> Rule:
    """Ask for the split that a rule is to serve, and by what it is; give the rule with them."""
    filled = rule.serves if isinstance(rule.serves, tuple) else None
    fields = {
        **share_fields(interaction, flag, filled),
        SPLIT_BY: split_by_field(interaction.io, rule.split_by),
    }
    found = await _split_asked(interaction, flag, fields)
    return replace(rule, serves=read_shares(flag, found), split_by=read_split_by(found))


async def _split_asked(interaction: ActionInteraction, flag: FlagView, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    def check(answers: Answers) -> str | None:
        return validator(lambda given: check_split(read_shares(flag, given), "the split", flag.variants))(
            answers.values
        )

    _, found = await ask(interaction.io, fields, intro=how_to_share(flag), buttons=["Continue"], check=check)
    return found


def split_by_field(io: IO, filled: str | None) -> Any:
    """Make the input for the field by which a split is."""
    text = io.input.text(
        "Split by", default_value=filled, max_length=MAX_FIELD, placeholder="organisation.id", help_text=ABOUT_SPLIT_BY
    )
    return text.optional().validate(validator(lambda given: check_split_by(given.strip() or None, "the field")))


def read_split_by(found: Mapping[str, Any]) -> str | None:
    """Read the field that was entered; None where a split is by the entity."""
    return (found[SPLIT_BY] or "").strip() or None


def share_fields(interaction: ActionInteraction, flag: FlagView, filled: Split | None) -> dict[str, Any]:
    """Make an input for each variant: its percentage. Of two, the second one gets the rest."""
    percentages = {share.variant: share.percent for share in filled or ()}
    asked = list(flag.variants.items())
    return {
        name: interaction.io.input.number(
            f"% {phrases.variant(name, value)}", min=0, max=100, decimals=3, default_value=percentages.get(name, 0)
        )
        for name, value in (asked[:1] if len(asked) == 2 else asked)
    }


def how_to_share(flag: FlagView) -> str:
    """Say what the percentages have to be."""
    if len(flag.variants) != 2:
        return "Percentages that add up to 100."
    first, second = flag.variants
    return f"The percentage that gets “{first}”; “{second}” gets the rest."


def read_shares(flag: FlagView, found: Mapping[str, Any]) -> Split:
    """Read the shares that were entered. Raises InvalidInputError where they do not add up to 100."""
    return shares.read_shares(found, flag.variants)
