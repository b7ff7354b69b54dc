"""Answer SDKs: definitions, the list of flags, the stream of changes.

`definitions` runs in the evaluation function: no Flask, no Peewee. Imports `api.access`, `api.feeds` and
`api.services`.
"""
