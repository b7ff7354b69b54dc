"""The worker function's entry point: it makes the whole documents that programs other than ours read.

S3 starts it when a manifest is replaced, and a schedule once a minute for what that missed. It has no database, and may
run more than once at a time.
"""

from __future__ import annotations

import logging.config
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from db.aws.s3 import S3Error
from db.process import logs, metrics
from db.published import whole
from db.published.manifest import MANIFESTS_FOLDER
from db.published.objects import KEYS_OBJECT, Access, bucket_of
from db.settings import Settings, SettingsError

log = logging.getLogger(__name__)


class WorkerFunction:
    """One process of the function."""

    def __init__(self, env: Mapping[str, str]) -> None:
        """Raises SettingsError."""
        self._settings = Settings.from_env(env)
        bucket = bucket_of(self._settings)
        if bucket is None:
            raise SettingsError("FLAGSTAFF_DEFINITIONS_BUCKET is not set")
        self._bucket = bucket

    def __call__(self, event: Mapping[str, Any], context: object) -> dict[str, Any]:
        """Bring the documents of an event's manifests up to date, or all where it names none; say what was written.

        Raises RuntimeError where one could not be: Lambda tries again, and an alarm tells.
        """
        written: dict[str, int] = {}
        failed: list[str] = []
        for environment in named_in(event) or self._environments():
            try:
                manifest = whole.bring_up_to_date(self._bucket, environment)
            except (S3Error, ValueError) as error:
                log.error("the document of %s is not up to date: %s", environment, error)
                failed.append(environment)
                continue
            if manifest is not None:
                written[environment] = manifest.revision
                metrics.emit(self._settings.stage, {"DocumentBytes": (manifest.size, "Bytes")})
        if failed:
            raise RuntimeError(f"not up to date: {', '.join(failed)}")
        return {"written": written}

    def _environments(self) -> list[str]:
        found = self._bucket.read(KEYS_OBJECT)
        return list(Access.from_bytes(found.body or b"").environments) if found else []


def named_in(event: Mapping[str, Any]) -> list[str]:
    """Return the environments whose manifests a notification of S3 names; none for a schedule's event.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """
    names = [unquote_plus(str(record["s3"]["object"]["key"])) for record in event.get("Records") or ()]
    return sorted({name.removeprefix(MANIFESTS_FOLDER).removesuffix(".json") for name in names})


logging.config.dictConfig(logs.configuration())
handler = WorkerFunction(os.environ)
