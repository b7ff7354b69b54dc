"""Show and change a flag's targeting: members, rules, rollout.

Imports `interval_app.session`, `display`, `forms` and `pages`; never `pages.flags`.
"""
