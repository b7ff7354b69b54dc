"""Read and write the objects that a process without a database reads: definitions and keys.

Runs in the evaluation function: no Peewee, no database driver.
"""
