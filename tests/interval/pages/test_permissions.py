"""Every action of the dashboard: who may not change an environment does not, and a protected one is asked for first.

The actions are those that the dashboard declares: a new one is tried here without anybody's thinking of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from db.administration import environments, keys
from db.database import session
from db.history import changes
from db.models import Environment
from tests.interval.browser import Person, Render, Transaction
from tests.interval.conftest import dashboard, link_to_archived, link_to_everything
from tests.interval.interval_server import MEMBER, IntervalServer
from tests.processes import free_port

READING = {"flags/explain", "flags/changes/of", "flags/filter", "flags/changes/filter"}
"""The actions that change nothing, and are for everyone."""
UNASKED = {
    *("flags/environments/add", "flags/publish"),
    *("flags/segments/create", "flags/segments/segment/edit", "flags/layers/create", "flags/layers/layer/edit"),
}
"""The actions that change no environment that there is, so that nobody is asked whether to go on."""
TEXTS = {"Attributes": "{}", "Links": "", "Metadata": ""}
"""What is typed into the fields that do not take any text."""
CHOSEN = {"Switch it": "on"}
"""What is chosen where the form does not take what it is filled with."""


@pytest.fixture
def server(database: None, database_url: str) -> Iterator[IntervalServer]:
    """A dashboard with all of its actions, on a database where every environment is protected."""
    env = {
        "FLAGSTAFF_DEFINITIONS_BUCKET": "unreachable",  # there, so that there is an action that publishes
        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{free_port()}",
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    protect(True)
    try:
        with IntervalServer() as server, dashboard(server, database_url, env):
            yield server
            assert server.complaints == []
    finally:
        protect(False)


def protect(protected: bool) -> None:
    """Protect every environment, or `prod` alone, as it is at the start."""
    with session():
        Environment.update(protected=protected).where(Environment.key != "prod").execute()


@pytest.fixture
def links(server: IntervalServer) -> dict[str, dict[str, str]]:
    """The parameters of a link to each action that there is."""
    link, archived = link_to_everything("beta"), link_to_archived("gone")
    return {slug: archived if slug == "flags/archived/restore" else link for slug in server.host.actions}


def everything() -> Any:
    """What no write leaves as it is."""
    return [(one.key, one.revision) for one in environments.list_all()], changes.page().total, keys.list_all()


def ends(action: Transaction, says: bool) -> str:
    """Fill in whatever is asked for, answer every question with `says`, and give what the action ends with."""
    for _ in range(20):
        form = action.next()
        if form is None:
            return action.outcome()
        assert not form.errors, f"{action.slug}: {form.errors}"
        if form.components[0]["methodName"] == "CONFIRM":
            action.respond("RETURN", [says])
        else:
            action.answer({part["label"]: filled for part in form.components if (filled := something(form, part))})
    raise AssertionError(f"{action.slug} asks for ever")


def something(form: Render, part: Any) -> Any:
    """An answer for a field that is empty, or can't stay as it is."""
    if part["label"] in CHOSEN:
        return CHOSEN[part["label"]]
    if form.default(part["label"]):
        return None
    match part["methodName"]:
        case "INPUT_TEXT":
            return TEXTS.get(part["label"], "x")
        case "SELECT_SINGLE":
            return part["props"]["options"][0]["value"]
    return None


def test_whoever_may_not_change_an_environment_changes_nothing(
    server: IntervalServer, links: dict[str, dict[str, str]]
) -> None:
    before, eve = everything(), Person(server, MEMBER)
    ended = {slug: ends(eve.run(slug, **link), True) for slug, link in links.items()}
    refused = {slug for slug, how in ended.items() if "protected, and your role" in how}
    assert ended.keys() - refused == READING, ended
    assert everything() == before


def test_a_protected_environment_is_asked_for_before_every_change(
    server: IntervalServer, links: dict[str, dict[str, str]]
) -> None:
    before, ada = everything(), Person(server)
    ended = {slug: ends(ada.run(slug, **links[slug]), False) for slug in links.keys() - READING - UNASKED}
    assert set(ended.values()) == {"Nothing was changed."}, ended
    assert everything() == before
