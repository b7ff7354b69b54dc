"""Do what people do to flags and their members; one file for each noun.

Imports `db.configuration` and the modules beside this room.
"""
