"""Read from an address which flags the list shows, and write it into one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from db.configuration.edits import FlagQuery
from db.flags.search import SORTS
from db.vocabulary import Purpose, ValueType
from flagstaff.digits import parse_digits

PAGE_SIZE: Final = 50
KINDS: Final = {"static": True, "dynamic": False}
STATUSES: Final = {"enabled": True, "disabled": False}
DAYS: Final = {"1": "in the last day", "7": "in the last week", "30": "in the last month"}
MAX_PAGE: Final = 1_000_000


class Filters(NamedTuple):
    """What the list is narrowed to, and how it is sorted: by the names that it has in addresses."""

    search: str = ""
    type: str = ""
    kind: str = ""
    status: str = ""
    tag: str = ""
    owner: str = ""
    purpose: str = ""
    days: str = ""
    sort: str = "key"
    order: str = "up"
    page: int = 1

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filters:
        """Read the filters of an address; what is none is left out."""
        texts: dict[str, Any] = {name: query[name].strip() for name in cls._fields if name in query and name != "page"}
        asked = cls()._replace(**texts)
        number = parse_digits(query.get("page", "1")) or 1
        return asked._replace(
            type=asked.type if asked.type in list(ValueType) else "",
            kind=asked.kind if asked.kind in KINDS else "",
            status=asked.status if asked.status in STATUSES else "",
            purpose=asked.purpose if asked.purpose in list(Purpose) else "",
            days=asked.days if asked.days in DAYS else "",
            sort=asked.sort if asked.sort in SORTS else "key",
            order="down" if asked.order == "down" else "up",
            page=min(number, MAX_PAGE),
        )

    def to_query(self, environment: str) -> FlagQuery:
        """Return the query for one page of these flags."""
        return FlagQuery(
            environment=environment,
            search=self.search,
            value_type=self.type or None,
            is_static=KINDS.get(self.kind),
            enabled=STATUSES.get(self.status),
            tags=[self.tag] if self.tag else [],
            owner=self.owner or None,
            purpose=self.purpose or None,
            changed_since=datetime.now(UTC) - timedelta(days=int(self.days)) if self.days else None,
            sort=self.sort,
            descending=self.order == "down",
            limit=PAGE_SIZE,
            skip=(self.page - 1) * PAGE_SIZE,
        )

    def to_params(self, **changed: object) -> dict[str, object]:
        """Return what an address says of these filters with some changed, on the first page unless that is changed."""
        params = {**self._asdict(), "page": 1, **changed}
        return {name: value for name, value in params.items() if value != self._field_defaults[name]}

    @property
    def narrows(self) -> bool:
        """Whether some flags are left out."""
        return any(self[: self._fields.index("sort")])

    @property
    def narrows_more(self) -> bool:
        """Whether flags are left out by more than the search."""
        return any(self[1 : self._fields.index("sort")])
