"""Answer people and scripts that edit what flags share: segments and layers. Every write can be tried first, by
`?dryRun=true`.

Imports `api.admin`, the modules above it, and `db`. Routes hold no business logic.
"""
