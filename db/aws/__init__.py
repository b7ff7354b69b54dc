"""Sign AWS requests and talk to S3.

Runs in the evaluation function: no Peewee, no database driver.
"""
