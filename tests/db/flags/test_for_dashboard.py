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
from db.segments import entities, segments
from db.segments.edits import NewSegment
from db.settings import Settings, SettingsError
from db.targeting.schedules import ended
from db.vocabulary import Actor, Source
from db.wording import phrases
from flagstaff.engine import Engine
from flagstaff.targeting import Prerequisite, Ramp, Share, Step
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


def test_segments_and_what_they_list_by_number(database: None) -> None:
    for key in ("a", "b", "c"):
        segments.create(NewSegment(key, included={"user": ["1", "2"]}, excluded={"user": ["3"]}), actor=TESTER)
    page = segments.page(skip=1, limit=1)
    assert ([segment.key for segment in page.items], page.total) == (["b"], 3)
    listed = entities.page("a", skip=1, limit=5)
    assert ([one.entity_id for one in listed.items], listed.total) == (["2", "3"], 3)


def test_which_flags_need_a_flag(database: None) -> None:
    flags.create(NewFlag("payments"), "dev", actor=TESTER)
    for key in ("checkout", "basket"):
        needs = [Prerequisite("payments", ("on",))]
        flags.create(NewFlag(key, prerequisites=needs), "dev", actor=TESTER)
    assert flags.get("payments", "dev").needed_by == {"basket": ("on",), "checkout": ("on",)}
    assert flags.get("payments", "prod").needed_by == flags.get("checkout", "dev").needed_by == {}
    flags.archive("basket", actor=TESTER)
    listed = {flag.key: flag.needed_by for flag in flags.search(FlagQuery("dev")).items}
    assert listed == {"checkout": {}, "payments": {"checkout": ("on",)}}


@pytest.mark.parametrize(
    ("moment", "weight"), [(0, 5_007), (1_000, 5_007), (2_000, 14_506), (10_999, 99_991), (20_000, 100_000)]
)
def test_a_ramp_that_ends_keeps_its_share(moment: int, weight: int) -> None:
    ramp = Ramp("on", 5_000, 100_000, 1_000, 11_000)
    shares = ended(ramp, ["off", "on"], moment)
    assert shares[0] == Share("on", weight) and sum(share.weight for share in shares) == 100_000
    assert shares[0].weight >= ramp.share_at(moment).weight and all(share.weight for share in shares)


def test_a_status_says_what_the_schedule_will_make_of_it(database: None) -> None:
    steps = [Step(4_000_000_000, default_variant="on"), Step(4_000_000_020, "Europe/Berlin", enabled=True)]
    flag = flags.create(NewFlag("beta", enabled=False, schedule=steps), "dev", actor=TESTER)
    assert phrases.status_until(flag) == "disabled until 2096-10-02 09:07 Europe/Berlin (07:07 UTC)"
    assert phrases.status_until(flags.get("beta", "prod")) == "disabled"


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
