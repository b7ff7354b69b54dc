"""Everything that can be done to a layer.

Imports `db.configuration`, `db.targeting`, the modules above this room and `flagstaff.targeting`.
"""
