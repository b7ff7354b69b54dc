"""Flags for tests: an OpenFeature provider whose flags a test sets. pytest finds the fixture `flagstaff_flags`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openfeature.event import ProviderEventDetails

from flagstaff.engine.engine import Engine
from flagstaff.resolution import EngineProvider

__all__ = ["InMemoryProvider"]


class InMemoryProvider(EngineProvider):
    """Serves the flags that it is given.

    Args:
        flags: values by flag key: booleans, strings, numbers, objects and lists.
    """

    def __init__(self, flags: Mapping[str, Any] | None = None) -> None:
        super().__init__("Flagstaff in memory")
        self._engine = Engine({"flags": {key: static(value) for key, value in (flags or {}).items()}})
        self.evaluate = self._engine.evaluate

    def set(self, key: str, value: Any) -> None:
        """Serve this value for everyone from now on."""
        self.define(key, static(value))

    def define(self, key: str, definition: Mapping[str, Any]) -> None:
        """Serve a flag by its flagd definition, targeting and all, from now on.

        Raises:
            ValueError: it is no flagd definition.
        """
        Engine({"flags": {key: definition}})
        self._engine.update({key: definition})
        if problem := self._engine.errors.get(key):
            self._engine.update({}, [key])
            raise ValueError(problem)
        self.emit_provider_configuration_changed(ProviderEventDetails(flags_changed=[key]))

    def remove(self, key: str) -> None:
        """Serve this flag no more."""
        self._engine.update({}, [key])
        self.emit_provider_configuration_changed(ProviderEventDetails(flags_changed=[key]))


def static(value: Any) -> dict[str, Any]:
    """Return the definition of a flag with one value for everyone."""
    return {"state": "ENABLED", "variants": {"value": value}, "defaultVariant": "value"}
