"""`python -m cli.keys NAME`: make an API key and print it, once. No admin is there yet to make the first one."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from db import database
from db.administration import keys
from db.errors import FlagstaffError
from db.postgres import iam
from db.settings import Settings, SettingsError
from db.vocabulary import Actor, Scope, Source


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the key and print its secret; 1, with the reason, where there is none."""
    parser = argparse.ArgumentParser(prog="keys", description="Make an API key and print it, once.")
    parser.add_argument("name", help="what lists show the key as")
    parser.add_argument("--scope", choices=[*Scope], default=Scope.ADMIN, help="what it may do (default: admin)")
    parser.add_argument("--environment", help="the one it is for; an admin key is for all")
    parser.add_argument("--comment", help="why; the change log keeps it, and environments may ask for it")
    asked = parser.parse_args(arguments)
    actor = Actor("cli", Source.CLI, comment=asked.comment)
    try:
        iam.connect(Settings.from_env(os.environ))
        _, secret = keys.create(asked.name, asked.scope, environment=asked.environment, actor=actor)
    except (SettingsError, FlagstaffError) as error:
        print(f"flagstaff: no key was made: {error}", file=sys.stderr)
        return 1
    finally:
        database.disconnect()
    print(secret)
    return 0


if __name__ == "__main__":
    sys.exit(main())
