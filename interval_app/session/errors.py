"""Tell the person at the dashboard what went wrong, and what to do about it."""

from __future__ import annotations

from typing import Final

from db import errors


class DashboardError(Exception):
    """An action or page that can't go on; its text is shown to the person as it is."""


class NotAllowedError(DashboardError):
    """This person may not do that."""


class DeclinedError(Exception):
    """The person was asked whether to go on, and said no. Not a failure: nothing was changed."""


UNFORESEEN: Final = "Something went wrong in the dashboard. Try again; if it stays, the log of its process says more."

CORRECTABLE: Final = (
    errors.InvalidInputError,
    errors.StaticFlagError,
    errors.FlagKeyTakenError,
    errors.EnvironmentExistsError,
    errors.DefaultEnvironmentError,
    errors.EnvironmentProtectedError,
    errors.SegmentKeyTakenError,
    errors.LayerKeyTakenError,
    errors.RangeTakenError,
    errors.VersionConflictError,
    errors.DatabaseUnavailableError,
)
"""What a person can answer by changing what they entered, or by trying again."""

_WHAT_TO_DO: Final[dict[type[errors.FlagstaffError], str]] = {
    errors.FlagNotFoundError: "It may have been archived meanwhile: look among the archived flags, or pick another.",
    errors.FlagKeyTakenError: "Choose another key.",
    errors.UnknownEnvironmentError: "Pick one on the Feature Flags page.",
    errors.EnvironmentExistsError: "Choose another key.",
    errors.SegmentNotFoundError: "Open the list of segments again, and pick one there.",
    errors.SegmentKeyTakenError: "Choose another key.",
    errors.LayerNotFoundError: "Open the list of layers again, and pick one there.",
    errors.LayerKeyTakenError: "Choose another key.",
    errors.RangeTakenError: "Choose another part.",
    errors.ChangeNotFoundError: "Open the change log again and pick the change there.",
    errors.KeyNotFoundError: "Open the list of API keys again.",
    errors.DatabaseUnavailableError: "Try again in a moment.",
    errors.WriteBlockedError: "Try again in a moment.",
}


_IN_OTHER_WORDS: Final[dict[type[errors.FlagstaffError], str]] = {
    # The reason names the database's host, which is for the log.
    errors.DatabaseUnavailableError: "the database can't be reached",
}


def user_message(error: Exception) -> str:
    """Describe an error in sentences. One that nobody foresaw says nothing of the inside."""
    if isinstance(error, DashboardError):
        return str(error)
    if not isinstance(error, errors.FlagstaffError):
        return UNFORESEEN
    text = _IN_OTHER_WORDS.get(type(error)) or _field_in_other_words(error) or str(error)
    return f"{sentence(text)} {_WHAT_TO_DO.get(type(error), '')}".rstrip()


def _field_in_other_words(error: errors.FlagstaffError) -> str | None:
    """Describe what a form calls otherwise than the API does; None for anything else."""
    if isinstance(error, errors.InvalidInputError) and error.field == "defaultVariant":
        return "the default variant is not among the variants any more: choose another"
    return None


def sentence(text: str) -> str:
    """Begin a text with a capital, and end it with a full stop."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '?', '!')) else '.'}"
