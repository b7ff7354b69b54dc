"""What is counted, exactly, and how `/metrics` shows it."""

from __future__ import annotations

import multiprocessing
import sys
import threading

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from api.http import Response
from api.telemetry.counters import Counters, Table
from tests.api.conftest import Client

EVALUATE = "/feature-flag/evaluate"


def samples(client: Client, accept: str = "") -> dict[tuple[str, str], float]:
    """The value of each sample, by its name and its labels."""
    answer = client.request("GET", "/metrics", headers={"Accept": accept})
    assert answer.status == 200
    families = (parse_openmetrics if "openmetrics" in accept else parse)(answer.body.decode())
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_evaluations_by_reason_and_route(client: Client) -> None:
    client.create("static", isStatic=True, value=True)
    client.create("member", targetedUsers=["ada"])
    client.create("share", rolloutPercentage=100)
    client.create("off", enabled=False)
    before = samples(client)
    for key in ("static", "member", "share", "off", "unknown"):
        client.evaluate(key, targetingKey="ada")
    client.refused(400, "missing_field", "POST", EVALUATE, {})
    client.do("POST", "/api/evaluate", {"user": {"id": "ada"}})
    after = samples(client)
    grown = {
        name: after[name] - before[name] for name in after if name[0].endswith("_total") and after[name] != before[name]
    }
    assert grown == {
        ("flagstaff_evaluations_total", "STATIC"): 2,
        ("flagstaff_evaluations_total", "TARGETING_MATCH"): 2,
        ("flagstaff_evaluations_total", "SPLIT"): 2,
        ("flagstaff_evaluations_total", "DISABLED"): 2,
        ("flagstaff_evaluations_total", "ERROR"): 1,
        ("flagstaff_requests_total", f"{EVALUATE},2xx"): 5,
        ("flagstaff_requests_total", f"{EVALUATE},4xx"): 1,
        ("flagstaff_requests_total", "/api/evaluate,2xx"): 1,
    }
    assert after["flagstaff_request_seconds_count", EVALUATE] - before["flagstaff_request_seconds_count", EVALUATE] == 6
    assert after["flagstaff_request_seconds_sum", EVALUATE] > 0
    buckets = [value for (name, labels), value in after.items() if name.endswith("_bucket") and EVALUATE in labels]
    assert buckets == sorted(buckets)
    assert buckets[-1] == after["flagstaff_request_seconds_count", EVALUATE]


def test_writes_by_outcome(client: Client) -> None:
    client.create("beta")
    client.refused(409, "flag_key_taken", "POST", "/api/admin/flags", {"key": "beta"})
    client.do("GET", "/api/admin/flags")
    now = samples(client)
    assert now["flagstaff_writes_total", "done"] == 1
    assert now["flagstaff_writes_total", "refused"] == 1
    assert now["flagstaff_writes_total", "failed"] == 0


def test_how_current_the_definitions_are(client: Client) -> None:
    client.create("beta")
    now = samples(client)
    assert now["flagstaff_definitions_revision", "prod"] == 1
    assert 0 <= now["flagstaff_definitions_age_seconds", "prod"] < 60
    assert now["flagstaff_flags", "dev"] == 1
    assert now["flagstaff_database_reachable", ""] == 1
    assert now["flagstaff_streams", ""] == 0


def test_both_formats_say_the_same(client: Client) -> None:
    client.create("static", isStatic=True, value=True)
    client.evaluate("static")
    plain, open_ = samples(client), samples(client, "application/openmetrics-text; version=1.0.0")
    assert plain["flagstaff_evaluations_total", "STATIC"] == open_["flagstaff_evaluations_total", "STATIC"] == 1


def test_no_count_is_lost_between_threads() -> None:
    counters = Counters(Table.alone(routes=1))
    answer = counters.timed("route", lambda service, environ: Response(b"", 200, []))
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=count, args=(counters, answer)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert counters.writes()["done"] == counters.statuses("route")["2xx"] == 8 * 20_000
    assert sum(counters.latencies("route")[0]) == 8 * 20_000


def count(counters: Counters, answer: object) -> None:
    for _ in range(20_000):
        counters.wrote("done")
        answer(None, {})  # type: ignore[operator]


def test_workers_tell_their_sum_and_those_that_ended_still_count() -> None:
    table = Table.of(2, routes=1)
    context = multiprocessing.get_context()
    for _ in range(3):  # one after the other: each takes the row of one that has ended
        worker = context.Process(target=write_and_stream, args=(table,))
        worker.start()
        worker.join(60)
        assert worker.exitcode == 0
    counters = Counters(table)
    counters.wrote("done")
    assert counters.writes()["done"] == 4
    assert counters.streams() == 0


def write_and_stream(table: Table) -> None:
    counters = Counters(table)
    counters.wrote("done")
    counters.stream_opened()


def test_as_many_routes_are_timed_as_there_are() -> None:
    counters = Counters(Table.alone(routes=20))
    for number in range(20):
        counters.timed(f"route {number}", lambda service, environ: Response(b"", 200, []))(None, {})
    assert all(counters.statuses(f"route {number}")["2xx"] == 1 for number in range(20))
    with pytest.raises(ValueError, match="20 routes"):
        counters.timed("one more", lambda service, environ: Response(b"", 200, []))


@pytest.mark.parametrize("path", ["/metrics", "/ready", "/docs", "/openapi.json", "/none", "/api/client/stream"])
def test_no_answer_leaves_its_type_to_guesses(client: Client, path: str) -> None:
    assert dict(client.request("GET", path).headers)["X-Content-Type-Options"] == "nosniff"
