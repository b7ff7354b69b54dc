"""What flags need, seen from the flag that is needed, and what happens when it goes."""

from __future__ import annotations

import time
from typing import Any

from tests.api.conftest import Client

FLAGS = "/api/admin/flags"
SEGMENTS = "/api/admin/segments"


def needs(flag: str, *variants: str) -> list[dict[str, Any]]:
    return [{"flag": flag, "variants": list(variants or ("on",))}]


def in_segment(key: str) -> list[dict[str, Any]]:
    return [{"name": None, "conditions": [{"operator": "in_segment", "value": [key]}], "variant": "on"}]


def last_change(client: Client, flag: str) -> int:
    return client.do("GET", f"{FLAGS}/{flag}/changes?environment=prod")["changes"][0]["id"]


def test_a_flag_says_which_flags_need_it(client: Client) -> None:
    client.create("alpha")
    client.create("text", type="STRING", isStatic=True, value="a")
    client.create("gamma", prerequisites=needs("alpha"))
    client.create("beta", prerequisites=[*needs("alpha", "off", "on"), *needs("text", "value")])
    needed_by = [*needs("beta", "off", "on"), *needs("gamma")]
    assert client.do("GET", f"{FLAGS}/alpha")["flag"]["neededBy"] == needed_by
    assert client.do("GET", f"{FLAGS}/alpha?environment=dev")["flag"]["neededBy"] == []
    assert client.do("PATCH", f"{FLAGS}/text/toggle")["flag"]["neededBy"] == needs("beta", "value")
    listed = {flag["key"]: flag["neededBy"] for flag in client.do("GET", FLAGS)["flags"]}
    assert listed == {"alpha": needed_by, "beta": [], "gamma": [], "text": needs("beta", "value")}


def test_an_archived_flag_is_needed_by_nobody(client: Client) -> None:
    old = client.create("alpha")
    client.do("DELETE", f"{FLAGS}/alpha")
    client.create("alpha")
    client.create("beta", prerequisites=needs("alpha"))
    assert client.do("GET", f"{FLAGS}/{old['id']}")["flag"]["neededBy"] == []
    assert client.do("GET", f"{FLAGS}/alpha")["flag"]["neededBy"] == needs("beta")


def test_archiving_is_refused_with_the_flags_of_every_environment(client: Client) -> None:
    client.create("alpha")
    client.create("beta", prerequisites=needs("alpha"))
    client.do("PUT", f"{FLAGS}/beta?environment=dev", {"prerequisites": needs("alpha")})
    said = client.refused(409, "required_by", "DELETE", f"{FLAGS}/alpha")
    assert said["usedBy"] == [{"environment": name, "flags": ["beta"]} for name in ("dev", "prod")]


def test_an_answer_is_sent_back_though_what_it_refers_to_has_changed(client: Client) -> None:
    """Those changes give the flag another revision and other `neededBy`, and no other version."""
    client.do("POST", SEGMENTS, {"key": "staff"}, 201)
    client.create("alpha")
    client.create("beta", prerequisites=needs("alpha"), rules=in_segment("staff"))
    flag = client.do("GET", f"{FLAGS}/beta")["flag"]
    client.do("PATCH", f"{FLAGS}/alpha/toggle")
    client.do("POST", f"{SEGMENTS}/staff/members", {"entityIds": ["john"]})
    client.create("gamma", prerequisites=needs("beta"))
    assert client.do("PUT", f"{FLAGS}/beta", {"flag": flag | {"description": "edited"}})["flag"]["version"] == 2
    client.refused(400, "read_only_field", "PUT", f"{FLAGS}/beta", {"revision": 1})


def test_a_preview_is_refused_as_the_restore_would_be(client: Client) -> None:
    client.do("POST", SEGMENTS, {"key": "staff"}, 201)
    client.create("alpha")
    client.create("beta", enabled=True, prerequisites=needs("alpha"), rules=in_segment("staff"))
    client.do("PUT", f"{FLAGS}/beta", {"prerequisites": None, "rules": None})
    change = {"changeId": last_change(client, "beta")}
    client.do("POST", f"{FLAGS}/beta/restore", change | {"preview": True})
    client.do("DELETE", f"{SEGMENTS}/staff")
    for body in (change, change | {"preview": True}):
        client.refused(422, "unknown_segment", "POST", f"{FLAGS}/beta/restore", body)
    client.do("POST", SEGMENTS, {"key": "staff"}, 201)
    client.do("DELETE", f"{FLAGS}/alpha")
    for body in (change, change | {"preview": True}):
        client.refused(422, "unknown_prerequisite", "POST", f"{FLAGS}/beta/restore", body)


def test_a_preview_is_refused_as_the_promotion_would_be(client: Client) -> None:
    client.create("alpha", type="STRING", variants={"a": "A"})
    client.do("PUT", f"{FLAGS}/alpha", {"variants": {"a": "A", "b": "B"}})
    client.create("beta", enabled=True, prerequisites=needs("alpha", "b"))
    for body in ({"from": "prod", "to": "dev"}, {"from": "prod", "to": "dev", "preview": True}):
        client.refused(422, "unknown_variant", "POST", f"{FLAGS}/beta/promote", body)


def test_an_archived_flag_comes_back_only_with_what_it_needs(client: Client) -> None:
    """Whether it is switched on or not: nothing else would be there that the document could say."""
    client.create("alpha")
    client.do("POST", SEGMENTS, {"key": "staff"}, 201)
    flag = client.create("beta", enabled=False, prerequisites=needs("alpha"), rules=in_segment("staff"))
    client.do("DELETE", f"{FLAGS}/beta")
    restore = ("POST", f"{FLAGS}/{flag['id']}/restore", {"changeId": last_change(client, flag["id"])})
    client.do("DELETE", f"{SEGMENTS}/staff")
    client.refused(422, "unknown_segment", *restore)
    client.do("POST", SEGMENTS, {"key": "staff"}, 201)
    client.do("DELETE", f"{FLAGS}/alpha")
    client.refused(422, "unknown_prerequisite", *restore)
    client.create("alpha")
    assert client.do(*restore)["flag"]["prerequisites"] == needs("alpha")


def test_a_small_request_for_a_huge_definition_is_refused_at_once(client: Client) -> None:
    """A thousand conditions name a segment of five thousand: its definition would have 10 million operations."""
    rule = {"conditions": [{"field": f"f{number}", "operator": "eq", "value": "1"} for number in range(50)]}
    client.do("POST", SEGMENTS, {"key": "large", "rules": [rule] * 100}, 201)
    client.create("beta")
    condition = {"operator": "in_segment", "value": ["large"]}
    rules = [{"conditions": [condition] * 20, "variant": "on"}] * 50
    begun = time.monotonic()
    said = client.refused(422, "too_complex", "PUT", f"{FLAGS}/beta", {"rules": rules})
    assert time.monotonic() - begun < 15
    assert " operations of at most 20,000, " in said["error"]
