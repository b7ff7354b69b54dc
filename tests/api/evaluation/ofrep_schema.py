"""OFREP's OpenAPI, as a check on answers."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml
from jsonschema_rs import Draft202012Validator, Registry

OPENAPI: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "data/ofrep/openapi.yaml").read_text())
SINGLE, BULK = "/ofrep/v1/evaluate/flags/{key}", "/ofrep/v1/evaluate/flags"


def corrected(openapi: dict[str, Any]) -> dict[str, Any]:
    """The document where it can't mean what it says; docs/decisions/ofrep-readings.md has the reasons.

    Any answer with a value fits two members of a `oneOf`, the one for answers without a value among them; ADR 0006,
    flagd and the OpenFeature specification have a reason DEFAULT; a structured value may be a list; and a bulk answer
    has FLAG_NOT_FOUND in the document's own example.
    """
    fixed = copy.deepcopy(openapi)
    schemas = fixed["components"]["schemas"]
    schemas["codeDefaultFlag"]["not"] = {"required": ["value"]}
    of_type = schemas["evaluationSuccess"]["allOf"][1]
    of_type["anyOf"] = of_type.pop("oneOf")
    schemas["evaluationSuccess"]["allOf"][0]["properties"]["reason"]["enum"].append("DEFAULT")
    schemas["objectFlag"]["properties"]["value"]["type"] = ["object", "array"]
    return fixed


DOCUMENT = corrected(OPENAPI)
REGISTRY = Registry([("urn:ofrep", DOCUMENT)])


def check(path: str, status: int, body: Any) -> None:
    """Raise unless a POST to this path may be answered like this."""
    content = DOCUMENT["paths"][path]["post"]["responses"][str(status)].get("content")
    if content is not None:
        check_schema(content["application/json"]["schema"]["$ref"], body)


def check_schema(reference: str, value: Any) -> None:
    """Raise unless the value is what a schema of the document, such as `#/components/schemas/key`, describes."""
    Draft202012Validator({"$ref": f"urn:ofrep{reference}"}, registry=REGISTRY).validate(value)
