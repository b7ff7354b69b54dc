"""A flag's own page, and what leads to it and away from it."""

from __future__ import annotations

from db.administration import environments
from db.flags import flags
from db.flags.flags import FlagEdit
from tests.interval.browser import OpenPage, Transaction
from tests.interval.conftest import TESTER, Running

US = {"conditions": [{"field": "country", "operator": "eq", "value": "US"}], "variant": "on"}
QUARTER = [{"variant": "on", "weight": 25}, {"variant": "off", "weight": 75}]


def facts(page: OpenPage, label: str) -> dict[str, str]:
    return {one["label"]: one["value"] for one in page.render.props(label)["data"]}


def test_it_says_all_that_a_dynamic_flag_is(dash: Running) -> None:
    flag = dash.flag(description="The new one", tags=["web"], rules=[US], rollout=QUARTER, default_variant="off")
    page = dash.ada.open("flags/flag", flag=flag.key)
    assert page.layout["title"] == f"{flag.key} · dev"
    assert page.layout["description"] == "The new one"
    told = facts(page, "The flag")
    assert told.pop("Updated").endswith("by tester")
    assert told == {
        "Status": "enabled",
        "Kind": "dynamic boolean",
        "Name": "-",
        "Tags": "web",
        "Owner": "-",
        "Purpose": "-",
        "Expected end": "-",
        "Seen by client keys": "no",
        "Members": "0",
        "Rollout": "25 % on, 75 % off",
        "Layer": "none",
        "Default": "off",
    }
    assert page.render.rows("Variants") == [{"name": "on", "value": "true"}, {"name": "off", "value": "false"}]
    assert page.render.rows("Rules")[0]["when"] == "country is US"
    assert page.render.rows("Last changes")[0]["action"] == "Created"


def test_it_says_all_that_a_static_flag_is(dash: Running) -> None:
    flag = dash.flag(value_type="string", is_static=True, value="")
    page = dash.ada.open("flags/flag", flag=flag.key)
    assert facts(page, "The flag")["Value"] == '""'
    assert "Members" not in page.menu and "Edit" in page.menu


def test_everything_leads_to_it_and_on(dash: Running) -> None:
    flag = dash.flag()
    list_page = dash.ada.open("flags")
    list_page.look("Dynamic flags", queryTerm=flag.key)
    cell = list_page.row("Dynamic flags", key=flag.key)["data"]["key"]
    page = dash.ada.follow(cell["route"], cell["params"])
    assert isinstance(page, OpenPage)
    route, params = page.link("In staging")
    assert (route, params) == ("flags/flag", {"flag": flag.key, "environment": "staging"})
    edit = dash.ada.follow(*page.link("Edit"))
    assert isinstance(edit, Transaction)
    edit.fill({"Description": "another"})
    said = edit.result()
    assert edit.redirects == [("flags/flag", {"flag": flag.key, "environment": "dev"})]
    again = dash.ada.open("flags/flag", flag=flag.key, said=said)
    assert again.render.labels[0] == said


def test_who_says_no_or_changes_nothing_is_led_back(dash: Running) -> None:
    flag = dash.flag(environment="prod", default_variant="on")
    disable = dash.ada.run("flags/disable", flag=flag.key, environment="prod")
    disable.confirm(False)
    assert disable.result() == "Nothing was changed."
    back = ("flags/flag", {"flag": flag.key, "environment": "prod"})
    assert (disable.redirects, disable.said) == ([back], ["Nothing was changed."])
    edit = dash.ada.run("flags/edit", flag=flag.key, environment="prod")
    edit.fill()
    edit.result()
    assert edit.redirects == [back]


def test_a_protected_environment_is_not_to_be_overlooked(dash: Running) -> None:
    flag = dash.flag()
    for slug in ("flags", "flags/flag", "flags/members", "flags/rules"):
        assert "⚠ PROTECTED" in dash.ada.open(slug, flag=flag.key, environment="prod").layout["title"]
        assert "PROTECTED" not in dash.ada.open(slug, flag=flag.key, environment="dev").layout["title"]


def test_a_person_stays_in_the_environment(dash: Running) -> None:
    dash.bob.open("flags", environment="staging")
    assert dash.bob.open("flags", environment="").layout["title"] == "Feature Flags · staging"
    made = environments.create("short-lived", actor=TESTER)
    dash.bob.open("flags", environment=made.key)
    environments.delete(made.key, default="dev", actor=TESTER)
    assert dash.bob.open("flags", environment="").layout["title"] == "Feature Flags · dev"


def test_the_list_is_filtered(dash: Running) -> None:
    wanted, disabled = dash.flag(tags=["checkout"]), dash.flag(tags=["checkout"], enabled=False)
    other = dash.flag()
    flags.update(wanted.key, "dev", FlagEdit(description="x"), actor=TESTER)
    action = dash.ada.run("flags/filter")
    action.form()
    action.answer({"Tag": "a b"})
    assert "must be" in action.form().errors["Tag"]
    action.answer({"Status": "enabled", "Tag": "checkout", "Changed": "7"})
    action.result()
    page = dash.ada.follow(*action.redirects[0])
    assert isinstance(page, OpenPage)
    assert "Only flags that are: enabled, tag checkout, changed in the last week" in page.render.labels
    assert [row["key"] for row in page.look("Dynamic flags")] == [wanted.key]
    everyone = {row["key"] for row in dash.ada.open("flags", days="nonsense").look("Dynamic flags", pageSize=1000)}
    assert everyone >= {wanted.key, disabled.key, other.key}
