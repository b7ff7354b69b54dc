"""Hold one environment as SDKs are told of it: the document, events, waiting for the next revision.

Runs in the evaluation function: no Flask, no Peewee in what it imports there. Imports `db.definitions`.
"""
