"""The evaluation function's entry point. It has no database, no Flask and no background: see `api.published`."""

from __future__ import annotations

import logging.config
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from api.counters import Counters
from api.errors import RequestError
from api.evaluation_routes import evaluation_route
from api.http import Environ, Response, error_response, json_response
from api.lambda_events import Event, answer_of, environ_of, request_id_of
from api.limits import Limits
from api.metrics_log import EvaluationMetrics
from api.published import Published
from db import logs
from db.published import bucket_of
from db.settings import Settings, SettingsError
from flagstaff.engine import Engine


class Function:
    """One process of the function: an `api.evaluate.Evaluator`, and the requests that come to it."""

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
        self._metrics = EvaluationMetrics(self.settings.stage)

    @property
    def engines(self) -> Mapping[str, Engine]:
        """The engine of each environment; asking for one brings it up to date."""
        return self._published.engines

    def catch_up(self, environment: str, revision: int) -> None:
        """Nothing: each invocation asks S3 for what has changed."""

    def __call__(self, event: Event, context: object) -> dict[str, Any]:
        """Answer one request of the gateway."""
        try:
            self._published.refresh_keys()
            environ = environ_of(event)
            environ["flagstaff.request_id"] = request_id_of(event)
            response = self._answer(environ)
        except ValueError as error:
            response = error_response(RequestError(400, "malformed_request", str(error)))
        self._metrics.write(self._published.engines.ages())
        return answer_of(*response)

    def _answer(self, environ: Environ) -> Response:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if method == "GET" and path in ("/health", "/ready"):
            return self._how_it_is(path)
        route = evaluation_route(path)
        if route is None:
            return error_response(RequestError(404, "not_found", f"there is nothing at {path}"))
        allowed, answer = route
        if method != allowed:
            message = f"{method} is not possible here, only {allowed}"
            return error_response(RequestError(405, "method_not_allowed", message, [("Allow", allowed)]))
        response = answer(self, environ)
        self._metrics.count(response.status, response.body)
        return response

    def _how_it_is(self, path: str) -> Response:
        """`/health`: the process answers. `/ready`: it has definitions of the default environment."""
        if path == "/health":
            return json_response(200, {"status": "ok"})
        ready = self.engines.get(self.settings.default_environment) is not None
        ages = {name: {"age": round(age, 3)} for name, age in self._published.engines.ages().items()}
        return json_response(200 if ready else 503, {"ready": ready, "database": "not used", "environments": ages})


logging.config.dictConfig(logs.configuration())
handler = Function(os.environ)
