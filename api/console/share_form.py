"""Shares of variants in forms: a slider and a number for each, which `share_macros.html` shows."""

from __future__ import annotations

from collections.abc import Sequence

from flask import request

from api.console import forms
from db.forms.shares import read_percent, read_shares
from db.views import FlagView
from flagstaff.targeting import TOTAL_WEIGHT, Share, Split

PREFIX = "share-"
"""How the names of the fields begin; a variant's key follows."""


def order_of(flag: FlagView, shares: Split | None) -> list[str]:
    """Return a flag's variants, those that have shares in the order of these: another order draws everyone anew.

    Each of the others stands behind the one that it follows in the flag: who has none now had its place there.
    """
    found = [share.variant for share in shares or ()]
    before = None
    for name in flag.variants:
        if name not in found:
            found.insert(found.index(before) + 1 if before is not None else 0, name)
        before = name
    return found


def read(flag: FlagView, shares: Split | None) -> Split:
    """Read what was typed, in the order of the shares that there were. Raises InvalidInputError with a sentence."""
    order = order_of(flag, shares)
    given = [name for name in order if f"{PREFIX}{name}" in request.values]
    found = {name: read_percent(request.values[f"{PREFIX}{name}"], f"the share of {name}") for name in given}
    return read_shares(found, order)


def typed(flag: FlagView, shares: Split | None) -> Sequence[tuple[str, str]]:
    """Return the variants and what their fields show: what was typed, else their shares.

    Without shares everybody gets the default variant, and so do the fields.
    """
    everybody = (Share(flag.default_variant, TOTAL_WEIGHT),) if flag.default_variant else ()
    percentages = {share.variant: str(share.percent) for share in shares or everybody}
    return [(name, forms.text(f"{PREFIX}{name}") or percentages.get(name, "0")) for name in order_of(flag, shares)]
