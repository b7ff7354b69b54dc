"""The HTTP service: evaluation, admin API and operations, over the functions of `db` and the engine of `flagstaff`."""
