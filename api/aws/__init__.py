"""Hold the entry points of the Lambda functions; each imports only what its package holds.

The evaluation function imports neither Flask nor Peewee, so this file holds nothing but its docstring.
"""
