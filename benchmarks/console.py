"""The console with 10,000 flags: lists beside the admin API, a first load, and how soon a change is seen."""

from __future__ import annotations

import http.client
import time
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median, quantiles
from typing import Any

import psutil  # type: ignore[import-untyped]
import psycopg2

from benchmarks import table
from benchmarks.dev import ADMIN_KEY, Flagstaff
from benchmarks.servers import HOST, NotInstalledError, database, program, server
from benchmarks.timing import ratio

FLAGS = 10_000
ROUNDS = 15
REQUESTS = 10
"""Of each contestant in a round."""
CHANGES = 100
WATCHED = "flag-00007"
LIST = "/console/flags?environment=dev"
CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
FILL = """
INSERT INTO flag (id, key, description, value_type, is_static, tags, owner, client_side, created_at, created_by)
    SELECT gen_random_uuid(), 'flag-' || lpad(n::text, 5, '0'), 'What flag ' || n || ' is for, in some words',
        'boolean', false, (CASE WHEN n %% 3 = 0 THEN '["web", "checkout"]' ELSE '["app"]' END)::jsonb,
        'team-' || n %% 20, true, now(), 'ada'
    FROM generate_series(0, %(flags)s - 1) n;
INSERT INTO configuration (flag_id, environment_id, enabled, variants, default_variant, rules, rollout, member_count,
        version, revision, updated_at, updated_by)
    SELECT f.id, e.id, true, '[["on", true], ["off", false]]', 'off',
        '[{"conditions": [{"field": "country", "operator": "eq", "value": "US"}], "variant": "on"}]',
        '[{"variant": "on", "weight": 25}, {"variant": "off", "weight": 75}]', 0, 1, e.revision + 1, now(), 'ada'
    FROM flag f, environment e;
UPDATE environment SET revision = revision + 1;
ANALYZE;
"""

Ask = Callable[[], bytes]


def run() -> None:
    """Measure and print."""
    program("chromium", "chromium")
    with filled() as running, signed_in(running) as cookie:
        lists(running, cookie)
        with chromium(running, cookie) as context:
            first_load(running, context)
            changes_seen(running, context)


@contextmanager
def filled() -> Iterator[Flagstaff]:
    """Run the service as `make run` does, with 10,000 flags in each environment."""
    with database() as url:
        with psycopg2.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute(FILL, {"flags": FLAGS})
        with server("api", "dev", ready="/ready", FLAGSTAFF_DATABASE_URL=url, FLAGSTAFF_ADMIN_LIMIT="0") as running:
            yield Flagstaff(*running)


@contextmanager
def signed_in(running: Flagstaff) -> Iterator[str]:
    """Sign in, as the one click of `make run` does; gives the cookie."""
    connection = http.client.HTTPConnection(HOST, running.port)
    origin = f"http://{HOST}:{running.port}"
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin}
    connection.request("POST", "/console/sign-in/local", "name=Ada", form)
    answer = connection.getresponse()
    cookies = [text for name, text in answer.getheaders() if name.lower() == "set-cookie"]
    connection.close()
    yield next(text for text in cookies if text.startswith("flagstaff=")).split(";")[0]


def lists(running: Flagstaff, cookie: str) -> None:
    """Ask for the first page and for a search, each beside the admin API, in turn."""
    search = urllib.parse.urlencode({"search": "flag-0123"})
    connection = http.client.HTTPConnection(HOST, running.port)
    ways = {
        "GET /api/admin/flags": lambda: ask(connection, "/api/admin/flags?environment=dev"),
        "the list": lambda: ask(connection, LIST, cookie),
        f"GET /api/admin/flags?{search}": lambda: ask(connection, f"/api/admin/flags?environment=dev&{search}"),
        "a search": lambda: ask(connection, f"{LIST}&{search}", cookie),
    }
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(-1, ROUNDS):
        for name, way in ways.items():
            seconds = cpu_of(running, way)
            if number >= 0:  # the first round finds everything cold
                cpu[name].append(seconds / REQUESTS)
    api, page, api_search, page_search = ways
    of = {api: api, page: api, api_search: api_search, page_search: api_search}
    rows = [
        [name, table.duration(median(cpu[name]) * 1e9), f"{ratio(cpu[name], cpu[of[name]]):.2f} x"] for name in ways
    ]
    title = f"{FLAGS:,} flags: CPU of a request, PostgreSQL's with it (wanted: at most 2 x)"
    table.show(title, ["", "CPU", "of the API"], rows)


