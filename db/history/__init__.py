"""Read the change log, and restore what it holds.

Imports `db.configuration`, `db.administration` and the modules beside this room.
"""
