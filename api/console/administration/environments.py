"""Environments: listed, added, edited, deleted."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint
from flask import Response as FlaskResponse

from api.console import forms
from api.console.forms import Problem
from api.console.page import done, render
from api.console.session import guard
from api.console.visit import visit
from api.current import services
from db.administration import environments
from db.views import EnvironmentView

blueprint = guard(Blueprint("console_environments", __name__, url_prefix="/console"))

CHECKED = "yes"
FIELDS = ("key", "name", "protected", "comment_required", "copy_of")


@blueprint.get("/environments")
def page() -> FlaskResponse:
    """Show every environment."""
    default = services().settings.default_environment
    return render("administration/environments.html", default=default)


@blueprint.get("/new-environment")
def form() -> FlaskResponse:
    """Ask what a new environment is."""
    return show_form(None, {**dict.fromkeys(FIELDS, ""), "copy_of": visit().environment.key})


@blueprint.post("/new-environment")
def create() -> FlaskResponse:
    """Add an environment, in which every flag is disabled."""
    key = forms.line("key")
    problem = forms.attempt(
        lambda: environments.create(
            key,
            name=forms.line("name") or None,
            protected=forms.text("protected") == CHECKED,
            comment_required=forms.text("comment_required") == CHECKED,
            copy_of=forms.text("copy_of"),
            actor=visit().actor_for(f"The environment {key} will be added."),
        )
    )
    if problem:
        return show_form(None, {name: forms.text(name) for name in FIELDS}, problem)
    return done(f"{key} is there. Every flag is disabled in it.", "console_environments.page")


@blueprint.get("/environments/<key>/edit")
def edit_form(key: str) -> FlaskResponse:
    """Show what an environment is, to be edited."""
    one = environments.get(key)
    flags = {name: CHECKED if getattr(one, name) else "" for name in ("protected", "comment_required")}
    return show_form(one, {"name": one.name, **flags})


@blueprint.post("/environments/<key>/edit")
def edit(key: str) -> FlaskResponse:
    """Change an environment's name and what it asks of changes."""
    one = environments.get(key)
    problem = forms.attempt(
        lambda: environments.update(
            key,
            name=forms.line("name") or None,
            protected=forms.text("protected") == CHECKED,
            comment_required=forms.text("comment_required") == CHECKED,
            actor=visit().actor_for(f"What {key} asks of changes will be as you entered it.", one),
        )
    )
    if problem:
        return show_form(one, {name: forms.text(name) for name in FIELDS}, problem)
    return done(f"{key} is saved.", "console_environments.page")


@blueprint.get("/environments/<key>/delete")
def ask(key: str) -> FlaskResponse:
    """Say what deleting an environment takes, and ask for its key."""
    return show_delete(environments.get(key))


@blueprint.post("/environments/<key>/delete")
def delete(key: str) -> FlaskResponse:
    """Delete an environment whose key was typed."""
    one, default = environments.get(key), services().settings.default_environment
    if forms.line("key") != one.key:
        return show_delete(one, Problem("That is not the key of the environment.", field="key"))
    actor = visit().actor_for(f"{key} will be deleted, with all that flags are in it.", touched=[one])
    problem = forms.attempt(lambda: environments.delete(key, default=default, actor=actor))
    if problem:
        return show_delete(one, problem)
    return done(f"{key} is deleted.", "console_environments.page", environment=default)


def show_form(one: EnvironmentView | None, texts: Mapping[str, str], problem: Problem | None = None) -> FlaskResponse:
    """Return the form for a new environment, or for one that there is."""
    status = problem.status if problem else 200
    return render("administration/environment_form.html", status, one=one, texts=texts, problem=problem)


def show_delete(one: EnvironmentView, problem: Problem | None = None) -> FlaskResponse:
    """Return the page that asks before an environment is deleted."""
    return render(
        "administration/delete_environment.html",
        problem.status if problem else 200,
        one=one,
        is_default=one.key == services().settings.default_environment,
        problem=problem,
    )
