"""`python -m costs`: write what a stage costs into docs/aws.md."""

from __future__ import annotations

from pathlib import Path

from costs.page import written_into

PAGE = Path(__file__).resolve().parents[2] / "docs" / "aws.md"

if __name__ == "__main__":
    PAGE.write_text(written_into(PAGE.read_text()))
