"""One evaluation: Flagstaff's engine beside the evaluators of others."""

from __future__ import annotations

from statistics import median

from benchmarks import engine_base, table
from benchmarks.contestants import OURS, Contestant, all_of_them
from benchmarks.scenario import SHARE, STATIC, TARGETED, context
from benchmarks.timing import Call, ratio, rounds

MANY_FLAGS = 10_000
MANY_MEMBERS = 1_000_000
SOMEBODY = context("somebody")
"""Fulfils both conditions and is no member: the longest way, down to the split."""


def run() -> None:
    """Measure beside the commit of BASE; then check that all contestants answer as intended, and measure them."""
    engine_base.run()
    few = all_of_them()
    for name, contestant in few.items():
        check(name, contestant)
    _compare("A targeted boolean flag: two allowed users, two conditions, a 25 % split", few, TARGETED)
    _compare("A static boolean flag", few, STATIC)
    _scale("The targeted flag among 10,000 flags", few, all_of_them(flags=MANY_FLAGS))
    crowd = ("john", "mary", *(f"user-{number}" for number in range(MANY_MEMBERS - 2)))
    _scale("The targeted flag with 1,000,000 allowed users instead of 2", few, all_of_them(members=crowd))


def check(name: str, contestant: Contestant) -> None:
    """Refuse to measure a contestant that doesn't decide as the flag says."""

    def serves(key: str, user: str, country: str = "US", plan: str = "premium") -> bool:
        return contestant.value(contestant.call(key, context(user, country, plan))())

    right = (
        serves(STATIC, "anyone"),
        serves(TARGETED, "john", "FR", "free"),
        serves(TARGETED, "mary"),
        not any(serves(TARGETED, f"user-{number}", country="FR") for number in range(50)),
        not any(serves(TARGETED, f"user-{number}", plan="free") for number in range(50)),
        abs(sum(serves(TARGETED, f"user-{number}") for number in range(4000)) / 40 - SHARE) < 3,
    )
    if not all(right):
        raise AssertionError(f"{name} does not give the intended answers: {right}")


def _compare(title: str, contestants: dict[str, Contestant], key: str) -> None:
    taken = rounds(_calls(contestants, key))
    rows = [
        [name, table.duration(median(times)), table.times(ratio(times, taken[OURS]))] for name, times in taken.items()
    ]
    table.show(title, ["", "one evaluation", "times Flagstaff's"], rows)


def _scale(title: str, few: dict[str, Contestant], many: dict[str, Contestant]) -> None:
    rows = []
    for name in many:
        taken = rounds({"few": _calls(few, TARGETED)[name], "many": _calls(many, TARGETED)[name]})
        costs = [table.duration(median(times)) for times in taken.values()]
        rows.append([name, *costs, table.times(ratio(taken["many"], taken["few"]))])
    table.show(title, ["", "few", "many", "many : few"], rows)


def _calls(contestants: dict[str, Contestant], key: str) -> dict[str, Call]:
    return {name: contestant.call(key, SOMEBODY) for name, contestant in contestants.items()}
