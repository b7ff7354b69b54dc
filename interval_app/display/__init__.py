"""Show values: phrases, tables, differences. Takes no input.

Imports `interval_app.session` and `db`.
"""
