"""Draw who has which part of a layer, as a line of letters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from string import ascii_letters
from typing import Final

from db.layers.parts import LayerPart, Owner
from flagstaff.targeting import TOTAL_WEIGHT

WIDTH: Final = 50
"""Letters of a line: each is 2 %."""
SIGNS: Final = {Owner.HOLDOUT: "▒", Owner.FREE: "·"}
MORE: Final = "*"
"""The letter of all flags after so many as there are letters."""


def letters(parts: Iterable[LayerPart]) -> list[str]:
    """Return the sign of each part: a letter for each flag, in order."""
    names = iter(ascii_letters[26:] + ascii_letters[:26])
    return [SIGNS.get(part.owner) or next(names, MORE) for part in parts]


def bar(parts: Sequence[LayerPart]) -> str:
    """Return the line as Markdown, in a block that keeps every letter as wide as the others.

    What is smaller than a letter may not be seen in it.
    """
    signs = letters(parts)
    middles = ((2 * number + 1) * TOTAL_WEIGHT // (2 * WIDTH) for number in range(WIDTH))
    line = "".join(next(sign for part, sign in zip(parts, signs, strict=True) if at in part.span) for at in middles)
    scale = f"{'0 %'.ljust(WIDTH // 2 - 1)}{'50 %'.ljust(WIDTH // 2 - 5)}{'100 %'.rjust(6)}"
    return f"```\n{scale}\n{line}\n```"
