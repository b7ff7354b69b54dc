"""Answer people and scripts that edit: flags, members, changes, environments, keys, overrides.

Routes hold no business logic: they read the request, call `db` and shape the answer.
"""
