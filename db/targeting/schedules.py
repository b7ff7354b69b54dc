"""Steps of a schedule, and ramps: read from the JSON that people send, and checked against what the model allows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from db import validation
from db.errors import InvalidInputError
from db.targeting import zoned_times
from db.targeting.rules import check_split, known_variant, read_split
from flagstaff.targeting import TOTAL_WEIGHT, UNCHANGED, Ramp, Share, Split, Step, Unchanged
from flagstaff.targeting.schedule import MAX_RAMP

MAX_STEPS: Final = 100
MIN_RAMP_SECONDS: Final = 60

_STEP: Final = {"at", "zone", "enabled", "rollout", "defaultVariant"}
_RAMP: Final = {"variant", "from", "to", "start", "end", "zone"}


def read_schedule(given: object) -> tuple[Step, ...]:
    """Read steps, as `Step.to_json` writes them, from JSON that may be anything; raises InvalidInputError."""
    if not isinstance(given, list | tuple) or len(given) > MAX_STEPS:
        raise InvalidInputError("invalid_schedule", "schedule", f"schedule must be a list of at most {MAX_STEPS} steps")
    return tuple(_read_step(step, f"schedule[{number}]") for number, step in enumerate(given))


def _read_step(step: object, field: str) -> Step:
    fields = _object(step, field, _STEP, "invalid_schedule", "at")
    zone = zoned_times.zone(fields.get("zone", "UTC"), f"{field}.zone")
    enabled = fields.get("enabled")
    default: Any = fields.get("defaultVariant", UNCHANGED)
    return Step(
        zoned_times.moment(fields["at"], zone, f"{field}.at"),
        zone,
        None if enabled is None else validation.boolean(enabled, f"{field}.enabled", code="invalid_schedule"),
        _read_rollout(fields.get("rollout", UNCHANGED), f"{field}.rollout"),
        default,
    )


def _read_rollout(given: object, field: str) -> Split | Unchanged | None:
    return given if given is None or isinstance(given, Unchanged) else read_split(given, field)


def read_ramp(given: object, field: str = "ramp") -> Ramp:
    """Read a ramp, as `Ramp.to_json` writes it, from JSON that may be anything; raises InvalidInputError."""
    fields = _object(given, field, _RAMP, "invalid_ramp", "variant", "from", "to", "start", "end")
    zone = zoned_times.zone(fields.get("zone", "UTC"), f"{field}.zone")
    weights = [_weight(fields[name], f"{field}.{name}") for name in ("from", "to")]
    start, end = (zoned_times.moment(fields[name], zone, f"{field}.{name}") for name in ("start", "end"))
    return Ramp(fields["variant"], weights[0], weights[1], start, end, zone)


def _weight(given: object, field: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 100:
        raise InvalidInputError("invalid_ramp", field, f"{field} must be a percentage from 0 to 100")
    try:
        return Share.of_percent("", given).weight
    except ValueError:
        raise InvalidInputError("invalid_ramp", field, f"{field} must have at most 3 decimals, not {given}") from None


def _object(given: object, field: str, known: Collection[str], code: str, *needed: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise InvalidInputError(code, field, f"{field} must be an object with {', '.join(sorted(known))}")
    if unknown := sorted(map(str, set(given) - set(known))):
        message = f"{field} must be an object with {', '.join(sorted(known))}, not {', '.join(unknown)}"
        raise InvalidInputError(code, field, message)
    for name in needed:
        if given.get(name) is None:
            raise InvalidInputError(code, f"{field}.{name}", f"{field}.{name} is missing")
    return given


def check_schedule(steps: Sequence[Step], variants: Collection[str], *, is_static: bool) -> None:
    """Raise InvalidInputError for steps that the model does not allow for a flag with these variants."""
    if len(steps) > MAX_STEPS:
        raise InvalidInputError("invalid_schedule", "schedule", f"schedule must be a list of at most {MAX_STEPS} steps")
    for number, (before, after) in enumerate(pairwise(steps), 1):
        if after.at <= before.at:
            message = "the steps of the schedule must be in the order of their times, each later than the one before"
            raise InvalidInputError("invalid_schedule", f"schedule[{number}].at", message)
    for number, step in enumerate(steps):
        _check_step(step, f"schedule[{number}]", variants, is_static)


def _check_step(step: Step, field: str, variants: Collection[str], is_static: bool) -> None:
    if step.is_empty:
        message = f"{field} must change something: enabled, rollout or defaultVariant"
        raise InvalidInputError("invalid_schedule", field, message)
    if is_static and (step.rollout is not UNCHANGED or step.default_variant is not UNCHANGED):
        message = f"{field}: the flag is static, so a step can only switch it on or off"
        raise InvalidInputError("invalid_schedule", field, message)
    if step.rollout is not None and not isinstance(step.rollout, Unchanged):
        check_split(step.rollout, f"{field}.rollout", variants)
    if step.default_variant is not None and not isinstance(step.default_variant, Unchanged):
        known_variant(step.default_variant, f"{field}.defaultVariant", variants)


def check_ramp(ramp: Ramp, variants: Collection[str]) -> None:
    """Raise InvalidInputError for a ramp that the model does not allow for a flag with these variants."""
    known_variant(ramp.variant, "ramp.variant", variants)
    if len(variants) != 2:
        message = f"a ramp leads from one of two variants to the other, and this flag has {len(variants)}"
        raise InvalidInputError("invalid_ramp", "ramp", message)
    if ramp.from_weight >= ramp.to_weight:
        message = "ramp.to must be more than ramp.from: a ramp grows; to shrink it, let the other variant grow"
        raise InvalidInputError("invalid_ramp", "ramp.to", message)
    if ramp.end - ramp.start < MIN_RAMP_SECONDS:
        message = f"ramp.end must be at least {MIN_RAMP_SECONDS} seconds after ramp.start"
        raise InvalidInputError("invalid_ramp", "ramp.end", message)
    zero, full = ramp.bounds()
    if full - zero > MAX_RAMP or abs(zero) > 2**53 or full > 2**53:
        message = "the ramp is too slow: it would take more than 68 years from 0 to 100 %"
        raise InvalidInputError("invalid_ramp", "ramp.end", message)


def ended(ramp: Ramp, variants: Collection[str], moment: float) -> Split:
    """Return the rollout that keeps the share which a ramp has at a moment: whoever is in by then stays in.

    The growing variant is first, as in the ramp. A share between two thousandths of a percent is rounded up.
    """
    zero, full = ramp.bounds()
    now = max(ramp.start, min(int(moment), ramp.end))
    weight = -((zero - now) * TOTAL_WEIGHT // (full - zero))
    other = next(name for name in variants if name != ramp.variant)
    shares = Share(ramp.variant, weight), Share(other, TOTAL_WEIGHT - weight)
    return tuple(share for share in shares if share.weight)
