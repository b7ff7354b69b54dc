"""Translate between what people edit (members, rules, rollouts, schedules) and the JsonLogic that says the same.

Imports `flagstaff.jsonlogic` only.
"""

from flagstaff.targeting.branches import Branch, Kind, read
from flagstaff.targeting.building import Catalog, Targeting, build
from flagstaff.targeting.conditions import AnyOf, Condition, Test
from flagstaff.targeting.configuration import Configuration, Members, Prerequisite
from flagstaff.targeting.entity import ENTITY_ID, ENTITY_TYPE, entity_id
from flagstaff.targeting.layers import Layer, LayerRange, LayerUse, Span
from flagstaff.targeting.rules import TOTAL_WEIGHT, Rule, Share, Split
from flagstaff.targeting.schedule import UNCHANGED, Ramp, Rollout, Step, Unchanged
from flagstaff.targeting.segments import NOTHING_KNOWN, Known, Segment

__all__ = [
    "ENTITY_ID",
    "ENTITY_TYPE",
    "NOTHING_KNOWN",
    "TOTAL_WEIGHT",
    "UNCHANGED",
    "AnyOf",
    "Branch",
    "Catalog",
    "Condition",
    "Configuration",
    "Kind",
    "Known",
    "Layer",
    "LayerRange",
    "LayerUse",
    "Members",
    "Prerequisite",
    "Ramp",
    "Rollout",
    "Rule",
    "Segment",
    "Share",
    "Span",
    "Split",
    "Step",
    "Targeting",
    "Test",
    "Unchanged",
    "build",
    "entity_id",
    "read",
]
