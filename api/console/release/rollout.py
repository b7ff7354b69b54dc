"""Edit the rollout: which share of everybody gets which variant. What that changes is said before it is saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, request
from flask import Response as FlaskResponse

from api.console import forms, share_form
from api.console.flags.words import current
from api.console.forms import Problem
from api.console.page import done, render
from api.console.session import guard
from api.console.visit import visit
from db.configuration.edits import FlagEdit
from db.errors import StaticFlagError
from db.flags import flags
from db.forms.shares import read_percent
from db.layers import layers
from db.layers.edits import LayerView
from db.layers.parts import Owner, parts
from db.targeting.layers import read_layer_range
from db.targeting.rules import check_split_by
from db.views import FlagView
from db.wording import phrases
from db.wording.growth import Drawn, growth
from flagstaff.targeting import LayerRange

blueprint = guard(Blueprint("console_rollout", __name__, url_prefix="/console/flags"))

NONE = "none"


@blueprint.get("/<key>/rollout")
def page(key: str) -> FlaskResponse:
    """Show the rollout, with the field by which it is split and the part of a layer."""
    return show(dynamic(key))


@blueprint.post("/<key>/rollout")
def save(key: str) -> FlaskResponse:
    """Save the rollout."""
    flag = dynamic(key)
    problem = forms.attempt(lambda: write(flag), flag=flag)
    if problem:
        now = flags.get(flag.id, flag.environment) if problem.is_conflict else flag
        return show(now, problem)
    saved = drawn_now(flags.get(flag.id, flag.environment))
    return done(
        f"The rollout of {flag.key} in {flag.environment}: {in_words(saved)}.", "console_flag.page", key=flag.key
    )


@blueprint.get("/<key>/rollout/preview")
def preview(key: str) -> FlaskResponse:
    """Say what the form would change, as one fills it in."""
    flag = dynamic(key)
    return forms.preview(lambda: growth(drawn_now(flag), read(flag)))


def dynamic(key: str) -> FlagView:
    """Return a flag that can have a rollout. Raises StaticFlagError, FlagNotFoundError."""
    flag = flags.get(key, visit().environment.key)
    if flag.is_static:
        raise StaticFlagError(flag.key, "rollout")
    return flag


def write(flag: FlagView) -> None:
    """Read the form and write the rollout."""
    version, wanted, here = forms.version(), read(flag), visit().environment
    sentence = f"The rollout of {flag.key} in {here.key} will be: {in_words(wanted)}. {growth(drawn_now(flag), wanted)}"
    actor = visit().actor_for(sentence, here)
    edit = FlagEdit(rollout=wanted.shares, split_by=wanted.split_by, layer=wanted.layer)
    flags.update(flag.id, here.key, edit, actor=actor, version=version)


def drawn_now(flag: FlagView) -> Drawn:
    """Return who is drawn now; of a ramp, by the shares that it has come to."""
    return Drawn(current(flag), flag.default_variant, flag.split_by, flag.layer)


def read(flag: FlagView) -> Drawn:
    """Read what was typed; what the form has no field for stays. Raises ValueError or InvalidInputError."""
    now, given = drawn_now(flag), request.values
    shares = None if given.get("rollout") == NONE else share_form.read(flag, now.shares)
    split_by = check_split_by(given["split_by"].strip() or None) if "split_by" in given else flag.split_by
    return Drawn(shares, flag.default_variant, split_by, layer_of(flag) if "layer" in given else flag.layer)


def layer_of(flag: FlagView) -> LayerRange | None:
    """Read the part of a layer that was typed; None for everyone."""
    key = request.values["layer"]
    if not key:
        return None
    texts = {name: request.values.get(f"layer_{name}", "") for name in ("from", "to")}
    if not all(text.strip() for text in texts.values()):
        raise ValueError(f"say which part of the layer {key} the rollout is for: from and to, in percent")
    places = {name: read_percent(text, f"the part of the layer: {name}") for name, text in texts.items()}
    return read_layer_range({"key": key, **places}, "the part of the layer")


def in_words(drawn: Drawn) -> str:
    """Describe a rollout: "25 % on, 75 % off by organisation.id, in 0 to 45 % of checkout"."""
    shares = phrases.rollout(drawn.shares, drawn.split_by) if drawn.shares else "none"
    return f"{shares}, in {phrases.layer_range(drawn.layer)}" if drawn.layer else shares


def show(flag: FlagView, problem: Problem | None = None) -> FlaskResponse:
    """Return the page."""
    now = drawn_now(flag)
    return render(
        "release/rollout.html",
        problem.status if problem else 200,
        flag=flag,
        now=in_words(now),
        shares=share_form.typed(flag, now.shares),
        split_by=forms.text("split_by") if problem else flag.split_by or "",
        layer=layer_texts(flag, problem),
        layers=[(one.key, choice(one, flag)) for one in all_layers()],
        problem=problem,
    )


def layer_texts(flag: FlagView, problem: Problem | None) -> dict[str, Any]:
    """Return what the fields for the part of a layer show."""
    if problem and "layer" in request.form:
        return {name: forms.text(f"layer{name}") for name in ("", "_from", "_to")}
    if flag.layer is None:
        return {"": "", "_from": "", "_to": ""}
    span = flag.layer.to_json()
    return {"": flag.layer.layer, "_from": str(span["from"]), "_to": str(span["to"])}


def all_layers() -> Sequence[LayerView]:
    """List the layers that a flag may enter."""
    return layers.page(limit=1_000).items


def choice(layer: LayerView, flag: FlagView) -> str:
    """Describe a layer: "checkout (free: 45 to 95 %)"."""
    free = [str(part.span) for part in parts(layer, flag.environment, but=flag.key) if part.owner is Owner.FREE]
    return f"{layer.key} (free: {', '.join(free) or 'nothing'})"
