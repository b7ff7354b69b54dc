"""Ask for the part of a layer that a rollout is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from interval_sdk import IO

from db.layers import layers
from db.layers.edits import LayerView
from db.layers.parts import Owner, parts
from db.targeting.layers import check_span
from db.views import FlagView
from flagstaff.targeting import LayerRange, Share, Span
from flagstaff.targeting.layers import percent
from interval_app.forms.form import select
from interval_app.session.executor import in_thread

LAYER, FROM, TO = "=layer", "=from", "=to"
"""The names of the inputs beside those of variants, which no variant can have."""
NO_LAYER: Final = "=none"
ABOUT: Final = "In a layer, the rollout is for those alone who are in the flag's part of it: nobody is in two parts."


async def all_layers() -> Sequence[LayerView]:
    """List the layers that a flag may enter."""
    return (await in_thread(layers.page, limit=1_000)).items


def layer_fields(io: IO, there: Sequence[LayerView], flag: FlagView, entered: LayerRange | None) -> dict[str, Any]:
    """Make the inputs for the part of a layer; none where there is no layer."""
    if not there:
        return {}
    choices = [(NO_LAYER, "none: the rollout is for everyone"), *((one.key, _choice(one, flag)) for one in there)]
    bounds = [percent(entered.span.start), percent(entered.span.end)] if entered else [None, None]
    return {
        LAYER: select(io, "Layer", choices, entered.layer if entered else NO_LAYER, help_text=ABOUT),
        FROM: io.input.number("Layer from %", min=0, max=100, decimals=3, default_value=bounds[0]).optional(),
        TO: io.input.number("Layer to %", min=0, max=100, decimals=3, default_value=bounds[1]).optional(),
    }


def _choice(layer: LayerView, flag: FlagView) -> str:
    """Describe a layer: "checkout (free: 45 to 95 %)"."""
    left = [str(part.span) for part in parts(layer, flag.environment, but=flag.key) if part.owner is Owner.FREE]
    return f"{layer.key} (free: {', '.join(left) or 'nothing'})"


def read_layer(found: Mapping[str, Any], otherwise: LayerRange | None) -> LayerRange | None:
    """Read what was entered; where there was nothing to enter, it is `otherwise`.

    Raises ValueError or InvalidInputError with a sentence.
    """
    if LAYER not in found:
        return otherwise
    key, bounds = found[LAYER]["value"], (found[FROM], found[TO])
    if key == NO_LAYER:
        return None
    if None in bounds:
        raise ValueError(f"say which part of the layer {key} the rollout is for: from and to, in percent")
    span = Span(*(Share.of_percent("", bound).weight for bound in bounds))
    check_span(span, "the part of the layer")
    return LayerRange(key, span)
