"""Our provider with a real server: what the two have to say to each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from openfeature.evaluation_context import EvaluationContext

from db.configuration.edits import FlagEdit, NewFlag
from db.flags import flags
from flagstaff.client.transport import HttpStream, Transport
from flagstaff.provider import FlagstaffProvider
from tests.db.helpers import ADA
from tests.openfeature.conftest import Place, place
from tests.processes import wait_until

__all__ = ["place"]


def test_an_edit_before_the_stream_is_open_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The definitions are fetched, then the stream is opened: an edit between the two must not wait for the next one."""
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
