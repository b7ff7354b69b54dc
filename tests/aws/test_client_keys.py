"""What client keys can read in AWS: nothing of the flags that are not marked for them, on no path of the function."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from api.aws.routes import ROUTES
from api.routes import EVALUATION_PREFIXES
from db.administration import keys
from db.aws.s3 import Bucket
from db.configuration.edits import FlagEdit, Members
from db.flags import flags
from db.publishing.publisher import Publisher
from db.vocabulary import Scope
from flagstaff.targeting import Prerequisite
from tests.aws.conftest import work
from tests.aws.lambda_runtime import Runtime, function
from tests.db.helpers import ADA, make

INTERVAL = 0.1
ELSEWHERE = {"/health", "/ready"}
JOHN = {"targetingKey": "john"}
SEEN = ("open-static", "open-rule", "open-needs")
NEEDED = (Prerequisite("unseen-needed", ("on",)),)


class Browser:
    """Every path of the function, with one key or none."""

    def __init__(self, runtime: Runtime, key: str | None) -> None:
        self.runtime = runtime
        self.headers = {"x-api-key": key} if key else {}

    def ask(self, key: str) -> dict[str, Any]:
        """The answers about a flag, by method, path and body."""
        paths = [*ROUTES, *(prefix + key for prefix in EVALUATION_PREFIXES)]
        return {
            f"{method} {path.replace(key, 'KEY')} {number}": self.runtime.request(method, path, body, self.headers)
            for path in paths
            if path not in ELSEWHERE
            for method in ("GET", "POST")
            for number, body in enumerate(bodies(key) if method == "POST" else [None])
        }


def bodies(key: str) -> list[Any]:
    return [
        {"flagKey": key, "defaultValue": False, "context": JOHN},
        {"user": {"id": "john"}},
        {"user": {"id": "john"}, "flagKeys": [key, "open-rule"]},
        {"context": JOHN},
    ]


@pytest.fixture(params=["client key", "no key"])
def browser(
    request: pytest.FixtureRequest,
    packages: Mapping[str, Path],
    bucket: Bucket,
    settings: Mapping[str, str],
    database: None,
) -> Iterator[Browser]:
    make("unseen-needed", default_variant="on")
    make("unseen-static", is_static=True, value=True)
    make("unseen-members", members=[Members("user", ["john"], variant="on")], default_variant="off")
    make("open-static", is_static=True, value=True, client_side=True)
    make("open-rule", members=[Members("user", ["john"], variant="on")], default_variant="off", client_side=True)
    make("open-needs", prerequisites=NEEDED, default_variant="off", client_side=True)
    _, secret = keys.create("web", Scope.CLIENT, environment="prod", actor=ADA)
    publish(bucket)
    how = "open" if request.param == "no key" else "key"
    started = {**settings, "FLAGSTAFF_REFRESH_SECONDS": str(INTERVAL), "FLAGSTAFF_EVALUATION": how}
    with function(packages["evaluation"], "api.aws.evaluation_function.handler", started) as runtime:
        yield Browser(runtime, secret if how == "key" else None)


def publish(bucket: Bucket) -> None:
    """Publish, make the whole documents, and wait until processes have to look again."""
    Publisher(bucket).publish()
    work(bucket)
    time.sleep(INTERVAL * 1.5)


def test_client_keys_see_nothing_of_hidden_flags(browser: Browser, bucket: Bucket) -> None:
    before = {key: browser.ask(key) for key in SEEN}
    for key, answers in before.items():
        assert key in str(answers) and "unseen" not in str(answers)
    for key in ("unseen-static", "unseen-members", "unseen-needed"):
        unknown = key.replace("unseen", "unsaid")
        assert str(browser.ask(unknown)).replace(unknown, key) == str(browser.ask(key))
    flags.update("unseen-static", "prod", FlagEdit(value=False, description="hush"), actor=ADA)
    flags.set_enabled("unseen-members", "prod", False, actor=ADA)
    make("unseen-too", default_variant="on")
    flags.archive("unseen-static", actor=ADA)
    publish(bucket)
    assert {key: browser.ask(key) for key in SEEN} == before
    flags.set_enabled("unseen-needed", "prod", False, actor=ADA)
    publish(bucket)
    assert browser.ask("open-needs") != before["open-needs"]
    flags.update("open-static", "prod", FlagEdit(client_side=False), actor=ADA)
    publish(bucket)
    assert "open-static" not in str(browser.ask("open-rule"))


def test_a_server_key_sees_everything(browser: Browser, bucket: Bucket) -> None:
    _, secret = keys.create("backend", Scope.SERVER, environment="prod", actor=ADA)
    publish(bucket)
    answers = str(Browser(browser.runtime, secret).ask("open-static"))
    assert all(key in answers for key in (*SEEN, "unseen-static", "unseen-members", "unseen-needed"))
