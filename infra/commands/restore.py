"""A stage's database as it was at a time, or as a snapshot has it, in the place of the one that the stage has now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from commands import checks
from commands.clusters import LATEST, Clusters, tags_of
from commands.programs import CommandError
from commands.stack import Stack

TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?Z")
SNAPSHOT: Final = re.compile(r"(rds:)?[A-Za-z][A-Za-z0-9-]*|arn:aws[a-z-]*:rds:\S+")
TARGETS: Final = "a time such as 2026-11-27T03:00:00Z, `latest`, or a cluster snapshot's name"


def restore(stage: str, *, confirm: bool, to: str | None) -> None:
    """Restore beside what is there, ask, change the names, and have Pulumi bring everything else in line.

    What was there stays, under another name. Where it broke off, another call goes on.
    """
    if to is None or not (to == LATEST or TIME.fullmatch(to) or SNAPSHOT.fullmatch(to)):
        raise CommandError(f"restore to what? TO= is {TARGETS}")
    checks.pulumi()
    checks.account()
    stack = Stack(stage)
    region = stack.region()
    if region is None:
        raise CommandError(f"{stage} is not deployed: make deploy STAGE={stage}")
    clusters, name = Clusters(region), f"flagstaff-{stage}"
    restored = f"{name}-restored"
    make_beside(clusters, name, restored, to)
    if confirm and not agreed(name, restored):
        print(f"Nothing was changed. {restored} is there, and costs as much as another database, until you delete it.")
        return
    old = f"{name}-before-{datetime.now(UTC):%Y%m%d%H%M}"
    exchange(clusters, name, restored, old)
    stack.refresh()
    stack.up(confirm=False)
    print(f"{stage} has the restored database. What it had is {old}, which you delete when nobody needs it:")
    print(removal(old, region))
    print("Stages that share its cluster (shareWith) sign in at the new one once they are deployed again.")


def make_beside(clusters: Clusters, name: str, restored: str, to: str) -> None:
    """Make the restored cluster, complete, while the stage goes on with its own. Raises CommandError without one."""
    there = clusters.find(name)
    if clusters.find(restored) is None:
        if there is None:
            raise CommandError(f"there is no cluster {name}, whose settings the restored one would get")
        begin(clusters, there, restored, to)
    else:
        print(f"{restored} is there already and is taken as it is, whatever TO says: delete it to have another.")
    found = clusters.wait_for(restored)
    if not clusters.has_instance(restored):
        print(f"Making the instance of {restored} ...", flush=True)
        clusters.add_instance(restored, tags_of(found))
    clusters.wait_for_instance(restored)
    clusters.switch_on(restored, (there or found)["BackupRetentionPeriod"])


def begin(clusters: Clusters, there: Mapping[str, Any], restored: str, to: str) -> None:
    """Begin the restore."""
    print(f"Restoring to {restored}, beside what runs: ten minutes and more ...", flush=True)
    if to == LATEST or TIME.fullmatch(to):
        clusters.restore_from_time(there, restored, to)
    else:
        clusters.restore_from_snapshot(there, restored, to)


def exchange(clusters: Clusters, name: str, restored: str, old: str) -> None:
    """Give the restored cluster the stage's name. From here on until Pulumi is done, nobody can edit flags."""
    print(f"Changing names: {name} to {old}, {restored} to {name} ...", flush=True)
    if clusters.find(name) is not None:
        clusters.rename(name, old)
    clusters.rename(restored, name)


def agreed(name: str, restored: str) -> bool:
    """Ask whether to go on."""
    print(f"{restored} is complete. What was edited since then is not in it. This checkout is deployed, too.")
    try:
        return input(f"Put it in the place of {name}? yes/no: ").strip() == "yes"
    except EOFError:
        return False


def removal(old: str, region: str) -> str:
    """Return the commands that remove a cluster."""
    return "\n".join(
        f"  aws rds {command} --region {region}"
        for command in (
            f"modify-db-cluster --db-cluster-identifier {old} --no-deletion-protection",
            f"delete-db-instance --db-instance-identifier {old}-1",
            f"delete-db-cluster --db-cluster-identifier {old} --final-db-snapshot-identifier {old}",
        )
    )
