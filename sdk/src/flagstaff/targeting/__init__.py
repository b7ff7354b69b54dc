"""Translate between what people edit (members, rules, rollouts) and the JsonLogic that says the same.

Imports `flagstaff.jsonlogic` only.
"""

from flagstaff.targeting.branches import (
    BUCKETING_TEXT,
    DEFAULT_ENTITY_TYPE,
    ENTITY_ID,
    ENTITY_TYPE,
    TOTAL_WEIGHT,
    Branch,
    Members,
    Rule,
    Split,
    build,
    read,
)

__all__ = [
    "BUCKETING_TEXT",
    "DEFAULT_ENTITY_TYPE",
    "ENTITY_ID",
    "ENTITY_TYPE",
    "TOTAL_WEIGHT",
    "Branch",
    "Members",
    "Rule",
    "Split",
    "build",
    "read",
]
