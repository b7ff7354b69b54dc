"""Run and reach PostgreSQL servers: the embedded one, and Amazon's, which is signed in to by IAM.

Imports `db.aws` and the modules beside this room.
"""
