"""`GET /docs`: the OpenAPI document as one page to read, `GET /openapi.json`, the document itself, and `GET /`.

The page is made here, with nothing to load from elsewhere: it works offline, and under the strictest content policy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, request

from api.access.addresses import origin_of
from api.current import current_request, services
from api.http import Response, json_response
from api.reference.openapi import document
from api.reference.style import STYLE

blueprint = Blueprint("docs_page", __name__)

HEADERS = [
    ("Content-Type", "text/html; charset=utf-8"),
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
]
SCOPES = {"adminKey": "admin", "sdkKey": "key"}
ORIGIN = "http://127.0.0.1:8080"
"""Stands in the cached page where the address goes under which the reader reached the service."""

KEYS = (
    "The examples take their keys from two variables. Those of `make run`: "
    "`export ADMIN_KEY=admin-secret-key SDK_KEY=sdk-secret-key`."
)
Json = Mapping[str, Any]


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """Answer the document."""
    return json_response(200, document())


@blueprint.get("/")
def root() -> Response:
    """Lead whoever opens the service in a browser to the console, anybody else to the page."""
    place = "/console/flags" if "text/html" in request.headers.get("Accept", "") else "/docs"
    return Response(
        b"", 302, [("Location", urlsplit(services().settings.public_url or "").path + place), ("Vary", "Accept")]
    )


@blueprint.get("/docs")
def docs() -> Response:
    """Answer the page, its examples with the address that the reader asked at."""
    origin = services().settings.public_url or origin_of(current_request())
    return Response(page().replace(ORIGIN.encode(), escape(origin).encode()), 200, HEADERS)


@cache
def page() -> bytes:
    """Return the page, made once."""
    source = document()
    tags = [tag["name"] for tag in source["tags"]]
    found = list(operations(source))
    menu = "".join(menu_of(tag, found) for tag in tags)
    types = "".join(type_html(name, schema) for name, schema in source["components"]["schemas"].items())
    body = "".join(
        section(tag, [entry for entry in found if tag["name"] in entry[2]["tags"]]) for tag in source["tags"]
    )
    intro = "".join(f"<p>{render_markdown(part)}</p>" for part in (*source["info"]["description"].split("\n\n"), KEYS))
    title = f"{escape(source['info']['title'])} API"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body>'
        f'<nav><h1>{title}</h1><p class="version">{escape(source["info"]["version"])} · '
        f'<a href="/openapi.json">openapi.json</a></p>{menu}</nav><main>{intro}{body}'
        f"<section><h2>Types</h2>{types}</section></main></body></html>"
    ).encode()


def operations(source: Json) -> Iterator[tuple[str, str, Json]]:
    """Each operation with its method and path."""
    for path, methods in source["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def menu_of(tag: str, found: list[tuple[str, str, Json]]) -> str:
    """Return a part of the menu."""
    links = "".join(
        f'<li><a href="#{operation["operationId"]}">{badge(method)}<span>{escape(operation["summary"])}</span></a></li>'
        for method, _, operation in found
        if tag in operation["tags"]
    )
    return f"<h2>{escape(tag)}</h2><ul>{links}</ul>"


def section(tag: Json, found: list[tuple[str, str, Json]]) -> str:
    """Return all operations of a tag."""
    shown = "".join(operation_html(*entry) for entry in found)
    return f"<section><h2>{escape(tag['name'])}</h2><p>{render_markdown(tag['description'])}</p>{shown}</section>"


def operation_html(method: str, path: str, operation: Json) -> str:
    """Return one operation."""
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    answers = sorted(operation["responses"].items())
    refused = [status for status, _ in answers if status >= "4"]
    errors = table("", [answer_row(*item) for item in answers if item[0] >= "4"])
    parts = (
        f"<p>{render_markdown(operation['description'])}</p>" if "description" in operation else "",
        table("Parameters", [parameter_row(item) for item in operation.get("parameters", ())]),
        table("Body", field_rows(body.get("schema", {}))),
        f"<h4>Example</h4><pre>{escape(curl(method, path, operation, body.get('example')))}</pre>",
        table("Answers", [answer_row(*item) for item in answers if item[0] < "4"]),
        f"<details><summary>{', '.join(refused)}</summary>{errors}</details>" if refused else "",
    )
    head = f"<h3>{badge(method)}<code>{escape(path)}</code>{access(operation)}</h3>"
    summary = f'<p class="summary">{escape(operation["summary"])}</p>'
    return f'<article id="{operation["operationId"]}">{head}{summary}{"".join(parts)}</article>'


def type_html(name: str, schema: Json) -> str:
    """Return a schema that operations refer to by its name."""
    return f'<article id="{name}"><h3><code>{name}</code></h3>{table("", field_rows(schema))}</article>'


def badge(method: str) -> str:
    """Return the method, in its colour."""
    return f'<b class="{method.lower()}">{method}</b>'


def access(operation: Json) -> str:
    """Return who may call it."""
    schemes = {name for scheme in operation["security"] for name in scheme}
    if not schemes:
        return '<i class="open">open</i>'
    return '<i class="admin">admin</i>' if "adminKey" in schemes else '<i class="key">key</i>'


def table(title: str, rows: list[tuple[str, str, str]]) -> str:
    """Return a table of three columns, or nothing where it would be empty."""
    if not rows:
        return ""
    cells = "".join(f"<tr><td>{first}</td><td>{second}</td><td>{third}</td></tr>" for first, second, third in rows)
    return (f"<h4>{title}</h4>" if title else "") + f"<table>{cells}</table>"


def parameter_row(parameter: Json) -> tuple[str, str, str]:
    """Return a parameter: its name, its kind and place, what it is."""
    kind = f"{kind_of(parameter['schema'])}, {parameter['in']}"
    return f"<code>{escape(parameter['name'])}</code>", kind, render_markdown(parameter["description"])


def field_rows(schema: Json) -> list[tuple[str, str, str]]:
    """Return the fields of a body."""
    resolved = resolve(schema)
    required = resolved.get("required", ())
    return [
        (
            f"<code>{escape(name)}</code>" + ("<sup>required</sup>" if name in required else ""),
            kind_of(field),
            render_markdown(field.get("description", "")),
        )
        for name, field in resolved.get("properties", {}).items()
    ]


def answer_row(status: str, answer: Json) -> tuple[str, str, str]:
    """Return an answer: its status, its kind, what it means."""
    content = answer.get("content", {})
    schema = content.get("application/json", {}).get("schema")
    kind = shape_of(schema) if schema else ", ".join(escape(name) for name in content)
    return f'<code class="s{status[0]}">{status}</code>', kind, render_markdown(answer["description"])


def shape_of(schema: Json) -> str:
    """Return the members of an answer, in short."""
    if "$ref" in schema:
        return kind_of(schema)
    if "anyOf" in schema:
        return " or ".join(shape_of(option) for option in schema["anyOf"])
    members = schema.get("properties")
    if not members:
        return kind_of(schema)
    return "{" + ", ".join(f"{escape(name)}: {kind_of(kind)}" for name, kind in members.items()) + "}"


def kind_of(schema: Json) -> str:
    """Return the type of a value, in a word or two."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind_of(option) for option in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(escape(value) for value in schema["enum"]) if len(schema["enum"]) < 8 else "one of many words"
    if schema.get("type") == "array":
        return f"list of {kind_of(schema['items'])}"
    kind = schema.get("type", "any value")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def resolve(schema: Json) -> Json:
    """Return the schema that a reference names."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return document()["components"]["schemas"][name] if name else schema


def curl(method: str, path: str, operation: Json, example: Any) -> str:
    """Write the request that the operation's example makes."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", parameter["example"])
    quote = '"' if "$" in path else ""
    lines = ["curl" + (f" -X {method}" if method != "GET" else "") + f" {quote}{ORIGIN}{path}{quote}"]
    schemes = [name for scheme in operation["security"] for name in scheme if name in SCOPES]
    if schemes:
        header, key = {"adminKey": ("X-Admin-API-Key", "ADMIN_KEY"), "sdkKey": ("X-SDK-Key", "SDK_KEY")}[schemes[0]]
        lines.append(f'-H "{header}: ${key}"')
    if example is not None:
        said = json.dumps(example)
        said = said if len(said) < 90 else json.dumps(example, indent=2).replace("\n", "\n    ")
        lines += ["-H 'Content-Type: application/json'", f"-d '{said}'"]
    return " \\\n  ".join(lines)


def render_markdown(text: str) -> str:
    """Text with what stands between backticks as code."""
    parts = escape(text, quote=False).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
