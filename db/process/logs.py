"""Logs of every process: one JSON object per line on stderr. Query strings, keys and bodies are never logged."""

from __future__ import annotations

import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final

import orjson

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that is being answered, for all lines that it causes."""

LOGGERS: Final = ("api", "db", "flagstaff", "interval_app", "_granian")


UNPRINTABLE: Final = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What JSON leaves as it is and a terminal may obey: control characters, and marks that turn the direction of text."""


class JsonFormatter(logging.Formatter):
    """A log record as one line of JSON; what `extra={"facts": {…}}` gives stands beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **({"requestId": id_} if (id_ := request_id.get()) else {}),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", orjson.dumps(line, default=str).decode())


def configuration() -> dict[str, Any]:
    """For `logging.config.dictConfig`, and for granian, which configures logging in each of its processes."""
    ours = {"handlers": ["stderr"], "level": "INFO", "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"},
        },
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {name: dict(ours) for name in LOGGERS},
    }
