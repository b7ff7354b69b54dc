"""Show and switch flags at the console: the list, a flag's page, the switches.

Imports `api.console` and `db`.
"""
