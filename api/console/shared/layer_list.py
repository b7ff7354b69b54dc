"""The layers: searched as one types; and a form for a new one."""

from __future__ import annotations

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api.console import forms, paging
from api.console.forms import Problem
from api.console.page import done, render
from api.console.session import guard
from api.console.shared import layer_form
from api.console.visit import visit
from db.layers import layers
from db.layers.edits import NewLayer
from db.views import Page

blueprint = guard(Blueprint("console_layers", __name__, url_prefix="/console"))


@blueprint.get("/layers")
def page() -> FlaskResponse:
    """Show the layers that fit."""
    search, number = request.args.get("search", "").strip(), paging.page_number()
    found, problem = forms.look(lambda: layers.page(search=search, skip=paging.skipped(number), limit=paging.PAGE_SIZE))
    return render(
        "shared/layers.html",
        problem.status if problem else 200,
        found=found or Page([], 0, None),
        search=search,
        number=number,
        pages=paging.pages(found.total if found else 0),
        problem=problem,
    )


@blueprint.get("/new-layer")
def form() -> FlaskResponse:
    """Ask what a new layer is."""
    return show(None)


@blueprint.post("/new-layer")
def create() -> FlaskResponse:
    """Make a layer in which no flag is yet."""
    problem, key = forms.attempt(make), forms.line("key")
    return show(problem) if problem else done(f"{key} is there. No flag is in it yet.", "console_layer.page", key=key)


def make() -> None:
    """Read the form and make the layer."""
    new = NewLayer(forms.line("key"), *layer_form.read())
    layers.create(new, actor=visit().actor_for(f"The layer {new.key} will be made.", touched=visit().environments))


def show(problem: Problem | None) -> FlaskResponse:
    """Return the form."""
    status = problem.status if problem else 200
    return render("shared/layer_form.html", status, layer=None, texts=layer_form.typed(), problem=problem)
