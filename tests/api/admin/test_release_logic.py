"""Schedules, ramps, prerequisites and groups of conditions: set, evaluated, explained, logged, and refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest

from tests.api.conftest import Client

BETA = "/api/admin/flags/beta"
NOON = 1_900_000_000


def at(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")


@contextmanager
def clock(moment: float) -> Iterator[None]:
    """Have evaluations at this time."""
    with patch("time.time", lambda: moment):
        yield


def split(on: float) -> list[dict[str, Any]]:
    return [{"variant": "on", "weight": on}, {"variant": "off", "weight": 100 - on}]


# -- conditions --------------------------------------------------------------------------------------------------------

US_OR_STAFF = {
    "any": [
        {"field": "country", "operator": "eq", "value": "US"},
        {"field": "roles", "operator": "any_of", "value": ["staff", "admin"]},
    ]
}


def test_one_condition_of_a_group_is_enough(client: Client) -> None:
    rule = {"conditions": [US_OR_STAFF, {"field": "age", "operator": "gte", "value": 18}], "variant": "on"}
    flag = client.create("beta", rules=[rule])
    assert flag["rules"] == [{"name": None, **rule}]
    assert flag["summary"]["rules"] == [
        "(country is US or roles has any of staff, admin) and age is at least 18 → on",
    ]
    for context, value in (
        ({"country": "US", "age": 18}, True),
        ({"roles": ["staff"], "age": 30}, True),
        ({"roles": "admin", "age": 30}, True),
        ({"roles": ["guest"], "age": 30}, False),
        ({"country": "US"}, False),
    ):
        assert client.evaluate("beta", **context)["value"] is value, context


def test_explain_tells_of_each_condition_of_a_group(client: Client) -> None:
    client.create("beta", rules=[{"conditions": [US_OR_STAFF], "variant": "on"}])
    body = {"flagKey": "beta", "defaultValue": False, "context": {"country": "DE", "roles": ["staff"]}}
    explained = client.do("POST", "/feature-flag/evaluate?explain=true", body)["explanation"]
    (rule,) = [step for step in explained["steps"] if step["kind"] == "rule"]
    (group,) = rule["conditions"]
    assert (group["holds"], [one["holds"] for one in group["any"]]) == (True, [False, True])
    assert group["text"] == "(country is US or roles has any of staff, admin): yes"


@pytest.mark.parametrize(
    ("condition", "field"),
    [
        ({"any": []}, "rules[0].conditions[0].any"),
        ({"any": [US_OR_STAFF]}, "rules[0].conditions[0].any[0]"),
        ({"any": {}}, "rules[0].conditions[0]"),
        ({"any": [{"field": "a", "operator": "exists"}], "field": "b"}, "rules[0].conditions[0]"),
        ({"field": "a", "operator": "any_of", "value": []}, "rules[0].conditions[0]"),
        ({"field": "a", "operator": "all_of", "value": "x"}, "rules[0].conditions[0]"),
        ({"any": [{"field": "a", "operator": "exists"}] * 51}, "rules[0].conditions"),
    ],
)
def test_groups_that_make_no_sense(client: Client, condition: Any, field: str) -> None:
    body = {"key": "beta", "rules": [{"conditions": [condition], "variant": "on"}]}
    before = client.count()
    assert client.refused(422, None, "POST", "/api/admin/flags", body)["field"].startswith(field.split(".any[")[0])
    assert client.count() == before


# -- schedules ---------------------------------------------------------------------------------------------------------


def test_a_schedule_switches_and_rolls_out(client: Client) -> None:
    steps = [
        {"at": at(NOON), "enabled": True, "rollout": split(0)},
        {"at": at(NOON + 60), "rollout": split(100)},
        {"at": at(NOON + 120), "rollout": None, "defaultVariant": "on"},
        {"at": at(NOON + 180), "enabled": False},
    ]
    flag = client.create("beta", enabled=False, schedule=steps)
    assert [step["at"] for step in flag["schedule"]] == [step["at"] for step in steps]
    assert {step["zone"] for step in flag["schedule"]} == {"UTC"}
    said = {
        -1: (False, "DEFAULT"),
        0: (False, "SPLIT"),
        60: (True, "SPLIT"),
        120: (True, "DEFAULT"),
        180: (False, "DEFAULT"),
    }
    for seconds, (value, reason) in said.items():
        with clock(NOON + seconds):
            assert client.evaluate("beta", targetingKey="john") | {"variant": None} == {
                "value": value,
                "reason": reason,
                "variant": None,
            }, seconds


def test_times_are_said_in_a_zone_and_kept_in_utc(client: Client) -> None:
    step = {"at": "2030-07-01T09:00", "zone": "Europe/Berlin", "enabled": False}
    flag = client.create("beta", schedule=[step])
    assert flag["schedule"] == [{"at": "2030-07-01T07:00:00Z", "zone": "Europe/Berlin", "enabled": False}]
    assert flag["summary"]["schedule"] == ["2030-07-01 09:00 Europe/Berlin (07:00 UTC): disabled"]
    again = client.do("PUT", BETA, client.do("GET", BETA))["flag"]
    assert (again["schedule"], again["version"]) == (flag["schedule"], 1)


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ({"at": "2030-07-01T09:00", "zone": "Mars/Olympus", "enabled": True}, "unknown_zone"),
        ({"at": "2030-07-01T09:00", "zone": "../../etc/passwd", "enabled": True}, "unknown_zone"),
        ({"at": "2030-07-01T09:00", "zone": "America", "enabled": True}, "unknown_zone"),
        ({"at": "2030-07-01T09:00", "zone": 7, "enabled": True}, "unknown_zone"),
        ({"at": "2030-07-01T09:00", "zone": "localtime", "enabled": True}, "unknown_zone"),
        ({"at": "2030-07-01T09:00", "zone": "posixrules", "enabled": True}, "unknown_zone"),
        ({"at": "2030-07-01T09:00", "zone": "right/UTC", "enabled": True}, "unknown_zone"),
        ({"at": "2030-03-31T02:30", "zone": "Europe/Berlin", "enabled": True}, "skipped_time"),
        ({"at": "2030-10-27T02:30", "zone": "Europe/Berlin", "enabled": True}, "repeated_time"),
        ({"at": "tomorrow", "enabled": True}, "invalid_time"),
        ({"at": 1_900_000_000, "enabled": True}, "invalid_time"),
        ({"at": "2030-01-01T00:00:00\0", "enabled": True}, "invalid_time"),
        ({"at": "2030-W01-1", "enabled": True}, "invalid_time"),
        ({"at": "20300101T00", "enabled": True}, "invalid_time"),
        ({"at": "9999-12-31T23:59:59Z", "enabled": True}, "invalid_time"),
        ({"enabled": True}, "invalid_schedule"),
        ({"at": at(NOON)}, "invalid_schedule"),
        ({"at": at(NOON), "enabled": None}, "invalid_schedule"),
        ({"at": at(NOON), "enabled": True, "members": []}, "invalid_schedule"),
        ({"at": at(NOON), "enabled": "true"}, "invalid_schedule"),
        ({"at": at(NOON), "rollout": split(50)[:1]}, "invalid_weights"),
        ({"at": at(NOON), "rollout": []}, "invalid_weights"),
        ({"at": at(NOON), "defaultVariant": "maybe"}, "unknown_variant"),
        ({"at": at(NOON), "defaultVariant": 7}, "unknown_variant"),
        ("now", "invalid_schedule"),
    ],
)
def test_steps_that_make_no_sense(client: Client, step: Any, code: str) -> None:
    before = client.count()
    client.refused(422, code, "POST", "/api/admin/flags", {"key": "beta", "schedule": [step]})
    assert client.count() == before


def test_a_repeated_time_is_told_apart_by_its_offset(client: Client) -> None:
    said = client.refused(
        422,
        "repeated_time",
        "POST",
        "/api/admin/flags",
        {"key": "beta", "schedule": [{"at": "2030-10-27T02:30", "zone": "Europe/Berlin", "enabled": True}]},
    )
    assert "+02:00" in said["error"] and "+01:00" in said["error"]
    step = {"at": "2030-10-27T02:30+01:00", "zone": "Europe/Berlin", "enabled": True}
    assert client.create("beta", schedule=[step])["schedule"][0]["at"] == "2030-10-27T01:30:00Z"


@pytest.mark.parametrize("times", [(60, 0), (60, 60)])
def test_steps_are_in_order_and_each_once(client: Client, times: tuple[int, int]) -> None:
    steps = [{"at": at(NOON + seconds), "enabled": False} for seconds in times]
    client.refused(422, "invalid_schedule", "POST", "/api/admin/flags", {"key": "beta", "schedule": steps})
    client.refused(422, "invalid_schedule", "POST", "/api/admin/flags", {"key": "beta", "schedule": steps[:1] * 101})


def test_past_steps_are_taken_in_by_the_next_edit(client: Client) -> None:
    steps = [{"at": at(time.time() + 3600), "rollout": split(50)}, {"at": at(NOON), "enabled": False}]
    client.create("beta", schedule=steps)
    with patch("db.configuration.store.now", lambda: datetime.fromtimestamp(time.time() + 7200, UTC)):
        flag = client.do("GET", BETA)["flag"]
        assert (flag["rollout"], len(flag["schedule"])) == (split(50), 1)
        edited = client.do("PUT", BETA, {"tags": ["a"]})["flag"]
        assert (edited["rollout"], len(edited["schedule"])) == (split(50), 1)
    assert client.do("GET", BETA)["flag"]["rollout"] == split(50)
    first = client.do("GET", f"{BETA}/changes?environment=prod")["changes"][-1]
    assert len(first["after"]["schedule"]) == 2


def test_a_flag_that_is_switched_off_stays_off(client: Client) -> None:
    steps = [{"at": at(NOON), "enabled": True}, {"at": at(NOON + 60), "enabled": True, "rollout": split(5)}]
    client.create("beta", enabled=False, schedule=steps)
    for body in ({"enabled": False}, None):
        path = f"{BETA}/toggle" if body else f"{BETA}/toggle?environment=*"
        client.do("PATCH", path, body or {"enabled": False})
        flag = client.do("GET", BETA)["flag"]
        assert [step for step in flag["schedule"] if "enabled" in step] == []
    assert client.do("GET", f"{BETA}/changes?environment=prod")["total"] == 2
    assert "planned for" in client.do("GET", f"{BETA}/changes?environment=prod")["changes"][0]["summary"]


def test_lists_filter_by_what_is_enabled_now(client: Client) -> None:
    client.create("beta", enabled=False, schedule=[{"at": at(time.time() - 10), "enabled": True}])
    client.create("later", enabled=False, schedule=[{"at": at(NOON), "enabled": True}])
    for enabled, keys in (("true", ["beta"]), ("false", ["later"])):
        found = client.do("GET", f"/api/admin/flags?enabled={enabled}")["flags"]
        assert [flag["key"] for flag in found] == keys
    assert client.evaluate("beta", targetingKey="john")["reason"] == "DEFAULT"


def test_a_static_flag_expires(client: Client) -> None:
    flag = client.create("beta", isStatic=True, value=True, schedule=[{"at": at(NOON), "enabled": False}])
    assert flag["value"] is True
    for seconds, reason in ((-1, {"value": True, "variant": "on"}), (0, {"value": False})):
        with clock(NOON + seconds):
            answer = client.evaluate("beta")
            assert {name: answer[name] for name in reason} == reason
    step = {"at": at(NOON), "rollout": split(50)}
    client.refused(422, "invalid_schedule", "PUT", BETA, {"schedule": [step]})


# -- ramps -------------------------------------------------------------------------------------------------------------


def ramp(first: float, last: float, seconds: int = 1000, variant: str = "on") -> dict[str, Any]:
    return {"variant": variant, "from": first, "to": last, "start": at(NOON), "end": at(NOON + seconds), "zone": "UTC"}


def test_a_ramp_grows_and_nobody_leaves(client: Client) -> None:
    flag = client.create("beta", ramp=ramp(10, 60))
    assert (flag["ramp"], flag["rollout"]) == (ramp(10, 60), None)
    users = [f"user-{number}" for number in range(600)]
    inside: set[str] = set()
    shares = []
    for seconds in (-100, 0, 300, 1000, 5000):
        with clock(NOON + seconds):
            now = {
                user for user in users if client.services.engines["prod"].evaluate("beta", {"targetingKey": user}).value
            }
        assert inside <= now
        inside = now
        shares.append(100 * len(now) / len(users))
    assert shares[0] == shares[1] and shares[3] == shares[4]
    assert shares == pytest.approx([10, 10, 25, 60, 60], abs=6)


def test_a_rollout_takes_the_place_of_a_ramp_and_the_other_way_round(client: Client) -> None:
    client.create("beta", ramp=ramp(10, 60))
    flag = client.do("PUT", BETA, {"rolloutPercentage": 70})["flag"]
    assert (flag["ramp"], flag["rolloutPercentage"]) == (None, 70)
    flag = client.do("PUT", BETA, {"ramp": ramp(70, 100)})["flag"]
    assert (flag["ramp"], flag["rollout"]) == (ramp(70, 100), None)
    assert client.do("PUT", BETA, client.do("GET", BETA))["flag"]["version"] == 3
    assert client.do("PUT", BETA, {"ramp": None})["flag"]["ramp"] is None
    client.refused(422, "ambiguous_rollout", "PUT", BETA, {"ramp": ramp(1, 2), "rollout": split(5)})


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (ramp(60, 10), "invalid_ramp"),
        (ramp(10, 10), "invalid_ramp"),
        (ramp(10, 101), "invalid_ramp"),
        (ramp(0.0001, 10), "invalid_ramp"),
        (ramp(0, 100, 59), "invalid_ramp"),
        (ramp(0, 0.001, 10**8), "invalid_ramp"),
        (ramp(0, 50, variant="maybe"), "unknown_variant"),
        ({**ramp(0, 50), "zone": "Nowhere"}, "unknown_zone"),
        ({**ramp(0, 50), "until": 1}, "invalid_ramp"),
        ({"variant": "on"}, "invalid_ramp"),
        ({**ramp(0, 50), "from": True}, "invalid_ramp"),
        ([], "invalid_ramp"),
    ],
)
def test_ramps_that_make_no_sense(client: Client, given: Any, code: str) -> None:
    before = client.count()
    client.refused(422, code, "POST", "/api/admin/flags", {"key": "beta", "ramp": given})
    assert client.count() == before


def test_a_ramp_needs_two_variants(client: Client) -> None:
    body = {
        "key": "beta",
        "type": "STRING",
        "variants": {"a": "A", "b": "B", "c": "C"},
        "ramp": ramp(0, 50, variant="a"),
    }
    client.refused(422, "invalid_ramp", "POST", "/api/admin/flags", body)


# -- prerequisites -----------------------------------------------------------------------------------------------------


def needs(flag: str, *variants: str) -> list[dict[str, Any]]:
    return [{"flag": flag, "variants": list(variants or ("on",))}]


@pytest.fixture
def chain(client: Client) -> Client:
    """`gamma` needs `beta`, which needs `alpha`."""
    client.create("alpha", targetedUsers=["john"])
    client.create("beta", rolloutPercentage=100, prerequisites=needs("alpha"))
    client.create("gamma", rolloutPercentage=100, prerequisites=needs("beta"))
    return client


def test_a_flag_follows_what_it_needs(chain: Client) -> None:
    def values(user: str) -> list[Any]:
        return [chain.evaluate(key, targetingKey=user)["value"] for key in ("alpha", "beta", "gamma")]

    assert (values("john"), values("mary")) == ([True, True, True], [False, False, False])
    before = chain.do("GET", "/api/admin/flags/gamma")["flag"]
    chain.do("POST", "/api/admin/flags/alpha/members", {"entityIds": ["mary"], "variant": "on"})
    assert values("mary") == [True, True, True]
    after = chain.do("GET", "/api/admin/flags/gamma")["flag"]
    assert (after["version"], after["revision"] - before["revision"]) == (before["version"], 1)
    chain.do("PATCH", "/api/admin/flags/alpha/toggle", {"enabled": False})
    assert values("john") == [False, False, False]


def test_explain_walks_the_chain(chain: Client) -> None:
    body = {"flagKey": "gamma", "defaultValue": True, "context": {"targetingKey": "mary"}}
    told = chain.do("POST", "/feature-flag/evaluate?explain=true", body)["explanation"]
    step = told["steps"][-1]
    assert (step["kind"], step["flag"], step["variant"], step["needs"]) == ("prerequisite", "beta", "off", ["on"])
    (inner,) = step["steps"]
    assert (inner["kind"], inner["flag"], inner["matched"]) == ("prerequisite", "alpha", True)
    assert "alpha serves off" in told["summary"] and "beta serves off" in told["summary"]


def test_what_would_break_a_flag_that_needs_another_is_refused(chain: Client) -> None:
    before = chain.count()
    for method, path, body in (
        ("DELETE", "/api/admin/flags/beta", None),
        ("PUT", "/api/admin/flags/beta", {"variants": {"off": False}, "rollout": None}),
    ):
        said = chain.refused(409, "required_by", method, path, body)
        assert [used["flags"] for used in said["usedBy"]] == [["gamma"]]
        assert "gamma" in said["error"]
    assert chain.count() == before
    chain.do("PUT", "/api/admin/flags/gamma", {"prerequisites": []})
    chain.do("DELETE", "/api/admin/flags/beta")


def test_circles_are_refused(chain: Client) -> None:
    before = chain.count()
    said = chain.refused(
        422, "circular_prerequisite", "PUT", "/api/admin/flags/alpha", {"prerequisites": needs("gamma")}
    )
    assert "alpha needs gamma needs beta needs alpha" in said["error"]
    chain.refused(422, "circular_prerequisite", "PUT", "/api/admin/flags/alpha", {"prerequisites": needs("alpha")})
    assert chain.count() == before


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (needs("nothing"), "unknown_prerequisite"),
        (needs("alpha", "maybe"), "unknown_variant"),
        (needs("alpha") * 2, "invalid_prerequisite"),
        ([{"flag": "alpha", "variants": []}], "invalid_prerequisite"),
        ([{"flag": "alpha", "variants": ["on", "on"]}], "invalid_prerequisite"),
        ([{"flag": "alpha"}], "invalid_prerequisite"),
        ([{"flag": "al\0pha", "variants": ["on"]}], "invalid_prerequisite"),
        ("alpha", "invalid_prerequisite"),
        ([{"flag": "alpha", "variants": [1]}], "invalid_prerequisite"),
    ],
)
def test_prerequisites_that_make_no_sense(client: Client, given: Any, code: str) -> None:
    client.create("alpha")
    before = client.count()
    client.refused(422, code, "POST", "/api/admin/flags", {"key": "beta", "prerequisites": given})
    assert client.count() == before


def test_promote_and_restore_bring_release_logic_along(chain: Client) -> None:
    chain.do("POST", "/api/admin/flags/gamma/promote", {"from": "prod", "to": "dev"})
    dev = chain.do("GET", "/api/admin/flags/gamma?environment=dev")["flag"]
    assert dev["prerequisites"] == needs("beta")
    chain.do("PUT", "/api/admin/flags/gamma", {"prerequisites": [], "ramp": ramp(5, 50)})
    change = chain.do("GET", "/api/admin/flags/gamma/changes?environment=prod")["changes"][0]
    assert "prerequisite beta" in change["summary"] and "ramp" in change["summary"]
    flag = chain.do("POST", "/api/admin/flags/gamma/restore", {"changeId": change["id"]})["flag"]
    assert (flag["prerequisites"], flag["ramp"]) == (needs("beta"), None)


def test_a_chain_that_would_be_too_complex_is_refused_whoever_writes(client: Client) -> None:
    client.create("f0", rolloutPercentage=50)
    for number in range(1, 30):
        body = {"key": f"f{number}", "enabled": True, "rolloutPercentage": 50, "prerequisites": needs(f"f{number - 1}")}
        answer = client.request("POST", "/api/admin/flags", body)
        if answer.status != 201:
            break
    assert (answer.status, answer.json["code"]) == (422, "too_complex"), number
    assert number > 5
    last = f"f{number - 1}"
    assert client.evaluate(last, targetingKey="john")["reason"] in ("SPLIT", "DEFAULT")
    client.create("root", rolloutPercentage=50)
    said = client.refused(422, "too_complex", "PUT", "/api/admin/flags/f0", {"prerequisites": needs("root")})
    assert last in said["error"]
    client.do("PATCH", f"/api/admin/flags/{last}/toggle", {"enabled": False})


def test_lists_for_sdks_show_flags_as_they_are_now(client: Client) -> None:
    now = time.time()
    client.create("beta", enabled=False, schedule=[{"at": at(now - 5), "enabled": True, "rollout": split(30)}])
    client.create("gamma", ramp={**ramp(0, 100), "start": at(now - 500), "end": at(now + 500)})
    listed = client.do("GET", "/api/client/flags", **{"X-API-Key": "sdk-secret-key"})["flags"]
    assert [(flag["key"], flag["enabled"]) for flag in listed] == [("beta", True), ("gamma", True)]
    assert listed[0]["rollout_percentage"] == 30
    assert listed[1]["rollout_percentage"] == pytest.approx(50, abs=2)


def test_a_member_brings_no_third_variant_to_a_ramp(client: Client) -> None:
    variants = {"a": "A", "b": "B"}
    client.create("beta", type="STRING", variants=variants, defaultVariant="a", ramp=ramp(0, 50, variant="a"))
    before = client.count()
    path = f"{BETA}/members"
    client.refused(422, "invalid_ramp", "POST", path, {"entityIds": ["john"], "value": "C"})
    assert client.count() == before
    client.do("POST", path, {"entityIds": ["john"], "value": "B"})
    assert client.evaluate("beta", "", targetingKey="john")["value"] == "B"


def test_two_writers_make_no_circle(client: Client) -> None:
    """Each of two flags is made to need the other at the same time: one of the writes is refused."""
    for key in ("alpha", "beta"):
        client.create(key)
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(
                lambda pair: client.request("PUT", f"/api/admin/flags/{pair[0]}", {"prerequisites": needs(pair[1])}),
                [("alpha", "beta"), ("beta", "alpha")],
            )
        )
    assert sorted(answer.status for answer in answers) == [200, 422]


def test_a_segment_is_not_archived_while_a_flag_begins_to_use_it(client: Client) -> None:
    for turn in range(5):
        key = f"group-{turn}"
        client.do("POST", "/api/admin/segments", {"key": key}, 201)
        client.create(f"flag-{turn}")
        rules = [{"conditions": [{"operator": "in_segment", "value": [key]}], "variant": "on"}]
        calls = [
            ("DELETE", f"/api/admin/segments/{key}", None),
            ("PUT", f"/api/admin/flags/flag-{turn}", {"rules": rules}),
        ]
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda call: client.request(*call), calls))
        assert sorted(answer.status for answer in answers) in ([200, 409], [200, 422])
