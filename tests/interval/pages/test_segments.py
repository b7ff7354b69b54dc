"""Segments: listed, made, changed, archived. What a change means for flags is said before it is made."""

from __future__ import annotations

from typing import Any

import pytest

from db.flags import flags
from db.history import changes
from db.segments import entities, segments
from db.segments.edits import NewSegment, SegmentEdit, SegmentView
from flagstaff.targeting import Prerequisite
from tests.interval.browser import OpenPage, Transaction
from tests.interval.conftest import AWKWARD, AWKWARD_IDS, TESTER, Running, segment_of

ONE = "flags/segments/segment"


def made(dash: Running, key: str = "", **fields: Any) -> SegmentView:
    """A segment that is there already: with john, without mary, with two rules."""
    new = segment_of(key or dash.fresh("segment"))
    segment = segments.create(new, actor=TESTER).segment
    return segments.update(segment.key, SegmentEdit(**fields), actor=TESTER).segment if fields else segment


def using(dash: Running, segment: SegmentView, **fields: Any) -> str:
    """The key of a flag that serves `on` to a segment."""
    rule = {"conditions": [{"operator": "in_segment", "value": [segment.key]}], "variant": "on"}
    return dash.flag(rules=[rule], **fields).key


def listed(key: str) -> dict[str, bool]:
    """Who is listed, and whether as excluded."""
    return {one.entity_id: one.excluded for one in entities.page(key).items}


def test_they_are_listed_and_searched(dash: Running) -> None:
    name = dash.fresh("many")
    for number in range(25):
        segments.create(NewSegment(f"{name}.{number:02}", name="Ours"), actor=TESTER)
    page = dash.ada.open("flags")
    page = dash.ada.follow(*page.link("Segments"))
    assert isinstance(page, OpenPage)
    assert len(page.look("Segments", queryTerm=name)) == 20
    assert [row["key"] for row in page.look("Segments", queryTerm=name, offset=20)] == [
        f"{name}.{number}" for number in range(20, 25)
    ]
    using(dash, segment := made(dash))
    (row,) = page.look("Segments", queryTerm=segment.key)
    assert row.pop("updated").endswith("by tester")
    counts = {"included": "1", "excluded": "1", "rules": "2", "used": "1 flag"}
    assert row == {"key": segment.key, "name": "-", **counts}


def test_one_is_created(dash: Running) -> None:
    key = dash.fresh("beta")
    action = dash.ada.run("flags/segments/create")
    action.form()
    action.answer({"Key": "a b"})
    assert "Key must be" in action.form().errors["Key"]
    action.answer({"Key": made(dash).key, "Name": "Beta"})
    form = action.form()
    assert "exists already. Choose another key." in form.text and form.default("Name") == "Beta"
    action.answer({"Key": key, "Name": "Beta"})
    said = action.result()
    assert action.redirects == [(ONE, {"segment": key})]
    page = dash.ada.open(ONE, segment=key, said=said)
    assert page.render.labels[0] == f"{key} is there. Nobody is in it yet."
    assert "Name: Beta" in page.render.text and "Included: nobody" in page.render.text
    assert "your role (member) may not change" in dash.member.run("flags/segments/create").failure()


def test_its_page_says_who_is_in_and_who_uses_it(dash: Running) -> None:
    segment = made(dash, description="The first ones")
    user = using(dash, segment)
    follower = dash.flag(prerequisites=[Prerequisite(user, ("on",))]).key
    page = dash.ada.open(ONE, segment=segment.key)
    assert (page.layout["title"], page.layout["description"]) == (f"Segment {segment.key}", "The first ones")
    assert "Included: 1 of type user" in page.render.text and "Used by: 1 flag" in page.render.text
    assert [row["when"] for row in page.render.rows("Rules")] == ["country is US", "country is CA"]
    everyone = [{"type": "user", "id": "john", "list": "included"}, {"type": "user", "id": "mary", "list": "excluded"}]
    assert page.render.rows("Ids") == everyone
    assert page.look("Ids", queryTerm="mar") == everyone[1:]
    assert [row["flag"] for row in page.render.rows("Where it is used")] == sorted([user, follower])
    cell = page.row("Where it is used", flag=user)["data"]["flag"]
    assert dash.ada.follow(cell["route"], cell["params"]).layout["title"] == f"{user} · dev"  # type: ignore[union-attr]
    assert [row["action"] for row in page.render.rows("Last changes")] == ["Segment changed", "Segment created"]
    assert "There is no segment" in dash.ada.open(ONE, segment="none").render.text


