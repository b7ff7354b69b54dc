"""Create a flag: for a boolean one its key is enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api.console import forms
from api.console.editing.fields import CHECKED, OWN, Field, default_field, typed_texts, value_field, variants_field
from api.console.forms import Problem
from api.console.page import done, render
from api.console.session import guard
from api.console.visit import visit
from api.current import services
from db.configuration.edits import NewFlag
from db.flags import flags
from db.vocabulary import ValueType
from db.wording import phrases

blueprint = guard(Blueprint("console_create", __name__, url_prefix="/console/new-flag"))

STATIC, DYNAMIC = "static", "dynamic"
TYPES = (ValueType.STRING, ValueType.NUMBER, ValueType.STRUCTURED)
"""Those whose values are typed."""
BOOLEAN_VALUE = value_field(ValueType.BOOLEAN)._replace(name="value_boolean")
BOOLEAN_DEFAULT = default_field(["on", "off"])._replace(name="default_boolean")
VALUE = value_field(ValueType.STRING)._replace(help="the text as it is; a number; or a JSON object")
VARIANTS = variants_field(ValueType.STRING)
DEFAULT = default_field([])
FIELDS = (*OWN, BOOLEAN_VALUE, BOOLEAN_DEFAULT, VALUE, VARIANTS, DEFAULT)


@blueprint.get("")
def form() -> FlaskResponse:
    """Ask for a key, and whatever else somebody wants to say."""
    empty = {field.name: "" for field in FIELDS}
    seen = CHECKED if services().settings.new_flags_client_side else ""
    begin = {"kind": DYNAMIC, "type": ValueType.BOOLEAN, "enabled": CHECKED, "default_boolean": "off"}
    asked = {"key": request.args.get("key", "")}
    return show({**empty, **begin, **asked, "client_side": seen, "value_boolean": "true"})


@blueprint.post("")
def create() -> FlaskResponse:
    """Make the flag."""
    problem = forms.attempt(make)
    if problem:
        return show({**typed_texts(FIELDS), **{name: forms.text(name) for name in SAID}}, problem)
    key, here = forms.line("key"), visit().environment.key
    others = ", and disabled in the others" if len(visit().environments) > 1 else ""
    state = phrases.status(forms.text("enabled") == CHECKED)
    return done(f"{key} is created, {state} in {here}{others}.", "console_flag.page", key=key)


SAID = ("key", "kind", "type", "enabled")


def make() -> None:
    """Read the form and make the flag. Raises what `forms.attempt` tells."""
    here, is_enabled = visit().environment, forms.text("enabled") == CHECKED
    new = NewFlag(
        forms.line("key"),
        value_type=forms.text("type"),
        is_static=forms.text("kind") == STATIC,
        enabled=is_enabled,
        **{field.name: field.read(forms.text(field.name), None) for field in OWN},
        **values(forms.text("kind") == STATIC, forms.text("type")),
    )
    sentence = f"{new.key} will be created and {phrases.status(is_enabled)} in {here.key}."
    actor = visit().actor_for(sentence, here, touched=visit().environments)
    flags.create(new, here.key, actor=actor)


def values(is_static: bool, kind: str) -> Mapping[str, Any]:
    """Read what the flag serves, by the fields that belong to its type."""
    if kind == ValueType.BOOLEAN:
        return {"value": read(BOOLEAN_VALUE)} if is_static else {"default_variant": read(BOOLEAN_DEFAULT)}
    if kind not in TYPES:
        raise ValueError("choose a type")
    if is_static:
        return {"value": read(value_field(ValueType(kind)))}
    return {"variants": read(variants_field(ValueType(kind))), "default_variant": read(DEFAULT)}


def read(field: Field) -> Any:
    """Read what was typed into a field."""
    return field.read(forms.text(field.name), None)


def show(texts: Mapping[str, str], problem: Problem | None = None) -> FlaskResponse:
    """Return the form."""
    return render(
        "editing/create.html",
        problem.status if problem else 200,
        own=OWN,
        boolean_value=BOOLEAN_VALUE,
        boolean_default=BOOLEAN_DEFAULT,
        value=VALUE,
        variants=VARIANTS,
        default=DEFAULT,
        types=list(ValueType),
        texts=texts,
        problem=problem,
    )
