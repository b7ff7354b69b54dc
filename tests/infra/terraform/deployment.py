"""A stage in an emulated AWS: what the program declares, planned and applied by Terraform's AWS provider over moto."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.aws.conftest import Moto, moto_server
from tests.environments import python_of
from tests.processes import ROOT, free_port

PROVIDER: Final = "registry.terraform.io/hashicorp/aws"
TRANSLATE: Final = ROOT / "tests" / "infra" / "terraform" / "translate.py"
FORGOTTEN: Final = {
    "aws_ecs_service": ["availability_zone_rebalancing", "capacity_provider_strategy"],
    "aws_lambda_function": ["logging_config"],
    "aws_rds_cluster": ["enable_http_endpoint", "scaling_configuration"],
}
"""What moto does not keep, or makes up: it would be a change of every deployment."""
NAMES: Final = ("name", "cluster_identifier", "identifier", "bucket", "alarm_name", "cidr_block")
"""Arguments that only one resource of a type can have at a time."""


MOTO: Final = """
from moto.iam import access_control
access_control.IAMPolicy.is_action_permitted = lambda *_, **__: access_control.PermissionResult.PERMITTED
from moto.server import main
main()
"""
"""moto without judging bucket policies: it knows no conditions, so that "deny without TLS" would deny everything."""


@contextlib.contextmanager
def emulated_aws() -> Iterator[Moto]:
    """An AWS that is empty, and in which functions give back what they are asked."""
    with moto_server(free_port(), MOTO) as moto:
        settings = {"lambda": {"use_docker": False}}
        moto.request("POST", "/moto-api/config", settings, headers={"Content-Type": "application/json"})
        yield moto


class TerraformError(RuntimeError):
    """Terraform, or the program, failed; the text is its own."""


def plugins() -> list[str]:
    """Where the provider is, if a copy is at hand: a folder as `terraform providers mirror` makes it."""
    named = os.environ.get("FLAGSTAFF_TERRAFORM_PLUGINS")
    found = [Path(named)] if named else [folder.parent for folder in Path("/opt").glob("*/registry.terraform.io")]
    return [f"-plugin-dir={found[0]}"] if found else []


def is_possible() -> bool:
    """Whether there can be a deployment here."""
    return shutil.which("terraform") is not None


class Deployment:
    """A stage, in a folder of its own."""

    def __init__(self, folder: Path, aws: Moto, stage: str = "prod", host: Deployment | None = None) -> None:
        """`host` is the stage whose cluster it uses, if that is another. Raises TerraformError where there is no
        provider.
        """
        self._stage = stage
        self._host = host.as_host() if host else {}
        self._folder = folder
        self._aws = aws
        self._packages = folder / "packages"
        self._packages.mkdir()
        self._main = folder / "main.tf.json"
        self._declared: dict[str, dict[str, Any]] = {}
        self._applied: dict[str, dict[str, Any]] = {}
        terraform = {"required_providers": {"aws": {"source": PROVIDER}}}
        self._frame: dict[str, Any] = {"terraform": terraform}
        self._main.write_text(json.dumps(self._frame))
        self._terraform("init", "-input=false", *plugins())
        schema = json.loads(self._terraform("providers", "schema", "-json"))["provider_schemas"][PROVIDER]
        self._schema = folder / "schema.json"
        self._schema.write_text(json.dumps(schema["resource_schemas"]))
        services = schema["provider"]["block"]["block_types"]["endpoints"]["block"]["attributes"]
        self._frame["provider"] = {"aws": provider(aws.url, services)}

    def declare(self, *, release: str = "1", **options: str) -> list[str]:
        """Run the program with these options; the addresses of what Pulumi protects.

        Raises TerraformError where the program refuses.
        """
        config = json.dumps({f"flagstaff:{name}": value for name, value in options.items()})
        arguments = [str(TRANSLATE), self._stage, config, str(self._schema), str(self._packages), release]
        arguments.append(json.dumps(self._host))
        done = subprocess.run([python_of("aws"), *arguments], capture_output=True, text=True)
        if done.returncode:
            raise TerraformError(done.stderr)
        said = json.loads(done.stdout)
        for kind, names in FORGOTTEN.items():
            for body in said["resource"].get(kind, {}).values():
                body["lifecycle"] = {"ignore_changes": [*names, *body.get("lifecycle", {}).get("ignore_changes", [])]}
        for service in said["resource"].get("aws_ecs_service", {}).values():
            service["wait_for_steady_state"] = False  # moto's tasks are pending for ever
        self._declared = said["resource"]
        self._main.write_text(json.dumps({**self._frame, "resource": self._declared}, indent=1))
        protected: list[str] = said["protected"]
        return protected

    def plan(self, *, refresh: bool = False) -> dict[str, str]:
        """What applying what is declared would do: `create`, `update`, `replace` or `delete`, by address."""
        said = self._terraform("plan", "-json", "-input=false", f"-refresh={json.dumps(refresh)}", "-out=plan")
        events = [json.loads(line) for line in said.splitlines()]
        changes = [event["change"] for event in events if event["type"] == "planned_change"]
        return {change["resource"]["addr"]: change["action"] for change in changes}

    def in_its_own_way(self, address: str) -> bool:
        """Whether a resource has a name that it has already, so that it could not be replaced."""
        kind, _, name = address.partition(".")
        here, declared = (resources.get(kind, {}).get(name, {}) for resources in (self._applied, self._declared))
        return any(one in here and here[one] == declared.get(one) for one in NAMES)

    def apply(self) -> None:
        """Do what was planned last."""
        self._terraform("apply", "-input=false", "-parallelism=20", "plan")
        self._applied = self._declared

    def destroy(self) -> None:
        """Remove everything."""
        self._terraform("destroy", "-auto-approve", "-input=false", "-refresh=false", "-parallelism=20")

    def left(self) -> list[str]:
        """The addresses of what there is."""
        return self._terraform("state", "list").split()

    def versions(self) -> dict[str, str]:
        """The version that each alias leads to, by function."""
        return {name: body["function_version"] for name, body in self._state("aws_lambda_alias").items()}

    def as_host(self) -> dict[str, Any]:
        """What AWS says of the stage to one that uses its cluster, by the name of the look-up."""
        cluster, subnets = (self._state(kind)["database"] for kind in ("aws_rds_cluster", "aws_db_subnet_group"))
        return {
            "aws:rds/getCluster:getCluster": {
                "arn": cluster["arn"],
                "clusterResourceId": cluster["cluster_resource_id"],
                "deletionProtection": cluster["deletion_protection"],
                "dbSubnetGroupName": cluster["db_subnet_group_name"],
                "endpoint": cluster["endpoint"],
            },
            "aws:rds/getSubnetGroup:getSubnetGroup": {"vpcId": subnets["vpc_id"], "subnetIds": subnets["subnet_ids"]},
            "aws:ec2/getSecurityGroup:getSecurityGroup": {"id": self._state("aws_security_group")["admin"]["id"]},
        }

    def fill_bucket(self) -> None:
        """Publish something, and something else over it."""
        name = self._state("aws_s3_bucket")["definitions"]["bucket"]
        for body in (b"{}", b"[]"):
            self._aws.request("PUT", f"/{name}/keys.json", body, "s3")

    def _state(self, kind: str) -> dict[str, Any]:
        resources = json.loads(self._terraform("show", "-json"))["values"]["root_module"]["resources"]
        return {one["name"]: one["values"] for one in resources if one["type"] == kind}

    def _terraform(self, *arguments: str) -> str:
        env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
        env |= {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "AWS_EC2_METADATA_DISABLED": "true"}
        env |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        done = subprocess.run(["terraform", *arguments], cwd=self._folder, env=env, capture_output=True, text=True)
        if done.returncode:
            raise TerraformError(done.stderr or done.stdout)
        return done.stdout


def provider(endpoint: str, services: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of the provider that have it take moto for every service of AWS."""
    return {
        "skip_credentials_validation": True,
        "skip_region_validation": True,
        "skip_metadata_api_check": "true",
        "region": "eu-central-1",
        "access_key": "testing",
        "secret_key": "testing",
        "s3_use_path_style": True,
        "max_retries": 3,
        "endpoints": [dict.fromkeys(services, endpoint)],
    }


def begun(folder: Path, aws: Moto, name: str = "prod", host: Deployment | None = None) -> Deployment:
    """A stage of which nothing is there; without the provider the test is skipped."""
    try:
        return Deployment(folder, aws, name, host)
    except TerraformError as error:
        pytest.skip(f"needs Terraform's AWS provider: {str(error)[:500]}")
