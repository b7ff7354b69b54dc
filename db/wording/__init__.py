"""Say in words what rules, rollouts, states, differences and moments are: for answers, pages and events alike.

Imports `db`'s top, `db.configuration` and `flagstaff.targeting`.
"""
