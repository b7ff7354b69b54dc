"""Hold what one flag is in one environment: checked, compared, read from rows, changed.

Imports the modules beside this room and `flagstaff.targeting`.
"""
