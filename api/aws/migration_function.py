"""The migration function's entry point: tables up to date, the first keys, everything published.

The deployment calls it without publishing before the functions that serve are updated, and to publish afterwards. It
raises what goes wrong, so that the deployment fails with the database's own words.
"""

from __future__ import annotations

import logging.config
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from db import database
from db.administration import environments, keys
from db.errors import DatabaseUnavailableError
from db.migrate import migrate
from db.postgres import iam
from db.process import logs
from db.publishing.publisher import PublicationError, Publisher
from db.settings import Settings, SettingsError
from db.vocabulary import Actor, Source

log = logging.getLogger(__name__)

T = TypeVar("T")

DEPLOYMENT: Final = Actor("deployment", Source.SYSTEM, comment="what the deployment needs")
MAX_WAIT_SECONDS: Final = 180.0
"""For a database that is paused, or has just been made. The function may run for five minutes."""
BETWEEN_SECONDS: Final = 3.0


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Bring the database up to date, and say what was applied.

    `event` is `{"firstKeys": [{"name", "scope", "environment", "prefix", "hash"}], "publish": true}`; the keys are made
    unless they exist, and so are their environments. Everything is published unless `publish` is false. Doing it
    again does nothing. Raises what a migration raises, or DatabaseUnavailableError after three minutes.
    """
    settings = Settings.from_env(os.environ)
    publisher = Publisher.from_settings(settings)
    if publisher is None:
        raise SettingsError("FLAGSTAFF_DEFINITIONS_BUCKET is not set")
    url = iam.connect(settings)
    applied = patiently(lambda: migrate(url, sign_in=iam.sign_in(settings)))
    try:
        made = [name for name in map(adopt, event.get("firstKeys", [])) if name]
        published = publish(publisher) if event.get("publish", True) else {}
    finally:
        database.disconnect()
    result = {"applied": applied, "keys": made, "published": published}
    log.info("migrated", extra={"facts": result})
    return result


def publish(publisher: Publisher) -> Mapping[str, int]:
    """Publish everything, whatever is published; the revision of each environment."""
    return patiently(lambda: publisher.publish(everything=True)).environments


def adopt(key: Mapping[str, Any]) -> str | None:
    """Make a key whose secret somebody else keeps, and its environment; its name, or None if it was there."""
    if key["environment"] is not None:
        make_environment(key["environment"])
    made = keys.adopt(
        key["name"], key["scope"], environment=key["environment"], prefix=key["prefix"], hash=key["hash"],
        actor=DEPLOYMENT,
    )  # fmt: skip
    return str(key["name"]) if made else None


def make_environment(key: str) -> None:
    """Make the environment that a deployment has for its default one, unless it is there."""
    known = [environment.key for environment in environments.list_all()]
    if key not in known:
        environments.create(key, copy_of=known[0], actor=DEPLOYMENT)


def patiently(work: Callable[[], T]) -> T:
    """Return what `work` gives, tried again while the database wakes or S3 is not there."""
    until = time.monotonic() + MAX_WAIT_SECONDS
    while True:
        try:
            return work()
        except (DatabaseUnavailableError, PublicationError) as error:
            if time.monotonic() > until:
                raise
            log.info("waiting: %s", error)
            time.sleep(BETWEEN_SECONDS)


logging.config.dictConfig(logs.configuration())
