"""Which flags client keys see, and the revision of their own that an environment has for them."""

from __future__ import annotations

from typing import Any

import pytest

from db.administration import environments
from db.configuration.edits import FlagEdit
from db.database import rows, session
from db.definitions.document import document
from db.flags import flags, members, overrides
from db.history import changes
from db.vocabulary import CLIENT_SIDE
from flagstaff.targeting import Prerequisite
from tests.db.helpers import ADA, make, revisions

pytestmark = pytest.mark.usefixtures("database")


def client_revision(environment: str = "prod") -> int:
    with session():
        ((revision,),) = rows("SELECT client_revision FROM environment WHERE key = %s", environment)
    return int(revision)


def marks(environment: str = "prod") -> dict[str, Any]:
    found: Any = document(environment)["flags"]
    return {key: flag["metadata"].get(CLIENT_SIDE) for key, flag in found.items()}


def test_only_what_client_keys_do_not_see_says_so_in_the_document() -> None:
    make("open", client_side=True)
    make("secret")
    overrides.create_flag("for-users", "", "prod", actor=ADA)
    assert marks() == marks("dev") == {"open": None, "secret": False, "for-users": None}


def test_the_revision_of_clients_is_the_last_that_changed_anything_for_them() -> None:
    make("open", client_side=True)
    seen = client_revision()
    assert seen == revisions()["prod"]
    make("secret")
    flags.update("secret", "prod", FlagEdit(description="hush"), actor=ADA)
    members.add("secret", "prod", "user", ["john"], variant="on", actor=ADA)
    flags.set_enabled("secret", "prod", False, actor=ADA)
    flags.archive("secret", actor=ADA)
    assert client_revision() == seen < revisions()["prod"]
    flags.set_enabled("open", "prod", False, actor=ADA)
    assert client_revision() == revisions()["prod"]


def test_marking_unmarking_and_archiving_change_it_everywhere() -> None:
    make("beta")
    make("other")
    for step in (
        lambda: flags.update("beta", "prod", FlagEdit(client_side=True), actor=ADA),
        lambda: flags.update("beta", "prod", FlagEdit(client_side=False), actor=ADA),
        lambda: changes.restore("beta", "prod", changes.page("beta", "prod").items[0].id, actor=ADA),
        lambda: flags.archive("beta", actor=ADA),
    ):
        flags.update("other", "prod", FlagEdit(description=str(revisions())), actor=ADA)
        assert client_revision() < revisions()["prod"]
        step()
        assert [client_revision(name) for name in ("prod", "dev")] == [revisions()[name] for name in ("prod", "dev")]


def test_a_flag_that_comes_back_unmarked_changes_nothing_for_clients() -> None:
    made = make("beta", client_side=True)
    flags.update("beta", "prod", FlagEdit(client_side=False), actor=ADA)
    unmarked = changes.page(made.id, "prod").items[0].id
    flags.update("beta", "prod", FlagEdit(client_side=True), actor=ADA)
    flags.archive("beta", actor=ADA)
    seen = client_revision()
    changes.restore(made.id, "prod", unmarked, to="after", actor=ADA)
    assert flags.get("beta", "prod").client_side is False
    assert client_revision() == seen < revisions()["prod"]


def test_a_flag_that_client_keys_see_changes_with_what_it_needs() -> None:
    make("payments")
    make("checkout", client_side=True, prerequisites=(Prerequisite("payments", ("on",)),))
    seen = client_revision()
    flags.update("payments", "prod", FlagEdit(description="the same for everyone"), actor=ADA)
    assert client_revision() == seen
    flags.set_enabled("payments", "prod", False, actor=ADA)
    assert client_revision() == revisions()["prod"] > seen


def test_an_environment_begins_with_a_revision_for_clients() -> None:
    make("secret")
    environments.create("qa", actor=ADA)
    assert client_revision("qa") == revisions()["qa"] > 0
