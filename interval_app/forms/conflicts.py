"""Tell what others did to a flag while somebody was filling in a form."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from db.errors import InvalidInputError, VersionConflictError
from db.flags import flags
from db.history import changes
from db.views import EnvironmentView, FlagView
from db.wording import differences
from db.wording.line import Line
from interval_app.display import tables
from interval_app.forms.form import ask_with_comment
from interval_app.session.errors import DashboardError, sentence
from interval_app.session.executor import in_thread
from interval_app.session.interaction import LEAVE_IT, YES, ActionInteraction


class ChangedMeanwhileError(InvalidInputError):
    """The edit was based on an older version. Its text says who did what."""

    def __init__(self, flag: FlagView, changes: str) -> None:
        advice = (
            "Nothing of yours was saved yet, and nothing that you entered is lost: look again, and go on if you mean it"
        )
        super().__init__("changed_meanwhile", "version", f"{changes} {advice}.")
        self.flag = flag
        """The flag as it is now."""
        self.changes = changes
        """The sentences that say who did what, without advice."""


async def describe_conflict(error: VersionConflictError, based_on: FlagView) -> ChangedMeanwhileError:
    """Describe a conflict by the changes that were made since the version that the edit was based on."""
    flag = await in_thread(flags.get, based_on.id, based_on.environment)
    since = await in_thread(changes.since, based_on.version, flag)
    told = " ".join(map(differences.meanwhile, since)) or sentence(str(error))
    return ChangedMeanwhileError(flag, told)


@contextmanager
def refusing_old_pages(what_to_do: str) -> Iterator[None]:
    """Raise DashboardError for ChangedMeanwhileError where there is no form to look at again."""
    try:
        yield
    except ChangedMeanwhileError as conflict:
        raise DashboardError(f"{conflict.changes} Nothing of yours was saved: {what_to_do}.") from conflict


async def previewed(
    interaction: ActionInteraction,
    environment: EnvironmentView,
    found: list[Line],
    problem: str | None,
    what: str,
    button: str,
) -> bool:
    """Show what would change in an environment, and ask whether to go on, and why."""
    table = tables.differences(interaction.io.display, f"{what}: this would change", found)
    pressed, _ = await ask_with_comment(
        interaction,
        {"difference": table},
        [environment],
        problem=problem,
        buttons=[{"label": button, "value": YES}, LEAVE_IT],
        unchanging=[LEAVE_IT["value"]],
    )
    return pressed == YES
