"""The requests of the pages for people who come from other services, sent to a real service."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.test_readme import BLOCK, requests, service
from tests.processes import ROOT, Server

__all__ = ["service"]

PAGES = sorted((ROOT / "docs" / "coming-from").glob("*.md"))
ADMIN = {"X-Admin-API-Key": "admin-secret-key"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_request_is_answered(service: Server, page: Path) -> None:
    body = {"key": "new-checkout", "enabled": True, "rolloutPercentage": 25}
    assert service.request("POST", "/api/admin/flags", body, ADMIN).status in (201, 409)
    for language, block in BLOCK.findall(page.read_text()):
        assert language == "sh"
        for request in requests(block):
            answer = service.request(request.method, request.path, request.body, request.headers)
            assert answer.status in (200, 201), f"{request}: {answer.body.decode()}"


def test_every_page_is_listed() -> None:
    index = (ROOT / "docs" / "coming-from" / "README.md").read_text()
    assert all(f"({page.name})" in index for page in PAGES if page.name != "README.md")
