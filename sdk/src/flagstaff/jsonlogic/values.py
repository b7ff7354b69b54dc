"""What each JsonLogic operation means: plain functions from values to a value.

The language is https://jsonlogic.com/operations.html, with JavaScript's conversions between types; where that page
leaves something open, flagd's reference evaluator for Python (`openfeature-flagd-core`) decides, because a flag has to
mean the same to both. `compiler` turns a rule into Python code that calls these functions, or writes them out in line
where it knows the types.

A value is JSON as Python reads it (a date or datetime may come in with a context). Nothing here reads a clock, a file
or the network.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from functools import reduce
from itertools import islice
from typing import Any

from flagstaff.digits import parse_digits

Value = Any
"""A JSON value; `Any`, because every operation takes whatever a context holds and decides at run time."""

Logic = Callable[[Value], Value]
"""A compiled rule that an operation such as `map` applies to each item."""

Number = int | float


class UnknownOperationError(Exception):
    """A rule names an operation that neither JsonLogic nor flagd has."""


class LimitError(Exception):
    """An evaluation would take more time or memory than any flag is worth."""


MAX_ITEMS_AS_TEXT = 1_000
"""How many items a list has at most that is turned into text, those of lists in it included."""

MAX_TEXT = 1_000_000
"""How many characters a text has at most that a long `cat`, or one inside a loop, makes."""

MAX_ITEMS = 1_000_000
"""How many items a list has at most that `merge` makes."""

MAX_BITS = 16_384
"""How large a whole number can get; JSON as Python reads it has numbers up to 4,300 digits, which is less."""

# -- conversions -------------------------------------------------------------------------------------------------------


def truthy(value: Value) -> bool:
    """Tell whether JsonLogic takes `value` for true: as in Python, but an object is true even when it is empty."""
    if isinstance(value, float):
        return value == value and value != 0.0  # NaN is the one value unequal to itself
    if value is None or isinstance(value, str | int | list):
        return bool(value)
    return True


def number(value: Value) -> Number:
    """`value` as JavaScript's `Number(value)` has it; NaN where it has none."""
    if isinstance(value, int | float):
        return value
    if value is None:
        return 0
    if isinstance(value, str):
        return _number_from_text(value)
    if isinstance(value, list):
        return 0 if not value else number(value[0]) if len(value) == 1 else math.nan
    if isinstance(value, date):
        return _milliseconds(value)
    return math.nan


def _number_from_text(value: str) -> float:
    # Python reads "inf" and its spellings as a number, JavaScript does not.
    if value.strip().lower() in ("inf", "+inf", "-inf"):
        return math.nan
    try:
        return float(value)
    except ValueError:
        return math.nan


def _milliseconds(value: date) -> float:
    moment = value if isinstance(value, datetime) else datetime.combine(value, time(), UTC)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp() * 1000.0


def text(value: Value) -> str:
    """`value` as text. Numbers as JavaScript writes them, booleans as Python does (`True`), as the reference has it."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, int):
        return str(value)
    if value is None:
        return "null"
    if isinstance(value, list):
        return ",".join(_texts(value))
    if isinstance(value, Mapping):
        return "[object Object]"
    if isinstance(value, date):
        return format_datetime(datetime.fromtimestamp(_milliseconds(value) / 1000, UTC), usegmt=True)
    return str(value)


def _texts(items: list[Value]) -> list[str]:
    """Return the texts of a list's items, also of those of lists in it, so far as they are not too many."""
    texts = list(islice(_leaves(items), MAX_ITEMS_AS_TEXT + 1))
    if len(texts) > MAX_ITEMS_AS_TEXT:
        raise LimitError(f"a list of more than {MAX_ITEMS_AS_TEXT} items is not taken as text")
    return texts


def _leaves(items: list[Value]) -> Iterator[str]:
    if not items:
        yield ""
    for item in items:
        if isinstance(item, list):
            yield from _leaves(item)
        else:
            yield text(item)


# -- reading the context -----------------------------------------------------------------------------------------------


def var(data: Value, key: Value = None, default: Value = None, *_ignored: Value) -> Value:
    """Return what `data` holds at the dotted path `key`, else `default`; all of `data` where there is no path."""
    if key is None or key == "":
        return data
    if isinstance(key, int | float):
        return _at_number(data, key, default)
    return dig(data, text(key).split("."), default)


def _at_number(data: Value, key: Number, default: Value) -> Value:
    if not isinstance(data, list | str):
        return default
    return data[int(key)] if key == key // 1 and 0 <= key < len(data) else default


def dig(data: Value, path: Sequence[str], default: Value = None) -> Value:
    """Follow `path` through objects, lists and texts (by index or `length`)."""
    for name in path:
        if type(data) is dict or isinstance(
            data, Mapping
        ):  # nearly all are dicts, which is found out ten times as fast
            data = data.get(name)
        elif isinstance(data, list | str):
            if name == "length":
                return len(data)
            if not _is_index(name, len(data)):
                return default
            data = data[int(name)]
        else:
            return default
    return default if data is None else data


def _is_index(name: str, length: int) -> bool:
    # "01" and "+1" are names, not indexes, in JavaScript; very long digits would be costly to convert.
    index = parse_digits(name)
    return index is not None and name == str(index) and index < length


def missing(data: Value, *keys: Value) -> list[Value]:
    """Return the keys that `data` has no value for (an empty text counts as none)."""
    wanted = keys[0] if keys and isinstance(keys[0], list) else keys
    return [key for key in wanted if var(data, key) in (None, "")]


def missing_some(data: Value, least: Value = 0, keys: Value = None, *_ignored: Value) -> list[Value]:
    """No keys if `data` has at least `least` of them, else those it lacks."""
    if not isinstance(keys, list):
        return []
    absent = missing(data, keys)
    return [] if len(keys) - len(absent) >= number(least) else absent


