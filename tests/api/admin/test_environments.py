"""Environments: renamed, protected or not, and deleted."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from api.access.auth import Keys
from api.memory.follower import DefinitionsFollower
from api.services import connect
from db.settings import Settings
from tests.api.conftest import Client

ENVIRONMENTS, QA = "/api/admin/environments", "/api/admin/environments/qa"


@pytest.fixture
def qa(client: Client) -> Client:
    client.create("beta", targetedUsers=["mary"])
    client.do("POST", ENVIRONMENTS, {"key": "qa", "name": "Quality"}, 201)
    client.do("PATCH", "/api/admin/flags/beta/toggle?environment=qa")
    return client


def keys_of(client: Client) -> list[str]:
    return [environment["key"] for environment in client.do("GET", ENVIRONMENTS)["environments"]]


def test_an_environment_gets_another_name_and_is_protected_or_not(qa: Client) -> None:
    changed = qa.do("PUT", QA, {"name": "Acceptance", "protected": True, "userId": "ada"})["environment"]
    assert (changed["key"], changed["name"], changed["protected"]) == ("qa", "Acceptance", True)
    assert qa.do("PUT", QA, {"protected": False})["environment"]["name"] == "Acceptance"
    assert qa.do("PUT", QA, {"name": None})["environment"]["name"] == "qa"
    change = qa.do("GET", "/api/admin/changes?environment=qa")["changes"][2]
    assert (change["action"], change["actor"]) == ("environment.updated", "ada")
    assert (change["before"]["name"], change["after"]["name"]) == ("Quality", "Acceptance")


@pytest.mark.parametrize("wrapped", [True, False])
def test_an_environment_can_be_edited_and_sent_back(qa: Client, wrapped: bool) -> None:
    read = qa.do("GET", ENVIRONMENTS)["environments"][-1]
    edited = read | {"name": "Acceptance"}
    changed = qa.do("PUT", QA, {"environment": edited, "userId": "ada"} if wrapped else edited)["environment"]
    assert changed == edited | {"revision": read["revision"] + 1}
    qa.refused(400, "read_only_field", "PUT", QA, {"key": "other", "name": "Other"})


def test_what_changes_nothing_leaves_no_trace(qa: Client) -> None:
    before = qa.do("GET", "/api/admin/changes")["total"]
    qa.do("PUT", QA, {"name": "Quality"})
    qa.do("PUT", QA, {})
    assert qa.do("GET", "/api/admin/changes")["total"] == before


def test_a_deleted_environment_is_gone_and_its_log_stays(qa: Client) -> None:
    qa.do("POST", "/api/admin/keys", {"name": "qa tests", "scope": "server", "environment": "qa"}, 201)
    assert qa.do("DELETE", QA)["environment"]["key"] == "qa"
    assert keys_of(qa) == ["dev", "staging", "prod"]
    refused = qa.refused(400, "unknown_environment", "GET", "/api/admin/flags?environment=qa")
    assert refused["error"] == "there is no environment 'qa': there are dev, staging, prod"
    body = {"flagKey": "beta", "defaultValue": False, "environment": "qa"}
    refused = qa.refused(400, "unknown_environment", "POST", "/feature-flag/evaluate", body)
    assert refused["error"] == "there is no environment 'qa': there are dev, prod, staging"
    qa.refused(400, "unknown_environment", "DELETE", QA)
    actions = [
        (change["action"], change["environment"]) for change in qa.do("GET", "/api/admin/changes?limit=2")["changes"]
    ]
    assert actions == [("environment.deleted", "qa"), ("key.revoked", "qa")]
    assert qa.evaluate("beta", targetingKey="mary")["value"] is True


def test_its_keys_are_revoked(qa: Client) -> None:
    made = qa.do("POST", "/api/admin/keys", {"name": "qa tests", "scope": "server", "environment": "qa"}, 201)
    evaluation = ("POST", "/feature-flag/evaluate", {"flagKey": "beta", "defaultValue": False})
    qa.do(*evaluation, **{"X-API-Key": made["secret"]})
    qa.do("DELETE", QA)
    qa.refused(401, "invalid_key", *evaluation, **{"X-API-Key": made["secret"]})
    assert qa.do("GET", "/api/admin/keys")["keys"][0]["revokedAt"]


@pytest.fixture
def follower(qa: Client, database_url: str) -> Iterator[DefinitionsFollower]:
    """Another process, which hears of nothing by itself."""
    other = DefinitionsFollower(database_url, Keys(), bucketing="v2", refresh_seconds=60)
    other.refresh()
    yield other
    other.close()


def test_threads_that_hear_of_a_deletion_at_once_agree_that_it_is_gone(
    qa: Client, follower: DefinitionsFollower
) -> None:
    assert "qa" in follower.engines
    qa.do("DELETE", QA)
    together = Barrier(4)

    def hear() -> None:
        together.wait()
        follower.refresh("qa")

    with ThreadPoolExecutor(4) as threads:
        for heard in [threads.submit(hear) for _ in range(4)]:
            heard.result()
    assert follower.following
    assert "qa" not in follower.engines


def test_another_environment_may_have_the_key_and_a_later_revision(qa: Client, database_url: str) -> None:
    other = connect(Settings(database_url=database_url, evaluation_open=True, open_sees_all=True), development=True)
    other.follower.refresh()
    deleted = qa.do("GET", ENVIRONMENTS)["environments"][-1]["revision"]
    qa.do("DELETE", QA)
    made = qa.do("POST", ENVIRONMENTS, {"key": "qa"}, 201)["environment"]
    assert made["revision"] > deleted
    other.follower.refresh()
    assert other.engines["qa"].evaluate("beta", {"targetingKey": "mary"}).variant is None
    assert qa.do("GET", "/api/admin/flags/beta?environment=qa")["flag"]["memberCount"] == 0


def test_another_process_drops_a_deleted_environment(qa: Client, database_url: str) -> None:
    other = connect(Settings(database_url=database_url, evaluation_open=True, open_sees_all=True), development=True)
    other.follower.refresh()
    qa.do("DELETE", QA)
    other.follower.refresh("qa")
    assert other.follower.following
    assert sorted(other.engines) == ["dev", "prod", "staging"]


def test_the_default_and_protected_environments_stay(qa: Client) -> None:
    qa.do("PUT", ENVIRONMENTS + "/prod", {"protected": False})
    qa.refused(409, "default_environment", "DELETE", ENVIRONMENTS + "/prod")
    qa.do("PUT", QA, {"protected": True})
    before = qa.count()
    qa.refused(409, "environment_protected", "DELETE", QA)
    assert keys_of(qa) == ["dev", "staging", "prod", "qa"]
    assert qa.count() == before


@pytest.mark.parametrize(
    "body", [{"key": "other"}, {"protected": "yes"}, {"protected": None}, {"name": 5}, {"nme": "x"}, []]
)
def test_what_means_nothing_is_refused(qa: Client, body: object) -> None:
    before = qa.count()
    qa.refused(400, None, "PUT", QA, body)
    qa.refused(400, "unknown_environment", "PUT", ENVIRONMENTS + "/nope", {"name": "x"})
    assert qa.count() == before
