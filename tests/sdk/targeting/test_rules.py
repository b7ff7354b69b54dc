"""Rules and shares as values: what they write reads back, and a share is exact to the thousandth of a percent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagstaff.targeting import TOTAL_WEIGHT, Condition, Rule, Share

weights = st.integers(0, TOTAL_WEIGHT)
shares = st.builds(Share, st.text(max_size=3), weights)
conditions = st.builds(Condition, st.text(max_size=3), st.sampled_from(["eq", "in"]), st.none() | st.integers())
rules = st.builds(
    Rule,
    st.lists(conditions, max_size=3).map(tuple),
    st.text(max_size=3) | st.lists(shares, min_size=1, max_size=3).map(tuple),
    st.none() | st.text(max_size=3),
)


@given(rules)
def test_what_a_rule_writes_reads_back(rule: Rule) -> None:
    assert Rule.from_json(json.loads(json.dumps(rule.to_json()))) == rule


@given(weights)
def test_a_percentage_is_exact(weight: int) -> None:
    share = Share("on", weight)
    assert Share.of_percent("on", share.percent) == share
    assert str(share.percent) == f"{weight / 1000:.3f}".rstrip("0").rstrip(".")


@pytest.mark.parametrize(
    ("percent", "weight"), [(0.1, 100), (25, 25_000), (25.0, 25_000), (33.333, 33_333), (99.999, 99_999), (1e-3, 1)]
)
def test_a_percentage_means_what_was_written(percent: float, weight: int) -> None:
    assert Share.of_percent("on", percent).weight == weight


@pytest.mark.parametrize("percent", [0.0001, 33.3333, 1e-9])
def test_a_finer_percentage_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="more than 3 decimals"):
        Share.of_percent("on", percent)


@pytest.mark.parametrize(
    ("stored", "rule"),
    [
        (
            {"conditions": [{"field": "a", "operator": "exists"}], "variant": "on"},
            Rule((Condition("a", "exists"),), "on"),
        ),
        (
            {"name": "n", "conditions": [], "split": [{"weight": 100.0, "variant": "on"}]},
            Rule((), (Share("on", TOTAL_WEIGHT),), "n"),
        ),
    ],
    ids=["no name and no value", "jsonb's order, and a whole float"],
)
def test_former_rows_read(stored: dict[str, Any], rule: Rule) -> None:
    assert Rule.from_json(stored) == rule
