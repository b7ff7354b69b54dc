"""Show the console: pages at `/console` for people, over the same functions of `db` as everything else.

What all pages share is here: the session, the layout, forms, confirmation; pages are in rooms by what they are about.
Imports `api.access`, `api.current` and `db`. Pages hold no business logic.
"""
