"""What pytest finds of its own accord once this package is installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from flagstaff.testing import InMemoryProvider


@pytest.fixture
def flagstaff_flags() -> Iterator[InMemoryProvider]:
    """OpenFeature's default provider for one test, empty at first: `flagstaff_flags.set("beta", True)`."""
    from openfeature import api

    from flagstaff.testing import InMemoryProvider

    before = api.get_client().provider
    provider = InMemoryProvider()
    api.set_provider_and_wait(provider)
    yield provider
    api.set_provider_and_wait(before)
