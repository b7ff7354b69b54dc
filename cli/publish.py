"""`python -m cli.publish`: publish what is committed, making up for a publication that failed."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from db import database
from db.errors import DatabaseUnavailableError
from db.postgres import iam
from db.publishing.publisher import PublicationError, Publisher
from db.settings import Settings, SettingsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Publish to the bucket that the settings name; 0 where everything committed is published then."""
    parser = argparse.ArgumentParser(prog="publish", description="Publish definitions and keys to S3.")
    parser.add_argument("--everything", action="store_true", help="write what is there already, too")
    asked = parser.parse_args(arguments)
    try:
        settings = Settings.from_env(os.environ)
        publisher = Publisher.from_settings(settings)
        if publisher is None:
            raise SettingsError("FLAGSTAFF_DEFINITIONS_BUCKET is not set")
        iam.connect(settings)
        published = publisher.publish(everything=asked.everything)
    except (SettingsError, PublicationError, DatabaseUnavailableError) as error:
        print(f"flagstaff: not published: {error}", file=sys.stderr)
        return 1
    finally:
        database.disconnect()
    written = ", ".join(f"{name} at revision {revision}" for name, revision in published.environments.items())
    print(f"published {written or 'nothing: it was there already'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
