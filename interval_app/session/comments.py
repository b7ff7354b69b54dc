"""Ask why a change is made, and insist where an environment wants to know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from interval_sdk import IO

from db import validation
from db.errors import InvalidInputError
from db.views import EnvironmentView
from interval_app.session.errors import sentence

LABEL: Final = "Comment"


def asking(environments: Sequence[EnvironmentView]) -> list[str]:
    """Return the keys of the environments that ask for a comment."""
    return [environment.key for environment in environments if environment.comment_required]


def comment_input(io: IO, environments: Sequence[EnvironmentView], filled: str | None) -> Any:
    """Make the input for why these environments are changed; `problem` insists, because not every button changes."""
    keys = asking(environments)
    help_text = f"Why? {', '.join(keys)} wants to know." if keys else "Why? It is kept in the change log."
    return io.input.text(LABEL, default_value=filled, help_text=help_text, max_length=validation.MAX_COMMENT).optional()


def problem(environments: Sequence[EnvironmentView], given: str | None) -> str | None:
    """Say what is wrong with a comment on a change of these environments; None where it will do."""
    try:
        comment = validation.comment(given)
    except InvalidInputError as error:
        return sentence(str(error))
    keys = asking(environments)
    return f"{', '.join(keys)}: every change there needs a comment. Say why." if keys and comment is None else None
