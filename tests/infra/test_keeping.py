"""What is kept when a stage goes, and what goes with it."""

from __future__ import annotations

import pytest

from tests.infra.conftest import Deploy, Stage


def test_a_protected_stage_keeps_its_data(deploy: Deploy) -> None:
    stage = deploy("prod", intervalApiKey="k")
    cluster = stage.one("rds:Cluster").inputs
    assert cluster["deletionProtection"] is True
    assert cluster["skipFinalSnapshot"] is False
    assert cluster["finalSnapshotIdentifier"].endswith("-final-0123abcd")  # one of this cluster alone
    assert cluster["backupRetentionPeriod"] >= 7
    assert set(stage.protected) >= {"rds:Cluster database", "s3:Bucket definitions"}
    assert stage.one("s3:Bucket").inputs["forceDestroy"] is False


@pytest.mark.parametrize(("name", "options"), [("dev", {}), ("prod", {"protected": "false"})])
def test_any_other_stage_goes_without_leftovers(deploy: Deploy, name: str, options: dict[str, str]) -> None:
    stage = deploy(name, intervalApiKey="k", **options)
    cluster = stage.one("rds:Cluster").inputs
    assert cluster["deletionProtection"] is False
    assert cluster["skipFinalSnapshot"] is True
    assert stage.protected == []
    assert stage.one("s3:Bucket").inputs["forceDestroy"] is True
    assert stage.one("ecr:Repository").inputs["forceDelete"] is True
    assert stage.one("secretsmanager:Secret").inputs["recoveryWindowInDays"] == 0


def test_every_log_group_is_ours_and_forgets(any_stage: Stage) -> None:
    groups = any_stage.all("cloudwatch:LogGroup")
    assert len(groups) >= len(any_stage.all("lambda:Function")) + 1
    assert all(group.inputs["retentionInDays"] == 30 for group in groups)
    may_make_more = [role for role, one in any_stage.statements() if "logs:CreateLogGroup" in one["Action"]]
    assert may_make_more == []
