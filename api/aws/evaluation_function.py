"""The evaluation function's entry point. It has no database, no Flask and no background: see `api.memory.published`."""

from __future__ import annotations

import logging.config
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from api.access.limits import Limits
from api.access.stream_capacity import Holder
from api.aws.check import check_definitions
from api.aws.gateway_events import Event, EventRequest, answer_of
from api.aws.routes import respond
from api.errors import RequestError
from api.http import error_response
from api.memory.published import Published, PublishedFeeds
from api.telemetry.counters import Counters
from api.telemetry.emf import EvaluationMetrics
from db.process import logs
from db.published.objects import bucket_of
from db.settings import Settings, SettingsError
from flagstaff.engine import Engine


class EvaluationFunction:
    """One process of the function: what `api.aws.routes` needs, and the requests that come to it."""

    explain_open = False

    def __init__(self, env: Mapping[str, str]) -> None:
        """Raises SettingsError."""
        # Streams need a process that runs between requests, and the gateway is what limits them.
        self.settings = replace(Settings.from_env(env), streams=0)
        self.counters, self.limits = Counters(), Limits()
        bucket = bucket_of(self.settings)
        if bucket is None:
            raise SettingsError("FLAGSTAFF_DEFINITIONS_BUCKET is not set")
        self._published = Published(bucket, self.settings.refresh_seconds)
        self.keys = self._published.keys
        self._metrics = EvaluationMetrics(self.settings.stage, self.counters)

    @property
    def engines(self) -> Mapping[str, Engine]:
        """The engine of each environment; asking for one brings it up to date."""
        return self._published.engines

    @property
    def client_engines(self) -> Mapping[str, Engine]:
        """The same with the flags alone that client keys see."""
        return self._published.client_engines

    @property
    def feeds(self) -> PublishedFeeds:
        """Every environment, for those who take its flags away."""
        return self._published.feeds

    def refresh_if_behind(self, environment: str, revision: int, *, sees_all: bool) -> None:
        """Nothing: each invocation asks S3 for what has changed."""

    def has_stream_room(self, holder: Holder) -> bool:
        """Say no: there are no streams here."""
        return False

    def __call__(self, event: Event, context: object) -> dict[str, Any]:
        """Answer the gateway, or a deployment (`{"check": "definitions"}`), which hears what is wrong as an error."""
        if event.get("check") == "definitions":
            self._published.refresh_keys()
            return check_definitions(self)
        try:
            self._published.refresh_keys()
            request = EventRequest(event)
            response = respond(self, request)
            if request.method == "POST":  # who asks by GET evaluates nothing
                self._metrics.answered(response.status)
        except ValueError as error:
            response = error_response(RequestError(400, "malformed_request", str(error)))
        self._metrics.write(self.feeds.lateness())
        return answer_of(*response)


logging.config.dictConfig(logs.configuration())
handler = EvaluationFunction(os.environ)
