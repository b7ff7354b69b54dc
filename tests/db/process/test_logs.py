"""A line of the log is one line of JSON that does nothing to a terminal."""

from __future__ import annotations

import json
import logging

from db.process.logs import JsonFormatter

HOSTILE = "/x\x9b31m\u202e\u061c\u2067\x7f\u2028\n\x1b[0mü"


def test_control_characters_and_marks_of_direction_are_escaped() -> None:
    record = logging.LogRecord("api", logging.INFO, __file__, 1, "request", None, None)
    record.facts = {"path": HOSTILE}
    line = JsonFormatter().format(record)
    assert json.loads(line)["path"] == HOSTILE
    assert all(character.isprintable() for character in line) and "ü" in line
