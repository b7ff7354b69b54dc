"""What each process asks the bucket for, and whether the stage lets it: S3 here lets everybody do everything."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from fnmatch import fnmatch

import pytest

from api.memory.published import Published
from db.administration import environments
from db.aws.s3 import Bucket
from db.aws.signing import Signer
from db.configuration.edits import Members
from db.flags import flags
from db.published import whole
from db.publishing import parts
from db.publishing.publisher import Publisher
from tests.aws.conftest import CREDENTIALS, REGION, Moto, SilentProxy, work
from tests.db.helpers import ADA, make
from tests.infra.conftest import deployed

pytestmark = pytest.mark.usefixtures("database")

ACTIONS = {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject", "DELETE": "s3:DeleteObject"}
Asked = Callable[[], set[tuple[str, str]]]


@pytest.fixture
def watched(moto: Moto, bucket_name: str) -> Iterator[Callable[[], tuple[Bucket, Asked]]]:
    """Makes ways to the bucket, each with what was asked for on it: actions and names of objects."""
    proxies: list[SilentProxy] = []

    def make_one() -> tuple[Bucket, Asked]:
        proxy = SilentProxy(moto.port)
        proxies.append(proxy)
        line = re.compile(rb"(GET|HEAD|PUT|DELETE) /%b/(\S+) HTTP/1.1" % bucket_name.encode())

        def asked() -> set[tuple[str, str]]:
            return {(ACTIONS[method.decode()], name.decode()) for method, name in line.findall(bytes(proxy.heard))}

        return Bucket(bucket_name, Signer(REGION, lambda: CREDENTIALS), proxy.url), asked

    yield make_one
    for proxy in proxies:
        proxy.close()


def refused(role: str, asked: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """What a role may not do of what it asked for."""
    allowed = deployed("dev", intervalApiKey="k").allowed(role)
    may = {action: [arn.partition("/")[2] for arn in allowed[action]] for action in allowed if "s3:" in action}
    return sorted(
        (action, name) for action, name in asked if not any(fnmatch(name, one) for one in may.get(action, ()))
    )


def folders(asked: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Actions and what they are done to, short."""
    return {(action.removeprefix("s3:"), name.partition("/")[0]) for action, name in asked}


def test_nobody_asks_the_bucket_for_more_than_the_stage_lets_them(
    watched: Callable[[], tuple[Bucket, Asked]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "KEPT", timedelta(0))
    (publishing, by_publisher), (working, by_worker), (reading, by_reader) = watched(), watched(), watched()
    environments.create("gone", copy_of="prod", actor=ADA)
    ids = [f"{number:036}" for number in range(2_000)]
    for number in range(10):
        make(f"large-{number}", members=[Members("user", ids, "on")])
    published = Published(reading, every=0)
    for number in range(3):  # parts that an edit leaves, the next one deletes
        Publisher(publishing).publish()
        work(working)
        published.refresh_keys()
        assert published.engines["prod"].evaluate("large-0", {"targetingKey": ids[0]}).value is True
        assert published.feeds["prod"].large_document.current() and published.feeds["prod"].flags()
        flags.set_enabled(f"large-{number + 5}", "prod", False, actor=ADA)
    environments.delete("gone", default="prod", actor=ADA)
    Publisher(publishing).publish(everything=True)
    whole.bring_up_to_date(working, "prod")

    published_what = {*zip(["GetObject"] * 3 + ["PutObject"] * 3, ["keys.json", "manifest", "parts"] * 2, strict=True)}
    deleted = {("DeleteObject", "manifest"), ("DeleteObject", "parts"), ("DeleteObject", "definitions")}
    assert folders(by_publisher()) >= published_what - {("GetObject", "parts")} | deleted
    for role in ("admin", "migration", "interval-running"):
        assert refused(role, by_publisher()) == []
    assert ("PutObject", "definitions") in folders(by_worker())
    assert refused("worker", by_worker()) == []
    assert {name for _, name in folders(by_reader())} == {"keys.json", "manifest", "parts", "definitions"}
    assert refused("evaluation", by_reader()) == []
