"""Stands in for `aws lambda invoke` of the migration function: runs its handler with the settings in `function.json`.

Everything else is answered as by `fake_program.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

folder = Path(sys.argv[0]).parent
RUN = """
import json, sys
event = json.load(open(sys.argv[1]))
from api.aws.migration_function import handler
try:
    answer = handler(event, None)
except Exception as error:
    answer = {"errorType": type(error).__name__, "errorMessage": str(error)}
json.dump(answer, open(sys.argv[2], "w"))
"""


def invoke(*arguments: str) -> None:
    assert arguments[arguments.index("--function-name") + 1] == "flagstaff-dev-migration"
    event = arguments[arguments.index("--payload") + 1].removeprefix("fileb://")
    (answer,) = [one for one in arguments if one.startswith("/")]
    settings = json.loads((folder / "function.json").read_text())
    command = [sys.executable, "-c", RUN, event, answer]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": "", **settings}, check=True, stdout=subprocess.DEVNULL)
    failed = "errorType" in json.loads(Path(answer).read_text())
    print(json.dumps({"StatusCode": 200, **({"FunctionError": "Unhandled"} if failed else {})}))


if sys.argv[1:3] == ["lambda", "invoke"]:
    invoke(*sys.argv[3:])
else:
    exec((folder / "answers.py").read_text())
