from __future__ import annotations

import pytest

from flagstaff.digits import MAX_DIGITS, parse_digits


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("9" * MAX_DIGITS, 10**MAX_DIGITS - 1)])
def test_digits(text: str, number: int) -> None:
    assert parse_digits(text) == number


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", " 1", "1 ", "1.0", "1_0", "\u0661", "\u00b2", "x", "9" * (MAX_DIGITS + 1)]
)
def test_anything_else(text: str) -> None:
    assert parse_digits(text) is None
