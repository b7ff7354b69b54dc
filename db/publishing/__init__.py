"""Publish committed state to S3, always the newest.

Imports `db.definitions`, `db.administration`, `db.published`, `db.aws`, `db.process` and the modules beside this room.
"""
