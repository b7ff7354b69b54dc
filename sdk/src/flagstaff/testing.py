"""Flags for tests: an OpenFeature provider whose flags a test sets. pytest finds the fixture `flagstaff_flags`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from openfeature import api
from openfeature.event import ProviderEventDetails
from openfeature.provider import FeatureProvider
from openfeature.provider._registry import provider_registry

from flagstaff.engine.engine import Engine
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


@contextmanager
def only_provider(provider: FeatureProvider) -> Iterator[None]:
    """Make this OpenFeature's provider for every domain; those that are set in the block are left aside.

    An application that sets its own provider when it is created would replace the one of its test.
    """
    before, domains = provider_registry._default_provider, dict(provider_registry._providers)
    provider_registry._providers.clear()
    api.set_provider_and_wait(provider)
    names = ("set_default_provider", "set_provider")
    for name in names:
        setattr(provider_registry, name, _leave_aside)
    try:
        yield
    finally:
        for name in names:
            delattr(provider_registry, name)
        api.set_provider_and_wait(before)
        provider_registry._providers.update(domains)


def _leave_aside(*_: object, **__: object) -> None:
    """Take a provider that is not to be used."""


def static(value: Any) -> dict[str, Any]:
    """Return the definition of a flag with one value for everyone."""
    return {"state": "ENABLED", "variants": {"value": value}, "defaultVariant": "value"}
