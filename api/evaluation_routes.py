"""What is answered from memory alone. Neither Flask nor Peewee is imported: in AWS this is all that evaluates."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from api import ofrep
from api.evaluate import evaluate
from api.evaluate_all import evaluate_all
from api.http import Environ, Response

Answer = Callable[[ofrep.Remote, Environ], Response]

EVALUATION_ROUTES: Mapping[str, tuple[str, Answer]] = {
    "/feature-flag/evaluate": ("POST", evaluate),
    "/api/evaluate": ("POST", evaluate_all),
    ofrep.BULK: ("POST", ofrep.evaluate_all),
}
"""Method and function by path: the dispatch (`api.wsgi`) answers these without Flask, where it is in front."""

EVALUATION_PREFIXES: Mapping[str, tuple[str, Answer]] = {ofrep.SINGLE: ("POST", ofrep.evaluate_one)}
"""The same for paths that go on after this with a flag's key."""


def evaluation_route(path: str) -> tuple[str, Answer] | None:
    """The method and the function of a path, if it is one of these."""
    found = EVALUATION_ROUTES.get(path)
    if found is not None:
        return found
    return next(
        (route for prefix, route in EVALUATION_PREFIXES.items() if path.startswith(prefix) and path != prefix), None
    )
