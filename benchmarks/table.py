"""Printing figures as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence


def show(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: the first column to the left, figures to the right."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    print(f"\n{title}\n")
    for row in [header, ["-" * width for width in widths], *rows]:
        first, *others = (
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  " + "  ".join([first, *others]).rstrip())
    print(flush=True)


def duration(nanoseconds: float) -> str:
    """A time with three digits and its unit; "never" for one without end."""
    if math.isinf(nanoseconds):
        return "never"
    for unit, size in (("ns", 1.0), ("µs", 1e3), ("ms", 1e6)):
        if nanoseconds < 1000 * size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds / 1e9:.3g} s"


def times(ratio: float) -> str:
    """A ratio as people say it."""
    return f"{ratio:.1f} x" if ratio < 100 else f"{ratio:,.0f} x"
