"""Layers: listed, made, changed, archived; who has which part; flags that enter and leave in their rollout's form."""

from __future__ import annotations

from typing import Any

import pytest

from db.flags import flags
from db.history import changes
from db.layers import layers
from db.layers.edits import LayerView, NewLayer
from db.layers.parts import LayerPart, Owner
from flagstaff.targeting import LayerRange, Share, Span
from interval_app.display.bar import MORE, bar, letters
from tests.interval.browser import OpenPage, Transaction
from tests.interval.conftest import TESTER, Running
from tests.interval.pages.test_ramp import PLANNED

ONE = "flags/layers/layer"
ALL = (Share.of_percent("on", 100), Share.of_percent("off", 0))


def made(dash: Running, **fields: Any) -> LayerView:
    """A layer that is there already, whose last 5 % are the holdout."""
    new = NewLayer(dash.fresh("layer"), **{"holdout": Span(95_000, 100_000), **fields})
    return layers.create(new, actor=TESTER).layer


def inside(dash: Running, layer: LayerView, first: int, last: int, **fields: Any) -> str:
    """The key of a flag that has this part of a layer."""
    place = LayerRange(layer.key, Span(first, last))
    return dash.flag(rollout=ALL, layer=place, default_variant="off", **fields).key


def test_they_are_listed_and_searched(dash: Running) -> None:
    layer = made(dash, name="Ours")
    inside(dash, layer, 0, 45_000)
    page = dash.ada.open("flags")
    page = dash.ada.follow(*page.link("Layers"))
    assert isinstance(page, OpenPage)
    (row,) = page.look("Layers", queryTerm=layer.key)
    assert row.pop("updated").endswith("by tester")
    assert row == {
        "key": layer.key,
        "name": "Ours",
        "by": "the entity",
        "holdout": "95 to 100 %",
        "used": "1 flag",
    }


def test_one_is_created(dash: Running) -> None:
    key = dash.fresh("layer")
    action = dash.ada.run("flags/layers/create")
    action.form()
    action.answer({"Key": "a b"})
    assert "Key must be" in action.form().errors["Key"]
    action.answer({"Key": made(dash).key, "Holdout from %": 95, "Holdout to %": 100})
    form = action.form()
    assert "exists already. Choose another key." in form.text and form.default("Holdout from %") == 95
    action.answer({"Key": key, "Holdout to %": None})
    assert "leave both empty" in action.form().errors[""]
    action.answer({"Key": key, "Split by": "organisation.id", "Holdout from %": 97.5})
    said = action.result()
    assert action.redirects == [(ONE, {"layer": key})]
    page = dash.ada.open(ONE, layer=key, said=said)
    assert page.render.labels[0] == f"{key} is there. No flag is in it yet."
    assert "Split by: organisation.id" in page.render.text and "Holdout: 97.5 to 100 %" in page.render.text
    assert "your role (member) may not change" in dash.member.run("flags/layers/create").failure()


def test_its_page_says_who_has_which_part_in_each_environment(dash: Running) -> None:
    layer = made(dash, description="Of the shop")
    first, second = inside(dash, layer, 0, 45_000), inside(dash, layer, 60_000, 80_500)
    third = inside(dash, layer, 10_000, 30_000, environment="prod")
    page = dash.ada.open(ONE, layer=layer.key)
    assert (page.layout["title"], page.layout["description"]) == (f"Layer {layer.key}", "Of the shop")
    assert "Used by: 3 flags" in page.render.text and "prod ⚠ PROTECTED" in page.render.text
    rows = page.render.rows("In dev")
    assert [(row["sign"], row["from"], row["to"], row["who"]) for row in rows] == [
        ("A", "0 %", "45 %", first),
        ("·", "45 %", "60 %", "free"),
        ("B", "60 %", "80.5 %", second),
        ("·", "80.5 %", "95 %", "free"),
        ("▒", "95 %", "100 %", "the holdout: in no flag's rollout"),
    ]
    line = "A" * 22 + "·" * 8 + "B" * 10 + "·" * 7 + "▒" * 3
    assert len(line) == 50 and line in page.render.text.replace("A" * 23 + "·" * 7, "A" * 22 + "·" * 8)
    assert [row["who"] for row in page.render.rows("In prod")][1] == third
    assert "In staging" not in page.render.text
    change = dash.ada.click(page.row("In dev", sign="B"), "Change its part")
    assert isinstance(change, Transaction)
    assert change.form().default("Layer to %") == 80.5
    change.cancel()


def test_a_bar_of_many_flags() -> None:
    many = [LayerPart(Span(at * 1_000, (at + 1) * 1_000), Owner.FLAG, f"flag-{at}") for at in range(100)]
    assert letters(many)[25:28] == ["Z", "a", "b"] and letters(many)[51:53] == ["z", MORE]
    *_, scale, line, _ = bar(many).split("\n")
    assert len(scale) == len(line) == 50 and line[:3] == "BDF"


