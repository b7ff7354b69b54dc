"""Other feature-flag servers with the same flag, to be asked the same: over OFREP, Unleash over its frontend API.

`make benchmark` installs fast-feature, and Unleash where there is npm. flagd and GO Feature Flag's relay proxy are
measured where the variables FLAGD and GOFF name their programs.
"""

from __future__ import annotations

import json
import os
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.base import ROOT
from benchmarks.scenario import COUNTRIES, MEMBERS, PLAN, SHARE, TARGETED, Document, context, document, our_document
from benchmarks.servers import HOST, NotInstalledError, Server, free_port, postgres, start, wait_for

OFREP = "/ofrep/v1/evaluate/flags"
FAST_FEATURE = ROOT / ".venv-fast-feature" / "bin" / "python"
UNLEASH = ROOT / ".venv-unleash" / "node_modules" / "unleash-server" / "dist" / "server.js"
ADMIN_TOKEN = "*:*.flagstaff-benchmark"
FRONTEND_TOKEN = "default:development.flagstaff-benchmark"


class Target(NamedTuple):
    """A server, and what it is asked."""

    server: Server
    path: str
    body: Callable[[int], Mapping[str, Any]]
    """From the number of a user to the body."""
    headers: Mapping[str, str] = {}
    decide: Callable[[Any], bool] = lambda answer: bool(answer["value"])
    """From an answer to whether the targeted flag is on."""

    def ask(self, body: Mapping[str, Any]) -> Any:
        """Make one request, and give its answer."""
        headers = {"Content-Type": "application/json", **self.headers}
        url = f"http://{HOST}:{self.server.port}{self.path}"
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


def ofrep_one(server: Server) -> Target:
    """Ask a server for the targeted flag over OFREP."""
    return Target(server, f"{OFREP}/{TARGETED}", in_context)


def ofrep_all(server: Server) -> Target:
    """Ask a server for all flags over OFREP."""
    return Target(server, OFREP, in_context, decide=lambda answer: _by_key(answer)[TARGETED]["value"])


def in_context(number: int) -> dict[str, Any]:
    """The body of an OFREP request of a user."""
    return {"context": context(f"user-{number}")}


def _by_key(answer: Any) -> dict[str, Any]:
    return {flag["key"]: flag for flag in answer["flags"]}


def start_peers(running: ExitStack, flags: int) -> tuple[dict[str, Target], dict[str, Target]]:
    """Start what is there. Gives how each is asked for one flag, and for so many at once, by its name."""
    one, many = {}, {}
    for name, peer in {"fast-feature": fast_feature, "flagd": flagd, "GO Feature Flag": relay}.items():
        try:
            started = running.enter_context(peer(flags))
        except NotInstalledError as missing:
            print(f"{name} is left out: {missing}", flush=True)
            continue
        one[name], many[name] = ofrep_one(started), ofrep_all(started)
    try:
        for targets, count in ((one, 1), (many, flags)):  # its frontend API answers all flags, always
            targets["Unleash"] = running.enter_context(unleash(count))
    except NotInstalledError as missing:
        print(f"Unleash is left out: {missing}", flush=True)
    return one, many


@contextmanager
def fast_feature(flags: int) -> Iterator[Server]:
    """Run fast-feature with flags that a person wrote, as its engine knows none of our guards."""
    if not FAST_FEATURE.exists():
        raise NotInstalledError("make benchmark installs it")
    with _written(_with_defaults(document(flags=flags))) as path:
        command = [str(FAST_FEATURE), "-m", "serve", "{port}", str(path)]
        with start(*command, cwd=str(ROOT / "benchmarks" / "fast_feature")) as running:
            yield running


@contextmanager
def flagd(flags: int) -> Iterator[Server]:
    """Run flagd with the document that we write."""
    with _written(our_document(flags=flags)) as path:
        ports = ["--ofrep-port", "{port}", "--port", str(free_port()), "--sync-port", str(free_port())]
        ports += ["--management-port", str(free_port())]
        with start(_program("FLAGD"), "start", "--uri", f"file:{path}", *ports) as running:
            yield running


