"""Lists that are looked at page by page, by the number of the page in the address."""

from __future__ import annotations

from math import ceil
from typing import Final

from flask import request

from flagstaff.digits import parse_digits

PAGE_SIZE: Final = 50
MAX_PAGE: Final = 1_000_000


def page_number() -> int:
    """Return the page that the address names, counted from 1."""
    return min(parse_digits(request.args.get("page", "1")) or 1, MAX_PAGE)


def skipped(number: int) -> int:
    """Return how many rows are on the pages before one."""
    return (number - 1) * PAGE_SIZE


def pages(total: int) -> int:
    """Return how many pages so many rows take."""
    return max(1, ceil(total / PAGE_SIZE))