def test_a_flag_enters_and_leaves_in_the_form_of_its_rollout(dash: Running) -> None:
    layer = made(dash)
    other = inside(dash, layer, 0, 45_000)
    flag = dash.flag(default_variant="off")
    action = dash.ada.run("flags/rollout", flag=flag.key, environment="dev")
    options = action.form().props("Layer")["options"]
    assert f"{layer.key} (free: 45 to 95 %)" in {option["label"] for option in options}
    action.answer({"% on = true": 100, "Layer": layer.key}, "Preview")
    assert "say which part of the layer" in action.form().errors[""].lower()
    action.answer({"% on = true": 100, "Layer": layer.key, "Layer from %": 40, "Layer to %": 50}, "Preview")
    assert f"Only for those in 40 to 50 % of the layer {layer.key}" in action.form().text
    action.answer({}, "Save rollout")
    form = action.form()
    assert f"is not free: {other} has 0 to 45 % in dev. Choose another part." in form.text
    action.answer({"Layer from %": 45}, "100 %")
    action.fill({}, "Save rollout")
    assert action.result().endswith(f"100 % on, 0 % off, in 45 to 50 % of {layer.key}.")
    assert flags.get(flag.key, "dev").layer == LayerRange(layer.key, Span(45_000, 50_000))
    page = dash.ada.open("flags/flag", flag=flag.key, environment="dev")
    assert f"Layer: 45 to 50 % of {layer.key}" in page.render.text
    (row,) = dash.ada.open("flags").look("Dynamic flags", queryTerm=flag.key)
    assert row["rollout"] == f"100 % on, 0 % off, in 45 to 50 % of {layer.key}"
    leave = dash.ada.run("flags/rollout", flag=flag.key, environment="dev")
    assert leave.form().default("Layer") == layer.key
    leave.answer({"Layer": "=none"}, "Preview")
    leave.fill({}, "Save rollout")
    leave.result()
    assert flags.get(flag.key, "dev").layer is None
    assert changes.page(flag.key, "dev").items[0].action == "flag.updated"


def test_a_rollout_that_is_taken_away_keeps_its_part(dash: Running) -> None:
    layer = made(dash)
    flag = inside(dash, layer, 0, 45_000)
    action = dash.ada.run("flags/rollout", flag=flag, environment="dev")
    action.fill({}, "No rollout")
    assert f"It keeps 0 to 45 % of {layer.key}." in action.form().text
    action.answer({}, "Save rollout")
    assert action.result().endswith(f": none, in 0 to 45 % of {layer.key}.")


def test_a_ramp_has_a_layer_too(dash: Running) -> None:
    layer = made(dash)
    flag = dash.flag(rollout=PLANNED)
    action = dash.ada.run("flags/ramp", flag=flag.key)
    action.fill({"Layer": layer.key, "Layer from %": 0, "Layer to %": 12.5})
    action.result()
    saved = flags.get(flag.key, "dev")
    assert (saved.ramp, saved.layer) == (PLANNED, LayerRange(layer.key, Span(0, 12_500)))
    assert dash.ada.run("flags/ramp", flag=flag.key).form().default("Layer to %") == 12.5


def test_a_change_says_which_flags_change_with_it(dash: Running) -> None:
    layer = made(dash)
    flag = inside(dash, layer, 0, 45_000)
    action = dash.ada.run(f"{ONE}/edit", layer=layer.key)
    assert action.form().default("Holdout from %") == 95
    action.answer({"Split by": "team"})
    question = action.confirm().text
    assert "Everyone has another place in it then." in question and f"It changes 1 flag ({flag})" in question
    assert action.result() == f"{layer.key} is saved."
    assert layers.get(layer.key).split_by == "team"
    action = dash.ada.run(f"{ONE}/edit", layer=layer.key)
    action.fill({"Holdout from %": 40})
    form = action.form()
    assert f"{flag} has 0 to 45 % in dev" in form.text and form.default("Holdout from %") == 40
    action.answer({"Holdout from %": 50, "Name": "Teams"})
    action.confirm(False)
    assert action.result() == "Nothing was changed."
    named = dash.ada.run(f"{ONE}/edit", layer=layer.key)
    named.fill({"Name": "Teams"})
    assert named.result() == f"{layer.key} is saved."
    same = dash.ada.run(f"{ONE}/edit", layer=layer.key)
    same.fill()
    assert same.result() == "Nothing was changed."


def test_two_people_change_one(dash: Running) -> None:
    layer = made(dash)
    ada = dash.ada.run(f"{ONE}/edit", layer=layer.key)
    ada.form()
    bob = dash.bob.run(f"{ONE}/edit", layer=layer.key)
    bob.fill({"Description": "by Bob"})
    bob.result()
    ada.answer({"Name": "by Ada"})
    assert "bob@example.com changed it" in ada.form().text
    ada.answer({})
    ada.result()
    assert layers.get(layer.key).name == "by Ada"


def test_only_an_unused_one_is_archived(dash: Running) -> None:
    layer = made(dash)
    flag = inside(dash, layer, 0, 45_000)
    assert f"is used by {flag} in dev" in dash.ada.run(f"{ONE}/archive", layer=layer.key).failure()
    flags.archive(flag, actor=TESTER)
    action = dash.ada.run(f"{ONE}/archive", layer=layer.key)
    assert "No flag is in it" in action.confirm().text
    assert action.result() == f"The layer {layer.key} is archived."
    assert "There is no layer" in dash.ada.open(ONE, layer=layer.key).render.text
    assert "There is no layer" in dash.ada.run(f"{ONE}/edit", layer=layer.key).failure()


@pytest.mark.parametrize("route", ["edit", "archive"])
def test_a_layer_is_for_those_who_may_change_every_environment(dash: Running, route: str) -> None:
    assert "your role (member) may not change" in dash.member.run(f"{ONE}/{route}", layer=made(dash).key).failure()


def test_the_log_names_layers(dash: Running) -> None:
    layer = made(dash)
    change = changes.page(layer=layer.key).items[0]
    page = dash.ada.open("flags/changes/change", change=str(change.id))
    assert f"Layer: {layer.key}" in page.render.text
