"""API keys: shown once, kept as hashes, revocable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from db.administration import keys
from db.errors import KeyNotFoundError, UnknownEnvironmentError
from db.history import changes
from db.models import now
from db.published.keyring import KeyRecord, Keyring
from db.vocabulary import Action, Scope
from tests.db.helpers import ADA, footprint, revisions

pytestmark = pytest.mark.usefixtures("database")


def test_a_key_opens_with_its_secret_and_shows_only_its_beginning() -> None:
    key, secret = keys.create("ci", "server", environment="prod", actor=ADA)
    assert secret.startswith(key.prefix)
    assert (key.prefix[:10], len(key.prefix), len(secret)) == ("fs_server_", 16, 53)
    assert keys.list_all() == [key]
    ring = Keyring(keys.active())
    found = ring.find(secret, now())
    assert found is not None
    assert (found.id, found.name, found.scope, found.environment) == (key.id, "ci", Scope.SERVER, "prod")
    assert secret not in repr(found) + repr(changes.page().items)
    assert ring.find(secret[:-1], now()) is None
    assert ring.find("", now()) is None
    assert ring.find("\ud800\0", now()) is None


def test_a_revoked_key_is_out_of_force_and_stays_in_the_list() -> None:
    key, secret = keys.create("ci", Scope.ADMIN, actor=ADA)
    other, _ = keys.create("app", Scope.CLIENT, environment="dev", actor=ADA)
    revoked = keys.revoke(key.id, actor=ADA)
    assert revoked.revoked_at is not None
    assert Keyring(keys.active()).find(secret, now()) is None
    assert [record.id for record in keys.active()] == [other.id]
    assert {listed.id for listed in keys.list_all()} == {key.id, other.id}
    before = footprint()
    assert keys.revoke(key.id, actor=ADA) == revoked
    for unknown in ("c9bf9e57-1685-4c89-bafb-ff5af830be8a", "nonsense"):
        with pytest.raises(KeyNotFoundError):
            keys.revoke(unknown, actor=ADA)
    assert footprint() == before


def test_a_key_expires_by_itself() -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    _, secret = keys.create("ci", "client", environment="prod", expires_at=soon, actor=ADA)
    ring = Keyring(keys.active())
    assert ring.find(secret, soon - timedelta(seconds=1)) is not None
    assert ring.find(secret, soon) is None


def test_keys_are_told_of_like_any_change() -> None:
    before = revisions()
    bound, _ = keys.create("ci", "server", environment="prod", actor=ADA)
    assert revisions() == {**before, "prod": before["prod"] + 1}
    keys.create("ops", "admin", actor=ADA)
    keys.revoke(bound.id, actor=ADA)
    assert revisions() == {"dev": 1, "staging": 1, "prod": 3}
    revoked, admin, created = changes.page().items
    assert [change.action for change in (created, admin, revoked)] == [
        Action.KEY_CREATED,
        Action.KEY_CREATED,
        Action.KEY_REVOKED,
    ]
    assert (created.environment, admin.environment, created.flag_id) == ("prod", None, None)
    with pytest.raises(UnknownEnvironmentError):
        keys.create("ci", "server", environment="moon", actor=ADA)


def test_the_day_of_the_last_use_is_noted_without_a_change() -> None:
    key, _ = keys.create("ci", "admin", actor=ADA)
    before = footprint()
    keys.mark_used([key.id])
    keys.mark_used([key.id])
    keys.mark_used([])
    (listed,) = keys.list_all()
    assert listed.last_used == datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    assert footprint() == before


def test_a_record_goes_through_json() -> None:
    for expires in (None, datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)):
        record = KeyRecord("id", "ci", "hash", Scope.CLIENT, "prod", expires)
        assert KeyRecord.from_json(record.to_json()) == record
