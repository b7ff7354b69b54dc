"""Show who changed what, when and why, and go back.

Imports `api.console`, `api.console.shared` and `db`.
"""
