"""Ask for values, and tell what others changed meanwhile.

Imports `interval_app.session`, `interval_app.display` and `db`.
"""
