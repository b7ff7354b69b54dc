"""The Interval dashboard: flags managed from an internal tool.

Pages and actions ask, show and confirm; what happens is done by the functions of `db`, the same that the API calls.
"""
