"""Through OpenFeature's client: Flagstaff's provider beside flagd's in file mode; and what the provider itself adds."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import table
from benchmarks.scenario import MEMBERS, STATIC, TARGETED, context, our_document
from benchmarks.timing import Call, ratio, rounds

OURS = "Flagstaff's provider"
FLAGD = "openfeature-provider-flagd, file mode"
FLAGS = {**our_document(list(MEMBERS)), "metadata": {"fractionalBucketing": "v3"}}
"""As our API writes them. Both hash as flagd's release does, so that they can be held against each other."""


def run() -> None:
    """Set both providers on the same file, check that they agree, and measure them."""
    from openfeature import api

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flags.json"
        path.write_text(json.dumps(FLAGS))
        providers = both(str(path))
        for name, provider in providers.items():
            api.set_provider_and_wait(provider, name)
        clients = {name: api.get_client(name) for name in providers}
        check(clients)
        compare("A targeted boolean flag", clients, TARGETED)
        compare("A static boolean flag", clients, STATIC)
        show_difference(providers[OURS])
        api.shutdown()


def both(path: str) -> dict[str, Any]:
    """The providers, each reading this file."""
    from openfeature.contrib.provider.flagd import FlagdProvider
    from openfeature.contrib.provider.flagd.config import ResolverType

    from flagstaff.provider import FileProvider

    flagd = FlagdProvider(resolver_type=ResolverType.FILE, offline_flag_source_path=path)
    return {OURS: FileProvider(path), FLAGD: flagd}


def asked(user: str) -> Any:
    """A user in OpenFeature's words."""
    from openfeature.evaluation_context import EvaluationContext

    attributes = context(user)
    return EvaluationContext(attributes.pop("targetingKey"), attributes)


def check(clients: dict[str, Any]) -> None:
    """Refuse to measure providers that don't agree."""
    for user in ("john", *(f"user-{number}" for number in range(200))):
        values = {client.get_boolean_value(TARGETED, False, asked(user)) for client in clients.values()}
        if len(values) != 1:
            raise AssertionError(f"the providers do not agree about {user}")


def compare(title: str, clients: dict[str, Any], key: str) -> None:
    """One evaluation of a flag, the way an application asks for it."""
    somebody = asked("somebody")
    taken = rounds({name: Call(client.get_boolean_value, (key, False, somebody)) for name, client in clients.items()})
    rows = [
        [name, table.duration(median(times)), table.times(ratio(times, taken[OURS]))] for name, times in taken.items()
    ]
    table.show(f"{title}, by client.get_boolean_value", ["", "one evaluation", "times Flagstaff's"], rows)


def show_difference(provider: Any) -> None:
    """What the provider takes, of which what is the engine's."""
    from flagstaff.engine import Engine

    calls = {
        "the provider": Call(provider.resolve_boolean_details, (TARGETED, False, asked("somebody"))),
        "its engine": Call(Engine(FLAGS).evaluate, (TARGETED, context("somebody"))),
    }
    taken = rounds(calls)
    rows = [[name, table.duration(median(times))] for name, times in taken.items()]
    added = median(one - other for one, other in zip(*taken.values(), strict=True))
    rows.append(["added", table.duration(added)])
    table.show("The provider alone, a targeted boolean flag", ["", "one call"], rows)
