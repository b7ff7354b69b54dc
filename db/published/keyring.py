"""API keys as a process checks them: hashes in memory, no database.

A secret has 256 random bits, so one SHA-256 is enough: there is nothing to guess that salting or stretching would slow.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from db.vocabulary import Scope


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What checking a key needs: its hash, what it may do and where."""

    id: str
    name: str
    hash: str
    """SHA-256 of the secret, in hex."""
    scope: Scope
    environment: str | None
    """The environment that the key is bound to; None for an admin key."""
    expires_at: datetime | None = None

    def to_json(self) -> dict[str, str | None]:
        """As JSON can carry it; `from_json` reads it back."""
        return {
            "id": self.id,
            "name": self.name,
            "hash": self.hash,
            "scope": str(self.scope),
            "environment": self.environment,
            "expiresAt": self.expires_at.isoformat() if self.expires_at else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, str | None]) -> KeyRecord:
        """Read what `to_json` wrote; raises KeyError or ValueError where that is not what it is given."""
        expires = data["expiresAt"]
        return cls(
            id=str(data["id"]),
            name=str(data["name"]),
            hash=str(data["hash"]),
            scope=Scope(str(data["scope"])),
            environment=data["environment"],
            expires_at=datetime.fromisoformat(expires) if expires else None,
        )


class Keyring:
    """The keys in force; never changed, only replaced."""

    def __init__(self, records: Iterable[KeyRecord]) -> None:
        self._by_hash = {record.hash: record for record in records}
        self._by_id = {record.id: record for record in self._by_hash.values()}

    def find(self, secret: str, now: datetime) -> KeyRecord | None:
        """Return the key that this secret is, unless it has expired; the time it takes tells nothing of the secrets."""
        digest = hash_secret(secret)
        record = self._by_hash.get(digest)
        if record is None or not hmac.compare_digest(record.hash, digest):
            return None
        return in_force(record, now)

    def with_id(self, key_id: str, now: datetime) -> KeyRecord | None:
        """Return the key of this id, unless it has expired."""
        record = self._by_id.get(key_id)
        return in_force(record, now) if record else None

    def __len__(self) -> int:
        return len(self._by_hash)


def in_force(record: KeyRecord, now: datetime) -> KeyRecord | None:
    """Return the key itself, unless it has expired."""
    return record if record.expires_at is None or now < record.expires_at else None


def hash_secret(secret: str) -> str:
    """Return what is stored of a key, in hex."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
