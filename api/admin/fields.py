"""Reading a JSON object or a query string field by field: each of the right type, and none left over.

This checks the form only, with 400 as the answer; what the model allows is checked by `db`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal, TypeVar, overload

from api.errors import RequestError, unknown_fields
from flagstaff.digits import parse_digits

T = TypeVar("T")
D = TypeVar("D")
REQUIRED: Final[Any] = object()
"""As a default: the field must be there."""


class Fields:
    """The fields of an object, in camelCase; each may also be spelled in snake_case.

    `kind` is what errors call them, `known` those that have been taken before.
    """

    def __init__(self, given: Mapping[str, Any], kind: str = "field", known: Iterable[str] = ()) -> None:
        self._kind = kind
        self._known = set(known)
        self._values: dict[str, Any] = {}
        self._spelling: dict[str, str] = {}
        for name, value in given.items():
            camel = camel_case(name)
            if camel in self._values:
                message = f"give {self._spelling[camel]} or {name}, not both"
                raise RequestError(400, "ambiguous_field", message, field=camel)
            self._values[camel] = value
            self._spelling[camel] = name

    def __contains__(self, name: str) -> bool:
        return name in self._values

    @overload
    def take(self, name: str, read: Callable[[Any], T]) -> T: ...
    @overload
    def take(self, name: str, read: Callable[[Any], T], default: D) -> T | D: ...
    @overload
    def take(self, name: str, read: Callable[[Any], T], default: D, *, nullable: Literal[True]) -> T | D | None: ...

    def take(self, name: str, read: Callable[[Any], T], default: Any = REQUIRED, *, nullable: bool = False) -> Any:
        """Take a field out. `read` checks and converts its value, and raises ValueError with what it must be.

        Raises `RequestError` (400) where it is missing and there is no default, or not what it must be.
        """
        self._known.add(name)
        if name not in self._values:
            if default is REQUIRED:
                raise RequestError(400, "missing_field", f"{name} is missing{self._instead()}", field=name)
            return default
        value = self._values.pop(name)
        if value is None and nullable:
            return None
        try:
            return read(value)
        except ValueError as error:
            raise RequestError(400, "invalid_field", f"{name} must be {error}", field=name) from None

    def drop(self, names: Iterable[str]) -> None:
        """Drop these fields."""
        for name in names:
            self._values.pop(name, None)

    def drop_unchanged(self, names: Iterable[str], current: Mapping[str, Any]) -> None:
        """Drop those of these fields that have the value which they have in `current`."""
        for name in names:
            if name in self._values and name in current and _same(self._values[name], current[name]):
                del self._values[name]

    def refuse(self, names: Iterable[str], why: str) -> None:
        """Raise `RequestError` (400) if one of these fields is there."""
        for name in names:
            if name in self._values:
                raise RequestError(400, "read_only_field", f"{self._spelling[name]} {why}", field=name)

    def finish(self) -> None:
        """Raise `RequestError` (400) that names the fields which nobody took."""
        if self._values:
            raise unknown_fields((self._spelling[name] for name in self._values), self._known, self._kind)

    def _instead(self) -> str:
        """Say what is there and nobody has taken: it may be meant for what is missing."""
        return f"; there is {', '.join(self._spelling[name] for name in self._values)}" if self._values else ""


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def camel_case(name: str) -> str:
    """`flag_key` as `flagKey`; what is camelCase already stays."""
    return re.sub("_([a-z])", lambda match: match[1].upper(), name)


def anything(value: Any) -> Any:
    """Any JSON value."""
    return value


def text(value: Any) -> str:
    """Return a string."""
    if not isinstance(value, str):
        raise ValueError("a string")
    return value


def boolean(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def whole_number(value: Any) -> int:
    """Return an integer that is not negative, and that a database can hold."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 63:
        raise ValueError("a whole number")
    return value


def number(value: Any) -> int | float:
    """Return a number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError("a number")
    return value


def texts(value: Any) -> list[str]:
    """Return a list of strings."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("a list of strings")
    return value


def an_object(value: Any) -> dict[str, Any]:
    """Return a JSON object."""
    if not isinstance(value, dict):
        raise ValueError("an object")
    return value


def objects(value: Any) -> list[dict[str, Any]]:
    """Return a list of JSON objects."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError("a list of objects")
    return value


def flag_in_query(value: str) -> bool:
    """`true` or `false` as text."""
    if value not in ("true", "false", "1", "0"):
        raise ValueError(f"true or false, not {value!r}")
    return value in ("true", "1")


def between(lowest: int, highest: int) -> Callable[[str], int]:
    """Return a reader of whole numbers within these bounds, as text."""

    def read(value: str) -> int:
        found = parse_digits(value)
        if found is None or not lowest <= found <= highest:
            raise ValueError(f"a whole number from {lowest} to {highest}, not {value!r}")
        return found

    return read


def one_of(*allowed: str) -> Callable[[Any], str]:
    """Return a reader of one of these texts."""

    def read(value: Any) -> str:
        if value not in allowed:
            raise ValueError(f"{' or '.join(allowed)}")
        return str(value)

    return read
