"""Know who is at a page or in an action, run database work in threads, and put errors into sentences.

Imports `db` only.
"""
