"""Where a page hears that something has changed."""

from __future__ import annotations

from urllib.parse import urlencode

from api.access import stream_tokens
from api.console import links
from api.console.visit import Visit
from api.current import services
from api.paths import STREAM


def address(of: Visit) -> str:
    """Return where a page of this visit hears of changes since it was made; empty where it can't.

    Who has a key hears by the stream that SDKs have too, with a token. In AWS the evaluation function answers it, for
    which no database has to be awake. Somebody who is signed in elsewhere has no key to make a token from.
    """
    key, environment = of.session.admin.key, of.environment
    seen = {"lastEventId": environment.revision}
    if key is not None:
        token = stream_tokens.issue(key, environment.key)
        return f"{links.prefix()}{STREAM}?{urlencode({'token': token, **seen})}"
    if not services().streams.limit:
        return ""
    return links.address("console_live.events", environment=environment.key, **seen)