@contextmanager
def relay(flags: int) -> Iterator[Server]:
    """Run GO Feature Flag's relay proxy with the same flag in its own form."""
    rule = f"country in {json.dumps(COUNTRIES)} and plan eq {json.dumps(PLAN)}"
    flag = {
        "variations": {"on": True, "off": False},
        "targeting": [
            {"name": "members", "query": f"key in {json.dumps(MEMBERS)}", "variation": "on"},
            {"name": "premium", "query": rule, "percentage": {"on": SHARE, "off": 100 - SHARE}},
        ],
        "defaultRule": {"variation": "off"},
    }
    keys = [TARGETED, *(f"flag-{number}" for number in range(1, flags))]
    with _written(dict.fromkeys(keys, flag)) as path:
        settings = {"server": {"mode": "http"}, "retrievers": [{"kind": "file", "path": str(path)}]}
        with _written(settings) as configuration:
            command = [_program("GOFF"), "--config", str(configuration)]
            with start(*command, SERVER_PORT="{port}") as running:
                yield running


@contextmanager
def unleash(flags: int) -> Iterator[Target]:
    """Run Unleash with flags that have the same rule, made over its admin API."""
    if not UNLEASH.exists():
        raise NotInstalledError("it needs npm; make benchmark installs it")
    with postgres() as url:
        settings = {"DATABASE_URL": url, "DATABASE_SSL": "false", "NODE_ENV": "production", "LOG_LEVEL": "error"}
        settings |= {"INIT_ADMIN_API_TOKENS": ADMIN_TOKEN, "INIT_FRONTEND_API_TOKENS": FRONTEND_TOKEN}
        settings |= {"CHECK_VERSION": "false", "SEND_TELEMETRY": "false", "HTTP_HOST": HOST}
        with start("node", str(UNLEASH), ready="/health", **settings) as running:
            for number in range(flags):
                _create_in_unleash(running, f"flag-{number}" if number else TARGETED)
            target = Target(running, "/api/frontend", _unleash_body, {"Authorization": FRONTEND_TOKEN}, _is_on)
            wait_for(lambda: _is_on(target.ask({"context": {"userId": "john"}})), 120)
            yield target


def _unleash_body(number: int) -> dict[str, Any]:
    return {"context": {"userId": f"user-{number}", "properties": {"country": "US", "plan": PLAN}}}


def _is_on(answer: Any) -> bool:
    """Unleash answers the flags that are on."""
    return any(toggle["name"] == TARGETED for toggle in answer["toggles"])


def _create_in_unleash(running: Server, key: str) -> None:
    features = "/api/admin/projects/default/features"
    environment = f"{features}/{key}/environments/development"
    admin = {"Authorization": ADMIN_TOKEN}
    Target(running, features, in_context, admin).ask({"name": key, "type": "release"})
    for share, conditions in (
        (100, {"userId": MEMBERS}),
        (SHARE, {"country": COUNTRIES, "plan": [PLAN]}),
    ):
        strategy = {
            "name": "flexibleRollout",
            "parameters": {"rollout": str(share), "stickiness": "userId", "groupId": key},
            "constraints": [
                {"contextName": name, "operator": "IN", "values": [*values]} for name, values in conditions.items()
            ],
        }
        Target(running, f"{environment}/strategies", in_context, admin).ask(strategy)
    url = f"http://{HOST}:{running.port}{environment}/on"
    urllib.request.urlopen(urllib.request.Request(url, b"", admin, method="POST"), timeout=30).close()


def _with_defaults(source: Document) -> Document:
    flags = {key: {**flag, "defaultVariant": flag["defaultVariant"] or "off"} for key, flag in source["flags"].items()}
    return {**source, "flags": flags}


def _program(variable: str) -> str:
    if not (path := os.environ.get(variable, "")):
        raise NotInstalledError(f"{variable} names no program")
    return path


@contextmanager
def _written(value: object) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flags.json"
        path.write_text(json.dumps(value))
        yield path
