"""What the Pulumi program makes of a stage: run once for each set of options, in Pulumi's own environment."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from tests.aws.conftest import Moto
from tests.environments import python_of
from tests.infra.terraform import deployment
from tests.processes import ROOT


class Resource(NamedTuple):
    """One resource that was asked for."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    secret: list[str]


class Stage(NamedTuple):
    """A stage, as the program makes it."""

    resources: list[Resource]
    outputs: Mapping[str, Any]
    protected: list[str]
    ignored: Mapping[str, list[str]]
    waits: Mapping[str, list[str]]
    """What each resource waits for, all named like `lambda:Function admin`."""
    said: str

    def all(self, kind: str) -> list[Resource]:
        """The resources of this kind, such as `lambda:Function`."""
        return [one for one in self.resources if short(one.type) == kind]

    def one(self, kind: str, name: str | None = None) -> Resource:
        """The one resource of this kind (and name)."""
        found = [one for one in self.all(kind) if name in (None, one.name)]
        assert len(found) == 1, (kind, name, found)
        return found[0]

    def comes_after(self, later: str, earlier: str) -> bool:
        """Whether a resource is made or updated only when another one was."""
        return any(one == earlier or self.comes_after(one, earlier) for one in self.waits.get(later, []))

    def statements(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Every statement of every role, with the role's name."""
        return [
            (policy.name, statement)
            for policy in self.all("iam:RolePolicy")
            for statement in json.loads(policy.inputs["policy"])["Statement"]
        ]

    def allowed(self, name: str) -> dict[str, list[str]]:
        """What a role may do: resources by action."""
        found: dict[str, list[str]] = {}
        for role, statement in self.statements():
            for action in statement["Action"] if role == name and statement["Effect"] == "Allow" else ():
                found[action] = [*found.get(action, []), *statement["Resource"]]
        return found


Deploy = Callable[..., Stage]


def environment(function: Resource) -> dict[str, str]:
    """A function's environment variables."""
    variables: dict[str, str] = function.inputs["environment"]["variables"]
    return variables


def short(kind: str) -> str:
    """`aws:lambda/function:Function` as `lambda:Function`."""
    module, _, name = kind.partition(":")[2].rpartition(":")
    return f"{module.partition('/')[0]}:{name}"


def named(label: str) -> str:
    """`aws:lambda/function:Function admin` as `lambda:Function admin`."""
    kind, _, name = label.partition(" ")
    return f"{short(kind)} {name}"


def run(stage: str, **options: str) -> subprocess.CompletedProcess[str]:
    """Run the program for a stage with these options; those of others are given with their namespace (`aws:region`)."""
    config = {name if ":" in name else f"flagstaff:{name}": value for name, value in options.items()}
    script = ROOT / "tests" / "infra" / "record.py"
    return subprocess.run([python_of("aws"), str(script), stage, json.dumps(config)], capture_output=True, text=True)


@functools.cache
def _recorded(stage: str, options: tuple[tuple[str, str], ...]) -> Stage:
    done = run(stage, **dict(options))
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    return Stage(
        [Resource(**resource) for resource in said["resources"]],
        said["outputs"],
        [named(one) for one in said["protected"]],
        {named(one): names for one, names in said["ignored"].items()},
        {named(one): [named(other) for other in others] for one, others in said["waits"].items()},
        done.stderr,
    )


def deployed(stage: str, **options: str) -> Stage:
    """A stage with these options."""
    return _recorded(stage, tuple(sorted(options.items())))


@pytest.fixture(scope="session")
def deploy() -> Deploy:
    """`deploy(stage, option="value", …)`."""
    return deployed


@pytest.fixture(params=["dev", "prod", "dev with Interval", "prod with Interval"])
def any_stage(request: pytest.FixtureRequest, deploy: Deploy) -> Stage:
    """Each kind of stage."""
    name, _, more = request.param.partition(" ")
    return deploy(name, intervalApiKey="live_hush") if more else deploy(name)


@pytest.fixture(scope="module")
def aws() -> Iterator[Moto]:
    """An AWS in which nothing is."""
    if "FLAGSTAFF_CHANGES" not in os.environ:
        pytest.skip("make changes runs these")
    if not deployment.is_possible():
        pytest.skip("needs terraform on the PATH")
    with deployment.emulated_aws() as moto:
        yield moto
