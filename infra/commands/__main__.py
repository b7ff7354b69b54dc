"""`PYTHONPATH=infra python -m commands COMMAND STAGE [--yes]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from commands import checks, smoke
from commands.programs import CommandError
from commands.publication import publish
from commands.restore import restore
from commands.stack import Stack
from commands.stage_dev import stage_dev


def deploy(stage: str, *, confirm: bool) -> None:
    """Bring a stage to what is checked out, and evaluate a flag there."""
    checks.pulumi()
    account = checks.account()
    stack = Stack(stage)
    stack.select()
    region = stack.region() or checks.region()
    print(f"Deploying {stage} to {region}, account {account.number}, as {account.caller}", flush=True)
    stack.set_region(region)
    stack.up(confirm=confirm)
    outputs = stack.outputs()
    # Where nobody is asked, what is printed goes into a log, which is no place for keys.
    show({name: value for name, value in outputs.items() if confirm or not name.endswith("Key")})
    print(smoke.evaluate(outputs["url"], outputs["adminKey"], outputs["serverKey"]))


def destroy(stage: str, *, confirm: bool) -> None:
    """Remove everything of a stage that is there and not protected; its settings stay."""
    checks.pulumi()
    account = checks.account()
    print(f"Destroying {stage} in account {account.number}", flush=True)
    Stack(stage).destroy(confirm=confirm)
    print(f"Its settings are still there. To forget them too: pulumi stack rm {stage}")


def outputs(stage: str, *, confirm: bool) -> None:
    """Show where a stage is, and its first keys."""
    checks.pulumi()
    show(Stack(stage).outputs())


def show(said: Mapping[str, Any]) -> None:
    """Print one output a line; those that only commands read are left out."""
    texts = {name: value for name, value in said.items() if isinstance(value, str)}
    width = max(map(len, texts))
    for name, value in texts.items():
        print(f"{name:{width}}  {value}")


COMMANDS: Final[Mapping[str, Callable[..., None]]] = {
    "deploy": deploy,
    "destroy": destroy,
    "outputs": outputs,
    "publish": publish,
    "restore": restore,
    "stage-dev": stage_dev,
}


def main(arguments: Sequence[str]) -> int:
    """Run one command; 1, and what is wrong in words, where it can't be done."""
    parser = argparse.ArgumentParser(prog="commands", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("stage")
    parser.add_argument("--yes", action="store_true", help="do not ask whether the changes are right")
    parser.add_argument("--to", help="what to restore to")
    given = parser.parse_args(arguments)
    more = {"to": given.to} if given.command == "restore" else {}
    try:
        COMMANDS[given.command](given.stage, confirm=not given.yes, **more)
    except CommandError as error:
        print(f"flagstaff: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
