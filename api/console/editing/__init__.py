"""Create flags, and edit what they are called and what they serve.

Imports `api.console` and `db`.
"""
