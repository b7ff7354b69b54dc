"""What answering from memory needs of a process, whether it follows the database or reads what is published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from api.access.auth import Keys
from api.access.limits import Limits
from api.access.stream_capacity import Holder
from api.feeds.document import Document
from api.telemetry.counters import Counters
from db.settings import Settings
from flagstaff.engine import Engine
from flagstaff.targeting import Known


class DefinitionsFeed(Protocol):
    """One environment, for SDKs that download flags."""

    @property
    def etag(self) -> str:
        """The entity tag of the document."""

    @property
    def known(self) -> Known:
        """What the definitions refer to is called, as far as it is known here."""

    def document(self) -> Document:
        """Give the whole flagd document."""

    def flags(self) -> bytes:
        """Give the list of the boolean flags, as JSON."""


class EvaluationService(Protocol):
    """The process that answers: `api.services.Services`, or AWS's evaluation function, without database or Flask."""

    @property
    def settings(self) -> Settings:
        """The settings of the process."""

    @property
    def keys(self) -> Keys:
        """The keys in force."""

    @property
    def engines(self) -> Mapping[str, Engine]:
        """The engine of each environment; empty until the definitions have been loaded once."""

    @property
    def client_engines(self) -> Mapping[str, Engine]:
        """The same with the flags alone that client keys see."""

    @property
    def feeds(self) -> Mapping[str, DefinitionsFeed]:
        """The same environments for SDKs that download flags."""

    @property
    def explain_open(self) -> bool:
        """Whether everyone may ask why a flag has its value."""

    @property
    def counters(self) -> Counters:
        """What counts the evaluations."""

    @property
    def limits(self) -> Limits:
        """How often somebody may evaluate."""

    def refresh_if_behind(self, environment: str, revision: int, *, sees_all: bool) -> None:
        """Bring an environment up to this revision, where that is possible and what such a caller sees is behind."""

    def has_stream_room(self, holder: Holder) -> bool:
        """Tell whether this caller can have a stream."""
