"""Members: looked at, searched, added many at once, changed and removed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
import pytest

from db.flags import flags, members
from tests.interval.browser import Transaction
from tests.interval.conftest import AWKWARD, AWKWARD_IDS, TESTER, Running


def test_add_many_at_once(dash: Running) -> None:
    flag = dash.flag()
    members.add(flag.key, "dev", "user", ["mary"], variant="on", actor=TESTER)
    members.add(flag.key, "dev", "user", ["paul"], variant="off", actor=TESTER)
    action = dash.ada.run("flags/members/add", flag=flag.key, environment="dev")
    assert action.form().default("Entity type") == "user"
    action.answer({"Ids": "john, jane\nmary\r\njohn,,paul\n", "They get": "=on"})
    told = "on = true: 2 added, 1 changed to it, 1 had it already, 1 given more than once."
    assert action.result() == f"Members of {flag.key} in dev: {told}"
    assert action.redirects == [("flags/members", {"flag": flag.key, "environment": "dev"})]
    dash.serves(flag.key, True, False, entityId="john")
    dash.serves(flag.key, False, False, entityId="nobody")


@pytest.mark.parametrize(
    ("kind", "typed", "value", "default"),
    [
        pytest.param("string", "2024-01-01", "2024-01-01", "", id="string"),
        pytest.param("number", "007.5", None, 0, id="a number that is none"),
        pytest.param("number", "7.5", 7.5, 0, id="number"),
        pytest.param("structured", '{"a": 1}', {"a": 1}, {}, id="structured"),
    ],
)
def test_members_bring_values_of_their_own(
    dash: Running, kind: str, typed: str, value: object, default: object
) -> None:
    flag = dash.flag(value_type=kind)
    action = dash.ada.run("flags/members/add", flag=flag.key)
    action.fill({"Ids": "john"})
    action.fill({"Value": typed})
    if value is None:
        assert "not JSON" in action.form().errors["Value"]
        action.cancel()
        return
    action.result()
    dash.serves(flag.key, value, default, entityId="john")


def test_ids_that_can_t_be_are_named(dash: Running) -> None:
    flag = dash.flag()
    action = dash.ada.run("flags/members/add", flag=flag.key)
    action.form()
    for ids, said in (
        ("", "no id"),
        (" ,\n,", "no id"),
        ("ok\na\x07b", "can't be an id"),
        ("x" * 257, "can't be an id"),
    ):
        action.answer({"Ids": ids})
        assert said in action.form().errors["Ids"]
    action.answer({"Ids": "ok", "Entity type": "a:b"})
    assert "Entity type" in action.form().errors
    action.cancel()
    assert flags.get(flag.key, "dev").member_count == 0


def test_a_large_list_shows_progress(dash: Running) -> None:
    flag = dash.flag()
    action = dash.ada.run("flags/members/add", flag=flag.key)
    action.fill({"Ids": "\n".join(f"entity-{number:09}" for number in range(100_000))})
    assert "100,000 added." in action.result()
    assert [state["itemsCompleted"] for state in action.loading] == list(range(11))
    dash.serves(flag.key, True, False, entityId="entity-000099999")
    page = dash.ada.open("flags/members", flag=flag.key, environment="dev")
    assert page.render.props("Members")["totalRecords"] == 100_000
    rows = page.look("Members", offset=99_980)
    assert [rows[0]["id"], rows[-1]["id"]] == ["entity-000099980", "entity-000099999"]
    (row,) = page.look("Members", queryTerm="000012345")
    assert row == {"type": "user", "id": "entity-000012345", "variant": "on", "value": "true"}
    remove = dash.ada.run("flags/members/remove", flag=flag.key, environment="dev")
    remove.fill({}, "Show members")
    form = remove.form()
    assert "The first 200 of 100,000" in form.text
    remove.cancel()


@pytest.mark.parametrize("id_", AWKWARD_IDS)
def test_awkward_ids_go_through_every_page(dash: Running, id_: str) -> None:
    flag = dash.flag(value_type="string", variants={id_.replace(":", "."): id_})
    action = dash.ada.run("flags/members/add", flag=flag.key, environment="dev")
    action.fill({"Ids": id_})
    action.result()
    dash.serves(flag.key, id_, "", entityId=id_)
    page = dash.ada.open("flags/members", flag=flag.key, environment="dev")
    assert page.look("Members", queryTerm=id_)[0]["id"] == id_
    change = dash.ada.click(page.row("Members", id=id_), "Change value")
    assert isinstance(change, Transaction)
    change.fill({"They get": "another value …"})
    change.fill({"Value": f"not {id_}"})
    assert f"not {id_}: 1 changed to it." in change.result()
    dash.serves(flag.key, f"not {id_}", "", entityId=id_)
    remove = dash.ada.click(page.row("Members", id=id_), "Remove")
    assert isinstance(remove, Transaction)
    assert id_ in remove.confirm().text
    assert "1 member removed." in remove.result()
    dash.serves(flag.key, "x", "x", entityId=id_)


@pytest.mark.parametrize("key", AWKWARD)
def test_awkward_flags(dash: Running, key: str) -> None:
    dash.flag(key)
    dash.ada.run("flags/members/add", flag=key, environment="dev").cancel()
    page = dash.ada.open("flags/members", flag=key, environment="dev")
    assert page.layout["title"] == f"Members of {key} · dev"
    route, params = page.link("Add members")
    action = dash.ada.follow(route, params)
    assert isinstance(action, Transaction)
    action.fill({"Ids": key})
    action.result()
    dash.serves(key, True, False, entityId=key)
    flags.archive(key, actor=TESTER)


def test_remove_several_that_are_ticked(dash: Running) -> None:
    flag = dash.flag()
    members.add(flag.key, "dev", "user", ["john", "jane", "mary"], variant="on", actor=TESTER)
    members.add(flag.key, "dev", "team", ["jazz"], variant="on", actor=TESTER)
    action = dash.ada.run("flags/members/remove", flag=flag.key, environment="dev")
    action.fill({"Part of the id": "zzz"}, "Show members")
    assert "No member's id has zzz in it" in action.form().text
    action.answer({"Part of the id": "j"}, "Show members")
    form = action.form()
    table = "Remove which members?"
    assert [row["id"] for row in form.rows(table)] == ["jazz", "jane", "john"]
    action.answer({table: ["0", "2"]})
    asked = action.confirm()
    assert "team jazz, user john" in asked.text
    assert "2 members removed." in action.result()
    dash.serves(flag.key, True, False, entityId="jane")
    dash.serves(flag.key, False, False, entityId="john")


def test_remove_a_list_of_which_some_are_none(dash: Running) -> None:
    flag = dash.flag()
    members.add(flag.key, "dev", "user", ["john"], variant="on", actor=TESTER)
    action = dash.ada.run("flags/members/remove", flag=flag.key, environment="dev")
    action.fill({}, "Enter ids instead")
    action.fill({"Ids": "john, jane"})
    action.confirm()
    assert action.result() == f"Members of {flag.key} in dev: 1 member removed, 1 were none."


def test_a_no_removes_nobody(dash: Running) -> None:
    flag = dash.flag()
    members.add(flag.key, "dev", "user", ["john"], variant="on", actor=TESTER)
    action = dash.ada.run("flags/members/remove", flag=flag.key, environment="dev", type="user", id="john")
    action.confirm(False)
    assert action.result() == "Nothing was changed."
    assert flags.get(flag.key, "dev").member_count == 1


def test_without_members_there_is_nobody_to_remove(dash: Running) -> None:
    flag = dash.flag()
    assert "has no members" in dash.ada.run("flags/members/remove", flag=flag.key).result()


def test_a_static_flag_has_no_members(dash: Running) -> None:
    flag = dash.flag(is_static=True, value=True)
    assert "is static" in dash.ada.run("flags/members/add", flag=flag.key).failure()
    assert "is static" in dash.ada.open("flags/members", flag=flag.key).render.text


def test_a_no_after_an_interruption_does_not_say_that_nothing_was_changed(dash: Running) -> None:
    flag = dash.flag()
    with interrupted_at("entity-10000", dash.database_url):
        action = dash.ada.run("flags/members/add", flag=flag.key, environment="prod")
        action.fill({"Ids": "\n".join(f"entity-{number:05}" for number in range(10_001))})
        action.confirm()
        assert "Try again" in action.form().text
        action.answer()
        action.confirm(False)
        assert "Not everything was done" in str(action.result())
    assert flags.get(flag.key, "prod").member_count == 10_000


@contextmanager
def interrupted_at(id_: str, database_url: str) -> Iterator[None]:
    """The database ends the connection that would make this one a member."""
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION interrupt() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'shutting down' USING ERRCODE = '57P01'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER interrupt BEFORE INSERT ON member FOR EACH ROW"
            " WHEN (NEW.entity_id = %s) EXECUTE FUNCTION interrupt()",
            (id_,),
        )
        try:
            yield
        finally:
            cursor.execute("DROP FUNCTION interrupt CASCADE")
    connection.close()
