"""Which flags need which: shown from both sides, set, removed; what would break a flag is not done."""

from __future__ import annotations

from db.flags import flags
from db.flags.flags import FlagEdit
from db.views import FlagView
from flagstaff.targeting import Prerequisite
from tests.interval.browser import OpenPage, Transaction
from tests.interval.conftest import TESTER, Running


def needing(dash: Running, needed: FlagView, *variants: str) -> FlagView:
    """A flag that needs another one."""
    return dash.flag(prerequisites=[Prerequisite(needed.key, variants or ("on",))], default_variant="off")


def test_it_is_picked_and_shown_from_both_sides(dash: Running) -> None:
    needed, flag = dash.flag(default_variant="off"), dash.flag(default_variant="on")
    page = dash.ada.open("flags/prerequisites", flag=flag.key)
    assert f"{flag.key} needs no other flag, and none needs it." in page.render.labels
    action = dash.ada.follow(*page.link("Add prerequisite"))
    assert isinstance(action, Transaction)
    question = f"Which flag does {flag.key} need in dev?"
    action.form()
    found = action.search(question, flag.key)
    assert [one["label"] for one in found.props(question)["results"]] == []
    action.search(question, needed.key)
    action.answer({question: needed.key})
    form = action.form()
    assert form.inputs == ["Serves on = true", "Serves off = false", "Comment"]
    assert (form.default("Serves on = true"), form.default("Serves off = false")) == (True, False)
    action.answer()
    assert action.result() == f"{flag.key} in dev needs that {needed.key} serves on."
    dash.serves(flag.key, True, None, entityId="john")
    for slug in ("flags/prerequisites", "flags/flag"):
        page = dash.ada.open(slug, flag=flag.key)
        assert page.render.rows("Needs") == [{"flag": needed.key, "variants": "on"}]
        page = dash.ada.open(slug, flag=needed.key)
        assert page.render.rows("Needed by") == [{"flag": flag.key, "variants": "on"}]
    cell = page.row("Needed by", flag=flag.key)["data"]["flag"]
    assert isinstance(dash.ada.follow(cell["route"], cell["params"]), OpenPage)
    (row,) = dash.ada.open("flags").look("Dynamic flags", queryTerm=flag.key)
    assert (row["needs"], row["needed"]) == (f"{needed.key} serves on", "-")
    (row,) = dash.ada.open("flags").look("Dynamic flags", queryTerm=needed.key)
    assert (row["needs"], row["needed"]) == ("-", flag.key)


def test_a_static_flag_says_who_needs_it(dash: Running) -> None:
    static = dash.flag(value_type="string", is_static=True, value="x")
    flag = needing(dash, static, "value")
    page = dash.ada.open("flags/prerequisites", flag=static.key)
    assert page.render.rows("Needed by")[0]["flag"] == flag.key and "Add prerequisite" not in page.menu
    (row,) = dash.ada.open("flags").look("Static flags", queryTerm=static.key)
    assert row["needed"] == flag.key
    assert "is static" in dash.ada.run("flags/prerequisites/set", flag=static.key, needed=flag.key).failure()


def test_its_variants_are_changed(dash: Running) -> None:
    needed = dash.flag(value_type="string", variants={"a": "A", "b": "B", "c": "C"})
    flag = needing(dash, needed, "a", "b")
    page = dash.ada.open("flags/prerequisites", flag=flag.key)
    action = dash.ada.click(page.row("Needs", flag=needed.key), "Change variants")
    assert isinstance(action, Transaction)
    form = action.form()
    assert [form.default(f"Serves {name} = {name.upper()}") for name in "abc"] == [True, True, False]
    action.answer({"Serves a = A": False, "Serves b = B": False})
    assert f"Choose at least one variant of {needed.key}" in action.form().errors[""]
    action.answer({"Serves a = A": False, "Serves b = B": False, "Serves c = C": True})
    action.result()
    assert flags.get(flag.key, "dev").prerequisites == (Prerequisite(needed.key, ("c",)),)


def test_it_is_removed(dash: Running) -> None:
    flag = needing(dash, needed := dash.flag())
    page = dash.ada.open("flags/prerequisites", flag=flag.key)
    action = dash.ada.click(page.row("Needs", flag=needed.key), "Remove")
    assert isinstance(action, Transaction)
    assert f"{needed.key} serves on" in action.confirm().text
    action.result()
    assert flags.get(flag.key, "dev").prerequisites == ()
    again = dash.ada.run("flags/prerequisites/remove", flag=flag.key, needed=needed.key)
    assert "has no such prerequisite" in again.failure()


def test_a_circle_is_not_done(dash: Running) -> None:
    flag = needing(dash, needed := dash.flag())
    action = dash.ada.run("flags/prerequisites/set", flag=needed.key, needed=flag.key)
    action.fill()
    said = action.failure()
    assert f"lead in a circle: {needed.key} needs {flag.key} needs {needed.key}" in said
    itself = dash.ada.run("flags/prerequisites/set", flag=flag.key, needed=flag.key)
    itself.fill()
    assert "can't need itself" in itself.failure()


def test_what_would_break_a_flag_is_not_done(dash: Running) -> None:
    needed = dash.flag(value_type="string", variants={"a": "A", "b": "B"})
    flag = needing(dash, needed, "a")
    why = f"is a prerequisite of {flag.key} in dev: change those first."
    archive = dash.ada.run("flags/archive", flag=needed.key)
    archive.confirm()
    assert why in archive.failure()
    action = dash.ada.run("flags/edit", flag=needed.key)
    action.fill({"Variants": "b = B"})
    action.fill()
    assert why in action.failure()
    assert flags.get(needed.key, "dev").variants.keys() == {"a", "b"}


def test_a_flag_that_is_archived_meanwhile(dash: Running) -> None:
    flag, needed = dash.flag(), dash.flag()
    action = dash.ada.run("flags/prerequisites/set", flag=flag.key, needed=needed.key)
    action.form()
    flags.archive(needed.key, actor=TESTER)
    action.answer()
    assert f"there is no flag '{needed.key}'" in action.failure()
    empty = dash.flag(value_type="string", variants={})
    action = dash.ada.run("flags/prerequisites/set", flag=flag.key, needed=empty.key)
    assert "has no variants yet" in action.failure()


def test_a_protected_flag_asks(dash: Running) -> None:
    flag, needed = dash.flag(environment="prod"), dash.flag()
    link = {"flag": flag.key, "needed": needed.key, "environment": "prod"}
    action = dash.ada.run("flags/prerequisites/set", **link)
    action.fill()
    assert f"{needed.key} serves on" in action.confirm(False).text
    assert action.result() == "Nothing was changed."
    assert "your role (member) may not change" in dash.member.run("flags/prerequisites/set", **link).failure()


def test_two_people_set_them(dash: Running) -> None:
    flag, needed, other = dash.flag(), dash.flag(), dash.flag()
    action = dash.ada.run("flags/prerequisites/set", flag=flag.key, needed=needed.key)
    action.form()
    edit = FlagEdit(prerequisites=[Prerequisite(other.key, ("on",))])
    flags.update(flag.key, "dev", edit, actor=TESTER)
    action.answer({"Serves off = false": True})
    form = action.form()
    assert "tester changed it" in form.text and form.default("Serves off = false") is True
    action.answer()
    action.result()
    assert [one.flag for one in flags.get(flag.key, "dev").prerequisites] == [other.key, needed.key]
