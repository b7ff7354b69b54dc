"""Ask people, in forms that keep what was entered until it is accepted."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from interval_sdk import IO

from db import validation
from db.errors import FlagstaffError
from db.flags import flags
from db.flags.flags import FlagQuery
from db.views import EnvironmentView, FlagView
from db.wording.phrases import kind
from interval_app.display.markdown import escape
from interval_app.session import comments
from interval_app.session.errors import CORRECTABLE, DashboardError, sentence, user_message
from interval_app.session.executor import in_thread
from interval_app.session.interaction import ActionInteraction

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_FOUND = 20
"""Flags that a search offers at once."""


HOPELESS: Final = ("flag_archived", "unknown_prerequisite", "circular_prerequisite")
"""The codes of what nothing that can be entered in the form would help."""

COMMENT = "comment"
"""The name of the comment's input in a form."""


class Answers(NamedTuple):
    """The answers to a form: the button, and the values by the names of their fields."""

    button: str
    values: Mapping[str, Any]


async def ask(
    io: IO,
    fields: Mapping[str, Any],
    *,
    buttons: Sequence[str | dict[str, str]],
    intro: str = "",
    problem: str | None = None,
    check: Callable[[Answers], str | None] | None = None,
) -> Answers:
    """Show inputs under an introduction, and above both what was wrong with the attempt before.

    `check` may refuse the whole form with a sentence; it must not raise.
    """
    texts = ([f"**Not done yet.** {escape(problem)}"] if problem else []) + ([escape(intro)] if intro else [])
    shown = [io.display.markdown(text) for text in texts]
    group = io.group(*shown, *fields.values()).with_choices(list(buttons))

    def answers(given: Any) -> Answers:
        values = list(given.return_value)[len(shown) :]
        return Answers(given.choice, dict(zip(fields, values, strict=True)))

    if check is not None:
        wanted = check
        group = group.validate(lambda given: wanted(answers(given)))
    return answers(await group)


async def ask_with_comment(
    interaction: ActionInteraction,
    fields: Mapping[str, Any],
    environments: Sequence[EnvironmentView],
    *,
    unchanging: Collection[str] = (),
    check: Callable[[Answers], str | None] | None = None,
    **more: Any,
) -> Answers:
    """Ask like `ask`, and why: the last form before these environments are changed. The interaction keeps the comment.

    `unchanging` are the buttons that lead elsewhere, for which no environment needs a comment.
    """

    def checked(answers: Answers) -> str | None:
        others, comment = _without_comment(answers)
        wrong = None if answers.button in unchanging else comments.problem(environments, comment)
        return wrong or (check(others) if check is not None else None)

    why = comments.comment_input(interaction.io, environments, interaction.comment)
    answers, comment = _without_comment(await ask(interaction.io, {**fields, COMMENT: why}, check=checked, **more))
    interaction.comment = comment
    return answers


def _without_comment(answers: Answers) -> tuple[Answers, str | None]:
    values = dict(answers.values)
    comment = (values.pop(COMMENT) or "").strip() or None
    return Answers(answers.button, values), comment


async def until_accepted(attempt: Callable[[str | None], Awaitable[T]]) -> T:
    """Try, and try again with the reason, until nothing is refused that the person can put right."""
    problem: str | None = None
    while True:
        try:
            return await attempt(problem)
        except CORRECTABLE as error:
            if getattr(error, "code", None) in HOPELESS:
                raise
            problem = user_message(error)


def validator(check: Callable[[Any], object]) -> Callable[[Any], str | None]:
    """Make a field's validator: what `check` raises is said under the field; a field left empty is not checked."""

    def validate(value: Any) -> str | None:
        if value is None:
            return None
        try:
            check(value)
        except (FlagstaffError, ValueError) as error:
            return sentence(str(error))
        return None

    return validate


def options(named: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Make the choices of a select from (value, label)."""
    return [{"value": value, "label": label} for value, label in named]


def select(io: IO, label: str, named: Sequence[tuple[str, str]], chosen: str | None = None, **more: Any) -> Any:
    """Make an input to choose one option; it gives the option, whose "value" counts."""
    choices = options(named)
    default = next((choice for choice in choices if choice["value"] == chosen), None)
    return io.select.single(label, options=choices, default_value=default, **more)


async def flag_asked(interaction: ActionInteraction, environment: EnvironmentView) -> FlagView:
    """Find the flag that the link names; without one, the person picks it. Raises FlagNotFoundError."""
    if key := interaction.param("flag"):
        return await in_thread(flags.get, key, environment.key)
    return await flag_picked(interaction, environment, f"Which flag in {environment.key}?")


async def flag_picked(
    interaction: ActionInteraction, environment: EnvironmentView, question: str, *, but: str = ""
) -> FlagView:
    """Let the person pick a flag, which is not the one with the key `but`."""

    async def find(text: str) -> list[FlagView]:
        try:
            query = FlagQuery(environment=environment.key, search=text[: validation.MAX_NAME], limit=MAX_FOUND)
            return [flag for flag in (await in_thread(flags.search, query)).items if flag.key != but]
        except Exception:  # the SDK would show an empty list without a word in the log
            log.exception("flags could not be searched")
            return []

    picked: FlagView = await interaction.io.search(
        question,
        on_search=find,
        render_result=lambda flag: {"label": flag.key, "description": f"{kind(flag)}. {flag.description}"},
        initial_results=await find(""),
    )
    return picked


def refuse_static(flag: FlagView) -> None:
    """Raise DashboardError for a flag that can't be targeted."""
    if flag.is_static:
        raise DashboardError(f"{flag.key} is static: it has one value for everyone. Change it with Edit.")
