"""Turn rows into flagd definitions, whole and by deltas, and hear of commits.

Imports `db.configuration`, the modules beside this room and `flagstaff.targeting`.
"""
