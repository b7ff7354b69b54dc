"""One request of somebody who is signed in: where they are, and what they are about to change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

from flask import g, request

from api.access.sessions import Session
from api.current import services
from db.administration import environments
from db.errors import FlagstaffError, UnknownEnvironmentError
from db.views import EnvironmentView
from db.vocabulary import Actor

TONES = 5
"""Colours of environments that are not protected, in turn."""


class Visit:
    """A request, and the session that it belongs to."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @cached_property
    def environments(self) -> Sequence[EnvironmentView]:
        """Every environment, in the order of their making."""
        return environments.list_all()

    @cached_property
    def environment(self) -> EnvironmentView:
        """The environment that the request names, else the default one. Raises UnknownEnvironmentError."""
        asked = request.values.get("environment") or services().settings.default_environment
        for environment in self.environments:
            if environment.key == asked:
                return environment
        raise UnknownEnvironmentError(asked, [environment.key for environment in self.environments])

    @property
    def has_environment(self) -> bool:
        """Whether there is such an environment, and a database that knows it: a page of an error must not fail too."""
        try:
            return bool(self.environment)
        except FlagstaffError:
            return False

    def tone(self, environment: EnvironmentView) -> str:
        """Return the colour of an environment, by its name in the style sheet."""
        if environment.protected:
            return "protected"
        open_ones = [one.key for one in self.environments if not one.protected]
        return f"tone-{open_ones.index(environment.key) % TONES}"

    def actor_for(
        self, does: str, *reached: EnvironmentView, touched: Sequence[EnvironmentView] = (), asks: bool = False
    ) -> Actor:
        """Return who makes the change that the form at hand asks for.

        Args:
            does: what happens, as a sentence: "new-checkout will be disabled in prod."
            reached: the environments that it happens in.
            touched: those whose log has it too; they may want a comment.
            asks: whether the person is to read the sentence and go on in any case.

        Raises ConfirmationNeededError, which is answered by a page that asks, where one of them is protected and the
        form does not name it, or wants a comment and there is none.
        """
        comment = request.form.get("comment", "").strip() or None
        named = {name.strip() for name in request.form.getlist("confirm")}
        unnamed = [one for one in reached if one.protected and one.key not in named]
        wants_comment = comment is None and any(one.comment_required for one in (*reached, *touched))
        if unnamed or wants_comment or (asks and "sure" not in request.form):
            raise ConfirmationNeededError(does, reached, wants_comment, comment or "", wrong=bool(named))
        return replace(self.session.actor, comment=comment)


@dataclass
class ConfirmationNeededError(Exception):
    """A change is asked for that has to be confirmed first."""

    does: str
    reached: Sequence[EnvironmentView]
    wants_comment: bool
    """Whether a comment has to be given."""
    comment: str
    """What was given already."""
    wrong: bool
    """Whether it was confirmed by a name that is not the environment's."""

    @property
    def protected(self) -> Sequence[EnvironmentView]:
        """The environments whose names are asked for."""
        return [one for one in self.reached if one.protected]


def visit() -> Visit:
    """Return the visit at hand."""
    return cast(Visit, g.visit)
