"""Show and change segments: list, create, edit, ids, rules, archive.

Imports `interval_app.session`, `display`, `forms` and `pages`.
"""
