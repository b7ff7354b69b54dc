"""Translate between what people edit (members, rules, rollouts) and the JsonLogic that says the same.

Imports `flagstaff.jsonlogic` only.
"""

from flagstaff.targeting.branches import (
    BUCKETING_TEXT,
    Branch,
    Members,
    build,
    read,
)
from flagstaff.targeting.conditions import Condition
from flagstaff.targeting.entity import ENTITY_ID, ENTITY_TYPE, entity_id
from flagstaff.targeting.rules import TOTAL_WEIGHT, Rule, Share, Split

__all__ = [
    "BUCKETING_TEXT",
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
    "entity_id",
    "read",
]
