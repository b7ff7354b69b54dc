"""What the dashboard needs of the database layer: paging by number, one flag's document, letting go of connections."""

from __future__ import annotations

import psycopg2
import pytest

from db import database as db_database
from db.definitions import document as definitions
from db.errors import FlagNotFoundError, InvalidInputError
from db.flags import flags, members
from db.flags.flags import FlagQuery, NewFlag
from db.history import changes
from db.settings import Settings, SettingsError
from db.vocabulary import Actor, Source
from flagstaff.engine import Engine
from tests.processes import wait_until

TESTER = Actor("tester", Source.SYSTEM)


def test_pages_by_number(database: None) -> None:
    flags.create(NewFlag("beta"), "dev", actor=TESTER)
    ids = [f"user-{number}" for number in range(7)]
    members.add("beta", "dev", "user", ids, variant="on", actor=TESTER)
    page = members.page("beta", "dev", skip=3, limit=2)
    assert [member.entity_id for member in page.items] == ["user-3", "user-4"]
    assert page.total == 7
    newest = changes.page("beta", "dev").items
    assert list(changes.page("beta", "dev", skip=1, limit=1).items) == [newest[1]]
    assert members.page("beta", "dev", skip=7).items == []


@pytest.mark.parametrize("skip", [-1, True, 1.5, 10**12])
def test_a_skip_that_can_t_be(database: None, skip: int) -> None:
    flags.create(NewFlag("beta"), "dev", actor=TESTER)
    with pytest.raises(InvalidInputError, match="skip must be a whole number"):
        members.page("beta", "dev", skip=skip)
    with pytest.raises(InvalidInputError, match="skip must be a whole number"):
        changes.page(skip=skip)


def test_lists_are_sorted_by_what_tables_show(database: None) -> None:
    flags.create(NewFlag("a", "string"), "dev", actor=TESTER)
    flags.create(NewFlag("b", enabled=False), "dev", actor=TESTER)
    members.add("b", "dev", "user", ["john"], variant="on", actor=TESTER)
    for sort, first in (("type", "b"), ("enabled", "b"), ("members", "a")):
        assert flags.search(FlagQuery("dev", sort=sort)).items[0].key == first


def test_the_document_of_one_flag_says_what_the_whole_one_says_of_it(database: None) -> None:
    for key in ("beta", "other"):
        flags.create(NewFlag(key, default_variant="off"), "dev", actor=TESTER)
        members.add(key, "dev", "user", ["john"], variant="on", actor=TESTER)
    document = definitions.document_of("beta", "dev", bucketing="v3").document
    whole = definitions.document("dev", bucketing="v3")
    assert document["metadata"] == whole["metadata"]
    assert document["flags"] == {"beta": whole["flags"]["beta"]}  # type: ignore[index,call-overload]
    assert Engine(document).evaluate("beta", {"entityId": "john"}).value is True


def test_an_archived_flag_has_no_document(database: None) -> None:
    flag = flags.create(NewFlag("beta"), "dev", actor=TESTER)
    flags.archive("beta", actor=TESTER)
    with pytest.raises(FlagNotFoundError):
        definitions.document_of(flag.id, "dev")


def test_idle_connections_are_closed_and_opened_again(database: None, database_url: str) -> None:
    flags.search(FlagQuery("dev"))
    wait_until(lambda: connections(database_url) == 1)  # PostgreSQL ends those of others a moment after they are closed
    db_database.close_idle()
    wait_until(lambda: connections(database_url) == 0)
    assert flags.search(FlagQuery("dev")).total == 0


def connections(url: str) -> int:
    """How many there are to this database besides the one that asks."""
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        ((count,),) = cursor.fetchall()
    connection.close()
    return int(count)


def test_the_settings_of_the_dashboard() -> None:
    settings = Settings.from_env(
        {
            "INTERVAL_API_KEY": "live_secret",
            "INTERVAL_SERVER_ENDPOINT": "ws://127.0.0.1:3000/websocket",
            "INTERVAL_PROTECTED_ROLES": "admin, developer",
            "INTERVAL_PROTECTED_TEAMS": "platform,sre",
        }
    )
    assert settings.interval_api_key == "live_secret" and "live_secret" not in repr(settings)
    assert settings.interval_protected_roles == {"admin", "developer"}
    assert settings.interval_protected_teams == {"platform", "sre"}
    assert Settings.from_env({"INTERVAL_PROTECTED_ROLES": "none"}).interval_protected_roles == frozenset()
    assert Settings.from_env({}).interval_protected_roles == {"admin"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("INTERVAL_API_KEY", "s\u00e9cret"),
        ("INTERVAL_SERVER_ENDPOINT", "interval.example.com"),
        ("INTERVAL_SERVER_ENDPOINT", "https://interval.example.com/websocket"),
        ("INTERVAL_SERVER_ENDPOINT", "wss://interval.example.com"),
        ("INTERVAL_SERVER_ENDPOINT", "wss://interval.example.com:port/websocket"),
        ("INTERVAL_SERVER_ENDPOINT", "wss:///websocket"),
        ("INTERVAL_PROTECTED_ROLES", "boss"),
        ("INTERVAL_PROTECTED_ROLES", "admin, none"),
        ("INTERVAL_PROTECTED_ROLES", ","),
    ],
)
def test_settings_of_the_dashboard_that_can_t_be(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        Settings.from_env({name: value})
    assert "cret" not in str(caught.value)
