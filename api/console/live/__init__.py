"""Tell open pages that something has changed, so that they show it without being loaded again.

Imports `api.console` and the streams that SDKs have.
"""
