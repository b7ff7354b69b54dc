"""Publishing to S3, for programs that never ask the database.

Always from committed state, and one publisher at a time: whoever waited for the lock reads what is true then, so a
slow publisher can't put an old state over a new one. Every publication makes up for those that failed before it.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import logging
from typing import Final, NamedTuple

import peewee

from db import definitions, environments, keys, metrics_log, writing
from db.database import database, rows, session, wait_until_awake
from db.errors import DatabaseUnavailableError
from db.published import KEYS_OBJECT, Access, bucket_of, definitions_object
from db.s3 import Bucket, S3Error
from db.settings import Settings

log = logging.getLogger(__name__)

_LOCK: Final = 0x7075626C  # any number that nobody else locks: "publ" in ASCII
_LONGEST_WAIT: Final = "8s"
"""For another publisher. The gateway gives up on the whole call after 30 seconds."""


class PublicationError(Exception):
    """The committed state could not be published; a later publication makes up for it."""


class Published(NamedTuple):
    """What a publication did."""

    environments: dict[str, int]
    """The revisions that were written. What was there already is not among them."""


class Publisher:
    """Publishes to one bucket."""

    def __init__(self, bucket: Bucket, *, bucketing: str = "v2", stage: str = "local") -> None:
        self._bucket = bucket
        self._bucketing = bucketing
        self._stage = stage

    @classmethod
    def from_settings(cls, settings: Settings) -> Publisher | None:
        """The publisher that the settings ask for, if they name a bucket."""
        bucket = bucket_of(settings)
        return None if bucket is None else cls(bucket, bucketing=settings.bucketing, stage=settings.stage)

    def publish(self, *, everything: bool = False) -> Published:
        """Write every environment whose published revision is not the committed one, and the keys.

        Args:
            everything: write what seems to be there already, too: after an upgrade that writes definitions otherwise.

        Raises:
            PublicationError: S3 did not take it, or another publisher took too long.
            DatabaseUnavailableError: the committed state can't be read.
        """
        try:
            with session(), database.atomic():
                database.execute_sql(f"SET LOCAL lock_timeout = '{_LONGEST_WAIT}'")
                rows("SELECT pg_advisory_xact_lock(%s)::text", _LOCK)
                return self._publish(everything)
        except S3Error as error:
            raise PublicationError(str(error)) from error
        except peewee.OperationalError as error:
            raise PublicationError(f"another publisher takes too long: {str(error).strip()}") from error

    def try_to_publish(self) -> bool:
        """Whether everything that is committed is published now. Logs why not, and never raises.

        A metric says so too: an alarm stays until a publication succeeds.
        """
        published = self._try()
        metrics_log.emit(self._stage, {"UnpublishedRevisions": (int(not published), "Count")})
        return published

    def _try(self) -> bool:
        try:
            published = self.publish()
        except (PublicationError, DatabaseUnavailableError) as error:
            log.error("not published: %s", error)
            return False
        except Exception:
            log.exception("not published")
            return False
        log.info("published", extra={"facts": {"revisions": published.environments}})
        return True

    def _publish(self, everything: bool) -> Published:
        written: dict[str, int] = {}
        places = environments.list_all()
        for environment in places:
            name = definitions_object(environment.key)
            there = None if everything else self._bucket.look(name)
            if there is None or there.state != self._state(environment.revision):
                written[environment.key] = self._write(environment.key, name)
        # Last, because it says which environments there are.
        access = Access(keys.active(), [environment.key for environment in places])
        self._bucket.write(KEYS_OBJECT, access.to_bytes())
        return Published(written)

    def _write(self, environment: str, name: str) -> int:
        document = definitions.settled_document(environment, bucketing=self._bucketing)
        about = document["metadata"]
        assert isinstance(about, dict)
        revision = int(about["revision"])
        self._bucket.write(name, definitions.to_bytes(document), state=self._state(revision))
        return revision

    def _state(self, revision: int) -> str:
        return f"{revision} {self._bucketing}"


def publish_writes(settings: Settings) -> None:
    """From now on, publish after every write of this process, where the settings name a bucket.

    What an earlier process could not publish is published at once, if the database is there.
    """
    publisher = Publisher.from_settings(settings)
    if publisher is None:
        return
    writing.after_commit.append(publisher.try_to_publish)
    try:
        wait_until_awake()
    except DatabaseUnavailableError as error:
        log.warning("what an earlier process could not publish waits for the next write: %s", error)
    else:
        publisher.try_to_publish()
