"""The landing page: both tables, the environment at the top, searching, sorting, what leads where."""

from __future__ import annotations

import pytest

from db.flags import flags
from tests.interval.browser import OpenPage, Transaction
from tests.interval.conftest import AWKWARD, TESTER, Running


def test_it_lists_flags_of_both_kinds(dash: Running) -> None:
    half = [{"variant": "on", "weight": 25}, {"variant": "off", "weight": 75}]
    checkout = dash.flag(rollout=half)
    banner = dash.flag(value_type="string", is_static=True, value="2024-01-01")
    page = dash.ada.open("flags")
    (row,) = page.look("Dynamic flags", queryTerm=checkout.key)
    assert row.pop("updated").endswith("by tester")
    shown = {"key": checkout.key, "type": "boolean", "enabled": "enabled", "rollout": "25 % on, 75 % off"}
    assert row == {
        **shown,
        "members": "0",
        "rules": "0",
        "planned": "-",
        "needs": "-",
        "needed": "-",
        "client_side": "-",
    }
    (row,) = page.look("Static flags", queryTerm=banner.key)
    assert (row["value"], row["type"], row["enabled"]) == ("2024-01-01", "string", "enabled")
    assert page.look("Static flags", queryTerm=checkout.key) == []


def test_the_environment_is_picked_at_the_top(dash: Running) -> None:
    flag = dash.flag()
    page = dash.ada.open("flags")
    assert page.layout["title"] == "Feature Flags · dev"
    assert page.render.labels[0] == "Environment: dev"
    (staging,) = [item for item in page.render.components[0]["props"]["menuItems"] if item["label"] == "staging"]
    other = dash.ada.follow(staging["route"], staging["params"])
    assert isinstance(other, OpenPage)
    assert other.layout["title"] == "Feature Flags · staging"
    (row,) = other.look("Dynamic flags", queryTerm=flag.key)
    assert row["enabled"] == "disabled"


def test_the_menu_leads_to_everything_else(dash: Running) -> None:
    page = dash.ada.open("flags", environment="staging")
    assert page.menu[:6] == ["Create flag", "Filter", "Segments", "Layers", "Change log", "Explain"]
    assert page.menu[6:] == ["Archived flags", "Environments", "API keys"]
    for label in page.menu:
        route, params = page.link(label)
        opened = dash.ada.follow(route, params)
        opened.close() if isinstance(opened, OpenPage) else opened.cancel()


def test_pages_and_order(dash: Running) -> None:
    name = dash.fresh("many")
    for number in range(25):
        dash.flag(f"{name}.{number:02}")
    page = dash.ada.open("flags")
    assert len(page.look("Dynamic flags", queryTerm=name)) == 20
    assert [row["key"] for row in page.look("Dynamic flags", queryTerm=name, offset=20)] == [
        f"{name}.{number}" for number in range(20, 25)
    ]
    assert page.render.props("Dynamic flags")["totalRecords"] == 25
    flags.set_enabled(f"{name}.03", "dev", False, actor=TESTER)
    rows = page.look("Dynamic flags", queryTerm=name, sortColumn="enabled", sortDirection="asc")
    assert rows[0]["key"] == f"{name}.03"
    rows = page.look("Dynamic flags", queryTerm=name, sortColumn="rollout", sortDirection="asc")
    assert rows[0]["key"] == f"{name}.00"


@pytest.mark.parametrize("key", AWKWARD)
def test_names_that_look_like_something_else(dash: Running, key: str) -> None:
    dash.flag(key, value_type="string", is_static=True, value=key)
    page = dash.ada.open("flags")
    page.look("Static flags", queryTerm=key)
    row = page.row("Static flags", key=key, value=key)
    for item in row["menu"]:
        opened = dash.ada.follow(item["route"], item["params"])
        if isinstance(opened, Transaction):
            if item["label"] == "Disable":
                assert opened.result() == f"{key} is disabled in dev."
            else:
                assert key in opened.form().text, item["label"]
                opened.cancel()
        else:
            assert key in opened.layout["title"]
    flags.archive(key, actor=TESTER)


def test_an_unknown_environment_is_told(dash: Running) -> None:
    page = dash.ada.open("flags", environment="moon")
    assert "There is no environment 'moon'" in page.render.text
    assert page.menu == ["Feature Flags"]


def test_a_search_that_can_t_be_is_told_in_the_table(dash: Running) -> None:
    page = dash.ada.open("flags")
    (row,) = page.look("Dynamic flags", queryTerm="a\0b")
    assert "NUL" in row["key"]
