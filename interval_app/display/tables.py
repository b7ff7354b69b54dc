"""Make tables whose rows are fetched as they are looked at, and whose failures are seen."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from interval_sdk import IO, TableDataFetcherState

from db import validation
from db.errors import FlagstaffError
from db.views import FlagView
from db.wording import phrases
from db.wording.line import Line
from interval_app.session.errors import user_message
from interval_app.session.routes import Link, Route

log = logging.getLogger(__name__)

MAX_ROWS: Final = 100
"""Rows that are fetched at once."""
MAX_DIFFERENCE: Final = 20_000
"""Characters of a value that are shown where a difference is looked at for itself."""

Cell: TypeAlias = "dict[str, Any]"


class Row(NamedTuple):
    """Cells in the order of the columns, and what can be done with the row."""

    cells: Sequence[Cell | str]
    menu: Sequence[Link] = ()


class RowsWanted(NamedTuple):
    """The rows of a table that somebody looks at."""

    skip: int
    limit: int
    search: str
    """What is typed into the search; empty where nothing is."""
    sort: str | None
    """The name of the column to sort by."""
    descending: bool

    @classmethod
    def of(cls, state: TableDataFetcherState) -> RowsWanted:
        """Read what a browser asks for, within what `db` takes."""
        return cls(
            skip=state.offset,
            limit=min(state.page_size, MAX_ROWS),
            search=(state.query_term or "")[: validation.MAX_NAME],
            sort=state.sort_column,
            descending=state.sort_direction == "desc",
        )


Fetch: TypeAlias = "Callable[[RowsWanted], Awaitable[tuple[Sequence[Row], int]]]"
"""Returns the rows that are wanted, and how many there are in all."""


def cell(
    text: str,
    color: str | None = None,
    route: Route | None = None,
    params: dict[str, str] | None = None,
    url: str | None = None,
    longest: int = phrases.MAX_CELL,
) -> Cell:
    """Make a cell that shows this text, whatever it looks like; perhaps coloured, perhaps a link."""
    made: Cell = {"label": phrases.short(text, longest) or phrases.NOTHING}
    if color is not None:
        made["highlightColor"] = color
    if route is not None:
        made |= {"route": route.value, "params": params or {}}
    if url is not None:
        made["url"] = url
    return made


def status(flag: FlagView) -> Cell:
    """Make a cell that says whether a flag is enabled, and until when; in a colour to be seen at a glance."""
    return cell(phrases.status_until(flag), "green" if flag.enabled else "gray")


def fetched(display: IO.Display, label: str, columns: Sequence[tuple[str, str]], fetch: Fetch, **options: Any) -> Any:
    """Make a table that asks `fetch` for each page of rows; columns are (label, name), and sorting names the column."""

    async def get_data(state: TableDataFetcherState) -> tuple[list[dict[str, Any]], int]:
        try:
            rows, total = await fetch(RowsWanted.of(state))
        except Exception as error:  # the SDK would show an empty table
            if not isinstance(error, FlagstaffError):
                log.exception("the table %r could not be filled", label)
            rows, total = [Row([cell(user_message(error), "red")])], 1
        return [_dict(row, columns) for row in rows], total

    return display.table(
        label, get_data=get_data, columns=_columns(columns), row_menu_items=lambda row: row["menu"], **options
    )


def fixed(
    display: IO.Display, label: str, columns: Sequence[tuple[str, str]], rows: Sequence[Row], **options: Any
) -> Any:
    """Make a table of a few rows."""
    return display.table(
        label,
        data=[_dict(row, columns) for row in rows],
        columns=_columns(columns),
        row_menu_items=lambda row: row["menu"],
        **options,
    )


def _columns(columns: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"label": label, "accessorKey": name} for label, name in columns]


def _dict(row: Row, columns: Sequence[tuple[str, str]]) -> dict[str, Any]:
    cells = [cell(given) if isinstance(given, str) else given for given in row.cells]
    cells += [cell("")] * (len(columns) - len(cells))
    return {**{name: given for (_, name), given in zip(columns, cells, strict=True)}, "menu": list(row.menu)}


def differences(display: IO.Display, label: str, found: Sequence[Line]) -> Any:
    """Make a table of differences: what, before, after."""
    columns = (("What", "what"), ("Before", "before"), ("After", "after"))
    rows = [Row([cell(text, longest=MAX_DIFFERENCE) for text in line]) for line in found]
    return fixed(display, label, columns, rows, is_sortable=False, is_filterable=False)
