"""A layer: who has which part of it in each environment; its edit and its end."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from flask import Blueprint
from flask import Response as FlaskResponse

from api.console import forms
from api.console.forms import Problem
from api.console.page import done, render
from api.console.session import guard
from api.console.shared import layer_form
from api.console.shared.trying import tell_and_do
from api.console.visit import visit
from db.history import changes
from db.layers import layers
from db.layers.edits import LayerEdit, LayerView
from db.layers.parts import Owner, parts
from db.writing import NOBODY

blueprint = guard(Blueprint("console_layer", __name__, url_prefix="/console/layers"))

LAST_CHANGES = 5


@blueprint.get("/<key>")
def page(key: str) -> FlaskResponse:
    """Show a layer."""
    return show(layers.get(key))


@blueprint.get("/<key>/edit")
def form(key: str) -> FlaskResponse:
    """Show what the layer is, to be edited."""
    layer = layers.get(key)
    return show_form(layer, layer_form.written(layer))


@blueprint.post("/<key>/edit")
def edit(key: str) -> FlaskResponse:
    """Change what the layer is, after saying which flags change with it."""
    layer = layers.get(key)
    problem = forms.attempt(lambda: write(layer))
    if problem:
        return show_form(layers.get(key), layer_form.typed(), problem)
    return done(f"{key} is saved.", "console_layer.page", key=key)


def write(layer: LayerView) -> None:
    """Read the form and write the layer."""
    typed, version = layer_form.read(), forms.version()
    moved = " Everyone has another place in it then." if typed.split_by != layer.split_by else ""
    change = partial(layers.update, layer.key, LayerEdit(*typed), version=version)
    tell_and_do(change, f"The layer {layer.key} will be changed.{moved}")


@blueprint.post("/<key>/archive")
def archive(key: str) -> FlaskResponse:
    """Archive a layer in which no flag is; one that is used is refused."""
    layer = layers.get(key)
    problem = forms.attempt(lambda: archive_it(layer))
    return show(layer, problem) if problem else done(f"{key} is archived.", "console_layers.page")


def archive_it(layer: LayerView) -> None:
    """Archive a layer, after asking."""
    layers.archive(layer.key, actor=NOBODY, dry_run=True)
    sentence = f"The layer {layer.key} will be archived, for good. Its key can be used for another one then."
    actor = visit().actor_for(sentence, touched=visit().environments, asks=True)
    layers.archive(layer.key, actor=actor, version=forms.version())


def show(layer: LayerView, problem: Problem | None = None) -> FlaskResponse:
    """Return the page of a layer."""
    return render(
        "shared/layer.html",
        problem.status if problem else 200,
        layer=layer,
        parts={one.key: parts(layer, one.key) for one in visit().environments},
        owners=Owner,
        last=changes.page(layer=layer.key, limit=LAST_CHANGES),
        problem=problem,
    )


def show_form(layer: LayerView, texts: Mapping[str, str], problem: Problem | None = None) -> FlaskResponse:
    """Return the form; where somebody else changed the layer meanwhile, with what it is now."""
    return render(
        "shared/layer_form.html",
        problem.status if problem else 200,
        layer=layer,
        texts=texts,
        problem=problem,
    )
