"""The form of what comes in: each check refuses with a code, the field and a sentence, or returns it clean."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

from db.database import MAX_WHOLE_NUMBER, write_json
from db.errors import InvalidInputError
from db.vocabulary import JsonValue, ValueType

MAX_NAME: Final = 256
MAX_ACTOR: Final = 640
"""A person, and the key that they used: two names and the words between them."""
MAX_DESCRIPTION: Final = 4_096
MAX_COMMENT: Final = 1_000
MAX_ENTITY_ID: Final = 256
MAX_VALUE_BYTES: Final = 64 * 1024
DEEPEST_NESTING: Final = 32
MAX_TAGS: Final = 64
MAX_DIGITS: Final = 40
"""How much of a number that is too long is repeated."""
MAX_ENTITIES: Final = 100_000
MAX_ON_A_PAGE: Final = 1_000
MAX_SKIP: Final = 1_000_000_000

KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
ENTITY_TYPE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_KEY_FORM: Final = "1 to 128 letters, digits, dots, underscores and hyphens, starting with a letter or digit"

# PostgreSQL stores no NUL, and half of a surrogate pair is no character in UTF-8.
_NOT_STORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def key(value: object, field: str = "key", *, code: str = "invalid_key") -> str:
    """Return a key of a flag, a variant, a tag or an environment; never of the form of a UUID, which
    stands for an id.
    """
    if not isinstance(value, str) or not KEY.fullmatch(value):
        raise InvalidInputError(code, field, f"{field} must be {_KEY_FORM}")
    if UUID.fullmatch(value):
        raise InvalidInputError(code, field, f"{field} must not have the form of a UUID, which stands for a flag's id")
    return value


def text(value: object, field: str, *, longest: int, code: str) -> str:
    """Free text of at most so many characters."""
    if not isinstance(value, str) or len(value) > longest:
        raise InvalidInputError(code, field, f"{field} must be a text of at most {longest} characters")
    if _NOT_STORABLE.search(value):
        raise InvalidInputError(code, field, f"{field} must not contain NUL or half of a surrogate pair")
    return value


def name(value: object, field: str = "name", *, code: str = "invalid_name") -> str | None:
    """Return a display name; an empty one is none."""
    if value is None:
        return None
    return text(value, field, longest=MAX_NAME, code=code).strip() or None


def line(value: object, field: str, *, code: str) -> str | None:
    """Return a name that fits one line."""
    found = name(value, field, code=code)
    if found is not None and _CONTROL.search(found):
        raise InvalidInputError(code, field, f"{field} must not have line breaks or other control characters")
    return found


def comment(value: object) -> str | None:
    """Return why somebody makes a change; an empty text says nothing."""
    if value is None:
        return None
    return text(value, "comment", longest=MAX_COMMENT, code="invalid_comment").strip() or None


def description(value: object) -> str:
    """Return what a flag is for; None is as good as empty."""
    return text("" if value is None else value, "description", longest=MAX_DESCRIPTION, code="invalid_description")


def tags(value: object) -> list[str]:
    """Tags in the form of keys, each once."""
    given = [] if value is None else value
    if not isinstance(given, list | tuple) or len(given) > MAX_TAGS:
        raise InvalidInputError("invalid_tags", "tags", f"tags must be a list of at most {MAX_TAGS} texts")
    clean = [key(tag, f"tags[{number}]", code="invalid_tags") for number, tag in enumerate(given)]
    return list(dict.fromkeys(clean))


def boolean(value: object, field: str, *, code: str | None = None) -> bool:
    """True or false, not a number or a text that looks like one."""
    if not isinstance(value, bool):
        raise InvalidInputError(code or f"invalid_{field}", field, f"{field} must be true or false")
    return value


def value_type(value: object) -> ValueType:
    """Return the type of a flag's values, by its name."""
    try:
        return ValueType(value)  # type: ignore[arg-type]
    except ValueError:
        names = ", ".join(ValueType)
        raise InvalidInputError("invalid_type", "type", f"type must be one of {names}") from None


def value(given: object, wanted: ValueType, field: str) -> JsonValue:
    """Return a flag's value: of its type, finite, storable, not too deep and not too large."""
    if not _is_of_type(given, wanted):
        raise InvalidInputError("invalid_value", field, f"{field} must be {_TYPE_IN_WORDS[wanted]}")
    clean = json_value(given, field)
    if len(write_json(clean).encode()) > MAX_VALUE_BYTES:
        raise InvalidInputError("value_too_large", field, f"{field} must take at most 64 KiB as JSON")
    return clean


