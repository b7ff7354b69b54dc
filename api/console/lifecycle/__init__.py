"""Move flags between environments, take them out of service, bring them back.

Imports `api.console` and `db`.
"""
