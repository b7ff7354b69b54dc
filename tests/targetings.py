"""Targetings of members, rules and rollouts, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flagstaff.targeting import Configuration, Members, Rule, Share, build


def logic_of(members: Members, rules: Sequence[Rule], rollout: Sequence[Share] | None) -> Any:
    """Return the JsonLogic of a flag that has these and nothing else."""
    split = None if rollout is None else tuple(rollout)
    return build(Configuration("flag", members=members, rules=tuple(rules), rollout=split)).logic
