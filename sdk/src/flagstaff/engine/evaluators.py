"""The document's `$evaluators`: parts of targetings that flags refer to, made ready once for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from flagstaff.jsonlogic import nodes


class Evaluators:
    """Evaluators in which lists of texts are sets.

    Those that are as before stay the same objects, so that what was made of them is still good.
    """

    def __init__(self, given: Mapping[str, Any], before: Evaluators | None = None) -> None:
        self._given = dict(given)
        self.prepared: Mapping[str, Any] = {
            name: before._taken_over(name, logic) if before else _with_sets(logic) for name, logic in given.items()
        }

    def _taken_over(self, name: str, logic: Any) -> Any:
        """Return what an evaluator is now: the object that it was, where nothing is different."""
        if name not in self._given:
            return _with_sets(logic)
        if logic is self._given[name]:
            return self.prepared[name]
        made = _with_sets(logic)
        return self.prepared[name] if made == self.prepared[name] else made

    def changed_since(self, before: Evaluators) -> Set[str]:
        """Return the names of those that are others than before, and of those that refer to such."""
        now, then = self.prepared, before.prepared
        found = {name for name in now.keys() | then.keys() if now.get(name) is not then.get(name)}
        latest = found
        while latest:
            latest = {name for name, logic in now.items() if name not in found and nodes.references(logic) & latest}
            found |= latest
        return found


def _with_sets(logic: Any) -> Any:
    if isinstance(logic, list):
        return [_with_sets(part) for part in logic]
    match logic:
        case {"in": [subject, [str(), *_] as texts]} if len(logic) == 1:
            return {"in": [subject, nodes.texts(texts) or texts]}
    return {name: _with_sets(part) for name, part in logic.items()} if isinstance(logic, dict) else logic