def test_the_change_log_names_it(dash: Running) -> None:
    segment = made(dash)
    rows = dash.ada.open("flags/changes").look("Changes")
    assert rows[0]["flag"] == segment.key and rows[0]["action"] == "Segment created"
    change = changes.page(segment=segment.key).items[0]
    page = dash.ada.open("flags/changes/change", change=str(change.id))
    assert page.layout["title"] == f"Segment created · {segment.key}" and f"Segment: {segment.key}" in page.render.text


def test_before_ids_are_added_it_says_what_changes(dash: Running) -> None:
    segment = made(dash)
    first, second = using(dash, segment), using(dash, segment, enabled=False)
    flags.set_enabled(second, "prod", True, actor=TESTER)
    action = dash.ada.run(f"{ONE}/add-ids", segment=segment.key)
    action.fill({"Ids": "ann, bob\njohn, mary, ann"})
    asked = action.confirm(False)
    assert f"It changes 2 flags ({first}, {second}), 1 of them enabled in dev." in asked.text
    assert "To be included: user ann, user bob, user john, user mary." in asked.text and "Protected: prod" in asked.text
    assert action.result() == "Nothing was changed."
    assert listed(segment.key) == {"john": False, "mary": True}
    action = dash.ada.run(f"{ONE}/add-ids", segment=segment.key)
    action.fill({"Ids": "ann, bob\njohn, mary, ann"})
    action.confirm()
    told = "2 ids added, 1 id changed to included, 1 id included already, 1 id given more than once"
    assert action.result() == f"{segment.key}: {told}."
    assert action.redirects == [(ONE, {"segment": segment.key})]
    dash.serves(first, True, None, entityId="mary")


def test_ids_are_excluded(dash: Running) -> None:
    flag = using(dash, segment := made(dash))
    dash.serves(flag, True, None, entityId="john")
    action = dash.ada.run(f"{ONE}/add-ids", segment=segment.key)
    action.fill({"Ids": "john", "They are": "excluded"})
    assert f"It changes 1 flag ({flag}), 1 of them enabled in dev." in action.confirm().text
    action.result()
    dash.serves(flag, None, None, entityId="john")
    action = dash.ada.run(f"{ONE}/add-ids", segment=segment.key)
    action.fill({"Ids": "john", "They are": "excluded"})
    assert action.result() == f"{segment.key}: 1 id excluded already."  # nothing to be asked


def test_ids_are_removed(dash: Running) -> None:
    segment = made(dash)
    page = dash.ada.open(ONE, segment=segment.key)
    action = dash.ada.click(page.row("Ids", id="mary"), "Remove")
    assert isinstance(action, Transaction)
    assert "It changes no flag: none uses it." in action.confirm().text
    assert action.result() == f"{segment.key}: 1 id removed."
    action = dash.ada.run(f"{ONE}/remove-ids", segment=segment.key)
    action.fill({"Ids": "john, nobody"})
    action.confirm()
    assert action.result() == f"{segment.key}: 1 id removed, 1 id not listed."
    assert listed(segment.key) == {}


def test_many_ids_are_pasted(dash: Running) -> None:
    segment = made(dash)
    action = dash.ada.run(f"{ONE}/add-ids", segment=segment.key)
    action.fill({"Ids": "\n".join(f"user-{number}" for number in range(50_000))})
    assert "and 49,990 more" in action.confirm().text
    assert action.result() == f"{segment.key}: 50,000 ids added."
    assert segments.get(segment.key).version == 2
    action = dash.ada.run(f"{ONE}/add-ids", segment=segment.key)
    action.fill({"Ids": "größe"})
    assert "can't be in a segment of more than 1,000" in action.form().text
    action.cancel()


def test_ids_that_can_t_be_are_refused(dash: Running) -> None:
    action = dash.ada.run(f"{ONE}/add-ids", segment=made(dash).key)
    action.form()
    action.answer({"Ids": "x" * 300, "Entity type": "a b"})
    errors = action.form().errors
    assert "can't be an id" in errors["Ids"] and "type must be" in errors["Entity type"]
    action.cancel()


