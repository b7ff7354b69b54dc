"""Runs the Pulumi program against mocks, in Pulumi's environment, and prints what it would make, as JSON.

python tests/infra/record.py STAGE '{"flagstaff:option": "value"}'
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import runpy
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc

INFRA = Path(__file__).resolve().parents[2] / "infra"
OUTPUTS: dict[str, dict[str, Any]] = {
    "aws:rds/cluster:Cluster": {
        "endpoint": "stage.cluster-abc.eu-central-1.rds.amazonaws.com",
        "clusterResourceId": "cluster-ABC",
        "masterUserSecrets": [{"secretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:master"}],
    },
    "random:index/randomId:RandomId": {"hex": "0123abcd"},
    "aws:secretsmanager/secretVersion:SecretVersion": {"versionId": "version-1"},
    "aws:apigatewayv2/api:Api": {
        "apiEndpoint": "https://abc.execute-api.eu-central-1.amazonaws.com",
        "executionArn": "arn:aws:execute-api:eu-central-1:123456789012:abc",
    },
    "aws:apigatewayv2/domainName:DomainName": {
        "domainNameConfiguration": {"targetDomainName": "d-abc.execute-api.eu-central-1.amazonaws.com"}
    },
    "aws:ecr/repository:Repository": {"repositoryUrl": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/flagstaff"},
    "docker-build:index:Image": {"ref": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/flagstaff@sha256:abc"},
    "random:index/randomPassword:RandomPassword": {"result": "R4nd0m" * 7},
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"prefixListId": "pl-s3"},
}
ANSWERS: dict[str, dict[str, Any]] = {
    "aws:index/getPartition:getPartition": {"partition": "aws", "dnsSuffix": "amazonaws.com"},
    "aws:ec2/getManagedPrefixList:getManagedPrefixList": {"id": "pl-s3"},
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": "123456789012"},
    "aws:index/getAvailabilityZones:getAvailabilityZones": {
        "names": ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    },
    "aws:rds/getSubnetGroup:getSubnetGroup": {"vpcId": "vpc-of-the-host", "subnetIds": ["subnet-a", "subnet-b"]},
    "aws:ssm/getParameter:getParameter": {"value": "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----"},
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": {"userName": "AWS", "password": "a-registry-token"},
}


HOSTS = {"dev": False, "dev-plain": False, "live": True}
"""Stages that are there, and whether they are protected."""


def hosts_name(asked: Any) -> str | None:
    """The stage that somebody looks for, if it is one: `dev` in whatever names `flagstaff-dev`."""
    found = re.search(r"'flagstaff-([a-z-]+?)(-admin|-interval|-forwarder|-public-\*)?'", str(asked))
    return found[1] if found else None


class Recorder(mocks.Mocks):
    """Answers as AWS would, and keeps what was asked for."""

    def __init__(self) -> None:
        self.resources: list[dict[str, Any]] = []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        secret: list[str] = []
        given = revealed(args.inputs, args.name, secret)
        # Several threads are here at once.
        self.resources.append({"type": args.typ, "name": args.name, "inputs": given, "secret": secret})
        made = {"arn": f"arn:{args.typ.rpartition(':')[2]}:{args.name}", **OUTPUTS.get(args.typ, {})}
        if args.typ == "aws:lambda/function:Function":
            made["version"] = f"{args.name}-7"
        if args.typ in ("aws:lambda/function:Function", "aws:lambda/alias:Alias"):
            made["invokeArn"] = f"invoke:{args.typ.rpartition(':')[2]}:{args.name}"
        if args.typ == "aws:s3/bucket:Bucket":
            made["bucket"] = f"{args.name}-bucket"
        return f"{args.name}-id", {**given, **made}

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        region = pulumi.Config("aws").get("region") or "eu-central-1"
        if args.token.endswith(":getRegion"):
            return {"region": region}
        if args.token.endswith(":getPartition") and region.startswith("cn-"):
            return {"partition": "aws-cn", "dnsSuffix": "amazonaws.com.cn"}
        if args.token.endswith(":getServiceQuota"):
            return {"value": float(pulumi.Config("mock").get("concurrentExecutions") or 1000)}
        return self.shared(args.token, args.args) or ANSWERS[args.token]

    def shared(self, token: str, asked: Any) -> dict[str, Any] | None:
        """What AWS knows of other stages: `dev` and `dev-plain`, which has no Interval process, and `live`, protected.

        Raises what a provider does where there is nothing.
        """
        name = hosts_name(asked)
        if name is None:
            return None
        if token.endswith(":getClusters"):
            return {"clusterIdentifiers": [f"flagstaff-{name}"] if name in HOSTS else []}
        if token.endswith(":getSubnets"):
            return {"ids": ["subnet-public-a", "subnet-public-b"] if name == "dev" else []}
        if name not in HOSTS or ("interval" in str(asked) and name != "dev"):
            raise RuntimeError(f"couldn't find resource: {asked}")
        return {
            "aws:rds/getCluster:getCluster": {
                "arn": f"arn:aws:rds:eu-central-1:123456789012:cluster:flagstaff-{name}",
                "clusterResourceId": f"cluster-{name}",
                "deletionProtection": HOSTS[name],
                "dbSubnetGroupName": f"flagstaff-{name}",
                "endpoint": f"{name}.cluster-abc.eu-central-1.rds.amazonaws.com",
            },
            "aws:ec2/getSecurityGroup:getSecurityGroup": {"id": f"sg-{asked.get('tags', {}).get('Name')}"},
            "aws:ecs/getCluster:getCluster": {"arn": f"arn:aws:ecs:eu-central-1:123456789012:cluster/{name}"},
        }.get(token)


class Monitor(mocks.MockMonitor):
    """A mock monitor that also keeps what each resource waits for: options, and what it gets values from."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder)
        self.waits: dict[str, list[str]] = {}
        self.ignored: dict[str, list[str]] = {}
        self.protected: list[str] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        answer = super().RegisterResource(request)
        name = label(answer.urn)
        self.waits[name] = [label(urn) for urn in request.dependencies]
        if request.ignoreChanges:
            self.ignored[name] = list(request.ignoreChanges)
        if request.protect:
            self.protected.append(name)
        return answer


