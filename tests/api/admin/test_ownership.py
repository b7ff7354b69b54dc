"""Who answers for a flag, why it is there and until when: what is refused, found, told and published."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Client

FLAGS, BETA = "/api/admin/flags", "/api/admin/flags/beta"
TICKET = {"title": "Ticket", "url": "https://example.com/1"}


def link_to(url: Any) -> dict[str, Any]:
    return {"links": [{"title": "Page", "url": url}]}


@pytest.mark.parametrize(
    ("status", "code", "fields"),
    [
        (400, "invalid_field", {"owner": 5}),
        (400, "invalid_field", {"owner": ["ada"]}),
        (422, "invalid_owner", {"owner": "a\0b"}),
        (422, "invalid_owner", {"owner": "a\nb"}),
        (422, "invalid_owner", {"owner": "a" * 257}),
        (400, "invalid_field", {"purpose": True}),
        (422, "invalid_purpose", {"purpose": "fun"}),
        (422, "invalid_purpose", {"purpose": "RELEASE"}),
        (422, "invalid_purpose", {"purpose": ""}),
        (400, "invalid_field", {"expectedEnd": 20260131}),
        (422, "invalid_expected_end", {"expectedEnd": "soon"}),
        (422, "invalid_expected_end", {"expectedEnd": "2026-02-31"}),
        (422, "invalid_expected_end", {"expectedEnd": "20260131"}),
        (422, "invalid_expected_end", {"expectedEnd": "2026-01-31T00:00:00Z"}),
        (422, "invalid_expected_end", {"expectedEnd": "0000-01-01"}),
        (422, "invalid_expected_end", {"expectedEnd": "\u0662\u0660\u0662\u0666-01-31"}),
        (400, "invalid_field", {"links": {}}),
        (400, "invalid_field", {"links": ["https://example.com"]}),
        (422, "invalid_links", {"links": [{}]}),
        (422, "invalid_links", {"links": [{"title": "Page"}]}),
        (422, "invalid_links", {"links": [{**TICKET, "colour": "red"}]}),
        (422, "invalid_links", {"links": [{**TICKET, "title": " "}]}),
        (422, "invalid_links", {"links": [{**TICKET, "title": 5}]}),
        (422, "invalid_links", {"links": [{**TICKET, "title": None}]}),
        (422, "invalid_links", {"links": [{**TICKET, "title": "a\0b"}]}),
        (422, "invalid_links", {"links": [{**TICKET, "title": "a\nb"}]}),
        (422, "invalid_links", {"links": [TICKET, TICKET]}),
        (422, "invalid_links", {"links": [{**TICKET, "title": str(number)} for number in range(21)]}),
        (422, "invalid_links", link_to("javascript:alert(1)")),
        (422, "invalid_links", link_to(" javascript:alert(1)")),
        (422, "invalid_links", link_to("data:text/html,x")),
        (422, "invalid_links", link_to("//example.com")),
        (422, "invalid_links", link_to("https:example.com")),
        (422, "invalid_links", link_to("https://")),
        (422, "invalid_links", link_to("https://:443/")),
        (422, "invalid_links", link_to("https://[::1")),
        (422, "invalid_links", link_to("https://example.com:99999/")),
        (422, "invalid_links", link_to("https://example.com/a b")),
        (422, "invalid_links", link_to("https://example.com/\n")),
        (422, "invalid_links", link_to("https://example.com/\0")),
        (422, "invalid_links", link_to('https://example.com/"onclick=')),
        (422, "invalid_links", link_to("https://example.com\\@evil.example")),
        (422, "invalid_links", link_to("https://example.com/" + "a" * 2048)),
        (422, "invalid_links", link_to(5)),
        (422, "invalid_links", link_to(None)),
        (400, "invalid_field", {"metadata": []}),
        (400, "invalid_field", {"metadata": "squad"}),
        (422, "invalid_metadata", {"metadata": {"a": None}}),
        (422, "invalid_metadata", {"metadata": {"a": {}}}),
        (422, "invalid_metadata", {"metadata": {"a": ["b"]}}),
        (422, "invalid_metadata", {"metadata": {"": 1}}),
        (422, "invalid_metadata", {"metadata": {"a b": 1}}),
        (422, "invalid_metadata", {"metadata": {"a\0": 1}}),
        (422, "invalid_metadata", {"metadata": {"a": "b\0"}}),
        (422, "invalid_metadata", {"metadata": {"a": 1 << 60}}),
        (422, "invalid_metadata", {"metadata": {"a": "b" * 5000}}),
        (422, "invalid_metadata", {"metadata": {f"n{number}": 1 for number in range(33)}}),
        (422, "reserved_metadata", {"metadata": {"owner": "me"}}),
        (422, "reserved_metadata", {"metadata": {"flagVersion": 7}}),
        (422, "reserved_metadata", {"metadata": {"environment": "dev"}}),
    ],
)
def test_what_can_t_be_is_refused_and_nothing_is_written(
    client: Client, status: int, code: str, fields: dict[str, Any]
) -> None:
    client.create("beta")
    before = client.count()
    (field,) = fields
    assert client.refused(status, code, "PUT", BETA, fields)["field"].startswith(field)
    client.refused(status, code, "POST", FLAGS, {"key": "new", **fields})
    assert client.count() == before


@pytest.mark.parametrize("url", ["http://localhost:8080", "HTTPS://Example.com/ä?q=1#x", "https://[::1]/", "http://a"])
def test_links_to_pages_are_taken_as_they_are(client: Client, url: str) -> None:
    assert client.create("beta", **link_to(url))["links"][0]["url"] == url


def test_blanks_around_texts_do_not_count(client: Client) -> None:
    flag = client.create("beta", owner=" ada ", links=[{**TICKET, "title": " Ticket "}])
    assert (flag["owner"], flag["links"]) == ("ada", [TICKET])
    assert client.do("PUT", BETA, {"owner": " "})["flag"]["owner"] is None


def test_what_is_as_it_was_leaves_no_trace(client: Client) -> None:
    client.create("beta", metadata={"a": 1, "b": "x"}, expectedEnd="2026-01-31")
    client.do("PUT", BETA, {"metadata": {"b": "x", "a": 1}, "expectedEnd": "2026-01-31"})
    assert client.do("GET", BETA)["flag"]["version"] == 1


def test_lists_go_by_owner_and_purpose(client: Client) -> None:
    client.create("a", owner="ada", purpose="release")
    client.create("b", owner="ada", purpose="operational")
    client.create("c", owner="ada@example.com", purpose="release")

    def found(query: str) -> list[str]:
        return [flag["key"] for flag in client.do("GET", f"{FLAGS}?{query}")["flags"]]

    assert found("owner=ada") == ["a", "b"]
    assert found("purpose=release") == ["a", "c"]
    assert found("owner=ada&purpose=release") == ["a"]
    assert found("owner=nobody") == []
    client.refused(422, "invalid_purpose", "GET", f"{FLAGS}?purpose=fun")
    client.refused(422, "invalid_owner", "GET", f"{FLAGS}?owner=%00")


def test_the_log_says_in_words_what_became_of_them(client: Client) -> None:
    client.create("beta", owner="ada", links=[TICKET], metadata={"squad": "red"})
    moved = {**TICKET, "url": "https://example.com/2"}
    client.do("PUT", BETA, {"owner": "bob", "links": [moved], "metadata": {"cost": 1}, "expectedEnd": "2026-01-31"})
    assert client.do("GET", f"{BETA}/changes")["changes"][0]["summary"].split("; ") == [
        "owner: ada → bob",
        "expected end: 2026-01-31",
        "link Ticket: https://example.com/1 → https://example.com/2",
        "metadata squad: was red",
        "metadata cost: 1",
    ]
    client.do("PUT", BETA, {"metadata": {"cost": True}})
    assert client.do("GET", f"{BETA}/changes")["changes"][0]["summary"] == "metadata cost: 1 → true"


def test_a_restore_shows_them_before(client: Client) -> None:
    client.create("beta", expectedEnd="2026-01-31", purpose="release")
    client.do("PUT", BETA, {"expectedEnd": None, "purpose": None})
    change = client.do("GET", f"{BETA}/changes?environment=prod")["changes"][0]["id"]
    shown = client.do("POST", f"{BETA}/restore", {"changeId": change, "preview": True})["difference"]
    assert shown["summary"] == "purpose: release; expected end: 2026-01-31"
    assert (shown["before"]["expectedEnd"], shown["after"]["expectedEnd"]) == (None, "2026-01-31")


def test_evaluations_and_definitions_carry_them_but_for_links(client: Client) -> None:
    client.create("beta", owner="ada", purpose="release", expectedEnd="2026-01-31", links=[TICKET], metadata={"a": 1})
    said = {"owner": "ada", "purpose": "release", "expectedEnd": "2026-01-31", "a": 1}
    answer = client.do("POST", "/ofrep/v1/evaluate/flags/beta", {"context": {"targetingKey": "john"}})
    assert said.items() <= answer["metadata"].items()
    key = {"X-API-Key": "sdk-secret-key"}
    defined = client.do("GET", "/api/client/definitions", **key)["flags"]["beta"]
    assert defined["metadata"] == {**said, "clientSide": False, "flagVersion": 1, "revision": 1}
    client.do("PUT", f"{BETA}?environment=dev", {"owner": "bob"})
    assert client.do("GET", "/api/client/definitions", **key)["flags"]["beta"]["metadata"]["owner"] == "bob"


def test_promoting_leaves_them_alone(client: Client) -> None:
    client.create("beta", owner="ada")
    client.do("POST", f"{BETA}/promote", {"from": "prod", "to": "dev"})
    assert client.do("GET", f"{BETA}?environment=dev")["flag"]["owner"] == "ada"
