"""Show and change segments: list, create, edit, ids, rules, archive, restore.

Imports `interval_app.session`, `display`, `forms` and `pages`.
"""
