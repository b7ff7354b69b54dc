"""Answer evaluations from memory, ours and OFREP's.

Runs in the evaluation function: no Flask, no Peewee. Imports `api.access`, `api.telemetry` and the modules beside
this room.
"""
