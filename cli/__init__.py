"""The command line, over the functions of `db`."""
