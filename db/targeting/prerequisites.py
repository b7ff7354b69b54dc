"""Prerequisites: read from the JSON that people send, and the form that they have to have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from db import validation
from db.errors import InvalidInputError
from flagstaff.targeting import Prerequisite

MAX_PREREQUISITES: Final = 20


def read_prerequisites(given: object) -> tuple[Prerequisite, ...]:
    """Read prerequisites, as `Prerequisite.to_json` writes them, from JSON that may be anything; raises
    InvalidInputError.
    """
    if not isinstance(given, list | tuple):
        raise _too_many()
    return tuple(_read_prerequisite(one, f"prerequisites[{number}]") for number, one in enumerate(given))


def _too_many() -> InvalidInputError:
    message = f"prerequisites must be a list of at most {MAX_PREREQUISITES}, each with a flag and its variants"
    return InvalidInputError("invalid_prerequisite", "prerequisites", message)


def _read_prerequisite(given: object, field: str) -> Prerequisite:
    if not isinstance(given, Mapping) or set(given) != {"flag", "variants"}:
        raise InvalidInputError("invalid_prerequisite", field, f"{field} must be an object with flag and variants")
    variants: Any = given["variants"]
    if not isinstance(variants, list | tuple) or not all(isinstance(name, str) for name in variants):
        message = f"{field}.variants must be a list of names of variants"
        raise InvalidInputError("invalid_prerequisite", f"{field}.variants", message)
    return Prerequisite(validation.key(given["flag"], f"{field}.flag", code="invalid_prerequisite"), tuple(variants))


def check_prerequisites(prerequisites: Sequence[Prerequisite]) -> None:
    """Raise InvalidInputError for too many, one without variants, and the same flag or variant twice."""
    if len(prerequisites) > MAX_PREREQUISITES:
        raise _too_many()
    flags = [prerequisite.flag for prerequisite in prerequisites]
    for number, prerequisite in enumerate(prerequisites):
        field = f"prerequisites[{number}]"
        if not prerequisite.variants or len(set(prerequisite.variants)) < len(prerequisite.variants):
            message = f"{field}.variants must name at least one variant, and each once"
            raise InvalidInputError("invalid_prerequisite", f"{field}.variants", message)
        if prerequisite.flag in flags[:number]:
            message = f"{field}: {prerequisite.flag} is a prerequisite already"
            raise InvalidInputError("invalid_prerequisite", f"{field}.flag", message)
