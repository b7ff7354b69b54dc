"""OpenFeature with nothing set, before and after each test that sets a provider."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.event import EventDetails, ProviderEvent

from tests.processes import wait_until


class Heard:
    """The events of all providers, in order."""

    def __init__(self) -> None:
        self.events: list[tuple[ProviderEvent, EventDetails]] = []
        for event in ProviderEvent:
            api.add_handler(event, lambda details, event=event: self.events.append((event, details)))  # type: ignore[misc]

    def of(self, event: ProviderEvent) -> list[EventDetails]:
        return [details for heard, details in self.events if heard is event]

    def wait(self, event: ProviderEvent, count: int = 1) -> EventDetails:
        """The event, once it has come so often."""
        wait_until(lambda: len(self.of(event)) >= count)
        return self.of(event)[count - 1]


@pytest.fixture
def openfeature() -> Iterator[OpenFeatureClient]:
    yield api.get_client()
    api.shutdown()


@pytest.fixture
def heard(openfeature: OpenFeatureClient) -> Heard:
    return Heard()
