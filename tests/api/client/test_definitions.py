"""What SDKs read: the document as the database has it, the list of flags, and who may see them."""

from __future__ import annotations

import gzip
from typing import Any

import orjson
import pytest

from api.client import stream
from db.administration import keys
from db.administration.keys import FOR_EVERY_ENVIRONMENT
from db.definitions import document as definitions
from db.vocabulary import Scope
from tests.api.conftest import Client
from tests.db.helpers import ADA

DEFINITIONS, FLAGS = "/api/client/definitions", "/api/client/flags"
SDK = {"X-SDK-Key": "sdk-secret-key"}


def document(client: Client, **headers: str) -> Any:
    return client.request("GET", DEFINITIONS, headers={**SDK, **headers})


def header(answer: Any, name: str) -> str | None:
    return {key.lower(): value for key, value in answer.headers}.get(name)


def test_the_document_is_the_databases_after_every_change(client: Client) -> None:
    """Byte for byte, whether it was loaded or brought up to date."""

    def same() -> None:
        answer = document(client)
        assert answer.body == definitions.to_bytes(definitions.document("prod"))
        assert header(answer, "etag") == f'"{answer.json["metadata"]["revision"]}"'

    same()
    client.create("beta", targeted_users=["zoe", "ada"])
    client.create("alpha", type="NUMBER", isStatic=True, value=1.5)
    same()
    client.do("POST", "/api/admin/flags/beta/members", {"entityIds": ["max"], "variant": "off"})
    same()
    client.do("DELETE", "/api/admin/flags/beta/members", {"entityIds": ["ada"]})
    same()
    client.do("DELETE", "/api/admin/flags/alpha")
    client.create("alpha", isStatic=True, value=True)
    same()
    client.do("PATCH", "/api/admin/flags/alpha/toggle?environment=*")
    same()


def test_a_client_that_has_the_revision_gets_304_until_there_is_another(client: Client) -> None:
    etag = header(document(client), "etag") or ""
    assert document(client, **{"If-None-Match": etag}).status == 304
    client.create("beta")
    changed = document(client, **{"If-None-Match": etag})
    assert changed.status == 200 and header(changed, "etag") != etag


def test_compression(client: Client) -> None:
    client.create("beta", targeted_users=[f"user-{number}" for number in range(1_000)])
    plain, packed = document(client), document(client, **{"Accept-Encoding": "br, gzip"})
    assert header(packed, "content-encoding") == "gzip" and header(plain, "content-encoding") is None
    assert gzip.decompress(packed.body) == plain.body and len(packed.body) < len(plain.body) / 4
    assert header(plain, "vary") == header(packed, "vary") == "Accept-Encoding"


def test_the_list_of_boolean_flags(client: Client) -> None:
    made = client.create("on-for-some", description="A trial", rollout_percentage=0.5, targeted_users=["zoe", "ada"])
    client.create("all-on", isStatic=True, value=True)
    client.create("text", type="STRING", isStatic=True, value="x")
    client.create("gone")
    client.do("DELETE", "/api/admin/flags/gone")
    all_on, for_some = client.request("GET", FLAGS, headers=SDK).json["flags"]
    assert (all_on["key"], all_on["rollout_percentage"], all_on["targeted_users"]) == ("all-on", None, [])
    assert for_some == {
        "id": made["id"],
        "key": "on-for-some",
        "description": "A trial",
        "enabled": True,
        "rollout_percentage": 0.5,
        "targeted_users": ["ada", "zoe"],
    }
    client.do("PUT", f"/api/admin/flags/{made['id']}", {"description": "No trial", "rolloutPercentage": 50})
    client.do("PATCH", f"/api/admin/flags/{made['id']}/toggle")
    changed = client.request("GET", FLAGS, headers=SDK).json["flags"][1]
    told = {name: changed[name] for name in ("description", "enabled", "rollout_percentage")}
    assert told == {"description": "No trial", "enabled": False, "rollout_percentage": 50}


@pytest.mark.parametrize("path", [DEFINITIONS, FLAGS])
def test_who_may_read(client: Client, path: str) -> None:
    by_scope = {
        scope: keys.create(scope, scope, environment=None if scope in FOR_EVERY_ENVIRONMENT else "dev", actor=ADA)[1]
        for scope in Scope
    }
    client.services.follower.refresh_keys()

    def read(query: str = "", **headers: str) -> tuple[int, str | None]:
        answer = client.flask.get(path + query, headers=headers)
        return answer.status_code, orjson.loads(answer.data).get("code")

    assert read() == (401, "key_required")
    assert read(**{"X-API-Key": "wrong"}) == (401, "invalid_key")
    assert read(f"?key={by_scope[Scope.SERVER]}") == (401, "key_required")  # in the URL for streams alone
    assert read(**{"X-API-Key": by_scope[Scope.CLIENT]}) == (403, "insufficient_scope")
    assert read(**{"X-API-Key": by_scope[Scope.READER]}) == (403, "insufficient_scope")
    assert read("?environment=prod", **{"X-API-Key": by_scope[Scope.SERVER]}) == (403, "wrong_environment")
    assert read("?environment=nowhere", **{"X-API-Key": by_scope[Scope.ADMIN]}) == (400, "unknown_environment")
    for scope in (Scope.SERVER, Scope.ADMIN):
        assert read("?environment=dev", Authorization=f"Bearer {by_scope[scope]}") == (200, None)


def test_before_anything_is_loaded(client: Client) -> None:
    client.services.follower.feeds.clear()
    answer = client.request("GET", DEFINITIONS, headers=SDK)
    assert (answer.status, answer.json["code"]) == (503, "definitions_not_loaded")
    assert header(answer, "retry-after")


def test_a_stream_says_that_it_is_still_there(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.01)
    response = client.flask.get("/api/client/stream?key=sdk-secret-key")
    chunks = iter(response.iter_encoded())
    assert next(chunks).startswith(b"retry: 2000\nid: ")
    assert next(chunks) == next(chunks) == b": still here\n"
    client.create("beta")
    assert next(chunks).startswith(b"event: flag_updated\n")
    assert next(chunks) == b": still here\n"
    assert client.services.streams.taken == 1
    response.close()
    assert client.services.streams.taken == 0


@pytest.mark.parametrize("path", [DEFINITIONS, FLAGS])
def test_a_parameter_that_means_nothing_is_refused(client: Client, path: str) -> None:
    refused = client.refused(400, "unknown_field", "GET", f"{path}?env=dev", **SDK)
    assert refused["error"] == "unknown parameter: env; known here: environment"


def test_a_stream_refuses_parameters_it_does_not_know(client: Client) -> None:
    response = client.flask.get("/api/client/stream?key=sdk-secret-key&env=dev")
    assert response.status_code == 400  # before it is read: a stream does not end
    told = "unknown parameter: env; known here: environment, key, lastEventId, revision, token"
    assert response.json == {"error": told, "code": "unknown_field", "fields": ["env"]}


def test_a_page_that_may_send_no_header_says_the_last_event_in_the_query(client: Client) -> None:
    client.create("beta")
    response = client.flask.get("/api/client/stream?key=sdk-secret-key&environment=prod&lastEventId=0&revision=1")
    assert b"event: flag_updated" in next(iter(response.response))
    response.close()
