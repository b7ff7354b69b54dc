"""What is changed in the dashboard reaches the programs that read from S3, or the person is told that it did not."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psycopg2.extensions
import pytest

from db.administration import environments
from db.aws.s3 import Bucket
from db.flags import flags
from db.flags.flags import NewFlag
from db.published.manifest import manifest_object
from db.published.objects import KEYS_OBJECT
from tests.aws.conftest import CREDENTIALS, REGION, Moto, SilentProxy, moto_server, pass_on, published_flags
from tests.interval.browser import OpenPage, Person, Transaction
from tests.interval.conftest import TESTER, Dashboard, dashboard
from tests.interval.interval_server import MEMBER, IntervalServer
from tests.processes import free_port

NOT_YET = "Saved, but not yet published"


class Deployed:
    """A dashboard that publishes, and people at it."""

    def __init__(self, server: IntervalServer, process: Dashboard, bucket: Bucket) -> None:
        self.server, self.process, self.bucket = server, process, bucket
        self.ada, self.member = Person(server), Person(server, MEMBER)

    def published(self, environment: str = "dev") -> Any:
        """What programs get."""
        return published_flags(self.bucket, environment)

    def is_enabled(self, key: str = "beta") -> bool:
        return bool(self.published()[key]["state"] == "ENABLED")

    def switch(self, how: str) -> Transaction:
        """Enable or disable the flag."""
        return self.ada.run(f"flags/{how}", flag="beta", environment="dev")

    def unpublished(self) -> list[int]:
        """The metric that the alarm looks at, as it was written."""
        lines = [json.loads(line) for line in self.process.output().splitlines()]
        return [line["UnpublishedRevisions"] for line in lines if "UnpublishedRevisions" in line]


@pytest.fixture
def beta(database: None) -> None:
    flags.create(NewFlag("beta", default_variant="on"), "dev", actor=TESTER)


@pytest.fixture
def deployed(beta: None, database_url: str, bucket: Bucket, silent_proxy: SilentProxy) -> Iterator[Deployed]:
    """Over an S3 that can fall silent."""
    env = settings(bucket.name, silent_proxy.url)
    with IntervalServer() as server, dashboard(server, database_url, env) as process:
        assert server.host
        yield Deployed(server, process, bucket)
        assert server.complaints == []


def settings(bucket: str, url: str) -> dict[str, str]:
    return {
        "FLAGSTAFF_DEFINITIONS_BUCKET": bucket,
        "AWS_ENDPOINT_URL_S3": url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": CREDENTIALS.access_key,
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS.secret_key,
    }


def drop(moto: Moto, bucket: Bucket) -> None:
    """Take the bucket away, so that it refuses everything."""
    places = [place.key for place in environments.list_all()]
    for name in [KEYS_OBJECT, *map(manifest_object, places)]:
        moto.request("DELETE", f"/{bucket.name}/{name}", service="s3")
    moto.request("DELETE", f"/{bucket.name}", service="s3")


def state(page: OpenPage) -> str:
    """What the page says first."""
    return page.render.labels[0]


def test_a_change_is_published_before_it_is_told(deployed: Deployed) -> None:
    assert deployed.is_enabled()
    action = deployed.switch("disable")
    assert action.result() == "beta is disabled in dev."
    assert not deployed.is_enabled()
    assert action.redirects == [("flags", {"environment": "dev"})]
    assert state(deployed.ada.open("flags")) == "Environment: dev"
    assert state(deployed.ada.open("flags/environments")) == "Everything is published"
    assert deployed.unpublished() == [0, 0]


def test_a_change_that_s3_did_not_take_is_told_until_it_has(deployed: Deployed, moto: Moto) -> None:
    drop(moto, deployed.bucket)
    action = deployed.switch("disable")
    told = action.result()
    assert told.startswith(f"beta is disabled in dev. {NOT_YET}. Programs still get what was published before.")
    assert "Publish now" in told
    assert action.redirects == []  # the page that would follow would hide it
    assert not flags.get("beta", "dev").enabled
    for slug in ("flags", "flags/environments"):
        page = deployed.ada.open(slug, environment="staging")
        assert state(page) == f"{NOT_YET}: dev, staging, prod, API keys"
    moto.make_bucket(deployed.bucket.name)
    deployed.ada.run("flags/enable", flag="beta", environment="staging").result()
    assert not deployed.is_enabled()  # the next change has made up for it
    assert state(deployed.ada.open("flags")) == "Environment: dev"
    assert deployed.unpublished() == [0, 1, 0]


def test_publish_now_makes_up_for_it(deployed: Deployed, moto: Moto) -> None:
    drop(moto, deployed.bucket)
    deployed.switch("disable").result()
    assert "could not be published" in publish_now(deployed.ada.open("flags", environment="dev")).failure()
    assert NOT_YET in state(deployed.ada.open("flags"))
    moto.make_bucket(deployed.bucket.name)
    again = publish_now(deployed.ada.open("flags", environment="dev"))
    assert again.result() == "Everything is published."
    assert again.redirects == [("flags", {"environment": "dev"})]
    assert not deployed.is_enabled()
    assert state(deployed.ada.open("flags")) == "Environment: dev"
    assert deployed.unpublished() == [0, 1, 1, 0]


def publish_now(page: OpenPage) -> Transaction:
    (button,) = page.render.components[0]["props"]["menuItems"]
    assert button["label"] == "Publish now"
    action = Person(page.server).follow(button["route"], button["params"])
    assert isinstance(action, Transaction)
    return action


def test_a_silent_s3_is_told_too(deployed: Deployed, silent_proxy: SilentProxy) -> None:
    silent_proxy.silent.set()
    assert NOT_YET in deployed.switch("disable").result()
    page = deployed.ada.open("flags")
    assert state(page) == "It is not known whether everything is published"
    assert page.look("Dynamic flags")[0]["enabled"] == "disabled"
    silent_proxy.silent.clear()
    publish_now(deployed.ada.open("flags")).result()
    assert not deployed.is_enabled()


def test_an_s3_that_was_stopped_and_comes_back_empty(beta: None, database_url: str) -> None:
    port = free_port()
    with ExitStack() as all_along:
        server = all_along.enter_context(IntervalServer())
        with moto_server(port) as moto:
            moto.make_bucket("definitions")
            process = all_along.enter_context(dashboard(server, database_url, settings("definitions", moto.url)))
            ada = Person(server)
            ada.run("flags/disable", flag="beta", environment="dev").result()
        assert NOT_YET in ada.run("flags/enable", flag="beta", environment="dev").result()
        with moto_server(port) as moto:
            moto.make_bucket("definitions")
            assert state(ada.open("flags")) == f"{NOT_YET}: dev, staging, prod, API keys"
            publish_now(ada.open("flags")).result()
            assert state(ada.open("flags/environments")) == "Everything is published"
        assert process.process.poll() is None


def test_what_somebody_else_could_not_publish_is_shown_too(deployed: Deployed) -> None:
    flags.set_enabled("beta", "staging", True, actor=TESTER)  # as the admin function does when S3 fails it
    assert state(deployed.ada.open("flags")) == f"{NOT_YET}: staging"
    assert state(deployed.ada.open("flags/environments")) == f"{NOT_YET}: staging"
    deployed.ada.run("flags/publish").result()
    assert deployed.published("staging")["beta"]["state"] == "ENABLED"


def test_the_result_of_many_members_tells_it_too(deployed: Deployed, moto: Moto) -> None:
    drop(moto, deployed.bucket)
    action = deployed.ada.run("flags/members/add", flag="beta", environment="dev")
    action.fill({"Ids": "john, mary"})
    told = action.result()
    assert "2 added. " in told and NOT_YET in told and "Publish now" in told
    assert action.redirects == []


def test_nothing_is_said_of_it_where_nothing_was_written(deployed: Deployed, moto: Moto) -> None:
    drop(moto, deployed.bucket)
    action = deployed.ada.run("flags/disable-everywhere", flag="beta", environment="dev")
    action.confirm(False)
    assert action.result() == "Nothing was changed."
    action = deployed.ada.run("flags/changes/of", flag="beta", environment="dev")
    assert action.result() == "The changes of beta in dev."


def test_publishing_is_for_those_who_may_change_every_environment(deployed: Deployed) -> None:
    refused = deployed.member.run("flags/publish").failure()
    assert refused.startswith("prod is protected")
    assert deployed.unpublished() == [0]


def test_without_a_bucket_there_is_nothing_to_publish(beta: None, database_url: str) -> None:
    with IntervalServer() as server, dashboard(server, database_url):
        ada = Person(server)
        assert "publish" not in [action["slug"] for action in server.host.declared["actions"]]
        assert state(ada.open("flags")) == "Environment: dev"
        assert ada.open("flags/environments").render.labels == ["Environments"]


class Paused:
    """A way to PostgreSQL that lets the next connection time out, as a paused Aurora does, and no other."""

    def __init__(self, database_url: str) -> None:
        parameters = psycopg2.extensions.parse_dsn(database_url)
        self._target = f"{parameters['host']}/.s.PGSQL.{parameters.get('port', '5432')}"
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._sleeping = threading.Event()
        self._held: list[socket.socket] = []
        port = self._listening.getsockname()[1]
        user, name = parameters["user"], parameters["dbname"]
        self.url = f"postgresql://{user}@127.0.0.1:{port}/{name}?connect_timeout=2&sslmode=disable"
        threading.Thread(target=self._accept, daemon=True).start()

    def pause(self) -> None:
        self._sleeping.set()

    def is_awake(self) -> bool:
        return not self._sleeping.is_set()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                if self._sleeping.is_set():
                    self._held.append(client)
                    self._sleeping.clear()
                    continue
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._target)
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=pass_on, args=(source, target), daemon=True).start()


@pytest.fixture
def paused(database_url: str) -> Iterator[Paused]:
    paused = Paused(database_url)
    yield paused
    paused.close()


def test_a_paused_database_is_waited_for_at_the_start_and_at_a_click(
    beta: None, paused: Paused, bucket: Bucket, moto: Moto
) -> None:
    """Nothing is unpublished because the database was asleep, so no alarm goes off either."""
    paused.pause()
    env = {**settings(bucket.name, moto.url), "FLAGSTAFF_DATABASE_AUTH": "iam"}
    with IntervalServer() as server, dashboard(server, paused.url, env) as process:
        assert server.host
        assert paused.is_awake()
        deployed = Deployed(server, process, bucket)
        assert deployed.unpublished() == [0]
        assert deployed.is_enabled()
        paused.pause()
        assert deployed.switch("disable").result() == "beta is disabled in dev."
        assert paused.is_awake()
        assert not deployed.is_enabled()
