"""`make deploy`, `make outputs`, `make destroy`: with a `pulumi` and an `aws` that only note what they are asked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.aws.test_commands import command
from tests.processes import ROOT, Server, free_port, running

IDENTITY = {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/ada"}


class Shell:
    """A shell in which `pulumi` and `aws` say what they are told to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.says: dict[str, tuple[str, str]] = {
            "aws sts": (json.dumps(IDENTITY), ""),
            "aws configure get region": ("eu-west-1", ""),
            "pulumi config --json": ("{}", ""),
        }
        for name in ("pulumi", "aws"):
            self.install(name)

    def install(self, name: str) -> None:
        program = self.folder / name
        source = (ROOT / "tests" / "infra" / "fake_program.py").read_text()
        program.write_text(f"#!{sys.executable}\n{source}")
        program.chmod(0o755)

    def outputs(self, **said: str) -> None:
        self.says["pulumi stack output"] = (json.dumps(said), "")

    def make(self, target: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a target for the stage `dev`; only what is in the folder, and what `make` needs, is on the PATH."""
        (self.folder / "answers.json").write_text(json.dumps(self.says))
        for name in ("make", "awk", "sh"):
            found = shutil.which(name)
            if found and not (self.folder / name).exists():
                (self.folder / name).symlink_to(found)
        env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        env |= {"PATH": str(self.folder), "NO_PROXY": "127.0.0.1", **settings}
        arguments = ["make", "--silent", target, "STAGE=dev", f"PYTHON={sys.executable}"]
        return subprocess.run(arguments, cwd=ROOT, env=env, capture_output=True, text=True)

    @property
    def asked(self) -> list[str]:
        """What was asked of the two, but for questions that change nothing."""
        notes = (self.folder / "asked").read_text().splitlines() if (self.folder / "asked").exists() else []
        questions = ("aws", "pulumi whoami", "pulumi config --json", "pulumi stack output")
        return [line for line in notes if not line.startswith(questions)]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="module")
def stage(database_url: str) -> Iterator[Mapping[str, Any]]:
    """A service in place of what a deployment makes: its outputs."""
    settings = {"FLAGSTAFF_DATABASE_URL": database_url}
    keys = {
        "adminKey": command("cli.keys", "admin", **settings),
        "serverKey": command("cli.keys", "server", "--scope", "server", "--environment", "prod", **settings),
    }
    port = free_port()
    with running("api", port=port, env={"PORT": str(port), "HOST": "127.0.0.1", **settings}) as server:
        server.wait_until_it_answers("/ready")
        outputs = {name: done.stdout.strip() for name, done in keys.items()}
        yield {"server": server, "url": f"http://127.0.0.1:{port}", **outputs}


def outputs_of(stage: Mapping[str, Any]) -> dict[str, str]:
    return {name: stage[name] for name in ("url", "adminKey", "serverKey")}


def test_a_stage_is_deployed_shown_and_asked_for_its_first_flag(shell: Shell, stage: Mapping[str, Any]) -> None:
    shell.outputs(**outputs_of(stage))
    done = shell.make("deploy")
    assert done.returncode == 0, done.stderr
    assert shell.asked == [
        "pulumi stack select --create dev",
        "pulumi config set aws:region eu-west-1 --stack dev",
        "pulumi install",
        "pulumi up --stack dev",
    ]
    assert "Deploying dev to eu-west-1, account 123456789012, as arn:aws:iam::123456789012:user/ada" in done.stdout
    assert f"url        {stage['url']}" in done.stdout
    assert f"adminKey   {stage['adminKey']}" in done.stdout
    assert "first-flag evaluates to true" in done.stdout
    server: Server = stage["server"]
    flags = server.request("GET", "/api/admin/flags", headers={"X-Admin-API-Key": stage["adminKey"]}).json["flags"]
    assert [flag["key"] for flag in flags] == ["first-flag"]
    # Again: nothing is made, and the same flag is asked for.
    assert "first-flag evaluates to true" in shell.make("deploy").stdout


def test_revoked_first_keys_are_no_failure(shell: Shell, stage: Mapping[str, Any]) -> None:
    for name in ("adminKey", "serverKey"):
        shell.outputs(**{**outputs_of(stage), name: "revoked"})
        done = shell.make("deploy")
        assert (done.returncode, "key is revoked, so no flag was evaluated" in done.stdout) == (0, True), done.stderr


def test_a_stage_stays_in_its_region_and_a_new_one_goes_where_the_shell_says(
    shell: Shell, stage: Mapping[str, Any]
) -> None:
    shell.outputs(**outputs_of(stage))
    shell.make("deploy", AWS_REGION="eu-north-1")
    assert "pulumi config set aws:region eu-north-1 --stack dev" in shell.asked
    shell.says["pulumi config --json"] = (json.dumps({"aws:region": {"value": "us-east-1"}}), "")
    assert "Deploying dev to us-east-1" in shell.make("deploy", AWS_REGION="eu-north-1").stdout


def test_nobody_is_asked_where_yes_is_said(shell: Shell, stage: Mapping[str, Any]) -> None:
    shell.outputs(**outputs_of(stage))
    said = shell.make("deploy", YES="1").stdout
    assert (stage["url"] in said, stage["adminKey"] in said, stage["serverKey"] in said) == (True, False, False)
    shell.make("destroy", YES="1")
    assert {"pulumi up --stack dev --yes", "pulumi destroy --stack dev --yes"} <= set(shell.asked)


@pytest.mark.parametrize(
    ("says", "error"),
    [
        ({"pulumi whoami": ("", "no credentials")}, "Pulumi has no backend (pulumi login, or pulumi login --local)"),
        (
            {"aws sts": ("", "ExpiredToken")},
            "AWS takes no credentials of this shell (aws sso login, aws configure): Exp",
        ),
        ({"aws configure get region": ("", "")}, "no region is set: AWS_REGION=eu-central-1 make deploy"),
    ],
    ids=["pulumi-login", "credentials", "region"],
)
def test_what_is_missing_is_named_before_anything_is_made(
    shell: Shell, says: dict[str, tuple[str, str]], error: str
) -> None:
    shell.says |= says
    done = shell.make("deploy")
    assert (done.returncode != 0, error in done.stderr) == (True, True), done.stderr
    assert not [line for line in shell.asked if "up" in line.split()]


@pytest.mark.parametrize(("name", "error"), [("pulumi", "Pulumi is not installed"), ("aws", "AWS's command line is")])
def test_a_program_that_is_not_there_is_named(shell: Shell, name: str, error: str) -> None:
    (shell.folder / name).unlink()
    assert error in shell.make("deploy").stderr


def test_a_deployment_that_fails_or_does_not_answer_is_a_failure(shell: Shell) -> None:
    shell.says["pulumi up"] = ("", "error: update failed")
    done = shell.make("deploy")
    assert (done.returncode != 0, "pulumi up failed, as it says above" in done.stderr) == (True, True)
    del shell.says["pulumi up"]
    shell.outputs(url=f"http://127.0.0.1:{free_port()}", adminKey="a", serverKey="b")
    done = shell.make("deploy")
    assert (done.returncode != 0, "can't be reached" in done.stderr) == (True, True)


def test_outputs_are_shown_with_their_secrets(shell: Shell) -> None:
    shell.outputs(url="https://abc.example.com", adminKey="fs_admin_x")
    done = shell.make("outputs")
    assert done.stdout == "url       https://abc.example.com\nadminKey  fs_admin_x\n"
    shell.outputs()
    assert "dev is not deployed: make deploy STAGE=dev" in shell.make("outputs").stderr


def test_destroying_says_what_is_left_and_what_a_protected_stage_takes(shell: Shell) -> None:
    done = shell.make("destroy")
    assert "pulumi stack rm dev" in done.stdout
    assert shell.asked == ["pulumi destroy --stack dev"]
    shell.says["pulumi destroy"] = ("", "error: database is protected")
    done = shell.make("destroy")
    assert (done.returncode != 0, "docs/aws.md, Destroy" in done.stderr) == (True, True)


def test_a_stage_has_to_be_named() -> None:
    done = subprocess.run(["make", "--silent", "deploy"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode != 0, "make deploy STAGE=dev" in done.stderr) == (True, True)
