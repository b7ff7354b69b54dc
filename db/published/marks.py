"""Which flags client keys see, read off their definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from db.vocabulary import CLIENT_SIDE


def is_client_side(definition: Mapping[str, Any]) -> bool:
    """Tell whether client keys see the flag of this definition; they saw those that older releases published."""
    return (definition.get("metadata") or {}).get(CLIENT_SIDE) is not False
