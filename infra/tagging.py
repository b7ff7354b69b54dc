"""Put tags on whatever of a stage takes tags: its name, and those of an option."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import pulumi

STAGE_TAG: Final = "flagstaff"
"""What infra/deployer/policy.json tells a stage's network by, whose resources have no names."""


def tag_everything(stage: str, tags: Mapping[str, str]) -> None:
    """Have every resource of AWS that is made from here on carry the stage's name and these tags, beside its own."""
    pulumi.runtime.register_stack_transformation(tagging({**tags, STAGE_TAG: stage}))


def tagging(tags: Mapping[str, str]) -> Callable[[Any], Any]:
    """Return what adds the tags to a resource that is about to be made."""

    def transform(args: Any) -> Any:
        if not takes_tags(args.resource, args.type_):
            return None
        own = args.props.get("tags") or {}
        return pulumi.ResourceTransformationResult({**args.props, "tags": {**tags, **own}}, args.opts)

    return transform


def takes_tags(resource: object, kind: str) -> bool:
    """Say whether a resource is one of AWS, and of a kind that has tags."""
    return kind.startswith("aws:") and isinstance(getattr(type(resource), "tags", None), property)
