"""Look at flags across all environments at once."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping

from db.configuration.flag_rows import ENABLED_AT_LAST
from db.database import rows, session


def enabled(flag_ids: Collection[str]) -> Mapping[str, Mapping[str, bool]]:
    """Tell in which environments flags are enabled now: by their ids, then by environment."""
    found: defaultdict[str, dict[str, bool]] = defaultdict(dict)
    with session():
        for flag_id, environment, is_enabled in rows(
            f"SELECT c.flag_id::text, e.key, {ENABLED_AT_LAST} FROM configuration c"
            " JOIN environment e ON e.id = c.environment_id"
            " WHERE e.deleted_at IS NULL AND c.flag_id = ANY(%s::uuid[]) ORDER BY e.id",
            [str(uuid.UUID(flag_id)) for flag_id in flag_ids],
        ):
            found[flag_id][environment] = is_enabled
    return found
