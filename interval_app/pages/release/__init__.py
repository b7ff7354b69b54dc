"""Show and change what releases a flag: its schedule, its ramp, and which flags need which.

Imports `interval_app.session`, `display` and `forms`.
"""
