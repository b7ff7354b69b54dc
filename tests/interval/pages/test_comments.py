"""Why a change is made: asked for in every form, insisted on where an environment wants to know."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from db.administration import environments
from db.flags import flags
from db.history import changes
from db.vocabulary import Actor, Source
from tests.interval.browser import OpenPage, Transaction
from tests.interval.conftest import TESTER, Running, link_to_archived, link_to_everything
from tests.interval.pages.test_permissions import READING, something

WHY = "A customer asked for it."
CURIOUS = Actor("tester", Source.SYSTEM, comment="The tests are over.")


@pytest.fixture
def asking(dash: Running) -> Iterator[Running]:
    """The dashboard, while every environment asks for comments."""
    there = [environment.key for environment in environments.list_all()]
    for key in there:
        environments.update(key, comment_required=True, actor=CURIOUS)
    yield dash
    for key in there:
        environments.update(key, comment_required=False, actor=CURIOUS)


def newest(flag: str) -> str | None:
    return changes.page(flag, "dev").items[0].comment


def test_a_form_asks_why_and_the_log_says_it(dash: Running) -> None:
    flag = dash.flag()
    action = dash.ada.run("flags/edit", flag=flag.key)
    assert "kept in the change log" in action.form().text
    action.answer({"Description": "new", "Comment": f" {WHY} "})
    action.result()
    assert newest(flag.key) == WHY
    (row, _) = dash.ada.open("flags/changes", flag=flag.key).look("Changes")
    assert row["why"] == WHY
    page = dash.ada.open("flags/changes/change", change=str(changes.page(flag.key, "dev").items[0].id))
    assert f"Why: {WHY}" in page.render.text


def test_an_environment_that_asks_gets_its_comment(asking: Running) -> None:
    flag = asking.flag(actor=CURIOUS)
    action = asking.ada.run("flags/rollout", flag=flag.key)
    action.fill({}, "25 %")
    assert "dev wants to know" in action.form().text
    action.answer()
    form = action.form()
    assert "every change there needs a comment" in form.errors[""]
    action.answer({"Comment": "a\0b"})
    assert "NUL" in action.form().errors[""]
    action.answer({}, "Back")  # which changes nothing
    action.fill({}, "50 %")
    action.fill({"Comment": WHY})
    action.result()
    assert newest(flag.key) == WHY


def test_one_click_asks_only_where_it_must(asking: Running) -> None:
    flag = asking.flag(actor=CURIOUS)
    action = asking.ada.run("flags/disable", flag=flag.key)
    form = action.form()
    assert form.labels == ["Change dev?", "Comment"] and form.buttons == ["Go on", "Leave it"]
    action.answer({}, "Leave it")
    assert action.result() == "Nothing was changed."
    action = asking.ada.run("flags/disable", flag=flag.key)
    action.fill()
    assert "needs a comment" in action.form().errors[""]
    action.answer({"Comment": WHY})
    action.result()
    assert newest(flag.key) == WHY and not flags.get(flag.key, "dev").enabled


def test_another_environment_that_asks_is_told(dash: Running) -> None:
    """A flag's own fields are changed in every environment, which the form of one does not know."""
    flag = dash.flag()
    environments.update("staging", comment_required=True, actor=TESTER)
    try:
        action = dash.ada.run("flags/edit", flag=flag.key)
        action.fill({"Owner": "ada"})
        assert "Staging asks for a comment with every change" in action.form().text
        action.answer({"Comment": WHY})
        action.result()
        assert (newest(flag.key), flags.get(flag.key, "dev").owner) == (WHY, "ada")
    finally:
        environments.update("staging", comment_required=False, actor=CURIOUS)


def test_no_action_goes_around_it(asking: Running) -> None:
    """Whatever is filled in but the comment: every action that changes something insists."""
    link, archived = link_to_everything(asking.fresh(), CURIOUS), link_to_archived(asking.fresh("gone"), CURIOUS)
    before = changes.page().total
    for slug in set(asking.server.host.actions) - READING - {"flags/environments/add"}:
        action = asking.ada.run(slug, **(archived if slug == "flags/archived/restore" else link))
        assert insists(action), slug
    assert changes.page().total == before


def insists(action: Transaction) -> bool:
    """Go on without a comment, until it is asked for."""
    for _ in range(10):
        form = action.next()
        if form is None:
            return "comment" in action.outcome()
        if "comment" in form.errors.get("", "") or "asks for a comment" in form.text:
            action.cancel()
            return True
        assert not form.errors, f"{action.slug}: {form.errors}"
        filled = {part["label"]: something(form, part) for part in form.components if part["label"] != "Comment"}
        action.answer({label: given for label, given in filled.items() if given})
    raise AssertionError(f"{action.slug} asks for ever")


def test_an_environment_is_made_to_ask_in_the_dashboard(dash: Running) -> None:
    made = environments.create(dash.fresh("qa"), actor=TESTER)
    page = dash.ada.open("flags/environments")
    action = dash.ada.click(page.row("Environments", key=made.key), "Edit")
    assert isinstance(action, Transaction)
    action.fill({"Ask for comments": True, "Name": "Quality"})
    assert action.result() == f"{made.key} is saved."
    assert environments.get(made.key).comment_required
    page = dash.ada.open("flags/environments")
    row = page.row("Environments", key=made.key)["data"]
    assert (row["comments"]["label"], row["name"]["label"]) == ("asked for", "Quality")
    action = dash.ada.run("flags/environments/edit", environment=made.key)
    action.fill({"Ask for comments": False})
    assert "needs a comment" in action.form().errors[""]
    action.answer({"Ask for comments": False, "Comment": WHY})
    action.result()
    assert not environments.get(made.key).comment_required
    refused = dash.member.run("flags/environments/edit", environment=made.key).failure()
    assert "your role (member) may not change" in refused
    environments.delete(made.key, default="dev", actor=TESTER)


def test_what_others_did_meanwhile_is_told_with_their_reason(dash: Running) -> None:
    flag = dash.flag(default_variant="off")
    action = dash.ada.run("flags/edit", flag=flag.key)
    action.form()
    flags.set_enabled(flag.key, "dev", False, actor=Actor("bob", Source.API, comment="It broke."))
    action.answer({"Description": "new"})
    assert "“It broke.”" in action.form().text
    action.cancel()


def test_the_log_of_a_flag_leads_to_the_reason(dash: Running) -> None:
    flag = dash.flag()
    flags.set_enabled(flag.key, "dev", False, actor=Actor("bob", Source.API, comment=WHY))
    page = dash.ada.open("flags/flag", flag=flag.key)
    assert isinstance(page, OpenPage)
    assert [row["why"] for row in page.render.rows("Last changes")] == [WHY, "-"]