def test_name_and_description(dash: Running) -> None:
    segment = made(dash)
    action = dash.ada.run(f"{ONE}/edit", segment=segment.key)
    action.fill({"Name": "Ours", "Description": "Who signed up"})
    assert action.result() == f"{segment.key} is saved."
    now = segments.get(segment.key)
    assert (now.name, now.description) == ("Ours", "Who signed up")
    form = dash.ada.run(f"{ONE}/edit", segment=segment.key).form()
    assert (form.default("Name"), form.default("Description")) == ("Ours", "Who signed up")


def test_two_people_edit_one(dash: Running) -> None:
    segment = made(dash)
    action = dash.ada.run(f"{ONE}/edit", segment=segment.key)
    action.form()
    segments.add(segment.key, "user", ["ann"], actor=TESTER)
    action.answer({"Name": "Ours"})
    form = action.form()
    assert "tester changed it" in form.text and form.default("Name") == "Ours"
    action.answer()
    action.result()
    assert segments.get(segment.key).name == "Ours"


def test_one_that_is_used_is_not_archived(dash: Running) -> None:
    flag = using(dash, segment := made(dash))
    action = dash.ada.run(f"{ONE}/archive", segment=segment.key)
    assert f"is used by {flag} in dev: take it out of their rules first." in action.failure()
    flags.archive(flag, actor=TESTER)
    action = dash.ada.run(f"{ONE}/archive", segment=segment.key)
    action.confirm()
    assert action.result() == f"The segment {segment.key} is archived."
    assert action.redirects == [("flags/segments", {})]
    gone = dash.ada.run(f"{ONE}/archive", segment=segment.key).failure()
    assert "Open the list of segments again" in gone


def test_it_goes_back_and_out_of_the_archive_by_the_change_log(dash: Running) -> None:
    flag = using(dash, segment := made(dash))
    segments.add(segment.key, "user", ["sue"], actor=TESTER)
    row = dash.ada.open("flags/changes").row("Changes", action="Segment changed", flag=segment.key)
    action = dash.ada.click(row, "Restore to before this")
    assert isinstance(action, Transaction)
    assert f"It changes 1 flag ({flag})" in action.confirm().text
    action.result()
    assert listed(segment.key) == {"john": False, "mary": True}
    flags.archive(flag, actor=TESTER)
    segments.archive(segment.key, actor=TESTER)
    archiving = changes.page(segment=segment.key).items[0]
    action = dash.ada.run(f"{ONE}/restore", segmentChange=str(archiving.id))
    action.confirm()
    assert f"{segment.key} is as it was before" in action.result()
    assert listed(segment.key).keys() == {"john", "mary"}
    again = dash.ada.open("flags/changes/change", change=str(changes.page(segment=segment.key).items[0].id))
    assert again.layout["title"] == f"Segment restored · {segment.key}"
    segments.archive(segment.key, actor=TESTER)
    segments.create(NewSegment(segment.key), actor=TESTER)
    assert "exists already" in dash.ada.run(f"{ONE}/restore", segmentChange=str(archiving.id)).failure()
    assert (
        "Only the changes of a segment"
        in dash.ada.run(f"{ONE}/restore", segmentChange=str(changes.page(dash.flag().key, "dev").items[0].id)).failure()
    )


@pytest.mark.parametrize("key", AWKWARD)
def test_awkward_keys_and_ids(dash: Running, key: str) -> None:
    segment = made(dash, key)
    action = dash.ada.run(f"{ONE}/add-ids", segment=key)
    action.fill({"Ids": "\n".join(AWKWARD_IDS)})
    action.confirm()
    assert f"{len(AWKWARD_IDS)} ids added" in action.result()
    page = dash.ada.open(ONE, segment=key)
    remove = dash.ada.click(page.row("Ids", id=key), "Remove")
    assert isinstance(remove, Transaction)
    remove.confirm()
    remove.result()
    assert listed(segment.key).keys() == {*AWKWARD_IDS, "john", "mary"} - {key}
    segments.archive(key, actor=TESTER)


def test_who_may_not_change_all_environments_changes_none(dash: Running) -> None:
    segment = made(dash)
    for slug in ("add-ids", "remove-ids", "edit", "rule", "remove-rule", "archive", "restore"):
        said = dash.member.run(f"{ONE}/{slug}", segment=segment.key, rule="1", segmentChange="1").failure()
        assert "protected, and your role (member) may not change" in said
    assert segments.get(segment.key).version == 1
