"""Run the dashboard: `python -m interval_app`."""

from __future__ import annotations

import sys

from db.process import signals

if __name__ == "__main__":
    signals.end_at_once()
    from interval_app.main import main  # imported only now: it takes half a second

    sys.exit(main())
