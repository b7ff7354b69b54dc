"""Read rules, rollouts, schedules and prerequisites from what people send, and check what the model allows.

Imports the modules above this room and `flagstaff.targeting`; asks the database nothing.
"""
