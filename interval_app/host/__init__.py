"""Run the dashboard's process, and mend what interval-sdk gets wrong.

Imports nothing of ours.
"""
