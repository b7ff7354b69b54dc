"""Whether a write is only to be tried."""

from __future__ import annotations

from api.admin import fields
from api.admin.call import AdminRequest


def read_dry_run(call: AdminRequest) -> bool:
    """Return whether a write is only to be tried; nothing else may be left in the request."""
    dry_run = call.query.take("dryRun", fields.flag_in_query, False)
    call.finish()
    return dry_run
