"""Generated Python: its expressions, what they are bound to, and the function that they become."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from enum import Enum, auto
from functools import lru_cache
from typing import Any, NamedTuple

from flagstaff import jsonlogic


class Kind(Enum):
    """What is known of a value beforehand."""

    ANY = auto()
    BOOLEAN = auto()
    TEXT = auto()


class Code(NamedTuple):
    """A Python expression, and the kind of value it has."""

    source: str
    kind: Kind = Kind.ANY


NAMESPACE: Mapping[str, Any] = {
    "__builtins__": {each.__name__: each for each in (bool, float, int, isinstance, list, str, type)},
    "now": time.time,
    "truthy": jsonlogic.truthy,
    "text": jsonlogic.text,
    "dig": jsonlogic.dig,
}
"""All names that the code can use, beside what is bound."""


@lru_cache(maxsize=4096)
def _bind(source: str) -> Callable[..., Any]:
    """The `bind` function of a source text, compiled once for all targetings of that shape."""
    namespace = dict(NAMESPACE)
    exec(compile(source, "<targeting>", "exec"), namespace)  # the text is ours: see the module's description
    return namespace["bind"]  # type: ignore[no-any-return]


class Names:
    """The names that the code of one flag uses: for what is bound to it, and for its local variables."""

    def __init__(self) -> None:
        self._bound: list[Any] = []
        self._names: dict[Hashable, str] = {}
        self._temporaries = 0

    def bind(self, value: Any) -> str:
        """The name by which the code knows a value. Raises UnicodeEncodeError for a text that UTF-8 can't encode."""
        if value is None or value is True or value is False:
            return str(value)
        key = _identity(value)
        if key not in self._names:
            if isinstance(value, str):
                value.encode()  # so that an evaluation can only meet such a text in the context
            self._names[key] = f"c{len(self._bound)}"
            self._bound.append(value)
        return self._names[key]

    def temporary(self) -> str:
        """A new local variable of the code."""
        self._temporaries += 1
        return f"t{self._temporaries}"

    def keep(self, source: str) -> tuple[str, str]:
        """An expression for a value that is needed again, and the name that has the value from then on."""
        if source.isidentifier():
            return source, source
        name = self.temporary()
        return f"({name} := {source})", name

    def function(self, body: Sequence[str]) -> Callable[[Mapping[str, Any]], Any]:
        """The function of one argument, the context, with these lines as its body."""
        names = ", ".join(f"c{number}" for number in range(len(self._bound)))
        lines = [f"def bind({names}):", " def evaluate(context):", "  get = context.get"]
        source = "\n".join([*lines, *(f"  {line}" for line in body), " return evaluate"])
        return _bind(source)(*self._bound)  # type: ignore[no-any-return]


def _identity(value: Any) -> Hashable:
    """Equal only for values that can stand for one another in the code: 1, 1.0 and true can't, nor 0.0 and -0.0."""
    if type(value) in (str, int, tuple):
        return type(value), value
    return type(value), repr(value) if type(value) is float else id(value)
