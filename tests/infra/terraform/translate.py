"""Writes the Pulumi program's resources as Terraform JSON. Runs in Pulumi's environment.

python tests/infra/terraform/translate.py STAGE '{"flagstaff:option": "value"}' SCHEMA FOLDER RELEASE HOST

Pulumi's AWS provider is made of Terraform's: the same resources and arguments, in camel case. Which of them are blocks
and which attributes, SCHEMA says, which is Terraform's own account of the provider. An output that only a deployment
knows is answered with Terraform's expression for it, which the program puts where it belongs.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import record

REGION = "eu-central-1"
TYPES = {
    "ec2/vpc": "aws_vpc",
    "ec2/subnet": "aws_subnet",
    "ec2/securityGroup": "aws_security_group",
    "ec2/defaultSecurityGroup": "aws_default_security_group",
    "ec2/routeTable": "aws_route_table",
    "ec2/routeTableAssociation": "aws_route_table_association",
    "ec2/internetGateway": "aws_internet_gateway",
    "ec2/vpcEndpoint": "aws_vpc_endpoint",
    "rds/subnetGroup": "aws_db_subnet_group",
    "cloudwatch/metricAlarm": "aws_cloudwatch_metric_alarm",
}
"""Types whose names are not made of the module's and the resource's."""
ARGUMENTS = {
    "aws_lambda_function.name": "function_name",
    "aws_lambda_function.code": "filename",
    "aws_lambda_permission.function": "function_name",
    "aws_sns_topic_subscription.topic": "topic_arn",
    "aws_cloudwatch_metric_alarm.name": "alarm_name",
}
"""Arguments that have another name in Terraform."""


class Translator(record.Recorder):
    """Answers with Terraform's expressions, and keeps what was asked for in Terraform's form."""

    def __init__(self, schema: Mapping[str, Any], host: Mapping[str, Any]) -> None:
        """`host` is what AWS says of another stage, by the name of the look-up."""
        super().__init__()
        self._host = host
        self._schema = schema
        self.bodies: dict[str, dict[str, Any]] = {}
        """Resources by Terraform's address."""
        self.addresses: dict[str, str] = {}
        """Addresses by the label that `record` gives."""

    def new_resource(self, args: Any) -> tuple[str, dict[str, Any]]:
        if not args.typ.startswith("aws:"):
            return super().new_resource(args)
        kind = self._type_of(args.typ)
        address = f"{kind}.{re.sub(r'[^A-Za-z0-9]+|^(?=[0-9])', '_', args.name)}"
        given = record.revealed(args.inputs, args.name, [])
        block = self._schema[kind]["block"]
        self.bodies[address] = self._block(kind, given, block)
        self.addresses[f"{args.typ} {args.name}"] = address
        return f"${{{address}.id}}", {**given, **computed(address, block, given)}

    def shared(self, token: str, asked: Any) -> dict[str, Any] | None:
        return self._host[token] if token in self._host else super().shared(token, asked)

    def _type_of(self, token: str) -> str:
        module, resource = token.removeprefix("aws:").partition(":")[0].split("/")
        snake = re.sub("([A-Z])", r"_\1", resource).lower()
        names = [TYPES.get(f"{module}/{resource}", ""), f"aws_{module}_{snake}", f"aws_{snake}"]
        names += [f"aws_{module}_bucket_{snake.removeprefix('bucket_')}"]
        squeezed = {squeeze(name): name for name in self._schema}
        return next(squeezed[squeeze(name)] for name in names if squeeze(name) in squeezed)

    def _block(self, where: str, given: Mapping[str, Any], block: Mapping[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = {}
        for argument, value in given.items():
            name = ARGUMENTS.get(f"{where}.{argument}") or named(argument, block)
            if name in block.get("attributes", {}):
                body[name] = attribute(value, block["attributes"][name].get("type"))
            else:
                inner = block["block_types"][name]["block"]
                items = value if isinstance(value, list) else [value]
                body[name] = [self._block(f"{where}.{name}", item, inner) for item in items]
        return body


def named(argument: str, block: Mapping[str, Any]) -> str:
    """Terraform's name of an argument, which is of one thing where Pulumi's is of several."""
    wanted = squeeze(argument)
    forms = (wanted, wanted.removesuffix("s"), re.sub("ies$", "y", wanted))
    known = {squeeze(name): name for name in [*block.get("attributes", {}), *block.get("block_types", {})]}
    found = [known[form] for form in forms if form in known]
    assert found, f"the provider knows no argument {argument}"
    return found[0]


def attribute(value: Any, kind: Any) -> Any:
    """The value; objects of an attribute have all fields in Terraform."""
    if isinstance(kind, list) and kind[0] in ("set", "list") and isinstance(kind[1], list) and kind[1][0] == "object":
        fields = {"attributes": {name: {} for name in kind[1][1]}}
        return [{**dict.fromkeys(kind[1][1]), **{named(k, fields): v for k, v in item.items()}} for item in value]
    return value


def computed(address: str, block: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Expressions for what the provider says of a resource, by Pulumi's names."""
    outputs: dict[str, Any] = {}
    for name, about in block["attributes"].items():
        camel = re.sub("_([a-z0-9])", lambda match: match[1].upper(), name)
        if about.get("computed") and about.get("type") == "string" and camel not in given:
            outputs[camel] = f"${{{address}.{name}}}"
    if "master_user_secret" in block["attributes"]:
        outputs["masterUserSecrets"] = [{"secretArn": f"${{{address}.master_user_secret[0].secret_arn}}"}]
    if "domain_name_configuration" in block.get("block_types", {}):
        target = f"${{{address}.domain_name_configuration[0].target_domain_name}}"
        outputs["domainNameConfiguration"] = {**given["domainNameConfiguration"], "targetDomainName": target}
    return outputs


def squeeze(name: str) -> str:
    return name.replace("_", "").lower()


def main(stage: str, config: str, schema: str, folder: str, release: str, host: str) -> None:
    translator = Translator(json.loads(Path(schema).read_text()), json.loads(host))
    said = record.run_program(stage, json.loads(config), translator, Path(folder), release)
    resources: dict[str, dict[str, Any]] = {}
    for label, address in translator.addresses.items():
        body = translator.bodies[address]
        before = {translator.addresses[one] for one in said["waits"][label] if one in translator.addresses}
        body |= {"depends_on": sorted(before)} if before else {}
        if label in said["ignored"]:
            block = translator._schema[address.partition(".")[0]]["block"]
            body["lifecycle"] = {"ignore_changes": [named(one, block) for one in said["ignored"][label]]}
        kind, _, name = address.partition(".")
        resources.setdefault(kind, {})[name] = body
    protected = [translator.addresses[label] for label in said["protected"] if label in translator.addresses]
    json.dump({"resource": resources, "protected": protected}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
