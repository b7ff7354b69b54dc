"""The answers one flag can give, made once: an evaluation only picks one."""

from __future__ import annotations

from typing import Any

from flagstaff.engine.definition import FlagDefinition, variant_name
from flagstaff.engine.evaluation import NO_METADATA, ErrorCode, Evaluation, Metadata, Reason

MAX_NAME = 200
"""How many characters of a name that is no variant's an error message repeats; it may come from the context."""


class Outcomes:
    """The finished `Evaluation`s of a flag, by what its targeting comes to."""

    def __init__(self, flag: FlagDefinition, metadata: Metadata) -> None:
        self._flag = flag
        self._metadata = metadata
        self._targeted = self._by_variant(Reason.TARGETING_MATCH)
        self._split = self._by_variant(Reason.SPLIT)
        self._defaults = self._by_variant(Reason.DEFAULT)
        self.disabled = Evaluation(None, None, Reason.DISABLED, metadata=metadata)
        self.static = self._default(Reason.STATIC)
        self.unmatched = self._default(Reason.DEFAULT)

    @property
    def has_no_default(self) -> bool:
        """Whether the flag names no default variant."""
        return self._flag.default_variant is None

    def targeted(self, result: Any) -> Evaluation:
        """Return what a targeting's result stands for: a variant's name, or null for "nothing matched"."""
        return self.unmatched if result is None else self._named(self._targeted, result)

    def drawn(self, result: Any) -> Evaluation:
        """Return the same for a result that a split decided."""
        return self.unmatched if result is None else self._named(self._split, result)

    def defaulted(self, result: Any) -> Evaluation:
        """Return the same for a default variant that stands in the targeting, as it does where it changes with time."""
        return self.unmatched if result is None else self._named(self._defaults, result)

    def _named(self, evaluations: dict[str, Evaluation], result: Any) -> Evaluation:
        name = variant_name(result)
        return evaluations.get(name) or self._no_such_variant(name)

    def _by_variant(self, reason: Reason) -> dict[str, Evaluation]:
        return {
            name: Evaluation(value, name, reason, metadata=self._metadata)
            for name, value in self._flag.variants.items()
            if name and value is not None
        }

    def _default(self, reason: Reason) -> Evaluation:
        name = self._flag.default_variant
        if name is None:
            return Evaluation(None, None, Reason.DEFAULT, metadata=self._metadata)
        if name not in self._flag.variants:
            return self._no_such_variant(name)
        return Evaluation(self._flag.variants[name], name, reason, metadata=self._metadata)

    def _no_such_variant(self, name: str) -> Evaluation:
        shown = name if len(name) <= MAX_NAME else f"{name[:MAX_NAME]}…"
        return error(ErrorCode.GENERAL, f"{self._flag.key!r} has no variant {shown!r}", self._metadata)


def error(code: ErrorCode, message: str, metadata: Metadata | None = None) -> Evaluation:
    """Return an answer that says what went wrong; the caller's default applies."""
    return Evaluation(None, None, Reason.ERROR, code, message, metadata or NO_METADATA)
