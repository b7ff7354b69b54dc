"""Show the pages that are not about one flag; those of a flag have rooms of their own.

Imports `interval_app.session`, `interval_app.display` and `interval_app.forms`.
"""
