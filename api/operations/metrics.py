"""`GET /metrics`: what is counted and how current the definitions are, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flask import Blueprint, request
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from api.current import services
from api.http import Response
from api.services import Services
from api.telemetry.counters import BOUNDS_NS, Counters

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def metrics() -> Response:
    """Answer all metrics, in the format that is asked for."""
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Reading(services()))
    return Response(encode(registry), 200, [("Content-Type", content_type), ("Cache-Control", "no-store")])


class Reading(Collector):
    """One look at the counters; counts are the sums over all workers."""

    def __init__(self, of: Services) -> None:
        self._services = of

    def collect(self) -> Iterable[Metric]:
        """Yield every metric, with its name, its help and its figures."""
        counters = self._services.counters
        yield labelled("flagstaff_evaluations", "Flags evaluated", "reason", counters.evaluations())
        yield from timings(counters)
        yield labelled("flagstaff_writes", "Admin calls that change something", "outcome", counters.writes())
        yield GaugeMetricFamily("flagstaff_streams", "Open event streams", counters.streams())
        yield from definitions(self._services)


def labelled(name: str, text: str, label: str, counts: dict[str, int]) -> Metric:
    """Return a counter for each of these."""
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def timings(counters: Counters) -> Iterator[Metric]:
    """Yield how the evaluation routes answered, and how fast."""
    requests = CounterMetricFamily("flagstaff_requests", "Evaluation requests", labels=["route", "status"])
    seconds = HistogramMetricFamily(
        "flagstaff_request_seconds", "Time from a request, read, to its answer", labels=["route"]
    )
    for route in counters.routes:
        for status, count in counters.statuses(route).items():
            requests.add_metric([route, status], count)
        seconds.add_metric([route], buckets(counters.latencies(route)[0]), counters.latencies(route)[1])
    yield requests
    yield seconds


def buckets(counts: Iterable[int]) -> list[tuple[str, float]]:
    """Prometheus has in each bucket what is in those before it, too."""
    bounds = [str(bound / 1e9) for bound in BOUNDS_NS] + ["+Inf"]
    total, filled = 0, []
    for bound, count in zip(bounds, counts, strict=True):
        total += count
        filled.append((bound, float(total)))
    return filled


def definitions(of: Services) -> Iterator[Metric]:
    """Yield how current this worker is."""
    revision = GaugeMetricFamily(
        "flagstaff_definitions_revision", "Revision of the definitions held", labels=["environment"]
    )
    age = GaugeMetricFamily(
        "flagstaff_definitions_age_seconds",
        "Seconds since the definitions were last known to be current",
        labels=["environment"],
    )
    flags = GaugeMetricFamily("flagstaff_flags", "Live flags", labels=["environment"])
    for state in of.follower.states():
        revision.add_metric([state.environment], state.revision)
        age.add_metric([state.environment], state.age)
        if (engine := of.engines.get(state.environment)) is not None:
            flags.add_metric([state.environment], len(engine.keys()))
    yield from (revision, age, flags)
    reachable = of.follower.database_reachable
    if reachable is not None:
        yield GaugeMetricFamily("flagstaff_database_reachable", "Whether the database answers", float(reachable))
