"""Decide who gets what before the rollout: members and rules.

Imports `api.console` and `db`.
"""
