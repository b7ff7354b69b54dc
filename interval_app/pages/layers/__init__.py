"""Show and change layers: who has which part of one, its holdout, and what it is split by.

Flags enter and leave one in the forms of their rollouts. Imports `interval_app.session`, `display`, `forms` and `db`.
"""
