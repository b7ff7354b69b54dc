"""Which share of a split a subject falls into: flagd's `fractional` operation.

Both bucketings of flagd hash with MurmurHash3 (32 bits, x86) and end in `bucket = hash * total_weight >> 32`, all in
integers, so that no rounding ever moves anybody (https://flagd.dev/reference/custom-operations/fractional-operation/).
They differ in what they hash:

* `v2`, of flagd itself: a text in UTF-8;
* `v3`, accepted for flagd's future (`openfeature-flagd-core` 2.0.0): the canonical CBOR of any value (RFC 8949).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import mmh3

MAX_TOTAL_WEIGHT = 2**31 - 1
"""The largest sum of weights that flagd allows."""


class Bucketing(StrEnum):
    """What a document's metadata calls `fractionalBucketing`."""

    V2 = "v2"
    V3 = "v3"


class Arm(NamedTuple):
    """One share of a split: what it serves, and its weight relative to the others."""

    variant: Any
    weight: int


def hash_text(value: str) -> int:
    """Return the hash that `v2` buckets by.

    The text is encoded here because `mmh3` crashes the process on a text that UTF-8 can't encode.

    Raises:
        UnicodeEncodeError: the text holds half of a surrogate pair.
    """
    return mmh3.mmh3_32_uintdigest(value.encode())


def hash_cbor(value: Any) -> int:
    """Return the hash that `v3` buckets by; whole floats count as integers, as JSON can't tell them apart.

    Raises:
        UnicodeEncodeError: a text in the value holds half of a surrogate pair.
    """
    return mmh3.mmh3_32_uintdigest(_short_text(value) or _cbor(value))


def _short_text(value: Any) -> bytes | None:
    """Return what nearly every subject is, encoded here: the library takes dozens of times as long to set itself up."""
    encoded = value.encode() if isinstance(value, str) else b""
    if not encoded or len(encoded) > 255:
        return None
    return (bytes((0x60 + len(encoded),)) if len(encoded) < 24 else bytes((0x78, len(encoded)))) + encoded


def _cbor(value: Any) -> bytes:
    import cbor2  # only deployments that chose v3 pay for loading it

    return cbor2.dumps(_whole_floats_as_integers(value), canonical=True)


def _whole_floats_as_integers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole_floats_as_integers(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_whole_floats_as_integers(item) for item in value]
    if isinstance(value, float) and value.is_integer() and -(2**63) <= value < 2**64:
        return int(value)
    return value


HASH: Mapping[Bucketing, Callable[[Any], int]] = {Bucketing.V2: hash_text, Bucketing.V3: hash_cbor}


def arms(shares: Sequence[Any]) -> list[Arm] | None:
    """`[[variant, weight], …]` read as flagd reads it; None if it is no split that could be drawn from.

    A missing weight is 1, a negative one (they come out of computed rollouts) is 0.
    """
    read = [_arm(share) for share in shares]
    if None in read:
        return None
    known = [arm for arm in read if arm is not None]
    return known if 0 < sum(arm.weight for arm in known) <= MAX_TOTAL_WEIGHT else None


def _arm(share: Any) -> Arm | None:
    if not isinstance(share, list) or len(share) not in (1, 2):
        return None
    weight = share[1] if len(share) == 2 else 1
    if isinstance(weight, bool) or not isinstance(weight, int):
        return None
    return Arm(share[0], max(0, weight))


def draw(hashed: int, split: Sequence[Arm]) -> Any:
    """Return the variant of the arm that a 32-bit hash falls into."""
    bucket = hashed * sum(arm.weight for arm in split) >> 32
    end = 0
    for arm in split:
        end += arm.weight
        if bucket < end:
            return arm.variant
    return None


def fractional(bucketing: Bucketing, flag_key: str, targeting_key: Any, arguments: Sequence[Any]) -> Any:
    """flagd's operation on arguments already evaluated: `[bucketing value?, [variant, weight], …]`.

    Without a bucketing value the flag's key and the targeting key stand in for it. None means "no answer": there is no
    subject to bucket, or a split that could not be read.
    """
    if not arguments:
        return None
    subject, shares = _subject(bucketing, flag_key, targeting_key, arguments)
    if subject is None or (subject == "" and bucketing is Bucketing.V2):
        return None
    split = arms(shares)
    return None if split is None else draw(HASH[bucketing](subject), split)


def _subject(
    bucketing: Bucketing, flag_key: str, targeting_key: Any, arguments: Sequence[Any]
) -> tuple[Any, Sequence[Any]]:
    first = arguments[0]
    if bucketing is Bucketing.V3:
        if not isinstance(first, list):
            return first, arguments[1:]
        return ([flag_key, targeting_key] if targeting_key and isinstance(targeting_key, str) else None), arguments
    if isinstance(first, str):
        return first, arguments[1:]
    return (flag_key + targeting_key if targeting_key else None), arguments
