"""Edit what a flag is called and what it serves. Only what was really changed is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, Final, NamedTuple

from interval_sdk import IO

from db import validation
from db.configuration.state import canonical_json
from db.flags import flags
from db.flags.flags import FlagEdit
from db.forms.ownership import parse_links, parse_metadata, parse_tags
from db.forms.values import parse, parse_variants
from db.views import EnvironmentView, FlagView
from db.vocabulary import UNSET, ValueType
from db.wording import phrases
from interval_app.forms import ownership, values
from interval_app.forms.conflicts import ChangedMeanwhileError
from interval_app.forms.flag_to_change import flag_to_change
from interval_app.forms.form import ask, ask_with_comment, until_accepted, validator
from interval_app.session.interaction import UNCHANGED, ActionInteraction, Result
from interval_app.session.routes import Route

Entered = Mapping[str, Any]
"""What the form says, by the names of its fields."""


async def edit(interaction: ActionInteraction) -> Result:
    """Show the flag as it is, and write what was changed of it; tell if somebody else changed it meanwhile."""
    target = await flag_to_change(interaction)
    environment, entered = target.environment, current(target.flag)

    async def attempt(problem: str | None) -> FlagView | None:
        nonlocal entered
        flag = target.flag
        entered = await _form(interaction, environment, flag, entered, problem)
        changed = changes_of(flag, entered)
        if changed == FlagEdit():
            return None
        await interaction.confirm_if_protected(environment, f"{flag.key} will be changed there.")
        try:
            return await target.write(partial(flags.update, flag.id, environment.key, changed))
        except ChangedMeanwhileError as conflict:
            entered = on_top_of(conflict.flag, flag, entered)
            raise

    saved = await until_accepted(attempt)
    if saved is None:
        return UNCHANGED
    said = f"{saved.key} is saved in {environment.key}, as version {saved.version}."
    return await interaction.go(Route.FLAG, said, flag=saved.key, environment=environment.key)


def current(flag: FlagView) -> Entered:
    """Return the flag as its form is filled before anything is typed."""
    return {field.name: getattr(flag, field.name) for field in fields_of(flag)}


def changes_of(flag: FlagView, entered: Entered) -> FlagEdit:
    """Return the edit that writes what was entered, without all that is as before."""
    return FlagEdit(
        **{name: UNSET if _same(before, entered[name]) else entered[name] for name, before in current(flag).items()}
    )


def on_top_of(now: FlagView, flag: FlagView, entered: Entered) -> Entered:
    """Put what was entered for `flag` on top of what others made of it: what was not touched here is as it is now."""
    before, theirs = current(flag), current(now)
    return {
        field.name: theirs[field.name]
        if _same(before[field.name], entered[field.name])
        else field.merge(before[field.name], theirs[field.name], entered[field.name])
        for field in fields_of(flag)
    }


def _same(one: Any, other: Any) -> bool:
    if date in (type(one), type(other)):  # which JSON does not know
        return bool(one == other)
    return canonical_json(one) == canonical_json(other)


async def _form(
    interaction: ActionInteraction, environment: EnvironmentView, flag: FlagView, entered: Entered, problem: str | None
) -> Entered:
    intro = (
        f"{flag.key} in {environment.key}: {phrases.kind(flag)}, {phrases.status(flag.enabled)}. What stands "
        "above Enabled is the same in every environment. A key never changes: create another flag, and archive this "
        "one."
    )
    form, fields = FlagForm(interaction.io, flag, entered), fields_of(flag)
    inputs = {field.name: field.show(form) for field in fields}
    _, found = await ask_with_comment(
        interaction, inputs, [environment], intro=intro, problem=problem, buttons=["Save"]
    )
    read = {field.name: field.read(found[field.name], flag) for field in fields}
    return await _with_a_default(interaction, flag, read)


async def _with_a_default(interaction: ActionInteraction, flag: FlagView, entered: Entered) -> Entered:
    """Ask for the default variant again where the variants that were entered do not have it, or have new ones."""
    variants = entered.get("variants")
    if variants is None or variants.keys() == flag.variants.keys():
        return entered
    chosen = entered["default_variant"]
    fields = {"default": values.default_field(interaction.io, variants, chosen if chosen in variants else None)}
    intro = "The variants are others now: which is the default?"
    _, found = await ask(interaction.io, fields, intro=intro, buttons=["Save"])
    return {**entered, "default_variant": values.default_chosen(found["default"])}


class FlagForm(NamedTuple):
    """What the inputs are made from."""

    io: IO
    flag: FlagView
    entered: Entered


class FormField(NamedTuple):
    """A field of a flag that its form can change."""

    name: str
    """The name in `FlagView` and in `FlagEdit`."""
    show: Callable[[FlagForm], Any]
    """Returns the input, filled with what was entered before."""
    read: Callable[[Any, FlagView], Any]
    """Returns what `FlagEdit` takes for what the input gives."""
    merge: Callable[[Any, Any, Any], Any] = lambda before, theirs, mine: mine
    """Returns what becomes of a field that others and this person have changed."""


def fields_of(flag: FlagView) -> Sequence[FormField]:
    """Return the fields of the form that edits this flag."""
    if flag.is_static:
        return (*_EVERY_FLAG, _VALUE)
    return (*_EVERY_FLAG, *([] if flag.value_type is ValueType.BOOLEAN else [_VARIANTS]), _DEFAULT_VARIANT)


def _name(form: FlagForm) -> Any:
    name = form.io.input.text("Name", default_value=form.entered["name"], max_length=validation.MAX_NAME)
    return name.optional()


def _description(form: FlagForm) -> Any:
    filled, longest = form.entered["description"] or None, validation.MAX_DESCRIPTION
    return form.io.input.text("Description", default_value=filled, multiline=True, max_length=longest).optional()


def _tags(form: FlagForm) -> Any:
    filled = ", ".join(form.entered["tags"]) or None
    tags = form.io.input.text("Tags", default_value=filled, help_text="Separated by commas.").optional()
    return tags.validate(validator(parse_tags))


def _enabled(form: FlagForm) -> Any:
    return form.io.input.boolean(f"Enabled in {form.flag.environment}", default_value=form.entered["enabled"])


def _default_variant(form: FlagForm) -> Any:
    variants = form.entered.get("variants", form.flag.variants)
    return values.default_field(form.io, variants, form.entered["default_variant"])


def _merged(before: Mapping[str, Any], theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> Mapping[str, Any]:
    changed = {name: value for name, value in mine.items() if name not in before or not _same(before[name], value)}
    dropped = before.keys() - mine.keys()
    return {name: value for name, value in theirs.items() if name not in dropped} | changed


_EVERY_FLAG: Final = (
    FormField("name", _name, lambda text, flag: (text or "").strip() or None),
    FormField("description", _description, lambda text, flag: text or ""),
    FormField("tags", _tags, lambda text, flag: parse_tags(text or "")),
    FormField("owner", lambda form: ownership.owner_field(form.io, form.entered["owner"]), lambda text, flag: text),
    FormField(
        "purpose",
        lambda form: ownership.purpose_field(form.io, form.entered["purpose"]),
        lambda option, flag: ownership.purpose_chosen(option),
    ),
    FormField(
        "expected_end", lambda form: ownership.end_field(form.io, form.entered["expected_end"]), lambda day, flag: day
    ),
    FormField(
        "links",
        lambda form: ownership.links_field(form.io, form.entered["links"]),
        lambda text, flag: parse_links(text),
    ),
    FormField(
        "metadata",
        lambda form: ownership.metadata_field(form.io, form.entered["metadata"]),
        lambda text, flag: parse_metadata(text),
        _merged,
    ),
    FormField(
        "client_side",
        lambda form: ownership.client_side_field(form.io, form.entered["client_side"]),
        lambda seen, flag: seen,
    ),
    FormField("enabled", _enabled, lambda enabled, flag: enabled),
)
_VALUE: Final = FormField(
    "value",
    lambda form: values.value_field(form.io, "Value", form.flag.value_type, form.entered["value"]),
    lambda value, flag: parse(value, flag.value_type),
)
_DEFAULT_VARIANT: Final = FormField(
    "default_variant", _default_variant, lambda option, flag: values.default_chosen(option)
)
_VARIANTS: Final = FormField(
    "variants",
    lambda form: values.variants_field(form.io, form.flag.value_type, form.entered["variants"]),
    lambda text, flag: parse_variants(text, flag.value_type),
    _merged,
)