_TYPE_IN_WORDS: Final = {
    ValueType.BOOLEAN: "true or false, because the flag is boolean",
    ValueType.STRING: "a text, because the flag's type is string",
    ValueType.NUMBER: "a number, because that is the flag's type",
    ValueType.STRUCTURED: "a JSON object or array, because the flag is structured",
}


def _is_of_type(given: object, wanted: ValueType) -> bool:
    match wanted:
        case ValueType.BOOLEAN:
            return isinstance(given, bool)
        case ValueType.STRING:
            return isinstance(given, str)
        case ValueType.NUMBER:  # bool is a subclass of int: without the second check, true would pass for a number
            return isinstance(given, int | float) and not isinstance(given, bool)
        case ValueType.STRUCTURED:
            return isinstance(given, Mapping | list | tuple)


def json_value(given: object, field: str, depth: int = 0, code: str = "invalid_value") -> JsonValue:
    """Anything of JSON that is read back from the database as it was written."""
    if depth > DEEPEST_NESTING:
        raise InvalidInputError(code, field, f"{field} must not be nested more than {DEEPEST_NESTING} levels deep")
    match given:
        case None | bool():
            return given
        case str():
            return text(given, field, longest=MAX_VALUE_BYTES, code=code)
        case int() | float():
            return _number(given, field, code, inside=depth > 0)
        case Mapping():
            return {
                _member_name(name, field, code): json_value(part, field, depth + 1, code)
                for name, part in given.items()
            }
        case list() | tuple():
            return [json_value(part, field, depth + 1, code) for part in given]
    raise InvalidInputError(code, field, f"{field} must be JSON")


def _member_name(given: object, field: str, code: str) -> str:
    return text(given, f"a name in {field}", longest=MAX_VALUE_BYTES, code=code)


def _number(given: int | float, field: str, code: str, *, inside: bool) -> int | float:
    if isinstance(given, int) and abs(given) > MAX_WHOLE_NUMBER:
        which = f"{str(given)[:MAX_DIGITS]} in {field}" if inside else field
        message = f"{which} must be a whole number from -(2**53 - 1) to 2**53 - 1, or a float: others lose digits"
        raise InvalidInputError(code, field, f"{message}; write it as a text" if inside else message)
    if not math.isfinite(given):
        which = f"a number in {field}" if inside else field
        raise InvalidInputError(code, field, f"{which} must be a finite number, which NaN, infinity and 1e400 are not")
    return given + 0  # makes -0.0 what the database makes of it: 0.0


def entity_type(given: object, field: str = "entityType") -> str:
    """Return the type of an entity; it has no colon, so that type and id can be written as one text."""
    if not isinstance(given, str) or not ENTITY_TYPE.fullmatch(given):
        message = f"{field} must be 1 to 64 letters, digits, dots, underscores and hyphens"
        raise InvalidInputError("invalid_entity_type", field, message)
    return given


def entity_ids(given: object, field: str = "entityIds", *, fewest: int = 1) -> list[str]:
    """Ids of entities of one type, none of them twice."""
    if not isinstance(given, Sequence) or isinstance(given, str | bytes) or len(given) < fewest:
        raise InvalidInputError("invalid_entity", field, f"{field} must be a list of texts, at least {fewest} of them")
    if len(given) > MAX_ENTITIES:
        raise InvalidInputError("too_many_members", field, f"{field} must be at most {MAX_ENTITIES} at once")
    seen: set[str] = set()
    for number, entity in enumerate(given):
        entity_id(entity, f"{field}[{number}]")
        if entity in seen:
            raise InvalidInputError("duplicate_member", f"{field}[{number}]", f"{entity!r} is in {field} twice")
        seen.add(entity)
    return list(given)


def entity_id(given: object, field: str = "entityId") -> str:
    """Return the id of one entity."""
    if not _is_entity_id(given):
        message = f"{field} must be a text of 1 to 256 characters without control characters or blanks around it"
        raise InvalidInputError("invalid_entity", field, message)
    return str(given)


def _is_entity_id(given: object) -> bool:
    return (
        isinstance(given, str)
        and 0 < len(given) <= MAX_ENTITY_ID
        and given == given.strip()
        and not _CONTROL.search(given)
    )


def limit(given: int) -> int:
    """Return how many on a page."""
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= MAX_ON_A_PAGE:
        raise InvalidInputError("invalid_limit", "limit", f"limit must be a whole number from 1 to {MAX_ON_A_PAGE}")
    return given


def skip(given: int) -> int:
    """Return how many to pass over."""
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= MAX_SKIP:
        raise InvalidInputError("invalid_skip", "skip", f"skip must be a whole number from 0 to {MAX_SKIP}")
    return given


def search(given: object) -> str:
    """Text to look for."""
    return text(given, "search", longest=MAX_NAME, code="invalid_search")