def ask(connection: http.client.HTTPConnection, path: str, cookie: str = "") -> bytes:
    """Ask for a page, or with the admin key of the API; gives the body. Raises AssertionError for another than 200."""
    headers = {"Cookie": cookie} if cookie else {"X-Admin-API-Key": ADMIN_KEY}
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, body
    assert b"flag-0" in body
    return body


def cpu_of(running: Flagstaff, way: Ask) -> float:
    """Return the seconds of CPU that the server and its PostgreSQL use while it is asked some times."""
    before = cpu_used(running)
    for _ in range(REQUESTS):
        way()
    return cpu_used(running) - before


def cpu_used(running: Flagstaff) -> float:
    """Return the seconds of CPU that the server has used, and every PostgreSQL process of this machine."""
    mine = psutil.Process(running.pid)
    databases = [process for process in psutil.process_iter(["name"]) if "postgres" in (process.info["name"] or "")]
    family = {process.pid: process for process in [mine, *mine.children(recursive=True), *databases]}
    times = [times for process in family.values() if (times := times_of(process))]
    return float(sum(each.user + each.system for each in times))


def times_of(process: psutil.Process) -> Any:
    """Return the CPU times of a process; None where it has ended."""
    try:
        return process.cpu_times()
    except psutil.NoSuchProcess:
        return None


@contextmanager
def chromium(running: Flagstaff, cookie: str) -> Iterator[Any]:
    """Open a browser of somebody who is signed in. Raises NotInstalledError."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise NotInstalledError("Playwright is not installed: make test installs it") from None
    name, value = cookie.split("=", 1)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program("chromium", "chromium"), args=list(CHROMIUM))
        context = browser.new_context()
        context.add_cookies([{"name": name, "value": value, "url": f"http://{HOST}:{running.port}"}])
        yield context
        browser.close()


def first_load(running: Flagstaff, context: Any) -> None:
    """Open the list with nothing in the browser's cache, and count what it asks for."""
    page = context.new_page()
    counted: list[tuple[str, int]] = []
    page.on("requestfinished", lambda request: counted.append((request.url, sum(sizes(request)))))
    page.goto(f"http://{HOST}:{running.port}{LIST}")
    page.wait_for_timeout(1000)
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    page.close()
    rows = [[str(len(counted)), f"{sum(size for _, size in counted) / 1024:.1f} KiB", f"{paint:.0f} ms"]]
    title = "First load of the list (wanted: at most 10 requests, 100 KiB)"
    table.show(title, ["requests", "headers and bodies", "first paint"], rows)


def sizes(request: Any) -> Sequence[int]:
    """Return the bytes of an answer: headers and body, as they were sent."""
    found = request.sizes()
    return found["responseHeadersSize"], found["responseBodySize"]


def changes_seen(running: Flagstaff, context: Any) -> None:
    """Switch a flag over the API, and wait until the open list shows it."""
    page = context.new_page()
    page.goto(f"http://{HOST}:{running.port}{LIST}")
    page.wait_for_timeout(1000)
    taken = [seen(running, page, number) for number in range(CHANGES)]
    load = psutil.getloadavg()[0]
    cuts = quantiles(taken, n=100)
    shown = [table.duration(seconds * 1e9) for seconds in (median(taken), cuts[98], max(taken))]
    title = f"{CHANGES} changes by the API, each until Chromium shows it in a list of {FLAGS:,} flags (load {load:.1f})"
    table.show(title, ["median", "p99", "longest"], [shown])


def seen(running: Flagstaff, page: Any, number: int) -> float:
    """Return the seconds from sending a change until the page shows it."""
    enabled = number % 2 == 1
    started = time.perf_counter()
    running.ask(f"/api/admin/flags/{WATCHED}?environment=dev", {"enabled": enabled}, "PUT")
    page.wait_for_selector(f'#switch-{WATCHED}[aria-checked="{str(enabled).lower()}"]', timeout=30_000)
    return time.perf_counter() - started
