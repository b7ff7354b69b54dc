"""OFREP with the clients that people use: Python's, JavaScript's for servers, and JavaScript's for the web."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from db.configuration.edits import Members, NewFlag
from db.flags import flags
from tests.db.helpers import ADA
from tests.openfeature.conftest import Place
from tests.openfeature.javascript import browser, bundled, needs_chromium, needs_node, run_node

JOHN = Members("user", ["john"], variant="on")


@pytest.fixture
def flagged(place: Place) -> Place:
    """The server, with a flag of each kind."""
    create("beta", members=[JOHN], default_variant="off")
    create("undecided", members=[JOHN])
    create("off", enabled=False, default_variant="on")
    for kind, value in (("string", "hello"), ("number", 7), ("structured", {"a": [1]})):
        create(kind, value_type=kind, is_static=True, value=value)
    create("half", value_type="number", is_static=True, value=0.5)
    create("two", value_type="number", is_static=True, value=2.0)
    place.refresh_if_behind()
    return place


def create(key: str, **more: Any) -> None:
    flags.create(NewFlag(key, client_side=True, **more), "prod", actor=ADA)


@pytest.fixture
def python(flagged: Place) -> Iterator[OpenFeatureClient]:
    api.set_provider_and_wait(OFREPProvider(flagged.url, headers_factory=lambda: {"X-API-Key": flagged.client_key}))
    yield api.get_client()
    api.shutdown()


def test_python(python: OpenFeatureClient) -> None:
    john, mary = EvaluationContext("john", {"plan": "premium"}), EvaluationContext("mary")
    told = python.get_boolean_details("beta", False, john)
    assert (told.value, told.reason, told.variant) == (True, Reason.TARGETING_MATCH, "on")
    assert told.flag_metadata["environment"] == "prod"
    assert python.get_boolean_details("beta", True, mary).reason == Reason.DEFAULT
    assert python.get_string_value("string", "") == "hello"
    assert python.get_integer_value("number", 0) == 7
    assert python.get_float_value("half", 0.0) == 0.5
    assert python.get_float_value("two", 0.0) == 2.0  # a float, because it was written as one
    assert python.get_integer_details("two", 7).error_code is ErrorCode.TYPE_MISMATCH
    assert python.get_object_value("structured", {}) == {"a": [1]}
    assert python.get_boolean_details("none", True, john).error_code is ErrorCode.FLAG_NOT_FOUND
    assert python.get_boolean_value("string", True) is True
    # Release 0.3.0 of this provider takes an answer without a variant for an error; the value is the right one.
    assert python.get_boolean_value("off", True, john) is True
    assert python.get_boolean_value("undecided", True, mary) is True


def test_python_with_a_wrong_key(place: Place) -> None:
    api.set_provider_and_wait(OFREPProvider(place.url, headers_factory=lambda: {"X-API-Key": "wrong"}))
    told = api.get_client().get_boolean_details("beta", True)
    assert (told.value, told.error_code, told.error_message) == (True, ErrorCode.GENERAL, "unauthorized")
    api.shutdown()


@needs_node
def test_javascript_on_a_server(flagged: Place) -> None:
    printed = run_node(f"""
        import {{ OpenFeature }} from "@openfeature/server-sdk";
        import {{ OFREPProvider }} from "@openfeature/ofrep-provider";
        const headers = [["X-API-Key", "{flagged.client_key}"]];
        await OpenFeature.setProviderAndWait(new OFREPProvider({{ baseUrl: "{flagged.url}", headers }}));
        const client = OpenFeature.getClient(), john = {{ targetingKey: "john" }};
        console.log(JSON.stringify({{
          beta: await client.getBooleanDetails("beta", false, john),
          string: await client.getStringValue("string", "", john),
          number: await client.getNumberValue("number", 0, john),
          structured: await client.getObjectValue("structured", {{}}, john),
          none: (await client.getBooleanDetails("none", true, john)).errorCode,
          off: await client.getBooleanValue("off", true, john),
          undecided: await client.getBooleanValue("undecided", true, {{ targetingKey: "mary" }}),
        }}));
    """)
    told = json.loads(printed)
    beta = told.pop("beta")
    assert (beta["value"], beta["reason"], beta["variant"]) == (True, "TARGETING_MATCH", "on")
    assert told.pop("none") == "FLAG_NOT_FOUND"
    assert told == {"string": "hello", "number": 7, "structured": {"a": [1]}, "off": True, "undecided": True}


WEB = """
    import { OpenFeature, ClientProviderEvents } from "@openfeature/web-sdk";
    import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";
    const provider = new OFREPWebProvider({
      baseUrl: location.origin, headers: [["X-API-Key", "%s"]], cacheMode: "disabled", %s
    });
    window.changes = [];
    OpenFeature.addHandler(ClientProviderEvents.ConfigurationChanged, (told) => window.changes.push(told.flagsChanged));
    await OpenFeature.setProviderAndWait(provider, { targetingKey: "john" });
    window.client = OpenFeature.getClient();
    window.become = (key) => OpenFeature.setContext({ targetingKey: key });
    window.ready = true;
"""
VALUES = """() => ({
    beta: client.getBooleanDetails("beta", false), string: client.getStringValue("string", ""),
    structured: client.getObjectValue("structured", {}), off: client.getBooleanDetails("off", true),
    undecided: client.getBooleanDetails("undecided", true), none: client.getBooleanDetails("none", true).errorCode,
})"""


@needs_node
@needs_chromium
@pytest.mark.parametrize("options", ['changeDetection: "polling", pollInterval: 200', 'changeDetection: "sse"'])
def test_javascript_in_a_browser(flagged: Place, options: str) -> None:
    code = bundled(WEB % (flagged.client_key, options))
    with browser(flagged.url + "/health") as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.add_script_tag(content=code, type="module")
        page.wait_for_function("window.ready")
        told = page.evaluate(VALUES)
        assert (told["beta"]["value"], told["beta"]["reason"]) == (True, "TARGETING_MATCH")
        assert told["string"] == "hello" and told["structured"] == {"a": [1]} and told["none"] == "FLAG_NOT_FOUND"
        assert (told["off"]["value"], told["off"]["reason"]) == (True, "DISABLED")
        assert told["undecided"]["value"] is True
        flags.set_enabled("beta", "prod", False, actor=ADA)
        page.wait_for_function("window.changes.length > 0")
        assert "beta" in page.evaluate("window.changes[0]")
        assert page.evaluate(VALUES)["beta"]["reason"] == "DISABLED"
        flags.set_enabled("beta", "prod", True, actor=ADA)
        page.wait_for_function("client.getBooleanValue('beta', false) === true")
        page.evaluate("window.become('mary')")  # another context: another answer, whatever the ETag of the old one
        page.wait_for_function("client.getBooleanValue('beta', true) === false")
        streams = [url for url in asked if "/api/client/stream" in url]
        assert bool(streams) is ("sse" in options)
        assert not any(flagged.client_key in url for url in asked)
        assert any("flagConfigEtag" in url for url in asked) is ("sse" in options)


def test_a_base_url_may_end_in_a_slash(flagged: Place) -> None:
    """Clients for JavaScript, Java and Rust put the path behind it."""
    for path in ("//ofrep/v1/evaluate/flags/beta", "//ofrep/v1/evaluate/flags"):
        answer = flagged.server.request(
            "POST", path, {"context": {"targetingKey": "john"}}, {"X-API-Key": flagged.client_key}
        )
        assert answer.status == 200, answer.body
    assert answer.json["flags"][0]["key"] == "beta"
