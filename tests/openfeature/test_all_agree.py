"""One document, every way to evaluate it, thousands of contexts: all give the same value, variant, reason and error."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from openfeature import api
from openfeature.evaluation_context import EvaluationContext

from api.services import Services, connect
from api.wsgi import Application, application
from db.administration import keys
from db.settings import Settings
from db.vocabulary import Scope
from flagstaff.provider import FlagstaffProvider
from tests.db.helpers import ADA
from tests.environments import python_of
from tests.openfeature import scene
from tests.openfeature.flagd_peer import DEFAULTS
from tests.processes import ROOT, free_port, running

CONTEXTS = 2_000
BY_PROVIDER = 200
"""How many of them go through flagd's provider as well, which adds only itself to its core."""

PYTHON = {"v3": lambda: sys.executable, "v2": lambda: python_of("flagd-v2")}
Answers = list[dict[str, list[Any]]]


class Wsgi:
    """Requests to our application in this process: what a server does, without the network in between."""

    def __init__(self, services: Services) -> None:
        self.application: Application = application(services)

    def post(self, path: str, body: Any) -> Any:
        raw = orjson.dumps(body)
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(raw)),
            "wsgi.input": io.BytesIO(raw),
            "HTTP_HOST": "flags.example.com",
        }
        return orjson.loads(b"".join(self.application(environ, lambda *_: None)))


