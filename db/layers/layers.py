"""Creating, finding and changing layers. A write is one transaction, with one revision for each environment.

A flag enters and leaves a layer as its configuration is edited, in `db.flags`.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import peewee

from db import validation
from db.configuration import layer_ranges, references
from db.configuration.needs import Needs
from db.database import snapshot
from db.errors import LayerInUseError, LayerKeyTakenError
from db.layers import rows
from db.layers.edits import LayerEdit, LayerView, LayerWritten, NewLayer
from db.models import Layer
from db.targeting.layers import check_span
from db.targeting.rules import check_split_by
from db.views import Affected, Page
from db.vocabulary import Action, Actor, Unset
from db.writing import Write, write
from flagstaff.targeting import Span


def get(key: str) -> LayerView:
    """Return a live layer; raises LayerNotFoundError."""
    with snapshot():
        return rows.view(rows.find(key))


def page(*, search: str = "", after: str | None = None, skip: int = 0, limit: int = 100) -> Page[LayerView]:
    """List the live layers by key, those with a text in key, name or description; raises InvalidInputError.

    `skip` passes over so many first, for tables that are looked at by page numbers.
    """
    limit, skip, text = validation.limit(limit), validation.skip(skip), validation.search(search)
    live: list[Any] = [Layer.archived_at.is_null()]
    if text:
        live.append(Layer.key.contains(text) | Layer.name.contains(text) | Layer.description.contains(text))
    with snapshot():
        total = Layer.select().where(*live).count()
        if after is not None:
            live.append(Layer.key > validation.key(after, "next", code="invalid_cursor"))
        found = rows.views(Layer.select().where(*live).order_by(Layer.key).offset(skip).limit(limit + 1))
    return Page(found[:limit], total, found[limit - 1].key if len(found) > limit else None)


def create(new: NewLayer, *, actor: Actor, dry_run: bool = False) -> LayerWritten:
    """Make a layer, in which no flag is yet; raises InvalidInputError or LayerKeyTakenError."""
    columns = {
        "key": validation.key(new.key),
        "name": validation.name(new.name),
        "description": validation.description(new.description),
        "split_by": check_split_by(new.split_by),
        "holdout": _holdout(new.holdout),
    }
    with write(actor, dry_run=dry_run) as writing:
        by = {"created_at": writing.at, "created_by": writing.actor.name}
        try:
            made = Layer.create(**columns, **by, **_updated(writing))
        except peewee.IntegrityError as error:
            raise LayerKeyTakenError(str(columns["key"])) from error
        writing.log(Action.LAYER_CREATED, layer_id=made.id, after=rows.to_json(made))
        return LayerWritten(rows.view(made), ())


def update(
    key: str, edit: LayerEdit, *, actor: Actor, version: int | None = None, dry_run: bool = False
) -> LayerWritten:
    """Change what the edit gives; an edit that changes nothing leaves no trace.

    Another field to split by draws everyone anew, in all flags of the layer. Raises LayerNotFoundError,
    VersionConflictError, InvalidInputError, or RangeTakenError where flags have a part of the holdout.
    """
    columns: dict[str, Any] = {}
    if not isinstance(edit.name, Unset):
        columns["name"] = validation.name(edit.name)
    if not isinstance(edit.description, Unset):
        columns["description"] = validation.description(edit.description)
    if not isinstance(edit.split_by, Unset):
        columns["split_by"] = check_split_by(edit.split_by)
    if not isinstance(edit.holdout, Unset):
        columns["holdout"] = _holdout(edit.holdout)
    with write(actor, dry_run=dry_run) as writing:
        return _change(writing, rows.find_to_change(key, version), columns)


def archive(key: str, *, actor: Actor, version: int | None = None, dry_run: bool = False) -> LayerWritten:
    """Take a layer out of service and free its key; raises LayerNotFoundError, LayerInUseError."""
    with write(actor, dry_run=dry_run) as writing:
        found = rows.find_to_change(key, version)
        if users := _users(key):
            raise LayerInUseError(key, users)
        before = rows.to_json(found)
        found.archived_at = writing.at
        _save(writing, found, Action.LAYER_ARCHIVED, before)
        return LayerWritten(rows.view(found), ())


def _change(writing: Write, layer: Layer, columns: dict[str, Any]) -> LayerWritten:
    """Write it, unless nothing is different; the flags in it follow where what decides is."""
    before = rows.to_json(layer)
    for name, value in columns.items():
        setattr(layer, name, value)
    after = rows.to_json(layer)
    affected: Sequence[Affected] = ()
    if after != before:
        if layer.holdout and after["holdout"] != before["holdout"]:
            found = rows.taken([str(layer.key)]).get(str(layer.key), [])
            layer_ranges.refuse_overlaps(str(layer.key), Span.from_json(layer.holdout), found)
        _save(writing, layer, Action.LAYER_UPDATED, before)
        if any(after[name] != before[name] for name in ("splitBy", "holdout")):
            affected = _republish(writing, str(layer.key))
    return LayerWritten(rows.view(layer), affected)


def _republish(writing: Write, key: str) -> list[Affected]:
    """Give the flags in a layer, and those that need one, the revision of the write, in each environment."""
    users, found = _users(key), []
    for environment in writing.environments:
        needs = Needs.read(environment)
        flags = references.affected(needs, users.get(environment.key, ()))
        if flags.flags:
            references.touch_all(writing, environment, flags)
            references.refuse_too_complex(needs, flags.flags)
            found.append(flags)
    return found


def _users(key: str) -> Mapping[str, list[str]]:
    """Return the live flags that are in a layer, by environment, in the order of their keys."""
    users: defaultdict[str, list[str]] = defaultdict(list)
    for each in rows.taken([key]).get(key, ()):
        users[str(each.environment)].append(str(each.flag))
    return {environment: sorted(flags) for environment, flags in users.items()}


def _save(writing: Write, layer: Layer, action: Action, before: Any) -> None:
    layer.version += 1
    for name, value in _updated(writing).items():
        setattr(layer, name, value)
    layer.save()
    writing.log(action, layer_id=layer.id, before=before, after=rows.to_json(layer))


def _updated(writing: Write) -> dict[str, Any]:
    return {"updated_at": writing.at, "updated_by": writing.actor.name}


def _holdout(given: Span | None) -> dict[str, Any] | None:
    """Check a holdout and return it as the table has it."""
    if given is None:
        return None
    check_span(given, "holdout")
    return given.to_json()
