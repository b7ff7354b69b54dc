"""What is answered from memory alone. Neither Flask nor Peewee is imported: in AWS this is all that evaluates."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from api.client import definitions
from api.evaluation import ofrep
from api.evaluation.all_flags import evaluate_all
from api.evaluation.single import evaluate
from api.evaluation_service import EvaluationService
from api.http import Response
from api.paths import DEFINITIONS, FLAGS, OFREP_ALL, OFREP_ONE
from api.request import Request

Answer = Callable[[EvaluationService, Request], Response]
Route = tuple[str, Answer]
"""A method, and what answers it."""

EVALUATE = "/feature-flag/evaluate"

EVALUATION_ROUTES: Mapping[str, Route] = {
    EVALUATE: ("POST", evaluate),
    "/api/evaluate": ("POST", evaluate_all),
    OFREP_ALL: ("POST", ofrep.evaluate_all),
    DEFINITIONS: ("GET", definitions.definitions),
    FLAGS: ("GET", definitions.flags),
}
"""By path: the dispatch (`api.wsgi`) answers these without Flask, where it is in front."""

EVALUATION_PREFIXES: Mapping[str, Route] = {OFREP_ONE: ("POST", ofrep.evaluate_one)}
"""The same for paths that go on after this with a flag's key."""

TIMED = len(EVALUATION_ROUTES) + len(EVALUATION_PREFIXES)
"""How many routes are counted and timed: all of these."""
