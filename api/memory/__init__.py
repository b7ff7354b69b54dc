"""Keep engines and keys in memory current, from the database or from S3.

`published` runs in the evaluation function: no Flask, no Peewee. Imports `api.access`, `api.feeds` and `db`.
"""
