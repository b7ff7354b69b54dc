"""What became of a list of rules, in words."""

from __future__ import annotations

from typing import Any

import pytest

from db.wording.differences import in_one_line, lines


def rule(country: str, variant: str = "on") -> dict[str, Any]:
    return {"conditions": [{"field": "country", "operator": "eq", "value": country}], "variant": variant}


DE, FR, IT, US = (rule(country) for country in ("DE", "FR", "IT", "US"))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ([], [DE], "rule 1 added: country is DE → on"),
        ([DE, FR, IT], [DE, IT], "rule 2 removed: country is FR → on; order: rule 3 → rule 2"),
        ([DE, FR, IT, US], [FR, IT, US], "rule 1 removed: country is DE → on; order: rules 2 to 4 → rules 1 to 3"),
        ([DE, IT], [DE, FR, IT], "rule 2 added: country is FR → on; order: rule 2 → rule 3"),
        ([DE, FR], [DE, rule("FR", "off")], "rule 2: country is FR → on → country is FR → off"),
        ([DE], [], "rule 1 removed: country is DE → on"),
        ([DE, DE], [DE], "rule 2 removed: country is DE → on"),
        ([DE, FR], [DE, FR], "no difference"),
    ],
)
def test_rules_that_came_went_and_changed(before: list[Any], after: list[Any], told: str) -> None:
    assert in_one_line(lines({"rules": before}, {"rules": after}, None)) == told


@pytest.mark.parametrize(("before", "after"), [([DE, FR, IT], [DE, IT, FR]), ([DE, FR, IT], [FR, DE, IT])])
def test_a_rule_that_moved_is_told_once(before: list[Any], after: list[Any]) -> None:
    (line,) = lines({"rules": before}, {"rules": after}, None)
    assert line.what.startswith("rule ") and line.what.endswith(" now")
    assert line.before == line.after
