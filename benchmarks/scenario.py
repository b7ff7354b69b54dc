"""The flags that every contestant evaluates, as flagd writes them, and for whom."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from db.vocabulary import JsonObject
from flagstaff import targeting
from flagstaff.targeting.conditions import Condition

TARGETED = "new-checkout"
STATIC = "dark-mode"
MEMBERS = ("john", "mary")
COUNTRIES = ["US", "CA"]
PLAN = "premium"
SHARE = 25
RULE: JsonObject = {
    "name": "premium in North America",
    "conditions": [
        {"field": "country", "operator": "in", "value": COUNTRIES},
        {"field": "plan", "operator": "eq", "value": PLAN},
    ],
    "split": [{"variant": "on", "weight": SHARE}, {"variant": "off", "weight": 100 - SHARE}],
}
"""The targeted flag's conditions and split, as our API takes them."""

Document = dict[str, Any]


def context(user: str, country: str = "US", plan: str = PLAN) -> dict[str, Any]:
    """Who is asking, as OpenFeature spells it."""
    return {"targetingKey": user, "country": country, "plan": plan}


def document(members: Collection[str] = MEMBERS, flags: int = 1) -> Document:
    """A flagd document as a person would write it: the targeted flag, the static one, and copies up to `flags`."""
    return _document(_by_hand(members), flags)


def our_document(members: Collection[str] = MEMBERS, flags: int = 1) -> Document:
    """The same flags as Flagstaff writes them: with guards against absent and wrong-typed fields."""
    rule = targeting.Rule(
        (Condition("country", "in", COUNTRIES), Condition("plan", "eq", PLAN)),
        (targeting.Share.of_percent("on", SHARE), targeting.Share.of_percent("off", 100 - SHARE)),
    )
    configuration = targeting.Configuration("", members={("on", "user"): members}, rules=(rule,))
    return _document(targeting.build(configuration).logic, flags)


def _by_hand(members: Collection[str]) -> Any:
    return {
        "if": [
            {"in": [{"var": "targetingKey"}, members]},
            "on",
            {"and": [{"in": [{"var": "country"}, COUNTRIES]}, {"==": [{"var": "plan"}, PLAN]}]},
            {"fractional": [["on", SHARE], ["off", 100 - SHARE]]},
            None,
        ]
    }


def _document(logic: Any, flags: int) -> Document:
    targeted = {**_flag("off"), "targeting": logic}
    copies = {f"flag-{number}": targeted for number in range(flags - 1)}
    return {"flags": {TARGETED: targeted, STATIC: _flag("on"), **copies}}


def _flag(default: str) -> Document:
    return {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": default}
