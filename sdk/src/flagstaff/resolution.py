"""From the engine's answers to OpenFeature's: a provider over an engine, wherever its flags come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType, Reason
from openfeature.hook import Hook
from openfeature.provider import AbstractProvider, Metadata
from openfeature.track import TrackingEventDetails

from flagstaff.engine.evaluation import Evaluation
from flagstaff.openfeature_context import attributes_of

T = TypeVar("T")
Structure = Sequence[FlagValueType] | Mapping[str, FlagValueType]
NAMES = {bool: "boolean", str: "string", int: "number", float: "number", dict: "object", list: "object"}


class EngineProvider(AbstractProvider):
    """Resolves flags with an engine, in the caller's thread and without waiting for anything."""

    evaluate: Callable[[str, Mapping[str, Any]], Evaluation]
    """The engine's; before there are definitions, `evaluate_nothing`."""

    def __init__(self, name: str, hooks: Sequence[Hook] = ()) -> None:
        super().__init__()
        self.evaluate = self.evaluate_nothing
        self._metadata = Metadata(name)
        self._hooks = list(hooks)

    @property
    def problem(self) -> str:
        """What keeps definitions from being there, in words; empty where nothing is known of it."""
        return ""

    def evaluate_nothing(self, key: str, context: Mapping[str, Any]) -> Evaluation:
        """Answer that there are no definitions yet, and why."""
        why = f": {self.problem}" if self.problem else ""
        message = f"there are no flag definitions yet{why}"
        return Evaluation(None, None, Reason.ERROR, ErrorCode.PROVIDER_NOT_READY, message)

    def get_metadata(self) -> Metadata:
        """Return the provider's name."""
        return self._metadata

    def get_provider_hooks(self) -> list[Hook]:
        """Return the hooks that it was made with."""
        return self._hooks

    def track(
        self,
        tracking_event_name: str,
        evaluation_context: EvaluationContext | None = None,
        tracking_event_details: TrackingEventDetails | None = None,
    ) -> None:
        """Does nothing yet: Flagstaff takes no tracking events."""

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        """Return a boolean flag's value, and why."""
        answer = self.evaluate(flag_key, attributes_of(evaluation_context))
        value, variant, reason, _, _, metadata = answer
        if type(value) is bool:
            return FlagResolutionDetails(value, None, None, reason, variant, {**metadata})
        return otherwise(answer, default_value, "boolean")

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        """Return a string flag's value, and why."""
        answer = self.evaluate(flag_key, attributes_of(evaluation_context))
        value, variant, reason, _, _, metadata = answer
        if type(value) is str:
            return FlagResolutionDetails(value, None, None, reason, variant, {**metadata})
        return otherwise(answer, default_value, "string")

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        """Return a number flag's value where it is whole, and why."""
        answer = self.evaluate(flag_key, attributes_of(evaluation_context))
        value, variant, reason, _, _, metadata = answer
        if type(value) is int or (type(value) is float and value.is_integer()):  # JSON makes no difference
            return FlagResolutionDetails(int(value), None, None, reason, variant, {**metadata})
        return otherwise(answer, default_value, "whole number")

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        """Return a number flag's value, and why."""
        answer = self.evaluate(flag_key, attributes_of(evaluation_context))
        value, variant, reason, _, _, metadata = answer
        if type(value) in (float, int):  # JSON writes 10.0 as 10, and OpenFeature refuses an int for a float
            return FlagResolutionDetails(float(value), None, None, reason, variant, {**metadata})
        return otherwise(answer, default_value, "number")

    def resolve_object_details(
        self, flag_key: str, default_value: Structure, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[Structure]:
        """Return a structured flag's value, and why. The value is the caller's own copy."""
        answer = self.evaluate(flag_key, attributes_of(evaluation_context))
        value, variant, reason, _, _, metadata = answer
        if type(value) in (dict, list):
            return FlagResolutionDetails(copied(value), None, None, reason, variant, {**metadata})
        return otherwise(answer, default_value, "object")


def otherwise(answer: Evaluation, default: T, wanted: str) -> FlagResolutionDetails[T]:
    """Return the caller's default: the flag leaves it to the caller, is of another type, or can't be evaluated."""
    if answer.error_code is not None:
        code, message, reason = answer.error_code, answer.error_message, Reason.ERROR
    elif answer.variant is None:
        return FlagResolutionDetails(default, reason=answer.reason, flag_metadata=dict(answer.metadata))
    else:
        code, reason = ErrorCode.TYPE_MISMATCH, Reason.ERROR
        message = f"the flag's value is a {NAMES.get(type(answer.value), 'null')}, and a {wanted} was asked for"
    return FlagResolutionDetails(
        default, error_code=code, error_message=message, reason=reason, flag_metadata=dict(answer.metadata)
    )


def copied(value: Any) -> Any:
    """Return a structure of the caller's own: whatever is done to it, the flag stays as it is."""
    if isinstance(value, dict):
        return {name: copied(item) for name, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value
