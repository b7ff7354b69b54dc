"""`python -m cli.publish`, `cli.keys` and `db.migrate`, as a person runs them."""

from __future__ import annotations

import os
import subprocess
import sys

from db import database
from db.administration import keys
from db.aws.s3 import Bucket
from db.history import changes
from db.published.keyring import hash_secret
from db.published.manifest import manifest_object
from tests.aws.conftest import REGION, Moto
from tests.processes import ROOT


def command(module: str, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if "FLAGSTAFF" not in name}
    return subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, env={**env, **settings}, capture_output=True, text=True
    )


def test_publish(bucket: Bucket, moto: Moto, database_url: str) -> None:
    settings = {
        "FLAGSTAFF_DATABASE_URL": database_url,
        "FLAGSTAFF_DEFINITIONS_BUCKET": bucket.name,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_S3": moto.url,
        "AWS_ACCESS_KEY_ID": "A",
        "AWS_SECRET_ACCESS_KEY": "s",
    }
    done = command("cli.publish", **settings)
    assert (done.returncode, "prod at revision" in done.stdout) == (0, True), done.stderr
    assert bucket.look(manifest_object("prod"))
    assert "nothing" in command("cli.publish", **settings).stdout
    assert "prod at revision" in command("cli.publish", "--everything", **settings).stdout
    missing = command("cli.publish", **{**settings, "FLAGSTAFF_DEFINITIONS_BUCKET": "no-such-bucket"})
    assert (missing.returncode, "not published" in missing.stderr) == (1, True)


def test_publish_without_a_bucket_names_the_setting(database_url: str) -> None:
    done = command("cli.publish", FLAGSTAFF_DATABASE_URL=database_url)
    assert (done.returncode, "FLAGSTAFF_DEFINITIONS_BUCKET" in done.stderr) == (1, True)


def test_migrate(database_url: str) -> None:
    done = command("db.migrate", FLAGSTAFF_DATABASE_URL=database_url)
    assert (done.returncode, "up to date" in done.stdout) == (0, True), done.stderr
    done = command("db.migrate")
    assert (done.returncode, "FLAGSTAFF_DATABASE_URL" in done.stderr) == (1, True)


def test_make_keys(database_url: str) -> None:
    first = command("cli.keys", "first", FLAGSTAFF_DATABASE_URL=database_url)
    assert (first.returncode, first.stderr) == (0, "")
    options = ("--scope", "server", "--environment", "staging", "--comment", "for the shop")
    second = command("cli.keys", "shop", *options, FLAGSTAFF_DATABASE_URL=database_url)
    database.connect(database_url)
    made = {key.hash: key for key in keys.active()}
    comments = [change.comment for change in changes.page(limit=2).items]
    database.disconnect()
    assert comments == ["for the shop", None]
    admin, server = (made[hash_secret(done.stdout.strip())] for done in (first, second))
    assert (admin.name, admin.scope, admin.environment) == ("first", "admin", None)
    assert (server.name, server.scope, server.environment) == ("shop", "server", "staging")


def test_a_key_that_can_not_be_made_is_explained(database_url: str) -> None:
    for arguments, reason in (
        (["x", "--scope", "server", "--environment", "nowhere"], "nowhere"),
        (["x", "--scope", "server"], "environment"),
        ([""], "name"),
    ):
        done = command("cli.keys", *arguments, FLAGSTAFF_DATABASE_URL=database_url)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("flagstaff: no key was made: ")
        assert reason in done.stderr
    assert "FLAGSTAFF_DATABASE_URL" in command("cli.keys", "x").stderr
