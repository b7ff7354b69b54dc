"""Ask for shares: percentages of variants that add up to 100."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from db.errors import InvalidInputError
from db.targeting.rules import check_split, read_split
from db.views import FlagView
from db.wording import phrases
from flagstaff.targeting import TOTAL_WEIGHT, Share, Split
from interval_app.forms.form import Answers, ask, validator
from interval_app.session.interaction import ActionInteraction


async def shares_asked(interaction: ActionInteraction, flag: FlagView, filled: Split | None) -> Split:
    """Ask for shares that add up to 100, for a rule."""
    fields = share_fields(interaction, flag, filled)

    def check(answers: Answers) -> str | None:
        return validator(lambda given: check_split(read_shares(flag, given), "the split", flag.variants))(
            answers.values
        )

    _, found = await ask(interaction.io, fields, intro=how_to_share(flag), buttons=["Continue"], check=check)
    return read_shares(flag, found)


def share_fields(interaction: ActionInteraction, flag: FlagView, filled: Split | None) -> dict[str, Any]:
    """Make an input for each variant: its percentage. Of two, the second one gets the rest."""
    shares = {share.variant: share.percent for share in filled or ()}
    asked = list(flag.variants.items())
    return {
        name: interaction.io.input.number(
            f"% {phrases.variant(name, value)}", min=0, max=100, decimals=3, default_value=shares.get(name, 0)
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
    """Read the shares that were entered, without variants that have none. Raises InvalidInputError where all are 0."""
    if len(flag.variants) == 2:
        first, second = flag.variants
        rest = TOTAL_WEIGHT - Share.of_percent(first, found[first]).weight
        found = {first: found[first], second: Share(second, rest).percent}
    shares = read_split([{"variant": name, "weight": weight} for name, weight in found.items() if weight], "rollout")
    if not shares:
        raise InvalidInputError(
            "invalid_weights", "rollout", "the percentages must add up to 100, and all of them are 0"
        )
    return shares
