"""Release a flag bit by bit: its rollout, ramp, schedule and prerequisites.

Imports `api.console` and `db`.
"""
