"""What pytest finds of its own accord once this package is installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from flagstaff.testing import InMemoryProvider


@pytest.fixture
def flagstaff_flags() -> Iterator[InMemoryProvider]:
    """OpenFeature's only provider for one test, empty at first: `flagstaff_flags.set("beta", True)`.

    What the application sets meanwhile, for a domain or for all, is neither used nor started.
    """
    from flagstaff.testing import InMemoryProvider, only_provider

    provider = InMemoryProvider()
    with only_provider(provider):
        yield provider
