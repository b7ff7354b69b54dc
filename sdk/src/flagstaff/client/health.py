"""How the definitions are, told to whoever wants to know: once for each time that it changes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from enum import Enum
from typing import Protocol

from flagstaff.engine.engine import Engine


class Watcher(Protocol):
    """Who uses the definitions, and wants to know how they are."""

    def definitions_in_use(self, engine: Engine) -> None:
        """Evaluate with this engine from now on."""

    def definitions_changed(self, keys: Sequence[str]) -> None:
        """Hear that these flags changed, came or went."""

    def definitions_current(self) -> None:
        """Hear that the definitions are current, after they were not."""

    def definitions_stale(self, why: str) -> None:
        """Hear that the server can't be reached, or gives nothing of use; what was good last is in use."""

    def key_refused(self, why: str) -> None:
        """Hear that the server no longer accepts the key; what was good last is in use."""


class HealthState(Enum):
    """How the definitions are."""

    CURRENT = "current"
    STALE = "stale"
    REFUSED = "refused"


class Health:
    """The state, and what the watcher has been told of it. Silent until `begin_to_tell`."""

    def __init__(self, watcher: Watcher) -> None:
        self.state: HealthState | None = None
        self.why = ""
        """What is wrong, where something is."""
        self._watcher = watcher
        self._told: HealthState | None = None
        self._silent = True

    def set(self, state: HealthState, why: str = "") -> None:
        """Note how the definitions are, and tell it where it is news."""
        self.state, self.why = state, why
        self._tell()

    def changed(self, keys: Sequence[str]) -> None:
        """Tell that flags changed."""
        if keys and not self._silent:
            self._watcher.definitions_changed(keys)

    def begin_to_tell(self, assumed: HealthState | None) -> None:
        """From now on tell of changes to the state; the watcher takes it to be this one.

        Where it is another, it is told a moment later: OpenFeature calls a provider ready once its `initialize` has
        returned, whatever it said before.
        """
        self._told, self._silent = assumed, False
        if self.state is not assumed:
            soon = threading.Timer(0.05, self._tell)
            soon.daemon = True
            soon.start()

    def _tell(self) -> None:
        if self._silent or self.state is self._told:
            return
        self._told = self.state
        if self.state is HealthState.CURRENT:
            self._watcher.definitions_current()
        elif self.state is HealthState.STALE:
            self._watcher.definitions_stale(self.why)
        else:
            self._watcher.key_refused(self.why)
