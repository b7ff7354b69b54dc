"""Show and change environments and API keys.

Imports `api.console` and `db`.
"""
