"""The menu of the console."""

from __future__ import annotations

from typing import Final, NamedTuple


class Item(NamedTuple):
    """An entry of the menu."""

    label: str
    endpoint: str
    section: str
    """What the templates of its pages set as `section`."""


ITEMS: Final = (
    Item("Flags", "console_flags.page", "flags"),
    Item("Segments", "console_segments.page", "segments"),
    Item("Layers", "console_layers.page", "layers"),
    Item("Changes", "console_changes.page", "changes"),
    Item("Environments", "console_environments.page", "environments"),
    Item("Keys", "console_keys.page", "keys"),
)
