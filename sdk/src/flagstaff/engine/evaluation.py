"""What an evaluation answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

__all__ = ["ErrorCode", "Evaluation", "Metadata", "Reason"]

Metadata = Mapping[str, str | int | float | bool]
"""Flat, as flagd has it: one level, scalars only."""

NO_METADATA: Metadata = {}


class Evaluation(NamedTuple):
    """The value a flag serves, and why. One object serves every evaluation with the same answer: never change it.

    Where `variant` is None and there is no `error_code`, the flag leaves the answer to the caller's default: it is
    disabled, or nothing matched and it has no default variant. With an `error_code`, the caller's default applies too.
    """

    value: Any
    variant: str | None
    reason: Reason
    error_code: ErrorCode | None = None
    error_message: str | None = None
    metadata: Metadata = NO_METADATA
