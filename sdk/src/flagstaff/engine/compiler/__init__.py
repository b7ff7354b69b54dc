"""Turn a targeting into a Python function.

Imports `flagstaff.jsonlogic`, the forms of `flagstaff.targeting`, and of `flagstaff.engine` the answers that a flag can
give.
"""
