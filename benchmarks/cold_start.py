"""The evaluation function as it is deployed: from the start of a process to its first answer, and warm.

Beside it the least that a function with Flask can do, from the same interpreter, in turns. S3 is a server on this
machine, which answers at once: what a network adds is not in these figures.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.scenario import TARGETED, context, our_document
from benchmarks.table import duration, show, times
from benchmarks.timing import ratio

ROOT = Path(__file__).resolve().parents[1]
FLAGS = 1_000
ROUNDS = 15
KEY = "a-server-key"
SHOWN_MODULES = 12
WARM_CALLS = 2_000

EVENT = {
    "rawPath": "/feature-flag/evaluate",
    "headers": {"content-type": "application/json", "x-api-key": KEY},
    "requestContext": {"http": {"method": "POST", "sourceIp": "192.0.2.1"}, "requestId": "1"},
    "body": json.dumps({"flagKey": TARGETED, "defaultValue": False, "context": context("john")}),
    "isBase64Encoded": False,
}
FIRST_ANSWER = f"""
answer = handler({EVENT!r}, None)
assert answer["statusCode"] == 200, answer
"""
WARM = f"""
from api.aws.evaluation_function import handler
{FIRST_ANSWER}
import sys, time
began = time.perf_counter()
for _ in range({WARM_CALLS}):
    handler({EVENT!r}, None)
print((time.perf_counter() - began) / {WARM_CALLS} * 1e9, file=sys.stderr)
"""
BARE_FLASK = """
import base64, io, json
from flask import Flask, request

app = Flask("bare", static_folder=None)

@app.post("/feature-flag/evaluate")
def evaluate():
    return {"value": request.get_json()["defaultValue"]}

def handler(event, context):
    said = []
    body = event["body"].encode()
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": event["rawPath"], "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)), "SERVER_NAME": "x", "SERVER_PORT": "443", "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(body), "QUERY_STRING": "",
    }
    answer = b"".join(app(environ, lambda status, headers: said.append(status)))
    return {"statusCode": int(said[0][:3]), "body": answer.decode()}
"""


def run() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, published() as settings:
        ours, flask = build("evaluation", Path(folder)), build("admin", Path(folder))
        (flask / "bare_flask.py").write_text(BARE_FLASK)
        taken: dict[str, list[float]] = {"Flagstaff": [], "bare Flask": []}
        for _ in range(ROUNDS):
            taken["Flagstaff"].append(first_answer(ours, "api.aws.evaluation_function", settings))
            taken["bare Flask"].append(first_answer(flask, "bare_flask", {}))
        report_cold(taken)
        report_imports(ours, settings)
        report_warm(ours, settings)
        size = sum(path.stat().st_size for path in ours.rglob("*") if path.is_file())
        print(f"  The evaluation package has {size / 2**20:.1f} MiB unpacked.\n")


def report_cold(taken: Mapping[str, list[float]]) -> None:
    """Both contestants, and how they compare."""
    rows = [
        [name, duration(median(times_)), duration(min(times_)), times(ratio(times_, taken["bare Flask"]))]
        for name, times_ in taken.items()
    ]
    title = f"Process start to first answer, {FLAGS:,} flags, median of {ROUNDS}"
    show(title, ["function", "median", "fastest", "beside bare Flask"], rows)


def report_imports(package: Path, settings: Mapping[str, str]) -> None:
    """Where the time goes before the first request."""
    said = python(package, "import api.aws.evaluation_function", settings, "-X", "importtime")
    lines = [
        line.removeprefix("import time:").split("|") for line in said.splitlines() if line.startswith("import time:")
    ]
    found = [(int(own), int(both), name.strip()) for own, both, name in lines[1:] if own.strip().isdigit()]
    largest = sorted(found, key=lambda item: -item[1])[:SHOWN_MODULES]
    rows = [[name, duration(both * 1e3), duration(own * 1e3)] for own, both, name in largest]
    show("Import time by module", ["module", "with what it imports", "itself"], rows)


def report_warm(package: Path, settings: Mapping[str, str]) -> None:
    """One invocation of a warm process, without Lambda's own part."""
    taken = float(python(package, WARM, {**settings, "FLAGSTAFF_REFRESH_SECONDS": "3600"}).split()[-1])
    print(f"  A warm invocation takes {duration(taken)} inside the handler.")


def first_answer(package: Path, module: str, settings: Mapping[str, str]) -> float:
    """Nanoseconds from starting a process until it has answered and ended."""
    began = perf_counter()
    python(package, f"from {module} import handler\n{FIRST_ANSWER}", settings)
    return (perf_counter() - began) * 1e9


def python(package: Path, code: str, settings: Mapping[str, str], *options: str) -> str:
    """Run code in a process that has the package and nothing else; what it wrote to stderr."""
    interpreter = getattr(sys, "_base_executable", sys.executable)
    environment = {"PYTHONPATH": str(package), "AWS_REGION": "eu-central-1", **settings}
    command = [interpreter, "-s", *options, "-c", code]
    done = subprocess.run(command, env=environment, cwd=package, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stderr


def build(name: str, folder: Path) -> Path:
    """A package as it is deployed, but for this machine, unpacked."""
    archive, target = folder / f"{name}.zip", folder / name
    subprocess.run([sys.executable, str(ROOT / "infra" / "packages.py"), name, "host", str(archive)], check=True)
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(target)
    return target


@contextmanager
def published() -> Iterator[dict[str, str]]:
    """An S3 with definitions and a key; the settings that lead to it."""
    key = {"id": "1", "name": "b", "hash": hashlib.sha256(KEY.encode()).hexdigest(), "scope": "server"}
    objects = {
        "/flags/keys.json": {"environments": ["prod"], "keys": [{**key, "environment": "prod", "expiresAt": None}]},
        "/flags/definitions/prod.json": {**our_document(flags=FLAGS), "metadata": {"revision": 1}},
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = json.dumps(objects[self.path]).encode()
            self.send_response(200)
            self.send_header("ETag", '"1"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {
        "FLAGSTAFF_DEFINITIONS_BUCKET": "flags",
        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "A",
        "AWS_SECRET_ACCESS_KEY": "s",
    }
    server.shutdown()
