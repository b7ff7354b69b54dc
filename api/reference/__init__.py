"""Describe the HTTP API: the OpenAPI document and its page.

Imports `api.access`, `api.current`, `api.http` and `flagstaff.targeting`.
"""
