"""What people edit, in PostgreSQL, and what programs read of it: flagd definitions, one document per environment.

Every change is one function here and one transaction: rows, audit log and revision together (`db.writing`).
Nothing in this package knows HTTP, and no database row leaves it: what comes out are the values of `db.views`.
"""
