"""Code for splits: the hash of the subject, compared with bounds that are worked out beforehand.

That is done for constant weights, and for the two weights of a ramp, whose sum is constant. Every other split is drawn
by the function that says what `fractional` means.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

import mmh3

from flagstaff.engine.compiler.source import Kind
from flagstaff.jsonlogic import fractional
from flagstaff.jsonlogic.fractional import Bucketing
from flagstaff.targeting.schedule import ReadRamp, read_ramp

if TYPE_CHECKING:
    from flagstaff.engine.compiler.expressions import Compiler


class Draw(NamedTuple):
    """A split as expressions, in the order in which they have to be evaluated."""

    nobody: str | None
    """True where nothing is drawn, as there is no subject; None where there always is one."""
    bucket: str
    """The hash."""
    arms: Sequence[tuple[str, Any]]
    """The variants but the last, each with the test of whether it is drawn if none before it is; `{}` is the hash."""
    last: Any
    """The variant that is left."""


def drawn(compiler: Compiler, arguments: Sequence[Any], depth: int) -> Draw | None:
    """Write a split; None where only the evaluation can tell its weights, or the type of its subject."""
    if not arguments:
        return None
    is_left_out = isinstance(arguments[0], list)
    found = _arms(compiler, arguments if is_left_out else arguments[1:])
    subject = _subject(compiler, arguments[0], depth) if found else None
    return Draw(*subject, *found) if found and subject else None


def _subject(compiler: Compiler, subject: Any, depth: int) -> tuple[str | None, str] | None:
    """Return the first two expressions of a `Draw`."""
    bind, v2 = compiler.names.bind, compiler.bucketing is Bucketing.V2
    if isinstance(subject, list):  # left out: the flag's key and the targeting key stand in for it
        targeting_key = compiler.value({"var": "targetingKey"}, depth).source
        return _of_text(compiler, targeting_key, f"{bind(compiler.flag_key)} + subject") if v2 else None
    code = compiler.value(subject, depth)
    if code.kind is not Kind.TEXT:
        return None
    if v2:
        return _of_text(compiler, code.source, "subject")
    return None, f"{bind(fractional.hash_cbor)}({code.source})"


def _of_text(compiler: Compiler, subject: str, hashed: str) -> tuple[str, str]:
    hash_ = compiler.names.bind(mmh3.mmh3_32_uintdigest)
    return f"not (subject := {subject})", f"{hash_}(({hashed}).encode())"


def _arms(compiler: Compiler, shares: Sequence[Any]) -> tuple[Sequence[tuple[str, Any]], Any] | None:
    """Return the last two fields of a `Draw`."""
    if all(map(compiler.facts.is_constant, shares)):
        return _of_constants(compiler, shares)
    match shares:
        case [[str(growing), weight], [str(other), rest]] if (ramp := read_ramp(weight, rest)) and _is_even(ramp):
            return [(_ramp_test(compiler, ramp), growing)], other
    return None


def _of_constants(compiler: Compiler, shares: Sequence[Any]) -> tuple[Sequence[tuple[str, Any]], Any] | None:
    split = [arm for arm in fractional.arms(shares) or () if arm.weight]
    if not split:
        return None
    ends = list(accumulate(arm.weight for arm in split))
    tests = [f"{{}} < {compiler.names.bind(_least_hash(end, ends[-1]))}" for end in ends[:-1]]
    return list(zip(tests, (arm.variant for arm in split), strict=False)), split[-1].variant


def _least_hash(end: int, total: int) -> int:
    """Return the first 32-bit hash whose bucket, `hash * total >> 32`, is `end` or more."""
    return -(-(end << 32) // total)


def _is_even(ramp: ReadRamp) -> bool:
    """Tell whether the two weights have the same sum at all times, and neither is ever below 0."""
    in_order = ramp.zero <= ramp.start <= ramp.end <= ramp.full
    is_whole = all(type(moment) is int for moment in ramp)
    return is_whole and in_order and 0 < ramp.full - ramp.zero <= fractional.MAX_TOTAL_WEIGHT


def _ramp_test(compiler: Compiler, ramp: ReadRamp) -> str:
    """Write whether the growing variant is drawn by now: each bucket is in from a moment on that it tells itself."""
    total, begin, start, end = map(compiler.names.bind, (ramp.full - ramp.zero, ramp.zero + 1, ramp.start, ramp.end))
    moment = f"(moment := ({{}} * {total} >> 32) + {begin})"
    return f"({moment} <= {start} or (moment <= {end} and clock.time() >= moment))"
