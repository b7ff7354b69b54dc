"""A provider of an earlier release, and flagd, beside a server with release logic: their values follow every edit."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from db.administration import keys
from db.configuration.edits import NewFlag
from db.flags import flags
from db.segments import segments
from db.segments.edits import NewSegment
from db.targeting.rules import read_rules, read_split
from db.vocabulary import Scope
from flagstaff.targeting import Prerequisite
from tests.db.helpers import ADA, revisions
from tests.e2e.test_streams import serving
from tests.environments import python_of
from tests.processes import ROOT, Server, wait_until
from tests.streams import Stream

RELEASE = "1ba88f2"
Process: TypeAlias = "subprocess.Popen[str]"
NEED = (Prerequisite("payments", ("on",)),)
OF_BETA = read_rules([{"conditions": [{"operator": "in_segment", "value": ["beta"]}], "variant": "on"}])
MANY = [f"user-{number}" for number in range(1_200)]


@pytest.fixture(scope="session")
def earlier_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SDK of that release."""
    if subprocess.run(["git", "cat-file", "-e", f"{RELEASE}^{{commit}}"], cwd=ROOT, capture_output=True).returncode:
        pytest.skip(f"the commit {RELEASE} is not in this clone")
    archive = subprocess.run(["git", "archive", RELEASE, "sdk/src"], cwd=ROOT, capture_output=True, check=True).stdout
    folder = tmp_path_factory.mktemp("earlier")
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder / "sdk" / "src"


class Peers:
    """The server, the earlier provider that follows it, and flagd with the server's document."""

    def __init__(
        self, server: Server, secret: str, earlier: subprocess.Popen[str], flagd: subprocess.Popen[str]
    ) -> None:
        self.server, self.secret = server, secret
        self._earlier, self._flagd = earlier, flagd

    def values(self, key: str, user: str, document: Path) -> list[Any]:
        """What each gives; flagd takes null for false, which is the default here."""
        context = {"targetingKey": user}
        body = {"flagKey": key, "defaultValue": False, "context": context}
        ours = self.server.request("POST", "/feature-flag/evaluate", body, {"X-API-Key": self.secret}).json["value"]
        definitions = self.server.request("GET", "/api/client/definitions", headers={"X-API-Key": self.secret})
        document.write_bytes(definitions.body)
        asked = {"path": str(document), "flags": {key: "boolean"}, "contexts": [[user, {}]], "by": "core"}
        ((value, _, _, error),) = ask(self._flagd, asked)[0].values()
        return [ours, ask(self._earlier, {"key": key, "context": context}), error or bool(value)]

    def follow(self, key: str, user: str, value: bool, document: Path) -> None:
        """Wait until all of them give this value."""
        wait_until(lambda: self.values(key, user, document) == [value] * 3)


def ask(process: Process, question: Any) -> Any:
    assert process.stdin and process.stdout
    process.stdin.write(json.dumps(question) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


@pytest.fixture
def peers(database: None, database_url: str, earlier_source: Path) -> Iterator[Peers]:
    _, secret = keys.create("backend", Scope.SERVER, environment="prod", actor=ADA)
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with serving(database_url) as server:
        url = f"http://127.0.0.1:{server.port}"
        old = [sys.executable, "-P", str(Path(__file__).with_name("earlier_provider.py")), url, secret]
        new = [python_of("flagd-v2"), "-P", str(ROOT / "tests/openfeature/flagd_peer.py")]
        with (
            subprocess.Popen(old, env={"PYTHONPATH": str(earlier_source)}, **pipes) as earlier,
            subprocess.Popen(new, **pipes) as flagd,
        ):
            assert earlier.stdout and json.loads(earlier.stdout.readline()).startswith(str(earlier_source))
            yield Peers(server, secret, earlier, flagd)
            for process in (earlier, flagd):
                process.terminate()


def make_flags() -> None:
    """Make a flag that is in the segment's hands, needs another one, and is followed by one that needs it."""
    segments.create(NewSegment("beta", included={"user": ["john"]}), actor=ADA)
    everyone = read_split([{"variant": "on", "weight": 100}, {"variant": "off", "weight": 0}], "rollout")
    flags.create(NewFlag("payments", rollout=everyone), "prod", actor=ADA)
    flags.create(NewFlag("beta", default_variant="off", rules=OF_BETA, prerequisites=NEED), "prod", actor=ADA)
    above = (Prerequisite("beta", ("on",)),)
    flags.create(NewFlag("gamma", rollout=everyone, prerequisites=above), "prod", actor=ADA)


def test_values_follow_segments_and_prerequisites(peers: Peers, tmp_path: Path) -> None:
    make_flags()
    document = tmp_path / "prod.json"

    def follow(user: str, value: bool) -> None:
        for key in ("beta", "gamma"):
            peers.follow(key, user, value, document)

    follow("john", True)
    follow("user-7", False)
    segments.add("beta", "user", MANY, actor=ADA)  # from now on its ids are shared
    follow("user-7", True)
    assert "$evaluators" in json.loads(document.read_bytes())
    segments.remove("beta", "user", ["user-7"], actor=ADA)
    follow("user-7", False)
    segments.add("beta", "user", ["user-8"], excluded=True, actor=ADA)
    follow("user-8", False)
    flags.set_enabled("payments", "prod", False, actor=ADA)
    follow("john", False)
    flags.set_enabled("payments", "prod", True, actor=ADA)
    follow("john", True)
    segments.remove("beta", "user", MANY, actor=ADA)  # and are written in again
    follow("user-9", False)
    follow("john", True)
    assert "$evaluators" not in json.loads(document.read_bytes())


def test_flags_that_refer_to_evaluators_are_told_as_to_be_fetched(peers: Peers) -> None:
    make_flags()
    with Stream(peers.server.port, f"key={peers.secret}") as stream:
        for ids in (MANY, ["one-more"]):
            segments.add("beta", "user", ids, actor=ADA)
            assert told_of(stream, "beta")["refetch"] is True
        segments.remove("beta", "user", MANY, actor=ADA)
        assert "one-more" in json.dumps(told_of(stream, "beta")["definition"])


def told_of(stream: Stream, key: str) -> Any:
    """What the stream says of a flag at the present revision."""
    revision = revisions()["prod"]
    told = [event.data for event in stream.until(lambda event: event.id == str(revision)) if "key" in event.data]
    return next(data for data in reversed(told) if data["key"] == key)
