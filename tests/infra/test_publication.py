"""`make publish`: what programs read, made anew from the database by the stage's own function."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from db.aws.s3 import Bucket
from tests.aws.conftest import CREDENTIALS, REGION, Moto, bucket, bucket_name, moto, published_flags
from tests.db.helpers import make
from tests.infra.test_commands import Shell
from tests.processes import ROOT

__all__ = ["bucket", "bucket_name", "moto"]  # fixtures


@pytest.fixture
def shell(tmp_path: Path, database_url: str, moto: Moto, bucket_name: str) -> Shell:
    shell = Shell(tmp_path)
    shell.says["pulumi config --json"] = (json.dumps({"aws:region": {"value": REGION}}), "")
    tests = ROOT / "tests" / "infra"
    (tmp_path / "answers.py").write_text((tests / "fake_program.py").read_text())
    (tmp_path / "aws").write_text(f"#!{sys.executable}\n{(tests / 'invoking_aws.py').read_text()}")
    settings = {
        "FLAGSTAFF_DATABASE_URL": database_url,
        "FLAGSTAFF_DEFINITIONS_BUCKET": bucket_name,
        "AWS_ENDPOINT_URL_S3": moto.url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": CREDENTIALS.access_key,
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS.secret_key,
    }
    (tmp_path / "function.json").write_text(json.dumps(settings))
    return shell


def test_an_empty_bucket_has_everything_again(shell: Shell, bucket: Bucket, database: None) -> None:
    make("beta")
    done = shell.make("publish")
    assert done.returncode == 0, done.stderr
    assert "prod is published at revision 1" in done.stdout
    assert published_flags(bucket).keys() == {"beta"}


def test_what_the_function_raises_is_said(shell: Shell, tmp_path: Path, database: None) -> None:
    settings = json.loads((tmp_path / "function.json").read_text())
    del settings["FLAGSTAFF_DEFINITIONS_BUCKET"]
    (tmp_path / "function.json").write_text(json.dumps(settings))
    done = shell.make("publish")
    assert (done.returncode != 0, "FLAGSTAFF_DEFINITIONS_BUCKET is not set" in done.stderr) == (True, True), done.stderr


def test_a_stage_without_a_region_is_not_deployed(shell: Shell) -> None:
    shell.says["pulumi config --json"] = ("{}", "")
    assert "dev is not deployed" in shell.make("publish").stderr
