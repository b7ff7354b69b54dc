"""What can go wrong, in words. None of these know HTTP; `api` maps each type to a status.

FlagstaffError
 ├── InvalidInputError          the input breaks a rule of the model; `code` says which, `field` where
 ├── StaticFlagError            members, rules or a rollout for a flag that has one value for everyone
 ├── FlagNotFoundError
 ├── FlagKeyTakenError
 ├── UnknownEnvironmentError
 ├── EnvironmentExistsError
 ├── DefaultEnvironmentError    the default environment can't be deleted
 ├── EnvironmentProtectedError  a protected environment can't be deleted
 ├── SegmentNotFoundError
 ├── SegmentKeyTakenError
 ├── SegmentInUseError          rules of flags name it
 ├── LayerNotFoundError
 ├── LayerKeyTakenError
 ├── LayerInUseError            flags are in it
 ├── RangeTakenError            another flag, or the holdout, has a part of the range
 ├── RequiredByError            other flags need the flag, or one of its variants
 ├── VersionConflictError       somebody else changed it meanwhile
 ├── ChangeNotFoundError
 ├── KeyNotFoundError
 ├── KeyMadeError               an API key with this id was made before
 ├── OverrideNotFoundError
 ├── OverrideExistsError
 └── DatabaseUnavailableError   the database can't be reached; trying again later may help
      ├── DatabaseWakingError   it was paused, and is on its way
      ├── NotMigratedError      it answers, but its tables are missing or of an older release
      └── WriteBlockedError     it answers, but others hold what this write needs
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from flagstaff.targeting import Span


class FlagstaffError(Exception):
    """The base of every error that this package raises on purpose; its text is a sentence for people."""


class InvalidInputError(FlagstaffError):
    """Readable input that the model does not allow.

    `code` is lower_snake and says which rule was broken, `field` where in the input (`variants.on`, `rules[2].split`).
    """

    def __init__(self, code: str, field: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


class StaticFlagError(FlagstaffError):
    """Members, rules or a rollout were given for a static flag."""

    def __init__(self, key: str, what: str) -> None:
        super().__init__(f"the flag {key!r} is static: it has one value for everyone and can't have {what}")
        self.key = key
        self.what = what


class FlagNotFoundError(FlagstaffError):
    """No live flag has this key, and no flag at all this id."""

    def __init__(self, id_or_key: str) -> None:
        super().__init__(f"there is no flag {id_or_key!r}")
        self.id_or_key = id_or_key


class FlagKeyTakenError(FlagstaffError):
    """A live flag has this key already."""

    def __init__(self, key: str) -> None:
        super().__init__(f"a flag with the key {key!r} exists already")
        self.key = key


class UnknownEnvironmentError(FlagstaffError):
    """There is no environment of this name; the text lists those that there are."""

    def __init__(self, environment: str, known: Sequence[str]) -> None:
        super().__init__(f"there is no environment {environment!r}: there are {', '.join(known)}")
        self.environment = environment


class EnvironmentExistsError(FlagstaffError):
    """An environment of this name exists already."""

    def __init__(self, environment: str) -> None:
        super().__init__(f"the environment {environment!r} exists already")
        self.environment = environment


class DefaultEnvironmentError(FlagstaffError):
    """The default environment was to be deleted, which every request without an environment is about."""

    def __init__(self, environment: str) -> None:
        super().__init__(
            f"{environment!r} is the default environment (FLAGSTAFF_DEFAULT_ENVIRONMENT), which can't be deleted"
        )
        self.environment = environment


class EnvironmentProtectedError(FlagstaffError):
    """A protected environment was to be deleted."""

    def __init__(self, environment: str) -> None:
        super().__init__(f"the environment {environment!r} is protected: take its protection off before deleting it")
        self.environment = environment


class SegmentNotFoundError(FlagstaffError):
    """No live segment has this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"there is no segment {key!r}")
        self.key = key


class SegmentKeyTakenError(FlagstaffError):
    """A live segment has this key already."""

    def __init__(self, key: str) -> None:
        super().__init__(f"a segment with the key {key!r} exists already")
        self.key = key


class SegmentInUseError(FlagstaffError):
    """Rules of flags name the segment that was to be archived; `users` are keys of flags by environment."""

    def __init__(self, key: str, users: Mapping[str, Sequence[str]]) -> None:
        super().__init__(f"the segment {key!r} is used by {_listed(users)}: take it out of their rules first")
        self.key = key
        self.users = users


