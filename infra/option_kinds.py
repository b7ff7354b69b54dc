"""How the texts of options become values: a function for each kind."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any, Final, Protocol, TypeVar

T = TypeVar("T")

RETENTION_DAYS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180),
    *(365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3653),
)
"""Those that CloudWatch Logs takes."""
TAG: Final = r"(?!(?i:aws:))[\w .:/=+@-]{1,128}"


class OptionSource(Protocol):
    """Where options come from: `pulumi.Config`."""

    def get(self, key: str) -> str | None:
        """Return the option's text, if it is set."""

    def get_secret(self, key: str) -> Any:
        """Return the option as a secret output, if it is set."""


def option(convert: Callable[[str], Any], default: Any = None) -> Any:
    """Return a dataclass's field that is read from an option's text."""
    about = {"convert": convert, "default": default}
    return field(default_factory=lambda: default, metadata=about)


class OptionReader:
    """Reads options one by one, and keeps what is wrong with them, so that all of it can be said at once."""

    def __init__(self, source: OptionSource) -> None:
        self._source = source
        self.problems: list[str] = []

    def read(self, name: str, convert: Callable[[str], T], default: T) -> T:
        """Return the option, or the default where it is not set. `convert` raises ValueError, which says what it must
        be.
        """
        text = self._source.get(name)
        if text is None:
            return default
        try:
            return convert(text.strip())
        except ValueError as error:
            self.problems.append(f"flagstaff:{name} must be {error}, not {text!r}")
            return default


def boolean(text: str) -> bool:
    """`true` or `false`."""
    if text not in ("true", "false"):
        raise ValueError("true or false")
    return text == "true"


def whole(lowest: int, highest: int) -> Callable[[str], int]:
    """Return a whole number in these bounds, both allowed."""

    def convert(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not lowest <= int(text) <= highest:
            raise ValueError(f"a whole number from {lowest} to {highest}")
        return int(text)

    return convert


def capacity(lowest: float) -> Callable[[str], float]:
    """Aurora capacity units, which come in halves."""

    def convert(text: str) -> float:
        if not re.fullmatch(r"\d{1,3}(\.[05])?", text) or not lowest <= float(text) <= 256:
            raise ValueError(f"a number of Aurora capacity units from {lowest:g} to 256, in halves")
        return float(text)

    return convert


def log_retention(text: str) -> int:
    """Days that CloudWatch Logs can keep a log for."""
    if text not in map(str, RETENTION_DAYS):
        raise ValueError(f"one of {', '.join(map(str, RETENTION_DAYS))}")
    return int(text)


def one_of(*allowed: str) -> Callable[[str], str]:
    """Return one of these words."""

    def convert(text: str) -> str:
        if text not in allowed:
            raise ValueError(" or ".join(allowed))
        return text

    return convert


def matching(pattern: str) -> Callable[[str], Any]:
    """Return a text that this pattern describes whole."""

    def convert(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"a text like {pattern}")
        return text

    return convert


def listed(pattern: str) -> Callable[[str], Sequence[str]]:
    """Return a list, as JSON (`pulumi config set --path` writes it) or with commas between."""

    def convert(text: str) -> Sequence[str]:
        items = json.loads(text) if text.startswith("[") else [part.strip() for part in text.split(",")]
        if not items or not all(isinstance(item, str) and re.fullmatch(pattern, item) for item in items):
            raise ValueError(f"a list of texts like {pattern}")
        return tuple(items)

    return convert


def network(longest: int, shortest: int) -> Callable[[str], str]:
    """Return a network of private IPv4 addresses of a size in these bounds."""

    def convert(text: str) -> str:
        try:
            found = ipaddress.IPv4Network(text)
        except ValueError:
            found = ipaddress.IPv4Network("0.0.0.0/0")
        if not found.is_private or not longest <= found.prefixlen <= shortest:
            raise ValueError(f"private addresses like 10.71.0.0/{longest}, /{longest} to /{shortest}")
        return text

    return convert


def tags(text: str) -> Mapping[str, str]:
    """Tags of one's own, as JSON (`pulumi config set --path` writes it) or as `name=value` with commas between."""
    form = "names and values like team=web,costCentre=42, at most 40, no name starting with aws:"
    if text.startswith("{"):
        found = json.loads(text)
    else:
        found = dict(part.strip().partition("=")[::2] for part in text.split(","))
    if len(found) > 40 or not all(re.fullmatch(TAG, name) and is_tag_value(found[name]) for name in found):
        raise ValueError(form)
    return {name: str(found[name]) for name in found}


def is_tag_value(value: object) -> bool:
    """Say whether AWS takes this as the value of a tag."""
    return isinstance(value, str | int) and re.fullmatch(r"[\w .:/=+@-]{1,256}", str(value)) is not None
