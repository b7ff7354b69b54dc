"""The section of docs/aws.md that says what a stage costs."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Final

from costs import prices, usage
from costs.beside import money, parts

BEGIN: Final = "<!-- make costs: begin -->\n"
END: Final = "<!-- make costs: end -->\n"


def section() -> str:
    """Return the section's text, without its marks."""
    return "\n".join([_prices(), _evaluations(), "To that come, whatever the number of evaluations:\n", _beside()])


def written_into(page: str) -> str:
    """Return a page with the section in it, between its marks. Raises ValueError where they are missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {BEGIN.strip()} and {END.strip()}")
    return f"{before}{BEGIN}{section()}{END}{after}"


def _prices() -> str:
    said = "; ".join(f"{price.what} {price.dollars} {price.unit}" for price in prices.PRICES)
    text = f"Prices as of {prices.AS_OF:%B %Y}: {said}. A month has {prices.HOURS} hours."
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False) + "\n"


def _evaluations() -> str:
    head = [
        "evaluations a month",
        "idle",
        *(f"{count // prices.MILLION} million" for count in usage.COLUMNS[1:]),
        "how",
    ]
    lines = [_line(row.name, row.dollars, row.how) for row in usage.rows()]
    total = [f"**{money(column)}**" for column in usage.sums()]
    sums = [
        _row(["**Sum**", *total, ""]),
        _line("Sum without traces", usage.sums(without=["Traces"]), "`tracing: false`"),
        _line(
            "Sum without traces and dashboard", usage.sums(without=["Traces", "Dashboard"]), "and `dashboard: false`"
        ),
    ]
    return "\n".join([_row(head), _row(["---"] * len(head)), *lines, *sums]) + "\n"


def _beside() -> str:
    lines = [_row([part.name, part.dollars, part.how]) for part in parts()]
    return "\n".join([_row(["part", "a month", "how"]), _row(["---"] * 3), *lines]) + "\n"


def _line(name: str, dollars: Sequence[float], how: str) -> str:
    return _row([name, *map(money, dollars), how])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |" if cells[0] != "---" else "|" + "|".join(cells) + "|"
