"""The page at `/docs`: its requests name the address at which the reader is, and work as they are shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest

from tests.docs.test_readme import requests
from tests.processes import Answer, Server, free_port, running

EXAMPLE = re.compile(r'<article id="(\w+)">.*?<h4>Example</h4><pre>(.*?)</pre>', re.DOTALL)
UNTRIED = {
    "stream": "it does not end",
    "restoreFlag": "the number of a change is another each time",
    "restoreSegment": "the number of a change is another each time",
    "resetLimit": "there is a cost brake in AWS alone",
    "markConcurrencyZero": "there is a cost brake in AWS alone",
}


@pytest.fixture(scope="module")
def service(database_url: str) -> Iterator[Server]:
    port = free_port()
    settings = {"PORT": str(port), "FLAGSTAFF_DATABASE_URL": database_url}
    with running("api", "dev", port=port, env=settings) as server:
        server.wait_until_it_answers("/ready")
        yield server


def page(service: Server, **headers: str) -> str:
    return service.request("GET", "/docs", headers=headers).body.decode()


@pytest.mark.parametrize("host", ["127.0.0.1:9999", "localhost"])
def test_the_examples_name_the_address_that_was_asked(service: Server, host: str) -> None:
    shown = page(service, Host=host)
    assert f"http://{host}/feature-flag/evaluate" in shown
    assert "127.0.0.1:8080" not in shown


def test_the_examples_work(service: Server) -> None:
    shown = EXAMPLE.findall(page(service, Host="127.0.0.1:8080"))
    tried = {name: unescape(text) for name, text in shown if name not in UNTRIED}
    assert len(tried) > 30
    key_id = ""
    for name in sorted(tried, key=order_of):
        answer = send(service, tried[name].replace("$KEY_ID", key_id))
        assert answer.status in (200, 201, 302), f"{name}: {answer.body.decode()}"
        if name == "createKey":
            key_id = answer.json["key"]["id"]


def order_of(name: str) -> int:
    """What is made comes first, what is taken away last."""
    order = {"create": 0, "remove": 2, "archive": 3, "revoke": 3, "delete": 4}
    return next((place for word, place in order.items() if name.startswith(word)), 1)


def send(service: Server, command: str) -> Answer:
    keys = {"$ADMIN_KEY": "admin-secret-key", "$SDK_KEY": "sdk-secret-key"}
    for variable, key in keys.items():
        command = command.replace(variable, key)
    (request,) = requests(command)
    return service.request(request.method, request.path, request.body, request.headers)