class LayerNotFoundError(FlagstaffError):
    """No live layer has this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"there is no layer {key!r}")
        self.key = key


class LayerKeyTakenError(FlagstaffError):
    """A live layer has this key already."""

    def __init__(self, key: str) -> None:
        super().__init__(f"a layer with the key {key!r} exists already")
        self.key = key


class LayerInUseError(FlagstaffError):
    """Flags are in the layer that was to be archived; `users` are their keys by environment."""

    def __init__(self, key: str, users: Mapping[str, Sequence[str]]) -> None:
        super().__init__(f"the layer {key!r} is used by {_listed(users)}: take them out of it first")
        self.key = key
        self.users = users


class Taken(NamedTuple):
    """A part of a layer that somebody has: a flag in an environment, or the holdout, which is no flag's and the same
    in every environment.
    """

    span: Span
    flag: str | None = None
    environment: str | None = None

    def __str__(self) -> str:
        return f"{self.flag} has {self.span} in {self.environment}" if self.flag else f"the holdout has {self.span}"


class RangeTakenError(FlagstaffError):
    """A part of a layer was asked for that overlaps what others have."""

    def __init__(self, key: str, wanted: Span, taken: Sequence[Taken]) -> None:
        super().__init__(f"{wanted} of the layer {key!r} is not free: {'; '.join(map(str, taken))}")
        self.key = key
        self.taken = taken


class RequiredByError(FlagstaffError):
    """Other flags have this one as a prerequisite, and would break; `users` are their keys by environment."""

    def __init__(self, key: str, users: Mapping[str, Sequence[str]]) -> None:
        super().__init__(f"the flag {key!r} is a prerequisite of {_listed(users)}: change those first")
        self.key = key
        self.users = users


def _listed(users: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(f"{', '.join(flags)} in {environment}" for environment, flags in users.items())


class VersionConflictError(FlagstaffError):
    """The edit was based on an older version: somebody changed the flag's configuration meanwhile."""

    def __init__(
        self,
        key: str,
        environment: str,
        *,
        version: int,
        changed_by: str,
        changed_at: datetime,
        what: str = "flag",
    ) -> None:
        super().__init__(
            f"the {what} {key!r} is at version {version} in {environment}: {changed_by} changed it at "
            f"{changed_at:%Y-%m-%d %H:%M:%S} UTC. Look at that change, then make yours again"
        )
        self.key = key
        self.environment = environment
        self.version = version
        self.changed_by = changed_by
        self.changed_at = changed_at


class ChangeNotFoundError(FlagstaffError):
    """This flag has no change of this id in this environment, or this segment none."""

    def __init__(self, change_id: int, of: str = "this flag in this environment") -> None:
        super().__init__(f"there is no change {change_id} of {of}")
        self.change_id = change_id


class KeyNotFoundError(FlagstaffError):
    """There is no API key of this id."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"there is no API key {key_id!r}")
        self.key_id = key_id


class KeyMadeError(FlagstaffError):
    """A key was to be made with an id that a key has: what asked for it did so before, and the answer may be lost."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the key {name!r} was made already, and its secret was shown: if nobody has it, revoke the key and make "
            "another one"
        )
        self.name = name


class OverrideNotFoundError(FlagstaffError):
    """A user has no override of a flag; None stands for any flag."""

    def __init__(self, user_id: str, flag_id: str | None = None) -> None:
        super().__init__(
            "Mapping of User Id and Flag Id does not exist" if flag_id is not None else "User feature flags not found"
        )
        self.user_id = user_id
        self.flag_id = flag_id


class OverrideExistsError(FlagstaffError):
    """The user has an override of this flag already."""

    def __init__(self, user_id: str, flag_key: str) -> None:
        super().__init__(f"the user {user_id!r} has an override of {flag_key!r} already: change it with PATCH")
        self.user_id = user_id
        self.flag_key = flag_key


class DatabaseUnavailableError(FlagstaffError):
    """The database could not be reached, or broke off; nothing was written."""

    def __init__(self, reason: str = "") -> None:
        first_line = reason.strip().split("\n", 1)[0]
        super().__init__(f"the database can't be reached{': ' if first_line else ''}{first_line}")


class DatabaseWakingError(DatabaseUnavailableError):
    """The database pauses while nobody uses it; this attempt has woken it, which takes some 15 to 30 seconds."""

    def __init__(self) -> None:
        super().__init__(
            "it was paused and is waking up, which takes 15 seconds as a rule, 30 after a day; try again then"
        )


class WriteBlockedError(DatabaseUnavailableError):
    """The database answers, but others hold what this write needs, and have for too long; nothing was written."""

    def __init__(self) -> None:
        FlagstaffError.__init__(
            self,
            "the database answers, but other writes have kept this one waiting for too long, and nothing was written; "
            "if it stays so, a program that writes hangs",
        )


class NotMigratedError(DatabaseUnavailableError):
    """The database answers, but lacks a table or a column of this release; nothing was written."""

    def __init__(self) -> None:
        FlagstaffError.__init__(
            self,
            "the database lacks tables of this release: run python -m db.migrate with FLAGSTAFF_DATABASE_URL",
        )
