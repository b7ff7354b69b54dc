"""Forms that change something: read what was typed, try it, and tell what the person can mend."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from flask import Response as FlaskResponse
from flask import request

from api.access.auth import READING
from api.current import services
from api.errors import RequestError, describe
from db.errors import FlagstaffError, InvalidInputError, VersionConflictError
from db.flags import flags
from db.history import changes
from db.views import FlagView
from db.wording import differences
from flagstaff.digits import parse_digits

T = TypeVar("T")

MENDABLE = (409, 422)
"""The statuses of what a person can answer by changing what they typed, or by trying again."""


class Problem(NamedTuple):
    """Why a form was not accepted."""

    text: str
    status: int = 422
    field: str = ""
    """The name of the field, in the words of the API; empty where it is none, or several."""
    meanwhile: Sequence[str] = ()
    """What others did since the person opened the form, a sentence each."""
    is_conflict: bool = False
    """Whether it was refused for what others did: the same form, sent again, would be accepted."""


def check_size() -> None:
    """Refuse a form that is too large before anything of it is read. Raises `RequestError` (413)."""
    limit = services().settings.max_body_bytes
    request.max_content_length = request.max_form_memory_size = limit
    if (request.content_length or 0) > limit:
        message = f"this form has more than {limit:,} bytes: go back, and send less at once"
        raise RequestError(413, "body_too_large", message, limit=limit)


def text(name: str) -> str:
    """Return what was typed into a field of many lines or one, as it was typed; browsers send lines with CR LF.

    A form that only asks for a preview has its fields in the address.
    """
    fields = request.args if request.method in READING else request.form
    return fields.get(name, "").replace("\r\n", "\n")


def line(name: str) -> str:
    """Return what was typed into a field, without space around it."""
    return text(name).strip()


def version() -> int | None:
    """Return the version that the form says the person saw; None where it says none.

    Raises `RequestError` (400) for anything but a number.
    """
    given = request.form.get("version", "")
    number = parse_digits(given) if given else None
    if given and number is None:
        raise RequestError(400, "invalid_field", "version must be a number", field="version")
    return number


def seen(now: int, problem: Problem | None) -> int:
    """Return the version that a form gives when it is shown again: the one that the person saw first.

    It is the version now on a fresh page, and where the page tells what others did meanwhile.
    """
    return now if problem and problem.is_conflict else version() or now


def attempt(write: Callable[[], Any], *, flag: FlagView | None = None) -> Problem | None:
    """Do what a form asks for, and return what is wrong with it; None where it was done.

    Args:
        write: reads the form and writes. A ValueError of it is a sentence about what was typed.
        flag: the flag as it is now, where the form edits one: a conflict is told by what others did to it since the
            version that the form gives.

    Raises what the person can't mend by typing something else.
    """
    try:
        write()
    except FlagstaffError as error:
        described = describe(error)
        if described.status not in MENDABLE:
            raise
        is_conflict = isinstance(error, VersionConflictError)
        meanwhile = since_opened(flag) if flag and is_conflict else ()
        field = described.body.get("field", "")
        return Problem(capitalised(in_words(str(error), field)), described.status, field, meanwhile, is_conflict)
    except ValueError as error:
        return Problem(capitalised(str(error)))
    return None


def look(read: Callable[[], T]) -> tuple[T | None, Problem | None]:
    """Read what a page shows, and return it, or what is wrong with what the person asked for."""
    found: list[T] = []
    problem = attempt(lambda: found.append(read()))
    return (found[0] if found else None), problem


def say(read: Callable[[], str]) -> str:
    """Return what a form would do, in words, or what is wrong with what was typed so far."""
    try:
        return read()
    except InvalidInputError as error:
        return capitalised(in_words(str(error), error.field))
    except (FlagstaffError, ValueError) as error:
        return capitalised(str(error))


def preview(read: Callable[[], str]) -> FlaskResponse:
    """Answer what a form would do, as one fills it in; `preview.js` shows it."""
    return FlaskResponse(say(read), content_type="text/plain; charset=utf-8")


def since_opened(flag: FlagView) -> list[str]:
    """Tell what others did to a flag since the person opened the form, a sentence each."""
    now = flags.get(flag.id, flag.environment)
    return [differences.meanwhile(change) for change in changes.since(version() or now.version, now)]


def in_words(text: str, field: str) -> str:
    """Return what is wrong with a field, its name in words where the text begins with it: "expected end must be …".

    Fields beside it are named without what they are in: "end must be after start", not "after ramp.start".
    """
    if not field or not text.startswith(field):
        return text
    parent, dot, own = field.rpartition(".")
    name = re.sub(r"[A-Z]", lambda found: f" {found[0].lower()}", own)
    rest = text.removeprefix(field)
    return name + (rest.replace(f"{parent}.", "") if dot else rest)


def capitalised(sentence: str) -> str:
    """Begin a text with a capital, and end it with a full stop."""
    return f"{sentence[:1].upper()}{sentence[1:]}{'' if sentence.endswith(('.', '!', '?')) else '.'}"
