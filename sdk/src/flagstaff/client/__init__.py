"""Keep definitions current: fetch them over HTTP, follow the stream of changes, keep the last good copy on disk.

Imports `flagstaff.engine`, `flagstaff.jsonlogic` and the standard library; no HTTP library.
"""
