"""Translate between what people edit (members, rules, rollouts) and the JsonLogic that says the same.

Imports `flagstaff.jsonlogic` only.
"""

from flagstaff.targeting.branches import (
    BUCKETING_TEXT,
    DEFAULT_ENTITY_TYPE,
    ENTITY_ID,
    ENTITY_TYPE,
    Branch,
    Members,
    build,
    read,
)
from flagstaff.targeting.conditions import Condition
from flagstaff.targeting.rules import TOTAL_WEIGHT, Rule, Share, Split

__all__ = [
    "BUCKETING_TEXT",
    "DEFAULT_ENTITY_TYPE",
    "ENTITY_ID",
    "ENTITY_TYPE",
    "TOTAL_WEIGHT",
    "Branch",
    "Condition",
    "Members",
    "Rule",
    "Share",
    "Split",
    "build",
    "read",
]
