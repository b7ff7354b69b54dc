"""The way to a stage's database: a task in its VPC, and a port of this machine that Session Manager forwards to it."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from commands.programs import CommandError, ask_aws, signals_held_back, start, stop

DOCUMENT: Final = "AWS-StartPortForwardingSessionToRemoteHost"
STARTED_BY: Final = "stage-dev"
TASK_SECONDS: Final = 240.0
"""For Fargate to find a machine, get the image and start Session Manager's agent: less than a minute, as a rule."""
SESSION_SECONDS: Final = 60.0
BETWEEN_SECONDS: Final = 1.0


class Way:
    """What the stage says of the way (infra/forwarding.py), in its region."""

    def __init__(self, region: str, said: Mapping[str, Any]) -> None:
        self._region, self._said = region, said
        self._cluster = str(said["cluster"])

    @contextmanager
    def task(self) -> Iterator[str]:
        """Run a task for the time of the block, and give its ARN. It is stopped however the block ends."""
        task = None
        try:
            with signals_held_back():  # a task whose ARN nobody heard would go on
                task = self._run()
            yield task
        finally:
            if task is not None:
                with signals_held_back():
                    self._stop(task)

    def target(self, task: str) -> str:
        """Return what Session Manager calls the task, once its agent answers. Raises CommandError where it ends."""
        until = time.monotonic() + TASK_SECONDS
        while True:
            said = self.describe(task)
            (container,) = said["containers"]
            agents = {agent["name"]: agent["lastStatus"] for agent in container.get("managedAgents", ())}
            if said["lastStatus"] == "RUNNING" and agents.get("ExecuteCommandAgent") == "RUNNING":
                return f"ecs:{self._cluster}_{task.rpartition('/')[2]}_{container['runtimeId']}"
            if time.monotonic() > until:
                raise CommandError(f"the task {task} is not ready after {TASK_SECONDS:.0f} s: {said['lastStatus']}")
            time.sleep(BETWEEN_SECONDS)

    def describe(self, task: str) -> Mapping[str, Any]:
        """Return what ECS says of a task that has not ended. Raises CommandError, with the reason, of one that has."""
        said = ask_aws(self._region, "ecs", "describe-tasks", "--cluster", self._cluster, "--tasks", task)
        found: list[Mapping[str, Any]] = said["tasks"]
        if not found or found[0]["lastStatus"] in ("DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"):
            reason = found[0].get("stoppedReason") if found else None
            raise CommandError(f"the task {task} has ended: {reason or 'ECS does not say why'}")
        return found[0]

    def forward(self, target: str, port: int) -> subprocess.Popen[bytes]:
        """Return the session that forwards a port of this machine, once it takes connections.

        Raises CommandError where it ends before.
        """
        to = {"host": [self._said["host"]], "portNumber": [str(self._said["port"])], "localPortNumber": [str(port)]}
        arguments = ("--target", target, "--document-name", DOCUMENT, "--parameters", json.dumps(to))
        session = start("aws", "ssm", "start-session", *arguments, "--region", self._region, quiet=True)
        try:
            self._wait_for(session, port)
        except BaseException:
            stop(session)
            raise
        return session

    def _wait_for(self, session: subprocess.Popen[bytes], port: int) -> None:
        until = time.monotonic() + SESSION_SECONDS
        while not is_listened_on(port):
            if session.poll() is not None:
                raise CommandError("the session that forwards a port to the database ended, as it says above")
            if time.monotonic() > until:
                raise CommandError(f"nothing listens on the forwarded port {port} after {SESSION_SECONDS:.0f} s")
            time.sleep(BETWEEN_SECONDS / 10)

    def _run(self) -> str:
        network = {
            "subnets": self._said["subnets"],
            "securityGroups": self._said["securityGroups"],
            "assignPublicIp": "ENABLED",
        }
        said = ask_aws(
            self._region,
            *("ecs", "run-task", "--cluster", self._cluster, "--task-definition", self._said["taskDefinition"]),
            *("--launch-type", "FARGATE", "--enable-execute-command", "--started-by", STARTED_BY),
            *("--network-configuration", json.dumps({"awsvpcConfiguration": network})),
        )
        if not said["tasks"]:
            reasons = ", ".join(failure.get("reason", "") for failure in said.get("failures", ()))
            raise CommandError(f"ECS starts no task: {reasons}")
        return str(said["tasks"][0]["taskArn"])

    def _stop(self, task: str) -> None:
        print("Stopping the task ...", flush=True)
        try:
            ask_aws(self._region, "ecs", "stop-task", "--cluster", self._cluster, "--task", task)
        except CommandError as error:
            by_hand = f"aws ecs stop-task --cluster {self._cluster} --task {task} --region {self._region}"
            raise CommandError(f"the task was not stopped, and ends by itself in hours: {by_hand} ({error})") from error


class Session:
    """Forwards a port for as long as the task runs. Session Manager ends a session that nobody uses for 20 minutes."""

    def __init__(self, way: Way, task: str, port: int) -> None:
        self._way, self._task, self._port = way, task, port
        self._target = way.target(task)
        self._program = way.forward(self._target, port)

    def keep(self) -> None:
        """Begin anew where the session has ended. Raises CommandError where the task has ended, too."""
        if self._program.poll() is not None:
            self._way.describe(self._task)
            self._program = self._way.forward(self._target, self._port)

    def close(self) -> None:
        """End the session."""
        stop(self._program)


def is_listened_on(port: int) -> bool:
    """Tell whether something listens on a port of this machine, without connecting: that would wake the database."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # so that this is in nobody's way
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
