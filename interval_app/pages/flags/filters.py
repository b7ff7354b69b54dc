"""Choose which flags the landing page lists: by status, by tag, by when they were changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from db import validation
from db.configuration.edits import FlagQuery
from db.vocabulary import Purpose
from interval_app.forms import ownership
from interval_app.forms.form import ask, select, validator
from interval_app.session.interaction import ActionInteraction, Interaction, Result
from interval_app.session.routes import Route

ANY: Final = "any"
STATUSES: Final = ((ANY, "any"), ("enabled", "enabled"), ("disabled", "disabled"))
ENABLED: Final = {"enabled": True, "disabled": False}
DAYS: Final = ((ANY, "at any time"), ("1", "in the last day"), ("7", "in the last week"), ("30", "in the last month"))
DAYS_BY_NAME: Final = {name: int(name) for name, _ in DAYS if name != ANY}

SEEN: Final = ((ANY, "any"), ("yes", "seen by client keys"), ("no", "not seen by client keys"))
SEES: Final = {"yes": True, "no": False}
PURPOSES: Final = ((ANY, "any"), *((str(purpose), str(purpose)) for purpose in Purpose))
PURPOSE_NAMES: Final = frozenset(map(str, Purpose))


class Filters(NamedTuple):
    """What the links of the landing page say; empty where nothing is asked for."""

    status: str = ""
    tag: str = ""
    days: str = ""
    owner: str = ""
    purpose: str = ""
    clients: str = ""

    @classmethod
    def of(cls, interaction: Interaction) -> Filters:
        """Read the filters of the link that led here; what is none is left out."""
        asked = cls(*(interaction.param(name) for name in cls._fields))
        return asked._replace(
            status=asked.status if asked.status in ENABLED else "",
            days=asked.days if asked.days in DAYS_BY_NAME else "",
            purpose=asked.purpose if asked.purpose in PURPOSE_NAMES else "",
            clients=asked.clients if asked.clients in SEES else "",
        )

    def to_params(self) -> dict[str, str]:
        """Return the parameters of a link with these filters."""
        return {name: value for name, value in self._asdict().items() if value}

    def narrow(self, query: FlagQuery) -> FlagQuery:
        """Return the query for these flags alone."""
        days = DAYS_BY_NAME.get(self.days)
        return replace(
            query,
            enabled=ENABLED.get(self.status),
            tags=[self.tag] if self.tag else [],
            owner=self.owner or None,
            purpose=self.purpose or None,
            client_side=SEES.get(self.clients),
            changed_since=datetime.now(UTC) - timedelta(days=days) if days else None,
        )

    def __str__(self) -> str:
        """Say what is shown: "enabled, tag beta, changed in the last week"."""
        owner, purpose = self.owner and f"owned by {self.owner}", self.purpose and f"for purpose {self.purpose}"
        parts = [self.status, f"tag {self.tag}" if self.tag else "", owner, purpose, self._seen(), self._when()]
        return ", ".join(part for part in parts if part)

    def _seen(self) -> str:
        return dict(SEEN)[self.clients] if self.clients in SEES else ""

    def _when(self) -> str:
        return f"changed {dict(DAYS)[self.days]}" if self.days in DAYS_BY_NAME else ""


async def choose(interaction: ActionInteraction) -> Result:
    """Ask for filters, and lead to the flags that fit."""
    environment, now = await interaction.environment(), Filters.of(interaction)
    io = interaction.io
    tag = io.input.text("Tag", default_value=now.tag or None, max_length=128).optional()
    fields = {
        "status": select(io, "Status", STATUSES, now.status or ANY),
        "tag": tag.validate(validator(lambda text: validation.tags([text.strip()]))),
        "owner": ownership.owner_field(io, now.owner or None),
        "purpose": select(io, "Purpose", PURPOSES, now.purpose or ANY),
        "clients": select(io, "Client keys", SEEN, now.clients or ANY),
        "days": select(io, "Changed", DAYS, now.days or ANY),
    }
    _, found = await ask(io, fields, intro=f"Which flags of {environment.key}?", buttons=["Show them"])
    status, days, purpose, clients = (_chosen(found[name]) for name in ("status", "days", "purpose", "clients"))
    tag, owner = ((found[name] or "").strip() for name in ("tag", "owner"))
    chosen = Filters(status, tag, days, owner, purpose, clients)
    await interaction.go(Route.FLAGS, environment=environment.key, **chosen.to_params())
    return "The flags that fit are shown."


def _chosen(option: Mapping[str, str]) -> str:
    return "" if option["value"] == ANY else option["value"]
