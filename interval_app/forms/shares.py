"""Ask for shares: percentages of variants that add up to 100."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from db.configuration.rules import check_split, read_split
from db.errors import InvalidInputError
from db.views import FlagView
from db.wording import phrases
from flagstaff.targeting import Split
from interval_app.forms.form import Answers, ask, validator
from interval_app.session.interaction import ActionInteraction


async def shares_asked(interaction: ActionInteraction, flag: FlagView, filled: Split | None) -> Split:
    """Ask for shares that add up to 100, for a rule."""
    fields = share_fields(interaction, flag, filled)

    def check(answers: Answers) -> str | None:
        return validator(lambda given: check_split(read_shares(given), "the split", flag.variants))(answers.values)

    _, found = await ask(
        interaction.io, fields, intro="Percentages that add up to 100.", buttons=["Continue"], check=check
    )
    return read_shares(found)


def share_fields(interaction: ActionInteraction, flag: FlagView, filled: Split | None) -> dict[str, Any]:
    """Make an input for each variant: its percentage."""
    shares = {share.variant: share.percent for share in filled or ()}
    return {
        name: interaction.io.input.number(
            f"% {phrases.variant(name, value)}", min=0, max=100, decimals=3, default_value=shares.get(name, 0)
        )
        for name, value in flag.variants.items()
    }


def read_shares(found: Mapping[str, Any]) -> Split:
    """Read the shares that were entered, without variants that have none. Raises InvalidInputError where all are 0."""
    shares = read_split([{"variant": name, "weight": weight} for name, weight in found.items() if weight], "rollout")
    if not shares:
        raise InvalidInputError(
            "invalid_weights", "rollout", "the percentages must add up to 100, and all of them are 0"
        )
    return shares
