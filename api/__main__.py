"""`python -m api`: the service, as the environment variables say; `python -m api dev`: what `make run` starts."""

from __future__ import annotations

import sys

from db.process import signals


def main(arguments: list[str]) -> int:
    """Serve until a signal comes, and return the exit code."""
    signals.end_at_once()
    # Imported only now: it takes half a second.
    if arguments == ["dev"]:
        from api.serving import dev

        return dev.main()
    if arguments:
        print("usage: python -m api [dev]", file=sys.stderr)
        return 2
    from api.serving import server

    return server.main()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
