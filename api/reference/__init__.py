"""Describe the HTTP API: the OpenAPI document and its page.

Imports `api.http` and `flagstaff.targeting`.
"""
