"""The admin function's entry point: the Flask application over the database, in a process that is frozen between calls.

Nothing here listens or polls, and no connection outlives its invocation: Aurora pauses only without connections. After
a write, what programs read is published to S3, and the answer says in `published` whether that worked.
"""

from __future__ import annotations

import io
import logging.config
import os
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from flask import request as flask_request
from flask.wrappers import Response as FlaskResponse

from api.access import auth
from api.access.cookies import cookie_in
from api.access.limits import Limits
from api.access.sessions import COOKIE
from api.app import create_app
from api.aws.gateway_events import Event, EventRequest, answer_of, request_id_of
from api.errors import RequestError
from api.http import error_response
from api.memory.follower import DefinitionsFollower
from api.memory.published import Published
from api.request import Request, to_environ
from api.services import Services, signing_in
from db import database, writing
from db.administration import keys
from db.errors import DatabaseUnavailableError
from db.postgres import iam
from db.process import logs
from db.published.objects import bucket_of
from db.publishing.publisher import PublicationResult, Publisher, record_publication
from db.settings import Settings, SettingsError

log = logging.getLogger(__name__)


class AdminFunction:
    """One process of the function."""

    def __init__(self, env: Mapping[str, str]) -> None:
        """Raises SettingsError."""
        settings = Settings.from_env(env)
        bucket, publisher = bucket_of(settings), Publisher.from_settings(settings)
        if bucket is None or publisher is None:
            raise SettingsError("FLAGSTAFF_DEFINITIONS_BUCKET is not set")
        writing.subscribe(publisher.publish_committed)
        url = iam.connect(settings)
        self._published = Published(bucket, settings.refresh_seconds)
        # It follows nothing: a write is published for others to read, and this process evaluates nothing.
        follower = DefinitionsFollower(
            url, self._published.keys, bucketing=settings.bucketing, refresh_seconds=settings.refresh_seconds
        )
        self._services = Services(
            settings,
            self._published.keys,
            follower,
            self._published.engines,
            limits=Limits.of(settings),
            sign_in=signing_in(settings),
        )
        self._flask = create_app(self._services)
        self._flask.after_request(tell_of_publication)

    def __call__(self, event: Event, context: object) -> dict[str, Any]:
        """Answer one request of the gateway."""
        try:
            self._published.refresh_keys()
            request = EventRequest(event)
            self._confirm_keys(request)
            environ = to_environ(request, len(request.body))
            environ["flagstaff.request_id"] = request_id_of(event)
            with record_publication() as outcome:
                environ["flagstaff.publication"] = outcome
                return answer_of(*self._call(environ))
        except DatabaseUnavailableError as error:
            return answer_of(*error_response(error))
        except ValueError as error:
            return answer_of(*error_response(RequestError(400, "malformed_request", str(error))))
        finally:
            self._mark_used_keys()
            database.disconnect()

    def _confirm_keys(self, request: Request) -> None:
        """Let the database have the last word on a key, once the published keys say that it is an admin's.

        Who has no such key is refused by what is published, and can't wake the database.
        """
        if self._is_admin(request):
            self._services.keys.replace(keys.active())

    def _is_admin(self, request: Request) -> bool:
        service = self._services
        cookie = cookie_in(request, COOKIE)
        if cookie is not None and service.sessions.read(cookie, service.keys) is not None:
            return True
        try:
            auth.admin(service.keys, service.sign_in, request)
        except RequestError:
            return False
        return True

    def _call(self, environ: dict[str, Any]) -> tuple[bytes, int, list[tuple[str, str]]]:
        said: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> Any:
            said[:] = [int(status[:3]), headers]
            return io.BytesIO().write

        answer: Iterable[bytes] = self._flask(environ, start_response)
        body = b"".join(answer)
        return body, said[0], said[1]

    def _mark_used_keys(self) -> None:
        used = self._services.keys.used()
        if not used or not database.is_connected():
            return
        try:
            keys.mark_used(used)
            self._services.keys.marked(used)
        except DatabaseUnavailableError as error:
            log.warning("the use of a key was not noted: %s", error)


def tell_of_publication(response: FlaskResponse) -> FlaskResponse:
    """Add `published` to the answer of a write, if its answer is a JSON object; the next write makes up for a false."""
    outcome: PublicationResult = flask_request.environ["flagstaff.publication"]
    if outcome.published is not None and response.is_json:
        answer = orjson.loads(response.get_data())
        if isinstance(answer, dict):
            response.set_data(orjson.dumps({**answer, "published": outcome.published}))
    return response


logging.config.dictConfig(logs.configuration())
handler = AdminFunction(os.environ)
