"""The corrections of the SDK, each by what it is for; the pages' tests hold them to the real process."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest
from interval_sdk import io_schema as components
from interval_sdk.classes.component import Component
from interval_sdk.superjson import deserialize

from interval_app.host import process
from interval_app.host.sdk_patches import HandshakeRefusedError, OtherSdkVersionError, check_version, messages, sdk

AWKWARD = ["on", "off", "1", "0", "007", "1e3", "2024-01-01", "12:30", "12:30:45", "20240102", "null", ""]
USER = {"email": "a@b.c", "firstName": None, "lastName": None, "role": "admin", "teams": []}


def test_only_the_version_that_was_corrected_is_taken() -> None:
    check_version("1.5.1")
    for version in ("1.5.0", "1.5.2", "2.0.0"):
        with pytest.raises(OtherSdkVersionError, match=r"needs interval-sdk 1\.5\.1"):
            check_version(version)


@pytest.mark.parametrize("text", AWKWARD)
def test_texts_stay_texts(text: str) -> None:
    opened = messages.OpenPageInputs.parse_obj(
        {"pageKey": "p", "page": {"slug": "x"}, "environment": "production", "user": USER, "params": {"key": text}}
    )
    assert sdk.deserialize_dates(opened.params) == {"key": text}
    item = components.TableMenuItemModel.parse_obj({"label": "x", "route": "y", "params": {"key": text}})
    assert item.params == {"key": text}
    option = components.RichSelectOptionModel.parse_obj({"label": text, "value": text})
    assert (option.label, option.value) == (text, text)
    row = components.InternalTableRow.parse_obj({"key": "0", "data": {"cell": {"label": text}}}).revalidate()
    assert row.data == {"cell": {"label": text}}
    assert deserialize([text], {"values": {"0": [["custom", "time"]]}}) == [text]


def test_what_is_really_a_date_stays_one() -> None:
    assert deserialize(["2024-01-02T00:00:00.000Z"], {"values": {"0": ["Date"]}}) == [date(2024, 1, 2)]


@pytest.mark.parametrize("value", [True, False])
def test_a_checkbox_can_be_filled_in(value: bool) -> None:
    assert components.InputBooleanProps(default_value=value).default_value is value


def test_a_validator_that_fails_says_so_under_the_field() -> None:
    def fails(_: Any) -> str | None:
        raise RuntimeError("inside")

    async def asked() -> tuple[str | None, str | None]:
        component = Component("INPUT_TEXT", "Key", components.InputTextProps(), validator=fails)
        return await component.handle_validation("x"), component.instance.validation_error_message

    said, shown = asyncio.run(asked())
    assert said == shown and said is not None
    assert "inside" not in said


def test_pauses_grow_to_half_a_minute_and_differ() -> None:
    pauses = process.waits()
    first = [next(pauses) for _ in range(12)]
    assert first[0] < 1 and 20 < first[-1] < 40
    assert first != [next(other) for other in [process.waits()] for _ in range(12)]


@pytest.mark.parametrize(
    ("error", "final"),
    [
        (HandshakeRefusedError(1008, "Invalid API key"), True),
        (HandshakeRefusedError(1012, "restarting"), False),
        (ConnectionRefusedError("refused"), False),
        (TimeoutError(), False),
        (ValueError("the declaration"), True),
    ],
)
def test_which_failures_trying_again_may_help(error: Exception, final: bool) -> None:
    assert process.is_final(error) is final
    assert "\n" not in process.reason(error)
