"""One flag of a flagd document, read and checked (https://flagd.dev/reference/flag-definitions/)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from flagstaff.engine.evaluation import Metadata

STATES = ("ENABLED", "DISABLED")

NOT_UNICODE = "not valid Unicode: it holds half of a surrogate pair"


class DefinitionError(ValueError):
    """A flag's definition, or the metadata of a document, is not of flagd's form; the text says what is wrong."""


class FlagDefinition(NamedTuple):
    """A flag as a flagd document defines it. `default_variant` None: the caller's default applies."""

    key: str
    enabled: bool
    variants: Mapping[str, Any]
    default_variant: str | None
    targeting: Mapping[str, Any] | None
    metadata: Metadata

    @classmethod
    def from_json(cls, key: str, source: Any) -> FlagDefinition:
        """Read one entry of a document's `flags`.

        Raises:
            DefinitionError: `source` is not a flag definition.
        """
        if not isinstance(source, Mapping):
            raise DefinitionError("a flag has to be an object")
        if source.get("state") not in STATES:
            raise DefinitionError("'state' has to be ENABLED or DISABLED")
        check_unicode("the flag's key", key)
        enabled = source["state"] == "ENABLED"
        return cls(
            key,
            enabled,
            _variants(source.get("variants")),
            _default_variant(source.get("defaultVariant")),
            _targeting(source.get("targeting")) if enabled else None,
            read_metadata(source.get("metadata") or {}),
        )


def read_metadata(source: Any) -> Metadata:
    """Check that metadata is flat.

    Raises:
        DefinitionError: it is not an object of texts, numbers and booleans.
    """
    if not isinstance(source, Mapping):
        raise DefinitionError("'metadata' has to be an object")
    for name, value in source.items():
        if not name or not isinstance(value, str | int | float):
            raise DefinitionError(f"metadata {name!r} has to have a name, and a text, number or boolean as its value")
    check_unicode("a text in 'metadata'", source)
    return source


def check_unicode(what: str, value: Any) -> None:
    """Check that all texts of a JSON value can be encoded in UTF-8, so that an answer that carries it can be sent.

    Raises:
        DefinitionError: one holds half of a surrogate pair.
    """
    try:
        json.dumps(value, ensure_ascii=False, skipkeys=True, default=str).encode()
    except UnicodeEncodeError:
        raise DefinitionError(f"{what} is {NOT_UNICODE}") from None


def _variants(source: Any) -> Mapping[str, Any]:
    if not isinstance(source, Mapping) or not source:
        raise DefinitionError("'variants' has to be an object with at least one variant")
    check_unicode("a text in 'variants'", source)
    return source


def _default_variant(source: Any) -> str | None:
    if source is None or source == "":
        return None
    if not isinstance(source, str | bool):
        raise DefinitionError("'defaultVariant' has to be the name of a variant")
    return variant_name(source)


def _targeting(source: Any) -> Mapping[str, Any] | None:
    if not source:
        return None
    if not isinstance(source, Mapping):
        raise DefinitionError("'targeting' has to be an object")
    return source


def variant_name(value: Any) -> str:
    """Return the variant that a targeting's result names: booleans are written as in JSON, anything else as text."""
    return str(value).lower() if isinstance(value, bool) else str(value)
