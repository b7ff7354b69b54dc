"""The provider of an earlier release, which this Python imports, following a server.

Arguments: the server's URL and a key. A line in: `{"key": …, "context": {…}}`; a line out: the value, false by default.
Its first line is where the release was imported from.
"""

from __future__ import annotations

import json
import sys

from openfeature import api
from openfeature.evaluation_context import EvaluationContext

import flagstaff
from flagstaff.provider import FlagstaffProvider


def main(url: str, key: str) -> None:
    api.set_provider_and_wait(FlagstaffProvider(url, key, copy_folder=None))
    client = api.get_client()
    print(json.dumps(flagstaff.__file__), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        given = dict(asked["context"])
        context = EvaluationContext(given.pop("targetingKey", None), given)
        print(json.dumps(client.get_boolean_value(asked["key"], False, context)), flush=True)
    api.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
