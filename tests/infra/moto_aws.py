"""Stands in for `aws`: reads a command line as AWS's own does, by botocore's models, and asks moto.

What is in `answers.json` is answered as by `fake_program.py`, and all is noted as there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import botocore.session
from botocore import xform_name

folder = Path(sys.argv[0]).parent
session = botocore.session.get_session()
CONTROL = ("--region", "--output", "--cli-read-timeout")


def parameters(arguments, operation):
    """The parameters that options stand for."""
    members = {xform_name(name, "-"): (name, shape) for name, shape in operation.input_shape.members.items()}
    found = {}
    while arguments:
        option = arguments.pop(0)
        assert option.startswith("--"), option
        values = []
        while arguments and not arguments[0].startswith("--"):
            values.append(arguments.pop(0))
        if option in CONTROL:
            continue
        name, shape = members.get(option[2:], members.get(option[5:]))
        found[name] = value_of(values, shape, not option.startswith("--no-"))
    return found


def value_of(values, shape, is_on):
    if shape.type_name == "boolean":
        assert not values, values
        return is_on
    if shape.type_name == "list" and shape.member.type_name == "string":
        return values
    (text,) = values
    if shape.type_name in ("list", "structure"):
        return json.loads(text)
    return int(text) if shape.type_name == "integer" else text


def ask_moto(service, command, *arguments):
    place = json.loads((folder / "moto.json").read_text())
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    client = session.create_client(service, endpoint_url=place["url"], region_name=place["region"], **keys)
    (method,) = [name for name in client.meta.method_to_api_mapping if name == command.replace("-", "_")]
    operation = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
    said = getattr(client, method)(**parameters(list(arguments), operation))
    said.pop("ResponseMetadata")
    return said


asked = " ".join(["aws", *sys.argv[1:]])
if any(asked.startswith(beginning) for beginning in json.loads((folder / "answers.json").read_text())):
    exec((folder / "answers.py").read_text())
else:
    with (folder / "asked").open("a") as notes:
        notes.write(asked + "\n")
    try:
        # `several` is of the tests: command lines as JSON, and the list of the answers.
        commands = json.loads(sys.argv[2]) if sys.argv[1] == "several" else [sys.argv[1:]]
        said = [ask_moto(*command) for command in commands]
        print(json.dumps(said if sys.argv[1] == "several" else said[0], default=str))
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {error}")
