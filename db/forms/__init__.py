"""Read what people type into forms, and write things as people would type them; the same in every interface.

Imports `db` and what rules and flags are made of. Nothing here knows how a form is shown, or touches the database.
"""
