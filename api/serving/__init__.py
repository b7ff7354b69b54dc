"""Serve: the server process, and `make run`.

Imports everything of `api` but `api.aws`.
"""
