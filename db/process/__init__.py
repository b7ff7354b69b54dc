"""Set up what every process of ours has: logs, signals, metric lines.

Imports the standard library and orjson only, not even the modules beside this room.
"""
