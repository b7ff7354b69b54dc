"""Browsers at the console of a service over a real database."""

from __future__ import annotations

import pytest

from tests.api.conftest import Client
from tests.api.console.browser import Browser


@pytest.fixture
def browser(client: Client) -> Browser:
    """Somebody who has signed in, with a flag to look at."""
    client.create("checkout", environment="dev", rolloutPercentage=25, tags=["beta"], owner="payments")
    found = Browser(client.flask.application.test_client())
    assert found.sign_in().status_code == 303
    return found


@pytest.fixture
def stranger(client: Client) -> Browser:
    """Somebody who has not."""
    return Browser(client.flask.application.test_client())
