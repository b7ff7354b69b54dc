"""What a Flask view has at hand: the services of the process."""

from __future__ import annotations

from typing import cast

from flask import current_app

from api.services import Services

EXTENSION = "flagstaff"


def services() -> Services:
    """The services that the application was made with."""
    return cast(Services, current_app.extensions[EXTENSION])
