"""What an explanation says of splits: whose text was hashed, which share that led to, and where in a layer they are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from flagstaff.engine.compiler.parts import Parts
from flagstaff.engine.layer_place import LayerPlace, place_of
from flagstaff.engine.steps import Step, clipped
from flagstaff.targeting.branches import Branch
from flagstaff.targeting.entity import entity_id, entity_type
from flagstaff.targeting.operators import moment_text
from flagstaff.targeting.segments import Known


class Splits:
    """Tells of the splits of one flag's targeting, for one context."""

    def __init__(self, parts: Parts, context: Mapping[str, Any], known: Known) -> None:
        self._parts = parts
        self._context = context
        self._layers = known.layers

    @cached_property
    def entity(self) -> str:
        """The context's entity in words. Raises what making a text of its id raises."""
        found = entity_id(self._context)
        return f"{clipped(entity_type(self._context))} {clipped(found)}" if found else "a context without an entity"

    def rollout(self, branch: Branch, matched: bool, variant: str | None) -> Step:
        """Return the step of a rollout or ramp."""
        what, gate = _rollout(branch), branch.gate
        place = self._place(branch)
        if gate is None or place is None:
            text = self.text(what, branch, variant)
            return Step("rollout", matched, text, variant, more=self.hashed(branch, variant))
        found = place.in_words(self._who(gate.split_by, gate.text["cat"][1]))
        what += f" is for {gate.span} of the layer {clipped(gate.layer)}; {found}"
        text = self.text(f"{what}, and its split", branch, variant) if matched else what
        return Step("rollout", matched, text, variant, more={"layer": place.to_json(), **self.hashed(branch, variant)})

    def _place(self, branch: Branch) -> LayerPlace | None:
        """Return where in its layer a rollout looks; None where it is in none, or the context lacks what it needs."""
        if branch.gate is None or self._missing(branch):
            return None
        hashed = self._parts.evaluate(branch.gate.text, self._context)
        return place_of(hashed, branch.gate, self._parts.bucketing, self._layers.get(branch.gate.layer))

    def text(self, what: str, branch: Branch, variant: str | None) -> str:
        """Describe a split, which `what` names: where it puts whom, or what it would need."""
        what = f"{what} {_shares(branch)}"
        if variant is not None:
            return f"{what} puts {self._who(branch.split_by, branch.hashed['cat'][2])} into {variant}"
        if None in (missing := self._missing(branch)):
            return f"{what} needs an entity, which the context does not name"
        fields = clipped(" and ".join(map(str, missing)))
        return f"{what} needs {fields}, which the context does not have as a text or a number"

    def _missing(self, branch: Branch) -> list[str | None]:
        """Return the fields that a split or its layer hashes, as far as they are absent; None is the entity's id."""
        asked = {branch.split_by: branch.hashed["cat"][2]}
        if branch.gate is not None:
            asked[branch.gate.split_by] = branch.gate.text["cat"][1]
        return [field for field, subject in asked.items() if not self._parts.evaluate(subject, self._context)]

    def _who(self, split_by: str | None, subject: Any) -> str:
        """Return in words who has the same text hashed, whatever else they are."""
        if split_by is None:
            return self.entity
        return f"everyone whose {clipped(split_by)} is {clipped(self._parts.evaluate(subject, self._context))}"

    def hashed(self, branch: Branch, variant: str | None) -> dict[str, Any]:
        """Return what the step of a split that decided says of the text that was hashed."""
        if branch.hashed is None or variant is None:
            return {}
        by = {} if branch.split_by is None else {"splitBy": branch.split_by}
        return {**by, "hashed": clipped(self._parts.evaluate(branch.hashed, self._context))}


def _shares(branch: Branch) -> str:
    assert isinstance(branch.serves, list)
    return f"({', '.join(f'{weight / 1000:g} % {name}' for name, weight in branch.serves)})"


def _rollout(branch: Branch) -> str:
    if branch.ramp is None:
        return "the rollout"
    return f"the ramp from {moment_text(branch.ramp.start)} to {moment_text(branch.ramp.end)}"
