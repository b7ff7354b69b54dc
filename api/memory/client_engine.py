"""What evaluates for client keys: the flags that are marked for them, as if there were no others."""

from __future__ import annotations

from db.published.marks import is_client_side
from flagstaff.engine import Engine


def client_engine(engine: Engine, revision: int | None = None) -> Engine:
    """Return what evaluates for client keys, of flags that stay as the engine has them now.

    Args:
        revision: the last one that changed anything for client keys, in place of the environment's; None where the
            engine tells none either.
    """
    metadata = dict(engine.metadata) if revision is None else {**engine.metadata, "revision": revision}
    return engine.selection(is_client_side, metadata)
