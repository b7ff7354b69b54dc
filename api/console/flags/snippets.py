"""Code that reads a flag, ready to be copied: OpenFeature's getter for its type, in several languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from api.access.addresses import origin_of
from api.current import current_request, services
from db.views import FlagView
from db.vocabulary import JsonValue, ValueType


class Getter(NamedTuple):
    """How a language asks for values of a type."""

    name: str
    default: str
    """A default value, in the language."""


class Language(NamedTuple):
    """A language, and what its snippet is called among the templates."""

    label: str
    template: str
    getters: Mapping[str, Getter]


INTEGER, FLOAT = "integer", "float"
"""OpenFeature has two getters for numbers in most languages."""
LANGUAGES: Final = (
    Language(
        "curl",
        "curl.txt",
        {
            ValueType.BOOLEAN: Getter("", "false"),
            ValueType.STRING: Getter("", '""'),
            INTEGER: Getter("", "0"),
            FLOAT: Getter("", "0.0"),
            ValueType.STRUCTURED: Getter("", "{}"),
        },
    ),
    Language(
        "Python",
        "python.txt",
        {
            ValueType.BOOLEAN: Getter("get_boolean_value", "False"),
            ValueType.STRING: Getter("get_string_value", '""'),
            INTEGER: Getter("get_integer_value", "0"),
            FLOAT: Getter("get_float_value", "0.0"),
            ValueType.STRUCTURED: Getter("get_object_value", "{}"),
        },
    ),
    Language(
        "JavaScript",
        "javascript.txt",
        {
            ValueType.BOOLEAN: Getter("getBooleanValue", "false"),
            ValueType.STRING: Getter("getStringValue", '""'),
            INTEGER: Getter("getNumberValue", "0"),
            FLOAT: Getter("getNumberValue", "0"),
            ValueType.STRUCTURED: Getter("getObjectValue", "{}"),
        },
    ),
    Language(
        "Go",
        "go.txt",
        {
            ValueType.BOOLEAN: Getter("BooleanValue", "false"),
            ValueType.STRING: Getter("StringValue", '""'),
            INTEGER: Getter("IntValue", "0"),
            FLOAT: Getter("FloatValue", "0"),
            ValueType.STRUCTURED: Getter("ObjectValue", "map[string]any{}"),
        },
    ),
    Language(
        "Java",
        "java.txt",
        {
            ValueType.BOOLEAN: Getter("getBooleanValue", "false"),
            ValueType.STRING: Getter("getStringValue", '""'),
            INTEGER: Getter("getIntegerValue", "0"),
            FLOAT: Getter("getDoubleValue", "0.0"),
            ValueType.STRUCTURED: Getter("getObjectValue", "new Value()"),
        },
    ),
)


@cache
def templates() -> Environment:
    """Return the snippets. They are text, which the page escapes as a whole."""
    loader = PackageLoader("api.console", "templates/snippets")
    return Environment(loader=loader, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=False)


def of(flag: FlagView) -> Sequence[tuple[str, str]]:
    """Return the languages, and in each the code that reads this flag from this service."""
    url = services().settings.public_url or origin_of(current_request())
    kind = number_of(flag) if flag.value_type is ValueType.NUMBER else flag.value_type
    found = []
    for language in LANGUAGES:
        getter = language.getters[kind]
        code = templates().get_template(language.template).render(key=flag.key, url=url.rstrip("/"), getter=getter)
        found.append((language.label, code))
    return found


def number_of(flag: FlagView) -> str:
    """Tell which of OpenFeature's getters fits the values of a flag of numbers: strict clients refuse the other."""
    values: list[JsonValue] = [flag.value] if flag.is_static else list(flag.variants.values())
    return INTEGER if all(isinstance(value, int) for value in values) else FLOAT
