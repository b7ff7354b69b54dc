"""Enable, disable, the global kill switch, archive and restore; and who may do it in a protected environment."""

from __future__ import annotations

from typing import Any

import pytest

from db.flags import flags
from tests.interval.browser import OpenPage, Transaction
from tests.interval.conftest import AWKWARD, TESTER, Running


def test_one_click_disables_and_enables(dash: Running) -> None:
    flag = dash.flag(default_variant="on")
    dash.serves(flag.key, True, False)
    page = dash.ada.open("flags")
    page.look("Dynamic flags", queryTerm=flag.key)
    action = dash.ada.click(page.row("Dynamic flags", key=flag.key), "Disable")
    assert isinstance(action, Transaction)
    assert action.result() == f"{flag.key} is disabled in dev."
    assert action.redirects == [("flags", {"environment": "dev"})]
    dash.serves(flag.key, False, False)
    dash.ada.run("flags/enable", flag=flag.key, environment="dev").result()
    dash.serves(flag.key, True, False)


def test_a_protected_environment_asks_first(dash: Running) -> None:
    flag = dash.flag(environment="prod", default_variant="on")
    action = dash.ada.run("flags/disable", flag=flag.key, environment="prod")
    asked = action.confirm(False)
    assert asked.labels == ["Change prod?"] and flag.key in asked.text
    assert action.result() == "Nothing was changed."
    dash.serves(flag.key, True, False, "prod")
    action = dash.ada.run("flags/disable", flag=flag.key, environment="prod")
    action.confirm()
    action.result()
    dash.serves(flag.key, False, False, "prod")


def test_cancelling_the_question_changes_nothing(dash: Running) -> None:
    flag = dash.flag(environment="prod", default_variant="on")
    action = dash.ada.run("flags/disable", flag=flag.key, environment="prod")
    action.form()
    action.cancel()
    assert flags.get(flag.key, "prod").enabled
    assert not action.is_over


def test_who_may_change_a_protected_environment_is_told(dash: Running) -> None:
    """`test_permissions` tries every action."""
    flag = dash.flag(environment="prod", default_variant="on")
    refused = dash.member.run("flags/disable", flag=flag.key, environment="prod").failure()
    assert "protected, and your role (member) may not change" in refused and "role admin" in refused
    assert flags.get(flag.key, "prod").version == 1


def test_where_nothing_is_protected_a_member_may_change_flags(dash: Running) -> None:
    flag = dash.flag(default_variant="on")
    dash.member.run("flags/disable", flag=flag.key, environment="dev").result()
    assert flags.get(flag.key, "dev").updated_by == "eve@example.com"


def test_creating_promoting_and_restoring_into_a_protected_environment(dash: Running) -> None:
    flag = dash.flag(default_variant="on")
    assert "your role (member) may not change" in dash.member.run("flags/create", environment="prod").failure()
    action = dash.member.run("flags/promote", flag=flag.key, environment="dev")
    action.fill({"To": "prod"})
    assert "your role (member) may not change" in action.failure()
    assert "your role (member) may not change" in dash.member.run("flags/environments/add").failure()


def test_the_kill_switch_is_for_every_environment_at_once(dash: Running) -> None:
    flag = dash.flag(environment="prod", default_variant="on")
    flags.set_enabled(flag.key, "dev", True, actor=TESTER)
    dash.serves(flag.key, True, False, "dev")
    action = dash.ada.run("flags/disable-everywhere", flag=flag.key, environment="dev")
    assert "dev, staging, prod" in action.confirm().text
    action.result()
    dash.serves(flag.key, False, False, "dev")
    dash.serves(flag.key, False, False, "prod")


def test_archive_spells_out_what_it_means_and_restore_brings_it_back(dash: Running) -> None:
    flag = dash.flag(default_variant="on", description="the archived one")
    dash.serves(flag.key, True, False)
    action = dash.ada.run("flags/archive", flag=flag.key, environment="dev")
    asked = action.confirm()
    assert "enabled in dev" in asked.text and "can be restored" in asked.text
    action.result()
    dash.serves(flag.key, False, False)
    assert dash.evaluate(flag.key, False)["errorCode"] == "FLAG_NOT_FOUND"
    page = dash.ada.open("flags/archived", environment="dev")
    page.look("Archived flags", queryTerm=flag.key)
    back = dash.ada.click(page.row("Archived flags", key=flag.key), "Restore")
    assert isinstance(back, Transaction)
    back.confirm()
    assert back.result() == f"{flag.key} is back."
    dash.serves(flag.key, True, False)


def test_restoring_where_the_key_is_taken_is_told(dash: Running) -> None:
    flag = dash.flag()
    flags.archive(flag.key, actor=TESTER)
    dash.flag(flag.key)
    action = dash.ada.run("flags/archived/restore", flag=flag.id)
    action.confirm()
    assert "exists already" in action.failure()


def test_restoring_what_is_not_archived_is_told(dash: Running) -> None:
    flag = dash.flag()
    assert "is not archived" in dash.ada.run("flags/archived/restore", flag=flag.id).failure()


@pytest.mark.parametrize("key", AWKWARD)
def test_awkward_names(dash: Running, key: str) -> None:
    dash.flag(key, default_variant="on")
    for step, value in (("disable", False), ("enable", True), ("disable-everywhere", False)):
        action = dash.ada.run(f"flags/{step}", flag=key, environment="dev")
        if step == "disable-everywhere":
            action.confirm()
        assert key in str(action.result())
        dash.serves(key, value, False)
    action = dash.ada.run("flags/archive", flag=key, environment="dev")
    action.confirm()
    action.result()
    page = dash.ada.open("flags/archived", environment="dev")
    page.look("Archived flags", queryTerm=key)
    row: Any = page.render.props("Archived flags")["data"][0]
    assert row["data"]["key"]["label"] == key
    log = dash.ada.click(row, "Change log")
    assert isinstance(log, OpenPage)
    assert log.look("Changes")[0]["action"] == "Archived"
    back = dash.ada.click(row, "Restore")
    assert isinstance(back, Transaction)
    back.confirm()
    back.result()
    flags.archive(key, actor=TESTER)
