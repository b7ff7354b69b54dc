"""Run the dashboard until a signal ends it."""

from __future__ import annotations

import logging.config
import os
import sys
from collections.abc import Mapping

from db import database
from db.postgres import iam
from db.process import logs
from db.publishing.publisher import publish_writes
from db.settings import Settings, SettingsError


def main() -> int:
    """Run as the environment variables say, and return the exit code."""
    try:
        settings = read_settings(os.environ)
        iam.connect(settings)
        from interval_app.app import build
        from interval_app.host import process
    except (SettingsError, ImportError) as error:
        return failed(error)
    logging.config.dictConfig(logs.configuration())
    try:
        publish_writes(settings)  # in AWS, what is edited here is read from S3
        database.disconnect()  # nobody has clicked yet, and an idle connection keeps Aurora awake
        process.run(build(settings))
    except process.StartError as error:
        return failed(error)
    finally:
        database.disconnect()
    return 0


def read_settings(env: Mapping[str, str]) -> Settings:
    """Read the settings. Raises SettingsError where one is missing that a dashboard can't do without, and names it."""
    settings = Settings.from_env(env)
    needed = {
        "INTERVAL_API_KEY": settings.interval_api_key,
        "INTERVAL_SERVER_ENDPOINT": settings.interval_server_endpoint,
        "FLAGSTAFF_DATABASE_URL": settings.database_url,
    }
    if missing := [name for name, value in needed.items() if value is None]:
        raise SettingsError(f"{', '.join(missing)} must be set for the dashboard; docs/interval.md says how")
    return settings


def failed(error: Exception) -> int:
    """Say in one line why the dashboard can't go on, and return the exit code."""
    print(f"flagstaff interval: {error}", file=sys.stderr)
    return 1
