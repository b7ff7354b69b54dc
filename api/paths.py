"""The paths of what SDKs ask for, by which several modules know it."""

DEFINITIONS = "/api/client/definitions"
FLAGS = "/api/client/flags"
STREAM = "/api/client/stream"

OFREP_ALL = "/ofrep/v1/evaluate/flags"
OFREP_ONE = OFREP_ALL + "/"
"""It goes on with a flag's key."""


def without_double_slash(path: str) -> str:
    """Return the path with one slash at its start: clients join it to a base URL that may end in one."""
    return f"/{path.lstrip('/')}"
