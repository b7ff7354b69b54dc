"""Splits that are compiled to comparisons: the same variant as `fractional` draws, wherever they stand."""

from __future__ import annotations

import time
from typing import Any
from unittest.mock import patch

import pytest

from flagstaff.engine import Engine, Reason
from flagstaff.engine.compiler import statements
from flagstaff.jsonlogic import fractional
from flagstaff.jsonlogic.fractional import Arm, Bucketing
from flagstaff.targeting import Ramp
from flagstaff.targeting.schedule import ramp_weights

TEXT = {"cat": [{"var": "$flagd.flagKey"}, ":", {"var": "targetingKey"}]}
START, END = 1_900_000_000, 1_900_003_600
RAMP = Ramp("on", 5_000, 60_000, START, END)
NAMES = ["on", "off", "third"]


def split(*weights: Any) -> Any:
    return {"fractional": [TEXT, *([name, weight] for name, weight in zip(NAMES, weights, strict=False))]}


def served(logic: Any, bucketing: Bucketing, user: str) -> str | None:
    variants = dict(zip(NAMES, range(3), strict=True))
    flag = {"state": "ENABLED", "variants": variants, "defaultVariant": "", "targeting": logic}
    answer = Engine({"flags": {"f": flag}}, bucketing).evaluate("f", {"targetingKey": user})
    assert answer.error_code is None, answer
    return answer.variant


def drawn(bucketing: Bucketing, user: str, *weights: int) -> str | None:
    arms = [Arm(name, max(0, weight)) for name, weight in zip(NAMES, weights, strict=False)]
    variant: str | None = fractional.draw(fractional.HASH[bucketing](f"f:{user}"), arms)
    return variant


def placed(logic: Any) -> list[Any]:
    """The split as what decides, as a value that is compared, and as a value that is the result."""
    compared = [part for name in NAMES for part in ({"in": [logic, [name]]}, name)]
    return [logic, {"if": compared}, {"or": [logic, "third"]}]


@pytest.mark.parametrize("bucketing", Bucketing)
@pytest.mark.parametrize("seconds", [-1, 0, 1, 1799, 1800, 3599, 3600, 3601, 10**9])
def test_a_ramp_is_drawn_as_its_weights_say(bucketing: Bucketing, seconds: int) -> None:
    growing, other = ramp_weights(RAMP)
    zero, full = RAMP.bounds()
    now = max(START, min(START + seconds, END))
    with patch("time.time", lambda: START + seconds + 0.7):
        for user in (f"user-{number}" for number in range(100)):
            wanted = drawn(bucketing, user, now - zero, full - now)
            for logic in placed(split(growing, other)):
                assert served(logic, bucketing, user) == wanted


@pytest.mark.parametrize("bucketing", Bucketing)
@pytest.mark.parametrize("weights", [(1,), (0, 1), (1, 0, 0), (25, 75), (-5, 3, 4), (1, 0, 2), (2**30, 2**30 - 1)])
def test_constant_weights(bucketing: Bucketing, weights: tuple[int, ...]) -> None:
    for user in (f"user-{number}" for number in range(100)):
        for logic in placed(split(*weights)):
            assert served(logic, bucketing, user) == drawn(bucketing, user, *weights)


def ramp_of(zero: int, start: int, end: int, full: int) -> Any:
    now = {"max": [start, {"min": [{"var": "$flagd.timestamp"}, end]}]}
    return split({"-": [now, zero]}, {"-": [full, now]})


@pytest.mark.parametrize("times", [(5, 0, 10, 20), (0, 5, 30, 20), (0, 10, 5, 20), (0, 0, 5, 0), (0, 0, 5, 2**31)])
def test_what_looks_like_a_ramp_is_drawn_as_flagd_does(times: tuple[int, int, int, int]) -> None:
    zero, start, end, full = times
    for now in range(0, 35, 3):
        moment = max(start, min(now, end))
        weights = [max(0, moment - zero), max(0, full - moment)]
        with patch("time.time", lambda now=now: now):
            for user in (f"user-{number}" for number in range(20)):
                known = 0 < sum(weights) < 2**31
                wanted = drawn(Bucketing.V2, user, *weights) if known else None
                assert served(ramp_of(*times), Bucketing.V2, user) == wanted


def test_a_ramp_is_a_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements.StatementCompiler, "_computed", None)  # nothing is left to the generic way
    flag = {"state": "ENABLED", "variants": {"on": 1, "off": 0}, "targeting": split(*ramp_weights(RAMP))}
    answer = Engine({"flags": {"f": flag}}).evaluate("f", {"targetingKey": "john"})
    assert answer.reason is Reason.SPLIT and time.time() < END


def test_nobody_is_drawn_without_a_subject() -> None:
    logic = {"fractional": [{"cat": [{"var": ["missing", ""]}]}, ["on", 1], ["off", 1]]}
    for each in (logic, {"if": [{"in": [logic, ["on", "off"]]}, "third"]}):
        assert served(each, Bucketing.V2, "john") is None