# -- comparing ---------------------------------------------------------------------------------------------------------


def loosely_equal(a: Value = None, b: Value = None, *_ignored: Value) -> bool:
    """JavaScript's `==`: converts before it compares; lists and objects are equal only to themselves."""
    if type(a) is type(b):
        return a is b if isinstance(a, list | dict) else bool(a == b)
    if isinstance(a, int | float) or isinstance(b, int | float):
        return number(a) == number(b)
    if a is None or b is None:
        return False
    if isinstance(a, str) or isinstance(b, str):
        return text(a) == text(b)
    return False


def strictly_equal(a: Value = None, b: Value = None, *_ignored: Value) -> bool:
    """Python's equality, by which lists compare by their items; but true is not 1, and false is not 0.

    The reference takes those for equal; inside lists and objects so does this.
    """
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)


def _in_order(ordered: Callable[[Any, Any], bool]) -> Callable[..., bool]:
    """Return a comparison of two values, or of three that must each be in order with the next."""

    def pair(a: Value, b: Value) -> bool:
        numeric = isinstance(a, int | float) or isinstance(b, int | float)
        if not numeric and (isinstance(a, str) or isinstance(b, str)):
            return ordered(text(a), text(b))
        return ordered(number(a), number(b))

    def compare(a: Value = None, b: Value = None, c: Value = None, *_ignored: Value) -> bool:
        return pair(a, b) and (c is None or pair(b, c))

    return compare


less = _in_order(lambda a, b: a < b)
less_or_equal = _in_order(lambda a, b: a <= b)
greater = _in_order(lambda a, b: a > b)
greater_or_equal = _in_order(lambda a, b: a >= b)


def contains(needle: Value = None, haystack: Value = None, *_ignored: Value) -> bool:
    """Tell whether a list has `needle` as an item, or a text has it as a part."""
    if isinstance(haystack, list):
        # Python finds 1 where it looks for true, so the items are looked at where it found something.
        return needle in haystack and any(strictly_equal(needle, item) for item in haystack)
    return isinstance(haystack, str) and text(needle) in haystack


# -- arithmetic --------------------------------------------------------------------------------------------------------


def add(*values: Value) -> Number:
    # Not `sum`: from Python 3.12 on it corrects rounding errors, which no other evaluator does.
    return _bounded(reduce(operator.add, map(number, values), 0))


def multiply(*values: Value) -> Number:
    product: Number = 1
    for value in map(number, values):
        product = _bounded(product * value)
    return product


def subtract(a: Value = None, b: Value = None, *_ignored: Value) -> Number:
    return -number(a) if b is None else _bounded(number(a) - number(b))


def _bounded(value: Number) -> Number:
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise LimitError(f"a number has more than {MAX_BITS} bits")
    return value


def divide(a: Value = None, b: Value = None, *_ignored: Value) -> Number:
    return number(a) / number(b)


def modulo(a: Value = None, b: Value = None, *_ignored: Value) -> Number:
    return number(a) % number(b)


def smallest(*values: Value) -> Number:
    return min(map(number, values), default=math.nan)


def largest(*values: Value) -> Number:
    return max(map(number, values), default=math.nan)


# -- texts and lists ---------------------------------------------------------------------------------------------------


def concatenate(*values: Value) -> str:
    texts = list(map(text, values))
    if sum(map(len, texts)) > MAX_TEXT:
        raise LimitError(f"cat makes a text of more than {MAX_TEXT} characters")
    return "".join(texts)


def substring(value: Value = None, start: Value = None, length: Value = None, *_ignored: Value) -> str:
    """Part of a text; a negative `start` counts from the end, a negative `length` leaves so many off the end."""
    whole = text(value)
    first = _start(number(start), len(whole))
    if length is None:
        return whole[first:]
    wanted = number(length)
    if math.isnan(wanted):
        return ""
    end = first + int(wanted) if int(wanted) >= 0 else len(whole) + int(wanted)
    return whole[first : max(first, end)]


def _start(start: Number, length: int) -> int:
    if math.isnan(start):
        return 0
    if start < 0:
        return 0 if -start >= length else length - int(-start)
    return min(int(start), length)


def merge(*values: Value) -> list[Value]:
    """Return one list of all items; what is not a list counts as one item."""
    if sum(len(value) for value in values if isinstance(value, list)) > MAX_ITEMS:
        raise LimitError(f"merge makes a list of more than {MAX_ITEMS} items")
    return [item for value in values for item in (value if isinstance(value, list) else [value])]


def log(value: Value = None, *_ignored: Value) -> Value:
    """Passes its value on. A flag is no place to write to the console from, so nothing is written."""
    return value


def unknown(operation: str, *_arguments: Value) -> Value:
    """Stands where a rule has an operation that does not exist; an error only if an evaluation gets there.

    Raises:
        UnknownOperationError: always.
    """
    raise UnknownOperationError(f"{operation!r} is not a JsonLogic or flagd operation")


# -- flagd's own operations that need no hash --------------------------------------------------------------------------
# https://flagd.dev/reference/custom-operations/string-comparison-operation/


def starts_with(*arguments: Value) -> bool | None:
    """Tell whether a text starts with another; None (no answer) for anything but two texts."""
    return arguments[0].startswith(arguments[1]) if _two_texts(arguments) else None


def ends_with(*arguments: Value) -> bool | None:
    return arguments[0].endswith(arguments[1]) if _two_texts(arguments) else None


def _two_texts(arguments: Sequence[Value]) -> bool:
    return len(arguments) == 2 and isinstance(arguments[0], str) and isinstance(arguments[1], str)
