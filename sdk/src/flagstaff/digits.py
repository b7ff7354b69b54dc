"""Whole numbers that come as text: revisions, versions, cursors, numbers of rules."""

MAX_DIGITS = 18
"""As many as always fit into 64 bits; longer texts would cost time to convert."""


def parse_digits(text: str) -> int | None:
    """Read a whole number of 1 to `MAX_DIGITS` ASCII digits, without sign or space; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else None
