"""Stages that share a cluster, deployed and destroyed: Terraform's AWS provider over moto.

`make changes` runs it, side by side with the changes of one stage.
"""

from __future__ import annotations

from pathlib import Path

from tests.aws.conftest import Moto
from tests.infra.terraform.deployment import begun


def test_a_stage_is_added_to_the_cluster_of_another_and_goes_before_it(aws: Moto, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("dev", "anna")]
    for folder in folders:
        folder.mkdir()
    host = begun(folders[0], aws, "dev")
    host.declare()
    host.plan()
    host.apply()
    guest = begun(folders[1], aws, "anna", host)
    guest.declare(shareWith="dev")
    plan = guest.plan()
    assert set(plan.values()) == {"create"}
    assert not [address for address in plan if address.startswith(("aws_vpc", "aws_subnet", "aws_security", "aws_rds"))]
    guest.apply()
    for one in (guest, host):
        assert one.plan(refresh=True) == {}
    for one in (guest, host):
        one.destroy()
        assert one.left() == []
