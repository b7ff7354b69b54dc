"""Decide who may call: keys, addresses, limits, tokens, origins.

Runs in the evaluation function: no Flask, no Peewee. Imports `api.errors`, `api.http` and `db.published`.
"""
