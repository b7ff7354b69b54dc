"""The nouns that tables, functions and screens share, and the types of the values in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import Any, Final, TypeAlias, TypedDict, TypeVar

JsonValue: TypeAlias = (
    "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"  # what JSON can say
)
JsonObject: TypeAlias = "dict[str, JsonValue]"
Metadata: TypeAlias = "Mapping[str, bool | int | float | str]"  # what flagd takes of a flag's metadata: flat, no null

CLIENT_SIDE: Final = "clientSide"
"""In a flag's metadata in the document: false where client keys do not see it; what they see has nothing there."""

T = TypeVar("T")


class Unset(Enum):
    """The type of `UNSET`, which says "leave it as it is" where None says "clear it"."""

    UNSET = "unset"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET


def given(value: T | Unset, otherwise: T) -> T:
    """Return the value if one was given, else what it would replace."""
    return otherwise if isinstance(value, Unset) else value


class ValueType(StrEnum):
    """What a flag's values are; it never changes."""

    BOOLEAN = "boolean"
    STRING = "string"
    NUMBER = "number"
    STRUCTURED = "structured"


class Purpose(StrEnum):
    """What a flag is there for, which says how long it stays: a release or an experiment ends."""

    RELEASE = "release"
    EXPERIMENT = "experiment"
    OPERATIONAL = "operational"
    PERMISSION = "permission"


class FlagLink(TypedDict):
    """A page that tells more of a flag, in the form that JSON has of it too."""

    title: str
    url: str


class Source(StrEnum):
    """The way by which a change came in."""

    API = "api"
    INTERVAL = "interval"
    CLI = "cli"
    CONSOLE = "console"
    SYSTEM = "system"


class Action(StrEnum):
    """What a change did, as the change log names it."""

    FLAG_CREATED = "flag.created"
    FLAG_UPDATED = "flag.updated"
    FLAG_ENABLED = "flag.enabled"
    FLAG_DISABLED = "flag.disabled"
    FLAG_ARCHIVED = "flag.archived"
    FLAG_RESTORED = "flag.restored"
    FLAG_PROMOTED = "flag.promoted"
    MEMBERS_ADDED = "members.added"
    MEMBERS_REMOVED = "members.removed"
    SEGMENT_CREATED = "segment.created"
    SEGMENT_UPDATED = "segment.updated"
    SEGMENT_ARCHIVED = "segment.archived"
    SEGMENT_RESTORED = "segment.restored"
    LAYER_CREATED = "layer.created"
    LAYER_UPDATED = "layer.updated"
    LAYER_ARCHIVED = "layer.archived"
    ENVIRONMENT_CREATED = "environment.created"
    ENVIRONMENT_UPDATED = "environment.updated"
    ENVIRONMENT_DELETED = "environment.deleted"
    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"


class Scope(StrEnum):
    """What an API key may do: `admin` everything, `reader` look at what admins see, `server` evaluate and read
    definitions, `client` (in a browser) evaluate.
    """

    ADMIN = "admin"
    READER = "reader"
    SERVER = "server"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change, as the change log shows it (an e-mail address, a key's name), and by which way."""

    name: str
    source: Source
    via: str | None = None
    """What let the actor in, such as `key ci`; None where people sign in themselves."""
    comment: str | None = None
    """Why, in the actor's words. Environments may ask for it, and refuse what is written without."""


def utc(moment: Any) -> datetime:
    """Convert a moment to UTC: the database answers in the time zone of its session."""
    in_utc: datetime = moment.astimezone(UTC)
    return in_utc
