"""Show and change what flags of every environment share: segments and layers.

Imports `api.console` and `db`. Each write is tried first, to say which flags it changes, before it is done.
"""
