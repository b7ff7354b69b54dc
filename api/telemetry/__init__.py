"""Count and time what the service does.

Runs in the evaluation function: no Flask, no Peewee. Imports `api.errors` and `api.http`.
"""
