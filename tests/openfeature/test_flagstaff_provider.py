"""Our provider with a real server: what the two have to say to each other."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ProviderFatalError, ProviderNotReadyError

from db.administration import keys
from db.configuration.edits import FlagEdit, NewFlag
from db.flags import flags
from db.vocabulary import Scope
from flagstaff.client.transport import HttpStream, Transport
from flagstaff.provider import FileProvider, FlagstaffProvider
from tests.db.helpers import ADA
from tests.openfeature.conftest import Place, place
from tests.processes import wait_until

__all__ = ["place"]


def test_an_edit_before_the_stream_is_open_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The definitions are fetched, then the stream is opened: an edit between the two must not wait for another."""
    flags.create(NewFlag("beta", enabled=True, default_variant="off"), "prod", actor=ADA)
    place.refresh_if_behind()
    to_open = Transport.stream

    def edited_first(self: Transport, path: str, headers: Mapping[str, str], silence: float) -> HttpStream:
        flags.update("beta", "prod", FlagEdit(default_variant="on"), actor=ADA)
        place.refresh_if_behind()
        return to_open(self, path, headers, silence)

    monkeypatch.setattr(Transport, "stream", edited_first)
    provider = FlagstaffProvider(place.url, place.server_key, poll_seconds=3600, copy_folder=None)
    provider.initialize(EvaluationContext())
    try:
        wait_until(lambda: served(provider) is True)
    finally:
        provider.shutdown()


def served(provider: FlagstaffProvider) -> Any:
    return provider.resolve_boolean_details("beta", False).value


@pytest.mark.parametrize(
    ("more", "level", "said"),
    [
        ({"key": "wrong"}, "ERROR", "refuses the API key (401): this API key is not known, has expired or was revoked"),
        ({"key": "client"}, "ERROR", "refuses the API key (403): a client key can evaluate flags, not read them"),
        ({"environment": "production", "key": "admin"}, "ERROR", "there is no environment 'production': there are dev"),
        ({"url": "/nothing"}, "ERROR", "the server answers 404 to GET http://127.0.0.1:"),
        ({"url": "port 9"}, "ERROR", "no answer from 127.0.0.1:9"),
    ],
)
def test_what_is_wrong_at_the_start_is_logged_with_the_servers_sentence(
    place: Place, caplog: pytest.LogCaptureFixture, more: dict[str, str], level: str, said: str
) -> None:
    admin = keys.create("deployer", Scope.ADMIN, actor=ADA)[1]
    place.refresh_if_behind()
    by_name = {"client": place.client_key, "admin": admin}
    key = by_name.get(more.get("key", ""), more.get("key", place.server_key))
    url = "http://127.0.0.1:9" if more.get("url") == "port 9" else place.url + more.get("url", "")
    provider = FlagstaffProvider(url, key, environment=more.get("environment"), copy_folder=None, timeout=2)
    with caplog.at_level(logging.INFO, "flagstaff"), pytest.raises((ProviderFatalError, ProviderNotReadyError)):
        provider.initialize(EvaluationContext())
    provider.shutdown()
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert record.levelname == level
    assert said in record.getMessage() and url in record.getMessage()
    assert key not in record.getMessage()


def test_a_server_that_goes_and_comes_back_is_one_line_each(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    provider = FlagstaffProvider(place.url, place.server_key, copy_folder=None, poll_seconds=3600)
    with caplog.at_level(logging.WARNING, "flagstaff"):
        provider.initialize(EvaluationContext())
        place.server.stop()
        wait_until(lambda: caplog.records != [])
    provider.shutdown()
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "stay as they are, trying again" in record.getMessage()


def test_a_server_that_is_gone_when_the_stream_is_opened_is_told_at_once(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    to_open = Transport.stream

    def after_the_end(self: Transport, path: str, headers: Mapping[str, str], silence: float) -> HttpStream:
        place.server.stop()
        return to_open(self, path, headers, silence)

    monkeypatch.setattr(Transport, "stream", after_the_end)
    provider = FlagstaffProvider(place.url, place.server_key, copy_folder=None, poll_seconds=3600)
    with caplog.at_level(logging.WARNING, "flagstaff"):
        provider.initialize(EvaluationContext())
        wait_until(lambda: caplog.records != [])
    provider.shutdown()


def test_a_file_that_is_missing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "flagstaff"), pytest.raises(ProviderNotReadyError):
        FileProvider("nope.json").initialize(EvaluationContext())
    (record,) = caplog.records
    assert record.levelname == "ERROR" and "nope.json" in record.getMessage()
