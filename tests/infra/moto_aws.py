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


def ask_moto():
    place = json.loads((folder / "moto.json").read_text())
    service, command, *arguments = sys.argv[1:]
    client = botocore.session.get_session().create_client(
        service,
        endpoint_url=place["url"],
        region_name=place["region"],
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    (method,) = [name for name in client.meta.method_to_api_mapping if name == command.replace("-", "_")]
    operation = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
    said = getattr(client, method)(**parameters(arguments, operation))
    said.pop("ResponseMetadata")
    print(json.dumps(said, default=str))


asked = " ".join(["aws", *sys.argv[1:]])
if any(asked.startswith(beginning) for beginning in json.loads((folder / "answers.json").read_text())):
    exec((folder / "answers.py").read_text())
else:
    with (folder / "asked").open("a") as notes:
        notes.write(asked + "\n")
    try:
        ask_moto()
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {error}")
