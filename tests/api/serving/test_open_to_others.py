"""What `make run` opens where others reach it: only what was opened on purpose."""

from __future__ import annotations

import pytest

from api.serving.dev import OPEN, closed
from db.settings import Settings


@pytest.mark.parametrize(
    ("env", "is_open", "sees_all"),
    [
        ({}, False, False),
        ({"FLAGSTAFF_EVALUATION": "open"}, True, False),
        (OPEN, True, True),
    ],
    ids=str,
)
def test_others_see_everything_only_on_purpose(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], is_open: bool, sees_all: bool
) -> None:
    for name in OPEN:
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    settings = closed(Settings.from_env(OPEN))
    assert (settings.evaluation_open, settings.open_sees_all) == (is_open, sees_all)
