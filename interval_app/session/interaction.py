"""Know one person at one page or action: who they are, what they asked for, and what they may do."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeAlias, TypeVar

from interval_sdk import IO, Action, ActionContext, IOError, Layout, Page, PageContext

from db.administration import environments
from db.errors import DatabaseUnavailableError, FlagstaffError
from db.flags import flags
from db.publishing.publisher import PublicationResult, record_publication
from db.settings import Settings
from db.views import EnvironmentView, FlagView
from db.vocabulary import Actor, Source
from flagstaff.digits import parse_digits
from interval_app.session import comments, last_environment
from interval_app.session.errors import DashboardError, DeclinedError, NotAllowedError, user_message
from interval_app.session.executor import in_thread
from interval_app.session.routes import Link, Route, link

log = logging.getLogger(__name__)

T = TypeVar("T")
Result: TypeAlias = "str | dict[str, str] | None"

UNCHANGED: Final = "Nothing was changed."
BEGUN: Final = "Not everything was done. What was done before the interruption is saved, and stays."
SAID: Final = "said"
"""The parameter of a link with what the page says at its top: what was done."""
MAX_SAID: Final = 500
YES: Final = "yes"
LEAVE_IT: Final = {"label": "Leave it", "value": "no", "theme": "secondary"}
NOT_DONE: Final = "Not done"
UNPUBLISHED: Final = "Saved, but not yet published"
MEANWHILE: Final = "Programs still get what was published before."
MADE_UP_FOR: Final = "The next change makes up for it, or Publish now on the Feature Flags page."


class Interaction:
    """Somebody at a page or in an action."""

    def __init__(self, settings: Settings, ctx: ActionContext | PageContext) -> None:
        self.settings = settings
        self.ctx = ctx

    def param(self, name: str) -> str:
        """Return a parameter of the link that led here; empty where there is none."""
        return str(self.ctx.params.get(name) or "")

    def version(self) -> int | None:
        """Return the version of the flag that the link was made for; None where it names none."""
        return parse_digits(self.param("version"))

    async def environment(self) -> EnvironmentView:
        """Find the environment that the link names, else the one where this person was last, else the default one.

        Raises UnknownEnvironmentError.
        """
        named = self.param("environment")
        if not named:
            return await last_environment.of(self.ctx.user.email, self.settings.default_environment)
        found = await in_thread(environments.get, named)
        last_environment.remember(self.ctx.user.email, found.key)
        return found

    async def all_environments(self) -> list[EnvironmentView]:
        """List every environment, in the order in which they were added."""
        return await in_thread(environments.list_all)


class PageInteraction(Interaction):
    """Somebody looks at a page."""

    def __init__(self, settings: Settings, display: IO.Display, ctx: PageContext) -> None:
        super().__init__(settings, ctx)
        self.display = display

    async def flag(self, environment: EnvironmentView) -> FlagView:
        """Find the flag that the link names. Raises FlagNotFoundError."""
        return await in_thread(flags.get, self.param("flag"), environment.key)


class ActionInteraction(Interaction):
    """Somebody does something."""

    def __init__(self, settings: Settings, io: IO, ctx: ActionContext, outcome: PublicationResult) -> None:
        super().__init__(settings, ctx)
        self.io = io
        self.outcome = outcome
        self.comment: str | None = None
        """Why this is done, in the person's words, as far as they were asked; what is written from then on has it."""
        self.begun = False
        """Whether a part of what is asked for is saved already."""

    def actor_for(self, *environments: EnvironmentView) -> Actor:
        """Check that this person may change all of these environments, and name them for the change log.

        Every function of `db` that writes needs an actor, and there is no other way to one: no action can forget the
        check. Raises NotAllowedError where one of the environments is protected, and not for this person to change.
        """
        protected = [environment.key for environment in environments if environment.protected]
        if not protected or self._may_change_protected():
            return Actor(self.ctx.user.email, Source.INTERVAL, comment=self.comment)
        who = [f"the role {role}" for role in sorted(self.settings.interval_protected_roles)]
        who += [f"the team {team}" for team in sorted(self.settings.interval_protected_teams)]
        allowed = f"people with {' or '.join(who)}" if who else "nobody"
        raise NotAllowedError(
            f"{', '.join(protected)} {'is' if len(protected) == 1 else 'are'} protected, and your role "
            f"({self.ctx.user.role}) may not change {'it' if len(protected) == 1 else 'them'}. "
            f"In Interval that is for {allowed}: ask one of them, or an administrator for the role."
        )

    def _may_change_protected(self) -> bool:
        """Return whether this person's role or team allows changes of protected environments."""
        teams, settings = frozenset(self.ctx.user.teams or ()), self.settings
        return self.ctx.user.role in settings.interval_protected_roles or bool(
            teams & settings.interval_protected_teams
        )

    async def confirm(self, question: str, help_text: str, changed: Sequence[EnvironmentView] = ()) -> None:
        """Ask before going on, and for the comment that one of the changed environments needs and that was not given.

        Raises DeclinedError at a no.
        """
        missing = bool(comments.asking(changed)) and self.comment is None
        if not await (
            self._confirm_and_ask_why(question, help_text, changed)
            if missing
            else self.io.confirm(question, help_text=help_text)
        ):
            raise DeclinedError

    async def _confirm_and_ask_why(self, question: str, help_text: str, changed: Sequence[EnvironmentView]) -> bool:
        """Ask in a form, because a question has no place for a text."""
        heading = self.io.display.heading(question, level=3, description=help_text)
        form = self.io.group(heading, comments.comment_input(self.io, changed, None)).with_choices(
            [{"label": "Go on", "value": YES}, LEAVE_IT]
        )

        def check(given: Any) -> str | None:
            return comments.problem(changed, given.return_value[1]) if given.choice == YES else None

        pressed = await form.validate(check)
        self.comment = pressed.return_value[1]
        return bool(pressed.choice == YES)

    async def confirm_if_protected(self, environment: EnvironmentView, what: str) -> None:
        """Ask before a change, which `what` describes, of an environment that is protected, or still needs a comment.

        Raises DeclinedError at a no.
        """
        if environment.protected or (environment.comment_required and self.comment is None):
            protected = f"{environment.key} is protected. " if environment.protected else ""
            await self.confirm(f"Change {environment.key}?", protected + what, [environment])

    async def go(self, route: Route, said: str = "", **params: str) -> str:
        """Lead the browser to a page, which says this; unless it must go on showing that something is not published.

        Returns what it says, as the result of the action.
        """
        if self.outcome.published is not False:
            await self.ctx.redirect(route=route.value, params={**params, SAID: said[:MAX_SAID]} if said else params)
        return said

    async def go_back(self, said: str) -> str:
        """Lead the browser to where the action was begun, which says this: to the flag, or to the page above."""
        page_above = Route(self.ctx.action.slug).parent
        named = {name: value for name in ("flag", "environment", "segment", "layer") if (value := self.param(name))}
        route = Route.FLAG if page_above is Route.FLAGS and "flag" in named else page_above
        return await self.go(route, said, **named)

    def told(self, result: Result) -> Result:
        """Add to the result that it is not published, if that is so."""
        if self.outcome.published is not False:
            return result
        if isinstance(result, dict):
            return {**result, UNPUBLISHED: f"{MEANWHILE} {MADE_UP_FOR}"}
        return f"{result or ''} {UNPUBLISHED}. {MEANWHILE} {MADE_UP_FOR}".lstrip()


