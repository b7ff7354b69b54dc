"""Manage what is set up rarely: environments and API keys.

Imports `db.configuration`, `db.published` and the modules beside this room.
"""
