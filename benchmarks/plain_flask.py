"""Flask as one writes it first: parse the JSON, answer JSON. It evaluates nothing."""

from __future__ import annotations

from flask import Flask, Response, jsonify, request

app = Flask(__name__)


@app.post("/feature-flag/evaluate")
def evaluate() -> Response:
    """Read the body as JSON and say the same thing always."""
    request.get_json()
    return jsonify({"value": True, "reason": "SPLIT", "variant": "on"})
