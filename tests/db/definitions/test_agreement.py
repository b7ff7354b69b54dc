"""Whatever people put together, flagd's own evaluator answers for our document what our engine answers.

Generated members, rules with every operator, groups of conditions, segments, rollouts, ramps, schedules and
prerequisites go through the tables into a document; flagd's schema must
accept it, and flagd's reference evaluator must agree with the engine for each context.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.definitions import document as definitions
from db.errors import FlagNotFoundError
from db.flags import flags
from tests.db.definitions.flagd_schema import problems
from tests.db.definitions.generated_flags import (
    ENTITY_TYPES,
    IDS,
    NUMBERS,
    TEXTS,
    TYPES,
    Drawn,
    make_segments,
    new_flags,
)
from tests.db.helpers import ADA
from tests.sdk.engine import flagd_oracle
from tests.sdk.engine.test_agreement import agree

EXAMPLES = int(os.environ.get("FLAGSTAFF_AGREEMENT_EXAMPLES", "5000")) // 100

scalars = st.sampled_from([*TEXTS, *NUMBERS, "", None, True, False, "1.2.4", 1_800_000_000])
attributes = st.fixed_dictionaries(
    {},
    optional={
        **{name: scalars | st.just(["US"]) for name in ("country", "age", "version", "beta")},
        "attributes": st.fixed_dictionaries({}, optional={"plan": scalars}) | st.just("none"),
        "entityType": st.sampled_from([*ENTITY_TYPES, "", "other"]),
        "entityId": st.sampled_from([*IDS, "", 7, "nobody"]),
    },
)
asked = st.lists(st.tuples(st.none() | st.sampled_from([*IDS, "", "nobody"]), attributes), min_size=6, max_size=12)


@pytest.fixture
def with_segments(database: None) -> None:
    make_segments()


@pytest.mark.usefixtures("with_segments")
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(drawn=new_flags(), contexts=asked)
def test_the_engine_and_flagd_agree_on_our_documents(drawn: Drawn, contexts: list[Any]) -> None:
    made = [*drawn.needed, drawn.new]
    try:
        for new in made:
            flags.create(new, "prod", actor=ADA)
        written = definitions.to_bytes(definitions.document("prod", bucketing="v3"))
    finally:
        for new in reversed(made):
            with suppress(FlagNotFoundError):
                flags.archive(new.key, actor=ADA)
    assert problems(written) == []
    document = json.loads(written)
    value_type = TYPES[str(drawn.new.value_type)]
    agree(document, flagd_oracle.ask(document, value_type, contexts, "ours"), contexts, "v3")