def label(urn: str) -> str:
    """`aws:lambda/function:Function admin`."""
    kinds, name = urn.split("::")[2:4]
    return f"{kinds.rpartition('$')[2]} {name}"


def revealed(value: Any, path: str, secret: list[str]) -> Any:
    """The value without the marks of secrets, whose places are noted."""
    if rpc.is_rpc_secret(value):
        secret.append(path)
        return revealed(rpc.unwrap_rpc_secret(value), path, secret)
    if isinstance(value, dict):
        return {key: revealed(item, f"{path}.{key}", secret) for key, item in value.items()}
    if isinstance(value, list):
        return [revealed(item, f"{path}[{index}]", secret) for index, item in enumerate(value)]
    if isinstance(value, pulumi.Archive):
        return str(getattr(value, "path", value))
    return value


def run_program(stage: str, config: dict[str, str], recorder: Recorder, folder: Path, release: str) -> dict[str, Any]:
    """Run the program for a stage, with `recorder` in AWS's place; what it says beside its resources.

    Packages, which it takes a minute to build, are files in `folder` that hold their names and the release's.
    """
    sys.path.insert(0, str(INFRA))
    import function
    import packages

    def build(package: packages.Package, architecture: str, target: Path, *, python: str | None = None) -> str:
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr(zipfile.ZipInfo("package"), f"{package.name} {release}")
        return hashlib.sha256(target.read_bytes()).hexdigest()

    packages.build, function.BUILD = build, folder
    monitor = Monitor(recorder)
    mocks.set_mocks(recorder, project="flagstaff", stack=stage, preview=False, monitor=monitor)
    secrets = [key for key in config if key == "flagstaff:intervalApiKey"]
    pulumi.runtime.set_all_config(config, secrets)
    exported: dict[str, Any] = {}
    pulumi.log.info = pulumi.log.warn = lambda message, *_: print(message, file=sys.stderr)
    pulumi.export = lambda name, value: exported.__setitem__(name, value)

    async def run() -> dict[str, Any]:
        runpy.run_path(str(INFRA / "__main__.py"), run_name="__main__")
        await mocks_settled()
        outputs = {}
        for name, value in exported.items():
            output = pulumi.Output.from_input(value)
            outputs[name] = {"value": await output.future(), "secret": await output.is_secret()}
        return outputs

    outputs = asyncio.get_event_loop().run_until_complete(run())
    return {"outputs": outputs, "waits": monitor.waits, "ignored": monitor.ignored, "protected": monitor.protected}


def main(stage: str, config: dict[str, str]) -> None:
    recorder = Recorder()
    with tempfile.TemporaryDirectory() as folder:
        said = run_program(stage, config, recorder, Path(folder), "")
    json.dump({"resources": recorder.resources, **said}, sys.stdout)


async def mocks_settled() -> None:
    """Until everything that waits for something else has come."""
    from pulumi.runtime.stack import wait_for_rpcs

    await wait_for_rpcs()


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
