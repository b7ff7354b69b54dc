"""Generated Python: its expressions, what they are bound to, and the function that they become."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence, Set
from enum import Enum, auto
from typing import Any, NamedTuple

from flagstaff.jsonlogic import values


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
    "clock": time,
    "truthy": values.truthy,
    "text": values.text,
    "dig": values.dig,
}
"""All names that the code can use, beside what is bound."""


MAX_SOURCES = 1 << 20
"""How many characters of source are kept with what they were compiled to, which takes four times as much."""

Bind = Callable[..., Any]
"""From the values that a function's code is bound to, to that function."""


class Compiled:
    """The `bind` functions of source texts, each compiled once for all targetings of that shape.

    Kept are those that were asked for last: up to `max_sources` characters of source, in two halves of which the older
    one goes as a whole. So no lock is needed, which a process that forks could leave locked for ever.
    """

    def __init__(self, max_sources: int) -> None:
        self._max_half = max_sources // 2
        self._recent: dict[str, Bind] = {}
        self._earlier: dict[str, Bind] = {}
        self._recent_size = 0

    @property
    def sources(self) -> Set[str]:
        """The texts that are kept."""
        return self._recent.keys() | self._earlier.keys()

    def bind(self, source: str) -> Bind:
        """Return the `bind` function of a source text."""
        bind = self._recent.get(source)
        if bind is None:
            bind = self._earlier.get(source) or _compile(source)
            self._keep(source, bind)
        return bind

    def _keep(self, source: str, bind: Bind) -> None:
        if self._recent_size + len(source) > self._max_half:
            self._earlier, self._recent, self._recent_size = self._recent, {}, 0
        self._recent[source] = bind
        self._recent_size += len(source)


def _compile(source: str) -> Bind:
    namespace = dict(NAMESPACE)
    exec(compile(source, "<targeting>", "exec"), namespace)  # the text is ours: see the description of `compiler`
    return namespace["bind"]  # type: ignore[no-any-return]


compiled = Compiled(MAX_SOURCES)


class Bindings:
    """The names that the code of one flag uses: for what is bound to it, and for its local variables."""

    def __init__(self) -> None:
        self._bound: list[Any] = []
        self._names: dict[Hashable, str] = {}
        self._temporaries = 0

    def bind(self, value: Any) -> str:
        """Return the name by which the code knows a value. Raises UnicodeEncodeError for a text that UTF-8 can't
        encode.
        """
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
        """Return a new local variable of the code."""
        self._temporaries += 1
        return f"t{self._temporaries}"

    def keep(self, source: str) -> tuple[str, str]:
        """Return an expression for a value that is needed again, and the name that has the value from then on."""
        if source.isidentifier():
            return source, source
        name = self.temporary()
        return f"({name} := {source})", name

    def function(self, body: Sequence[str], of_item: bool = False) -> Callable[[Any], Any]:
        """Make the function of one argument, the context or the item of a loop, with these lines as its body."""
        names = ", ".join(f"c{number}" for number in range(len(self._bound)))
        lines = [f"def bind({names}):", " def evaluate(context):", *([] if of_item else ["  get = context.get"])]
        source = "\n".join([*lines, *(f"  {line}" for line in body), " return evaluate"])
        return compiled.bind(source)(*self._bound)  # type: ignore[no-any-return]


def _identity(value: Any) -> Hashable:
    """Equal only for values that can stand for one another in the code: 1, 1.0 and true can't, nor 0.0 and -0.0."""
    if type(value) in (str, int, tuple):
        return type(value), value
    return type(value), repr(value) if type(value) is float else id(value)
