"""Who answers for a flag, why it is there and until when: entered, shown and looked for."""

from __future__ import annotations

from datetime import date

import pytest

from db.flags import flags
from db.forms.ownership import parse_links, parse_metadata
from db.vocabulary import Purpose
from tests.interval.browser import OpenPage
from tests.interval.conftest import Running

TICKET = "Ticket = https://example.com/1?a=b"
DAY = {"year": 2027, "month": 1, "day": 31}


def test_create_says_who_and_why(dash: Running) -> None:
    key = dash.fresh()
    action = dash.ada.run("flags/create")
    action.fill({"Key": key, "Owner": "ada", "Purpose": "release", "Expected end": DAY})
    action.fill()
    action.result()
    flag = flags.get(key, "staging")
    assert (flag.owner, flag.purpose, flag.expected_end) == ("ada", Purpose.RELEASE, date(2027, 1, 31))


def test_edit_changes_all_of_it_and_takes_it_away(dash: Running) -> None:
    flag = dash.flag()
    action = dash.ada.run("flags/edit", flag=flag.key)
    action.fill(
        {
            "Owner": "team-checkout",
            "Purpose": "experiment",
            "Expected end": DAY,
            "Links": f"{TICKET}\n\nPage = http://a",
            "Metadata": 'squad = red\ncost = 5\npci = true\nticket = "5"\nlines = "a\\nb"',
        }
    )
    action.result()
    now = flags.get(flag.key, "prod")
    assert (now.owner, now.purpose, now.expected_end) == ("team-checkout", "experiment", date(2027, 1, 31))
    assert now.links == (
        {"title": "Ticket", "url": "https://example.com/1?a=b"},
        {"title": "Page", "url": "http://a"},
    )
    assert now.metadata == {"squad": "red", "cost": 5, "pci": True, "ticket": "5", "lines": "a\nb"}
    action = dash.ada.run("flags/edit", flag=flag.key)
    form = action.form()
    assert (form.default("Purpose"), form.default("Expected end")) == ("experiment", DAY)
    assert form.default("Links") == f"{TICKET}\nPage = http://a"
    action.answer()
    assert action.result() == "Nothing was changed."
    action = dash.ada.run("flags/edit", flag=flag.key)
    action.form()
    nothing = {"Owner": None, "Purpose": "none", "Expected end": None, "Links": None, "Metadata": None}
    action.answer(nothing)
    action.result()
    now = flags.get(flag.key, "dev")
    assert (now.owner, now.purpose, now.expected_end, now.links, now.metadata) == (None, None, None, (), {})


@pytest.mark.parametrize(
    ("label", "text", "said"),
    [
        ("Owner", "a" * 256 + "b", "at most 256"),
        ("Links", "Page = javascript:alert(1)", "line 1 must be a title"),
        ("Links", "https://example.com", "line 1 must be a title"),
        ("Links", "= https://example.com", "must not be empty"),
        ("Links", "Page = https://", "must be an http or https URL"),
        ("Links", f"{TICKET}\n{TICKET}", "different titles"),
        ("Metadata", "squad", "line 1 has no ="),
        ("Metadata", "a = 1\na = 2", "line 2: there is a already"),
        ("Metadata", "owner = me", "choose another name"),
        ("Metadata", "a b = 1", "letters, digits"),
        ("Metadata", "a = " + "b" * 5000, "at most 4 KiB"),
    ],
)
def test_what_can_t_be_is_refused_while_it_is_entered(dash: Running, label: str, text: str, said: str) -> None:
    action = dash.ada.run("flags/edit", flag=dash.flag().key)
    action.form()
    action.answer({label: text})
    assert said.lower() in action.form().errors[label].lower()
    action.cancel()


@pytest.mark.parametrize("value", ["null", "[1]", "NaN", "1e999", "a = b", "{", ""])
def test_other_json_than_scalars_is_text(value: str) -> None:
    assert parse_metadata(f"a = {value}") == {"a": value}


def test_nothing_is_nothing() -> None:
    assert (parse_links(None), parse_metadata(" \n")) == ([], {})


def test_two_people_add_to_metadata(dash: Running) -> None:
    flag = dash.flag(metadata={"a": 1})
    ada, bob = dash.ada.run("flags/edit", flag=flag.key), dash.bob.run("flags/edit", flag=flag.key)
    ada.form()
    bob.fill({"Metadata": "a = 1\nb = 2"})
    bob.result()
    ada.answer({"Metadata": "a = 1\nc = 3"})
    assert "metadata b" in ada.form().text
    ada.answer()
    ada.result()
    assert flags.get(flag.key, "dev").metadata == {"a": 1, "b": 2, "c": 3}


def test_a_flag_s_page_shows_all_of_it(dash: Running) -> None:
    link = {"title": "Ticket", "url": "https://example.com/1"}
    flag = dash.flag(owner="ada", purpose="release", expected_end="2027-01-31", links=[link], metadata={"cost": 5})
    page = dash.ada.open("flags/flag", flag=flag.key)
    for fact in ("Owner: ada", "Purpose: release", "Expected end: 2027-01-31"):
        assert fact in page.render.text
    assert page.row("Links", page="Ticket")["data"]["page"] == {"label": "Ticket", "url": "https://example.com/1"}
    assert page.render.rows("Metadata") == [{"name": "cost", "value": "5"}]
    plain = dash.ada.open("flags/flag", flag=dash.flag().key)
    assert not {"Links", "Metadata"} & set(plain.render.labels)


def test_the_list_goes_by_owner_and_purpose(dash: Running) -> None:
    owner = dash.fresh("team")
    wanted = dash.flag(owner=owner, purpose="release")
    dash.flag(owner=owner, purpose="operational")
    action = dash.ada.run("flags/filter")
    action.fill({"Owner": owner, "Purpose": "release"})
    action.result()
    page = dash.ada.follow(*action.redirects[0])
    assert isinstance(page, OpenPage)
    assert f"Only flags that are: owned by {owner}, for purpose release" in page.render.labels
    assert [row["key"] for row in page.look("Dynamic flags")] == [wanted.key]
    dash.ada.open("flags", purpose="nonsense")


def test_who_sees_a_flag_is_chosen_shown_and_filtered(dash: Running) -> None:
    key = dash.fresh()
    action = dash.ada.run("flags/create", environment="dev")
    action.fill({"Key": key, "Seen by client keys": True})
    action.fill()
    action.result()
    assert flags.get(key, "prod").client_side
    assert "Seen by client keys: yes" in dash.ada.open("flags/flag", flag=key).render.text
    (row,) = dash.ada.open("flags").look("Dynamic flags", queryTerm=key)
    assert row["client_side"] == "see it"
    action = dash.ada.run("flags/filter")
    action.fill({"Client keys": "no"})
    action.result()
    page = dash.ada.follow(*action.redirects[0])
    assert isinstance(page, OpenPage)
    assert "Only flags that are: not seen by client keys" in page.render.labels
    assert page.look("Dynamic flags", queryTerm=key) == []
    action = dash.ada.run("flags/edit", flag=key, environment="dev")
    action.fill({"Seen by client keys": False})
    action.result()
    assert not flags.get(key, "prod").client_side
    (row,) = page.look("Dynamic flags", queryTerm=key)
    assert row["client_side"] == "-"
