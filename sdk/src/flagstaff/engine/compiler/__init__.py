"""Turn a targeting into a Python function.

Imports `flagstaff.jsonlogic`, and of `flagstaff.engine` the answers that a flag can give.
"""
