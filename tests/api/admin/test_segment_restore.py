"""`/api/admin/segments/KEY/restore`: back to what the change log has, and out of the archive."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest

from db.segments import entities
from tests.api.admin.test_segments import SEGMENTS, STAFF, in_segment, rule, staff
from tests.api.conftest import Client

RESTORE = ("POST", f"{STAFF}/restore")

__all__ = ["staff"]


def last(client: Client, number: int = 0) -> dict[str, Any]:
    """A change of the segment, the newest unless another is asked for."""
    return {"changeId": client.do("GET", "/api/admin/changes?segment=staff")["changes"][number]["id"]}


def told(client: Client) -> tuple[Any, ...]:
    """What the segment is, and whom it lists."""
    segment = client.do("GET", STAFF)["segment"]
    listed = client.do("GET", f"{STAFF}/members")["members"]
    return segment["name"], segment["description"], segment["rules"], listed


def archive(client: Client) -> None:
    client.do("PUT", "/api/admin/flags/beta", {"rules": None})
    client.do("DELETE", STAFF)


def test_a_segment_goes_back_with_its_lists_and_flags_follow(staff: Client) -> None:
    before = told(staff)
    staff.do("POST", f"{STAFF}/members", {"entityIds": ["john"], "excluded": True})
    first = last(staff)
    staff.do("PUT", STAFF, {"name": "Us", "rules": [rule("plan", "exists")], "excluded": {"user": ["mary"]}})
    assert staff.evaluate("beta", targetingKey="john")["value"] is False
    after = told(staff)
    affected = [{"environment": "prod", "flags": ["beta"], "enabled": 1}]
    assert staff.do("POST", f"{STAFF}/restore?dryRun=true", first) == {"affected": affected}
    assert told(staff) == after
    done = staff.do(*RESTORE, first)
    assert (done["affected"], done["segment"]["version"], told(staff)) == (affected, 4, before)
    assert staff.evaluate("beta", targetingKey="john")["value"] is True
    change = staff.do("GET", "/api/admin/changes?segment=staff")["changes"][0]
    assert (change["action"], change["summary"].partition(":")[0]) == ("segment.restored", "name")
    staff.do(*RESTORE, last(staff))
    assert told(staff) == after
    count = staff.count()
    staff.do(*RESTORE, last(staff) | {"to": "after"})
    assert staff.count() == count


def test_an_archived_segment_lives_again(staff: Client) -> None:
    before = told(staff)
    archive(staff)
    done = staff.do(*RESTORE, last(staff))
    assert (done["segment"]["archivedAt"], done["affected"], told(staff)) == (None, [], before)
    staff.do("PUT", "/api/admin/flags/beta", {"rules": in_segment("staff")})
    assert staff.evaluate("beta", targetingKey="john")["value"] is True


def test_an_archived_segment_does_not_take_its_key_back(staff: Client) -> None:
    archive(staff)
    first = last(staff)
    staff.do("POST", SEGMENTS, {"key": "staff", "included": {"user": ["sue"]}}, 201)
    before = staff.count()
    staff.refused(409, "segment_key_taken", *RESTORE, first)
    assert staff.count() == before
    staff.do("DELETE", STAFF)
    staff.do(*RESTORE, first)
    assert staff.do("GET", STAFF)["segment"]["included"] == {"org": 1, "user": 2}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "missing_field"),
        ({"changeId": "1"}, 400, "invalid_field"),
        ({"changeId": -1}, 400, "invalid_field"),
        ({"changeId": 0}, 404, "change_not_found"),
        ({"changeId": 2**63 - 1}, 404, "change_not_found"),
        ({"to": "now"}, 400, "invalid_field"),
        ({"version": 7}, 409, "version_conflict"),
        ({"environment": "prod"}, 400, "unknown_field"),
    ],
)
def test_restores_that_make_no_sense(staff: Client, body: dict[str, Any], status: int, code: str) -> None:
    staff.do("PUT", STAFF, {"name": "Us"})
    change = {} if "changeId" in body or not body else last(staff)
    before = staff.count()
    staff.refused(status, code, *RESTORE, change | body)
    assert staff.count() == before


def test_there_is_nothing_before_the_first_change_and_in_the_archive(staff: Client) -> None:
    staff.refused(422, "nothing_to_restore", *RESTORE, last(staff))
    archive(staff)
    staff.refused(422, "nothing_to_restore", *RESTORE, last(staff) | {"to": "after"})
    of_another = {"changeId": staff.do("GET", "/api/admin/changes?flag=beta")["changes"][0]["id"]}
    staff.refused(404, "change_not_found", *RESTORE, of_another)
    staff.refused(404, "segment_not_found", "POST", f"{SEGMENTS}/nobody/restore", last(staff))


def test_archived_segments_do_not_count_for_the_ids_in_all(staff: Client) -> None:
    archive(staff)
    with patch.object(entities, "MAX_IN_ALL", 4):
        staff.do("POST", SEGMENTS, {"key": "others", "included": {"user": ["a", "b", "c"]}}, 201)
        staff.refused(422, "too_many_members", "POST", f"{SEGMENTS}/others/members", {"entityIds": ["d", "e"]})
        staff.refused(422, "too_many_members", *RESTORE, last(staff))
        staff.do("DELETE", f"{SEGMENTS}/others/members", {"entityIds": ["a", "b", "c"]})
        staff.do(*RESTORE, last(staff))
        staff.do("DELETE", f"{STAFF}/members", {"entityIds": ["john"]})
