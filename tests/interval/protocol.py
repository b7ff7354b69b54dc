"""What a host may say to an Interval server, as JSON Schemas: the messages, and the components that we show.

Nothing more is allowed than is named here, so that a message the real server would drop without a word fails a test.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from jsonschema_rs import Draft202012Validator

Schema = Any

TEXT: Final[Schema] = {"type": "string"}
BOOLEAN: Final[Schema] = {"type": "boolean"}
NUMBER: Final[Schema] = {"type": "number"}
WHOLE: Final[Schema] = {"type": "integer"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 1}
NULL: Final[Schema] = {"type": "null"}


def record(required: Mapping[str, Schema], **optional: Schema) -> Schema:
    """An object with these properties and no others."""
    properties = {**required, **optional}
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def array(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, NULL]}


def one_of(*values: Any) -> Schema:
    return {"enum": list(values)}


PARAMS = nullable({"type": "object", "additionalProperties": {"type": "string", "minLength": 1}})
"""Only texts that are not empty: whatever else a parameter is, the way through the browser's URL changes it."""

THEME = one_of("primary", "secondary", "danger")
ACTION = record(
    {"slug": {"type": "string", "pattern": "^[-_.a-zA-Z0-9]+$"}, "backgroundable": BOOLEAN, "warnOnClose": BOOLEAN},
    groupSlug=TEXT,
    name=TEXT,
    description=TEXT,
    unlisted=BOOLEAN,
)
GROUP = record(
    {"slug": {"type": "string", "pattern": "^[-_.a-zA-Z0-9/]+$"}, "name": TEXT, "hasHandler": BOOLEAN},
    description=TEXT,
    unlisted=BOOLEAN,
)

CALLS: Final[Mapping[str, Schema]] = {
    "INITIALIZE_HOST": record(
        {
            "sdkName": one_of("interval-py"),
            "sdkVersion": one_of("1.5.1"),
            "timestamp": WHOLE,
            "actions": array(ACTION),
            "groups": array(GROUP),
        }
    ),
    "SEND_IO_CALL": record({"transactionId": TEXT, "ioCall": TEXT}),
    "SEND_PAGE": record({"pageKey": TEXT, "page": nullable(TEXT)}),
    "SEND_LOADING_CALL": record(
        {"transactionId": TEXT}, label=TEXT, description=TEXT, itemsInQueue=COUNT, itemsCompleted=WHOLE
    ),
    "SEND_LOG": record({"transactionId": TEXT, "data": TEXT, "index": WHOLE, "timestamp": WHOLE}),
    "SEND_REDIRECT": record({"transactionId": TEXT, "route": TEXT, "params": PARAMS}),
    "MARK_TRANSACTION_COMPLETE": record({"transactionId": TEXT, "result": TEXT}),
    "BEGIN_HOST_SHUTDOWN": record({}),
}

CHOICE = record({"label": TEXT, "value": TEXT}, theme=nullable(THEME))
BUTTON = record({"label": TEXT, "route": TEXT}, params=PARAMS, theme=nullable(THEME), disabled=BOOLEAN)
MENU_ITEM = record({"label": TEXT, "route": TEXT}, params=PARAMS, theme=nullable(one_of("danger")), disabled=BOOLEAN)
COLORS = one_of("red", "orange", "yellow", "green", "blue", "purple", "pink", "gray")
URL = {"type": "string", "pattern": "^https?://"}
CELL = record({"label": TEXT}, highlightColor=COLORS, route=TEXT, params=PARAMS, url=URL)
TABLE_ROW = record(
    {"key": {"type": "string", "pattern": "^[0-9]+$"}, "data": {"type": "object", "additionalProperties": CELL}},
    menu=array(MENU_ITEM),
    filterValue=nullable(TEXT),
)
COLUMN = record({"label": TEXT, "accessorKey": TEXT})
OPTION = record({"label": {"type": "string", "minLength": 1}, "value": {"type": "string", "minLength": 1}})
SHOWN = {"helpText": TEXT, "disabled": BOOLEAN}

