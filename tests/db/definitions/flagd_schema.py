"""flagd's published schema, as a check of whole documents."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from jsonschema_rs import Draft7Validator, Registry

SCHEMAS = Path(__file__).parents[2] / "data" / "flagd-schemas"


@cache
def _validator() -> Draft7Validator:
    flags, targeting = (json.loads((SCHEMAS / name).read_text()) for name in ("flags.json", "targeting.json"))
    registry = Registry([(schema["$id"], schema) for schema in (flags, targeting)])
    # By reference: beside the $ref at its top, draft 7 overlooks the $id against which the schema names its neighbour.
    return Draft7Validator({"$ref": flags["$id"]}, registry=registry)


def problems(document: bytes) -> list[str]:
    """Where and why the schema refuses a document; nothing for a valid one."""
    errors = _validator().iter_errors(json.loads(document))
    return [f"{'/'.join(map(str, error.instance_path))}: {error.message[:200]}" for error in errors]
