"""Show and change flags: list, create, edit, switch, archive, promote, explain.

Imports `interval_app.session`, `display`, `forms`, `pages`, `pages.release` and `pages.targeting`.
"""
