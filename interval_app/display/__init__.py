"""Show values: tables, text as Markdown. Takes no input.

Imports `interval_app.session` and `db`.
"""
