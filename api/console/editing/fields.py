"""The fields of a flag that forms show: how each is written as text, and read from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeAlias

from api.console import forms
from db.forms.ownership import parse_links, parse_metadata, parse_tags, written_links, written_metadata
from db.forms.values import parse, parse_variants, typed, written_variants
from db.views import FlagView
from db.vocabulary import Purpose, ValueType

Texts: TypeAlias = "Mapping[str, str]"
"""What a form says, by the names of its fields."""


class Kind(StrEnum):
    """How a field is asked for."""

    LINE = "line"
    LINES = "lines"
    DAY = "day"
    CHECK = "check"
    CHOICE = "choice"


class Field(NamedTuple):
    """One field of a form."""

    name: str
    """In forms, in `FlagView`, `FlagEdit` and `NewFlag`."""
    label: str
    kind: Kind
    write: Callable[[FlagView], str]
    read: Callable[[str, FlagView | None], Any]
    """Takes the flag where there is one yet. Raises ValueError or InvalidInputError with a sentence."""
    help: str = ""
    choices: Sequence[tuple[str, str]] = ()
    """Texts and their labels."""


CHECKED: Final = "yes"
NO_VARIANT: Final = ("", "none: the caller's default")

OWN: Final = (
    Field("name", "Name", Kind.LINE, lambda flag: flag.name or "", lambda text, flag: text.strip() or None),
    Field("description", "Description", Kind.LINES, lambda flag: flag.description, lambda text, flag: text),
    Field(
        "tags",
        "Tags",
        Kind.LINE,
        lambda flag: ", ".join(flag.tags),
        lambda text, flag: parse_tags(text),
        "with commas between them",
    ),
    Field(
        "owner",
        "Owner",
        Kind.LINE,
        lambda flag: flag.owner or "",
        lambda text, flag: text.strip() or None,
        "who answers for it: a person or a team",
    ),
    Field(
        "purpose",
        "Purpose",
        Kind.CHOICE,
        lambda flag: flag.purpose or "",
        lambda text, flag: text or None,
        choices=[("", "not said"), *((purpose, purpose) for purpose in Purpose)],
    ),
    Field(
        "expected_end",
        "Expected end",
        Kind.DAY,
        lambda flag: str(flag.expected_end or ""),
        lambda text, flag: text.strip() or None,
        "the day by which it is to be gone",
    ),
    Field(
        "client_side",
        "Client keys see it",
        Kind.CHECK,
        lambda flag: CHECKED if flag.client_side else "",
        lambda text, flag: text == CHECKED,
        "In browsers and apps everybody can read what a client key sees, the flag's key among it.",
    ),
    Field(
        "links",
        "Links",
        Kind.LINES,
        lambda flag: written_links(flag.links),
        lambda text, flag: parse_links(text),
        "one a line: Ticket = https://example.com/1",
    ),
    Field(
        "metadata",
        "Metadata",
        Kind.LINES,
        lambda flag: written_metadata(flag.metadata),
        lambda text, flag: parse_metadata(text),
        'programs can read it; one a line: squad = red. "5" is a text, 5 a number',
    ),
)
"""What a flag is in every environment."""


def of_environment(flag: FlagView) -> Sequence[Field]:
    """Return the fields that belong to one environment."""
    if flag.is_static:
        return [value_field(flag.value_type)]
    if flag.value_type is ValueType.BOOLEAN:
        return [default_field(list(flag.variants))]
    return [variants_field(flag.value_type), default_field([])]


def value_field(kind: ValueType) -> Field:
    """Return the field for a static flag's value."""
    if kind is ValueType.BOOLEAN:
        choices = [("true", "true"), ("false", "false")]
        return Field("value", "Value", Kind.CHOICE, written_value, lambda text, flag: text == "true", choices=choices)
    helps = {
        ValueType.STRING: "the text as it is; it may have several lines, and may be empty",
        ValueType.NUMBER: "a number such as 10 or 0.25",
        ValueType.STRUCTURED: "a JSON object",
    }
    return Field("value", "Value", Kind.LINES, written_value, lambda text, flag: parse(text, kind), helps[kind])


def written_value(flag: FlagView) -> str:
    """Write the value of a static flag as it would be typed."""
    return typed(flag.value, flag.value_type)


def variants_field(kind: ValueType) -> Field:
    """Return the field for variants, one a line."""
    examples = {
        ValueType.STRING: "gold = https://example.com/gold.png",
        ValueType.NUMBER: "many = 100",
        ValueType.STRUCTURED: 'compact = {"columns": 2}',
    }
    return Field(
        "variants",
        "Variants",
        Kind.LINES,
        lambda flag: written_variants(flag.variants, kind),
        lambda text, flag: parse_variants(text, kind),
        f"one a line: {examples.get(kind, 'on = true')}. A text with line breaks is written as in JSON",
    )


def default_field(names: Sequence[str]) -> Field:
    """Return the field for the default variant: a choice where the names are known, else a name."""
    return Field(
        "default_variant",
        "Default variant",
        Kind.CHOICE if names else Kind.LINE,
        lambda flag: flag.default_variant or "",
        lambda text, flag: text.strip() or None,
        "what everyone gets whom no member entry, rule or rollout decides; empty: the caller's default",
        [NO_VARIANT, *((name, name) for name in names)],
    )


def typed_texts(fields: Sequence[Field]) -> Texts:
    """Return what was typed into a form."""
    return {field.name: forms.text(field.name) for field in fields}