def action(
    settings: Settings, handler: Callable[[ActionInteraction], Awaitable[Result]], name: str, **options: Any
) -> Action:
    """Make an action for the SDK; what goes wrong in it is told in words."""

    async def run(io: IO, ctx: ActionContext) -> Result:
        try:
            with record_publication() as outcome:
                interaction = ActionInteraction(settings, io, ctx, outcome)
                try:
                    result = await handler(interaction)
                except DeclinedError:
                    result = BEGUN if interaction.begun else UNCHANGED
                except (DashboardError, FlagstaffError) as error:
                    # Returned, not raised: the SDK would show the name of the class, and log an error.
                    log.info("the action %r: %s", name, error)
                    result = {NOT_DONE: user_message(error)}
                if result in (BEGUN, UNCHANGED):
                    await interaction.go_back(str(result))
                return interaction.told(result)
        except IOError:
            raise
        except Exception as error:
            log.exception("the action %r failed", name)
            raise DashboardError(user_message(error)) from error

    return Action(handler=run, name=name, unlisted=True, **options)


def page(
    settings: Settings, handler: Callable[[PageInteraction], Awaitable[Layout]], name: str, **options: Any
) -> Page:
    """Make a page for the SDK; what goes wrong in it is shown instead."""

    async def show(display: IO.Display, ctx: PageContext) -> Layout:
        try:
            interaction = PageInteraction(settings, display, ctx)
            layout = await handler(interaction)
            if said := interaction.param(SAID):
                layout.children = [display.heading(said, level=4), *(layout.children or ())]
            return layout
        except Exception as error:
            if not isinstance(error, FlagstaffError | DashboardError):
                log.exception("the page %r failed", name)
            elif isinstance(error, DatabaseUnavailableError):
                log.warning("the page %r: %s", name, error)
            return Layout(title=name, children=[display.heading(user_message(error), level=3)], menu_items=[back()])

    return Page(name=name, handler=show, **options)


def back(**params: str) -> Link:
    """Make the link to the landing page."""
    return link("Feature Flags", Route.FLAGS, params, theme="secondary")