PROPS: Final[Mapping[str, Schema]] = {
    "DISPLAY_HEADING": record({}, level=one_of(2, 3, 4), description=TEXT, menuItems=array(BUTTON)),
    "DISPLAY_MARKDOWN": record({}),
    "DISPLAY_CODE": record({"code": TEXT}, language=TEXT),
    "DISPLAY_METADATA": record({"data": array(record({"label": TEXT, "value": TEXT}))}, layout=one_of("grid", "list")),
    "DISPLAY_TABLE": record(
        {"columns": array(COLUMN, minItems=1), "data": array(TABLE_ROW)},
        helpText=TEXT,
        defaultPageSize=COUNT,
        isSortable=BOOLEAN,
        isFilterable=BOOLEAN,
        totalRecords=WHOLE,
        isAsync=BOOLEAN,
    ),
    "INPUT_TEXT": record(
        {},
        **SHOWN,
        placeholder=TEXT,
        defaultValue=TEXT,
        multiline=BOOLEAN,
        lines=COUNT,
        minLength=COUNT,
        maxLength=COUNT,
    ),
    "INPUT_NUMBER": record(
        {}, **SHOWN, min=NUMBER, max=NUMBER, prepend=TEXT, placeholder=TEXT, defaultValue=NUMBER, decimals=COUNT
    ),
    "INPUT_BOOLEAN": record({}, **SHOWN, defaultValue=BOOLEAN),
    "INPUT_DATE": record({}, **SHOWN, defaultValue=record({"year": WHOLE, "month": WHOLE, "day": WHOLE})),
    "SELECT_SINGLE": record({"options": array(OPTION, minItems=1)}, **SHOWN, defaultValue=OPTION, searchable=BOOLEAN),
    "SELECT_TABLE": record(
        {"columns": array(COLUMN, minItems=1), "data": array(TABLE_ROW, minItems=1), "totalRecords": COUNT},
        **SHOWN,
        minSelections=COUNT,
        maxSelections=COUNT,
        defaultPageSize=COUNT,
        isSortable=BOOLEAN,
        isFilterable=BOOLEAN,
        selectedKeys=array(TEXT),
    ),
    "SEARCH": record(
        {
            "results": array(
                record({"value": {"type": "string", "pattern": "^[0-9]+:[0-9]+$"}, "label": TEXT}, description=TEXT)
            )
        },
        **SHOWN,
        placeholder=TEXT,
    ),
    "CONFIRM": record({}, helpText=TEXT),
}

COMPONENT = record(
    {
        "methodName": one_of(*PROPS),
        "label": {"type": "string", "minLength": 1},
        "props": {"type": "object"},
        "isStateful": BOOLEAN,
        "isOptional": BOOLEAN,
        "isMultiple": BOOLEAN,
    },
    propsMeta=NULL,  # we send texts, numbers and booleans: nothing that JSON does not have
    validationErrorMessage=nullable(TEXT),
    multipleProps=NULL,
)
RENDER = record(
    {"id": TEXT, "inputGroupKey": TEXT, "kind": one_of("RENDER"), "toRender": array(COMPONENT, minItems=1)},
    validationErrorMessage=nullable(TEXT),
    choiceButtons=nullable(array(CHOICE, minItems=1)),
)
LAYOUT = record(
    {"kind": one_of("BASIC"), "title": TEXT, "children": RENDER},
    description=nullable(TEXT),
    menuItems=array(BUTTON),
    errors=array({}, maxItems=0),
)
RESULT = record(
    {
        "status": one_of("SUCCESS", "FAILURE"),
        "data": {"anyOf": [TEXT, NULL, {"type": "object", "additionalProperties": TEXT}]},
    },
    meta=NULL,
    schemaVersion=one_of(1),
)


def wrong(schema: Schema, data: Any, what: str) -> list[str]:
    """What a schema has against the data, in words."""
    errors = Draft202012Validator(schema).iter_errors(data)
    return [f"{what}: {'.'.join(map(str, error.instance_path))} {error.message[:300]}" for error in errors]


def wrong_render(render: Any, what: str) -> list[str]:
    """What is wrong with a render, its components' props included."""
    found = wrong(RENDER, render, what)
    for component in render.get("toRender", []):
        schema = PROPS.get(component.get("methodName"))
        if schema is not None:
            found += wrong(schema, component["props"], f"{what}: {component['methodName']} {component['label']!r}")
    return found


def routes_in(shown: Any) -> Iterator[str]:
    """The routes of all links in something that is shown."""
    if isinstance(shown, dict):
        if isinstance(route := shown.get("route"), str):
            yield route
        for part in shown.values():
            yield from routes_in(part)
    elif isinstance(shown, list):
        for part in shown:
            yield from routes_in(part)
