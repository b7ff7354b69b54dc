"""Flags for tests: an OpenFeature provider whose flags a test sets. pytest finds the fixture `flagstaff_flags`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from openfeature.event import ProviderEventDetails
from openfeature.provider import FeatureProvider
from openfeature.provider._registry import ProviderRegistry, provider_registry

from flagstaff.engine.engine import Engine
from flagstaff.jsonlogic import nodes, operations
from flagstaff.resolution import EngineProvider

__all__ = ["InMemoryProvider", "only_provider"]


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
            ValueError: it is no flagd definition, or has an operation that there is not, which
                evaluators find only where they come to it.
        """
        Engine({"flags": {key: definition}})
        names = {nodes.operation(node)[0] for node in nodes.operations(definition.get("targeting"))}
        if unknown := sorted(names - operations.NAMES):
            raise ValueError(f"flag {key!r}: {', '.join(map(repr, unknown))} is not a JsonLogic or flagd operation")
        self._engine.update({key: definition})
        if problem := self._engine.errors.get(key):
            self._engine.update({}, [key])
            raise ValueError(problem)
        self.emit_provider_configuration_changed(ProviderEventDetails(flags_changed=[key]))

    def remove(self, key: str) -> None:
        """Serve this flag no more."""
        self._engine.update({}, [key])
        self.emit_provider_configuration_changed(ProviderEventDetails(flags_changed=[key]))


@contextmanager
def only_provider(provider: FeatureProvider) -> Iterator[None]:
    """Make this OpenFeature's provider for every domain; those that are set in the block are left aside.

    An application that sets its own provider when it is created would replace the one of its test. Those that were set
    before go on as they are, and are neither shut down nor begun again: they may have no server in a test.
    """
    domain = f"only provider {id(provider)}"
    ProviderRegistry.set_provider(provider_registry, domain, provider, wait_for_init=True)
    replaced: dict[str, Any] = {
        **dict.fromkeys(("set_provider", "set_default_provider", "shutdown", "clear_providers"), _leave_aside),
        **dict.fromkeys(("get_provider", "get_default_provider"), lambda *_: provider),
    }
    try:
        with patch.multiple(provider_registry, **replaced):
            yield
    finally:
        provider_registry._providers.pop(domain, None)
        provider_registry._shutdown_if_unused(provider)


def _leave_aside(*_: object, **__: object) -> None:
    """Do nothing with the application's own provider."""


def static(value: Any) -> dict[str, Any]:
    """Return the definition of a flag with one value for everyone."""
    return {"state": "ENABLED", "variants": {"value": value}, "defaultVariant": "value"}
