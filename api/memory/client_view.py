"""What client keys see of an environment: the flags that are marked for them, as if there were no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from db.vocabulary import CLIENT_SIDE
from flagstaff.engine import Engine


def is_client_side(definition: Mapping[str, Any]) -> bool:
    """Tell whether client keys see the flag of this definition; they saw those that older releases published."""
    return (definition.get("metadata") or {}).get(CLIENT_SIDE) is not False


def client_engine(engine: Engine, revision: int | None = None) -> Engine:
    """Return what evaluates for client keys, of flags that stay as the engine has them now.

    Args:
        revision: the last one that changed anything for client keys, in place of the environment's; None where the
            engine tells none either.
    """
    metadata = dict(engine.metadata) if revision is None else {**engine.metadata, "revision": revision}
    return engine.selection(is_client_side, metadata)