@pytest.fixture(params=["v2", "v3"])
def bucketing(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def services(database: None, database_url: str, bucketing: str) -> Iterator[Services]:
    services = connect(
        Settings(database_url=database_url, evaluation_open=True, open_sees_all=True, bucketing=bucketing)
    )
    yield services
    services.follower.close()


def test_all_agree(services: Services, database_url: str, bucketing: str, tmp_path: Path) -> None:
    kinds = scene.flag_types()
    secret = keys.create("backend", Scope.SERVER, environment="prod", actor=ADA)[1]
    services.follower.refresh()
    contexts = scene.contexts(CONTEXTS)
    ours = by_evaluate(Wsgi(services), kinds, contexts)
    document = tmp_path / "prod.json"
    port = free_port()
    env = {"PORT": str(port), "FLAGSTAFF_DATABASE_URL": database_url, "FLAGSTAFF_BUCKETING": bucketing}
    with running("api", port=port, env=env) as server:
        server.wait_until_it_answers("/ready")
        document.write_bytes(server.request("GET", "/api/client/definitions", headers={"X-API-Key": secret}).body)
        compare(ours, by_our_provider(f"http://127.0.0.1:{port}", secret, kinds, contexts), contexts)
    compare(ours, by_ofrep(Wsgi(services), kinds, contexts), contexts)
    for_flagd = by_evaluate(Wsgi(services), kinds, [as_flagd_reads(context) for context in contexts])
    for how, some in (("core", contexts), ("provider", contexts[:BY_PROVIDER])):
        theirs = by_flagd(PYTHON[bucketing](), how, document, kinds, some)
        compare(in_flagds_words(for_flagd[: len(some)]), theirs, some)
    assert len(ours) * len(kinds) > 60_000
    assert varied(ours)


def by_evaluate(wsgi: Wsgi, kinds: Mapping[str, str], contexts: list[Any]) -> Answers:
    """Our own endpoint. A missing targeting key is its own addition: the others say DEFAULT, as flagd does."""

    def answer(key: str, kind: str, context: dict[str, Any]) -> list[Any]:
        body = {"flagKey": key, "defaultValue": DEFAULTS[kind], "context": context}
        said = wsgi.post("/feature-flag/evaluate", body)
        if said.get("errorCode") == "TARGETING_KEY_MISSING":
            return [None, None, "DEFAULT", None]
        variant = said.get("variant")
        return [said["value"] if variant else None, variant, said["reason"], said.get("errorCode")]

    return [{key: answer(key, kind, as_object(context)) for key, kind in kinds.items()} for context in contexts]


def by_ofrep(wsgi: Wsgi, kinds: Mapping[str, str], contexts: list[Any]) -> Answers:
    """OFREP in bulk; and flag by flag for some contexts, which must be the same."""

    def in_short(said: dict[str, Any]) -> list[Any]:
        if "errorCode" in said:
            return [None, None, "ERROR", said["errorCode"]]
        return [said.get("value"), said.get("variant"), said["reason"], None]

    answers: Answers = []
    for number, context in enumerate(contexts):
        body = {"context": as_object(context)}
        flags = wsgi.post("/ofrep/v1/evaluate/flags", body)["flags"]
        assert [flag["key"] for flag in flags] == sorted(kinds)
        if number % 20 == 0:
            assert flags == [wsgi.post(f"/ofrep/v1/evaluate/flags/{key}", body) for key in sorted(kinds)]
        answers.append({flag["key"]: in_short(flag) for flag in flags})
    return answers


def by_our_provider(url: str, secret: str, kinds: Mapping[str, str], contexts: list[Any]) -> Answers:
    """Our provider, in this process, from a server."""
    api.set_provider_and_wait(FlagstaffProvider(url, secret, copy_folder=None))
    client = api.get_client()

    def answer(key: str, kind: str, context: EvaluationContext) -> list[Any]:
        found = getattr(client, f"get_{kind}_details")(key, DEFAULTS[kind], context)
        error = str(found.error_code) if found.error_code else None
        return [found.value if found.variant else None, found.variant, str(found.reason), error]

    try:
        asked = [EvaluationContext(key, given) for key, given in contexts]
        return [{key: answer(key, kind, context) for key, kind in kinds.items()} for context in asked]
    finally:
        api.shutdown()


def by_flagd(python: str, how: str, document: Path, kinds: Mapping[str, str], contexts: list[Any]) -> Answers:
    """flagd's own packages, in the environment that has the release for this bucketing."""
    asked = json.dumps({"path": str(document), "flags": kinds, "contexts": contexts, "by": how})
    command = [python, str(ROOT / "tests/openfeature/flagd_peer.py")]
    done = subprocess.run(command, input=asked + "\n", capture_output=True, text=True, check=True, timeout=300)
    answers: Answers = json.loads(done.stdout)
    return answers


def as_object(context: tuple[str | None, dict[str, Any]]) -> dict[str, Any]:
    key, attributes = context
    return attributes if key is None else {**attributes, "targetingKey": key}


def as_flagd_reads(context: tuple[str | None, dict[str, Any]]) -> tuple[str | None, dict[str, Any]]:
    """A context as flagd-core for Python compares it with numbers, where ours has none: it takes true for 1."""
    key, attributes = context
    return key, {**attributes, "age": 1} if attributes.get("age") is True else attributes


def in_flagds_words(answers: Answers) -> Answers:
    """As flagd says it: it has no SPLIT, and no word for a default variant that changes with time."""

    def reworded(key: str, answer: list[Any]) -> list[Any]:
        value, variant, reason, error = answer
        targeted = reason == "SPLIT" or (key in scene.WITH_CHANGING_DEFAULT and variant is not None)
        return [value, variant, "TARGETING_MATCH" if targeted else reason, error]

    return [{key: reworded(key, answer) for key, answer in answers_.items()} for answers_ in answers]


def compare(ours: Answers, theirs: Answers, contexts: list[Any]) -> None:
    for context, mine, other in zip(contexts, ours, theirs, strict=True):
        for key in mine:
            assert mine[key] == other[key], f"{key} for {context}: {mine[key]}, and {other[key]}"


def varied(answers: Answers) -> bool:
    """Whether the contexts really exercise the flags: each targeted one serves more than one thing."""
    keys_ = [key for key in answers[0] if not key.startswith(("static", "off"))]
    return all(len({json.dumps(answer[key][:2]) for answer in answers}) > 1 for key in keys_)
