"""What is published, and under which names. Whoever reads it needs no database, and imports none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import orjson

from db.aws.s3 import Bucket
from db.aws.signing import Signer
from db.published.keyring import KeyRecord
from db.settings import Settings

KEYS_OBJECT: Final = "keys.json"
DEFINITIONS_FOLDER: Final = "definitions/"
FLAGS_FOLDER: Final = "definitions/flags/"
"""No environment's definitions are in here: the key of an environment has no slash."""


class Access(NamedTuple):
    """`keys.json`: who may evaluate, and which environments there are."""

    keys: Sequence[KeyRecord]
    environments: Sequence[str]
    revision: int = 0
    """One more at each write, so that no two objects have the same ETag: a write waits for the one that it replaces."""

    def to_bytes(self) -> bytes:
        """As it is stored; the same access gives the same bytes."""
        stored = {
            "environments": sorted(self.environments),
            "keys": [key.to_json() for key in self.keys],
            "revision": self.revision,
        }
        return orjson.dumps(stored, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def from_bytes(cls, data: bytes) -> Access:
        """Read what `to_bytes` wrote. Raises ValueError for anything else."""
        try:
            said = orjson.loads(data)
            keys = [KeyRecord.from_json(key) for key in said["keys"]]
            return cls(keys, [str(name) for name in said["environments"]], int(said.get("revision", 0)))
        except (KeyError, TypeError) as error:
            raise ValueError(f"{KEYS_OBJECT} can't be read: {error!r}") from error


def definitions_object(environment: str) -> str:
    """Return the name of an environment's definitions in the bucket."""
    return f"{DEFINITIONS_FOLDER}{environment}.json"


def flags_object(environment: str) -> str:
    """Return the name of an environment's list of flags (`db.definitions.summaries.to_bytes`) in the bucket."""
    return f"{FLAGS_FOLDER}{environment}.json"


def bucket_of(settings: Settings) -> Bucket | None:
    """Return the bucket that the settings name, if they do."""
    if settings.definitions_bucket is None:
        return None
    return Bucket(settings.definitions_bucket, Signer(settings.aws_region or ""), settings.s3_endpoint)
