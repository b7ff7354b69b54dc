"""The OpenAPI document: valid, complete, and every request of the page is one that the service takes."""

from __future__ import annotations

import re
from typing import Any

import jsonschema_rs
import pytest

from api.app import create_app
from api.reference.openapi import document
from api.reference.page import ORIGIN, page
from tests.api.conftest import Client
from tests.api.support import make_services

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]


def test_it_has_every_route_and_no_other() -> None:
    served = {
        (method, re.sub("<[^>]*>", "{}", rule.rule))
        for rule in create_app(make_services()).url_map.iter_rules()
        for method in (rule.methods or set()) & METHODS
        if not rule.rule.startswith("/console")  # pages for people
    }
    assert {(method, re.sub("{[^}]*}", "{}", path)) for method, path, _ in operations()} == served


def test_names_are_unique_and_references_lead_somewhere() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    schemas = document()["components"]["schemas"]
    for name in re.findall(r"'\$ref': '#/components/schemas/([^']+)'", str(document())):
        assert name in schemas
    for schema in schemas.values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
    for _, path, operation in operations():
        in_path = {item["name"] for item in operation.get("parameters", ()) if item["in"] == "path"}
        assert in_path == set(re.findall("{([^}]*)}", path))
        for answer in operation["responses"].values():
            assert {link["operationId"] for link in answer.get("links", {}).values()} <= set(names)
        for scheme in operation["security"]:
            assert scheme.keys() <= document()["components"]["securitySchemes"].keys()


ADMINISTRATIVE = [part for part in operations() if {"adminKey": []} in part[2]["security"]]
WRITES = [part for part in ADMINISTRATIVE if part[0] != "GET"]
COMMON = {"version": 1, "environment": "prod", "userId": "ada"}


@pytest.mark.parametrize("field", COMMON)
@pytest.mark.parametrize(("method", "path", "operation"), WRITES, ids=lambda part: str(part)[:40])
def test_what_no_write_is_documented_to_take_is_refused(
    client: Client, method: str, path: str, operation: dict[str, Any], field: str
) -> None:
    said = operation["requestBody"]["content"]["application/json"]
    schema = said["schema"]
    if "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    body = {**said.get("example", {}), field: COMMON[field]}
    answer = client.request(method, re.sub("{[^}]*}", "nope", path), body)
    assert (answer.json.get("fields") == [field]) != (field in schema["properties"])


@pytest.mark.parametrize(("method", "path", "operation"), ADMINISTRATIVE, ids=lambda part: str(part)[:40])
def test_a_query_string_takes_no_environment_where_none_is_documented(
    client: Client, method: str, path: str, operation: dict[str, Any]
) -> None:
    in_query = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"}
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    answer = client.request(method, re.sub("{[^}]*}", "nope", path) + "?environment=prod", body)
    is_unknown = isinstance(answer.json, dict) and answer.json.get("fields") == ["environment"]
    assert is_unknown != ("environment" in in_query)


@pytest.mark.parametrize(("method", "path", "operation"), operations(), ids=lambda part: str(part)[:40])
def test_each_example_is_answered_as_documented(
    client: Client, method: str, path: str, operation: dict[str, Any]
) -> None:
    if "text/event-stream" in str(operation):
        pytest.skip("it does not end")
    client.create("beta", rolloutPercentage=5)
    key_id = client.do("POST", "/api/admin/keys", {"name": "x", "scope": "admin"}, 201)["key"]["id"]
    client.do("POST", "/users/bob/feature-flags/beta", {"status": "ENABLED"})
    client.do("POST", "/api/admin/environments", {"key": "old"}, 201)
    newest = client.do("GET", "/api/admin/changes?flag=beta&limit=1")["changes"][0]["id"]
    values = {"idOrKey": "beta", "flagKey": "beta", "flagId": "beta", "key": "beta", "keyId": key_id}
    values["environmentKey"] = "old"
    client.do("POST", "/api/admin/segments", {"key": "staff"}, 201)
    values["segmentKey"] = "staff"
    client.do("POST", "/api/admin/layers", {"key": "search"}, 201)
    values["layerKey"] = "search"
    values["userId"] = "ada" if operation["operationId"] == "createOverride" else "bob"
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    if operation["operationId"] == "restoreFlag":
        body = {**body, "changeId": newest}
    if operation["operationId"] == "restoreSegment":
        client.do("PUT", "/api/admin/segments/staff", {"name": "Staff"})
        body = {**body, "changeId": client.do("GET", "/api/admin/changes?segment=staff")["changes"][0]["id"]}
    headers = {"X-SDK-Key": "sdk-secret-key"} if {"sdkKey": []} in operation["security"] else {}
    answer = client.request(method, re.sub("{([^}]*)}", lambda name: values[name[1]], path), body, headers)
    documented = operation["responses"][str(answer.status)]
    assert answer.status <= 302 or answer.status == 501, answer.body
    content_type = dict(answer.headers)["Content-Type"].partition(";")[0]
    assert content_type in documented["content"]
    if content_type == "application/json":
        schema = {**documented["content"][content_type]["schema"], "components": document()["components"]}
        jsonschema_rs.Draft202012Validator(schema).validate(answer.json)


def test_the_page_says_all_of_it_and_loads_nothing(client: Client) -> None:
    answer = client.request("GET", "/docs")
    text = answer.body.decode()
    assert answer.status == 200 and text == page().decode().replace(ORIGIN, "http://localhost")
    for _, path, operation in operations():
        assert path in text and f'id="{operation["operationId"]}"' in text
    assert not re.search(r"<(script|img|link|iframe)|url\(|@import", text)
    for target in re.findall('href="([^"]*)"', text):
        assert target == "/openapi.json" or f'id="{target[1:]}"' in text
    assert "default-src 'none'" in dict(answer.headers)["Content-Security-Policy"]
    assert client.do("GET", "/openapi.json") == document()
