"""From a targeting to a Python function: JsonLogic is read once, so that evaluating is only running.

The function's source holds structure and nothing else. Every name, key and value of the document is *bound*: it
reaches the function as a closure variable (`c0`, `c1`, …) and is never part of the text that Python compiles. So no
document can put code into it, and flags of one shape (most flags of a project) share one compiled code object. The
targeting

    {"if": [{"in": [{"var": "country"}, ["US", "CA"]]}, "on", "off"]}

becomes

    def bind(c0, c1, c2, c3):
        def evaluate(context):
            get = context.get
            if (isinstance(t1 := get(c0), str) and t1 in c1):
                return c2
            return c3
        return evaluate

with c0 = "country", c1 = frozenset({"US", "CA"}), and c2 and c3 the finished answers for "on" and "off".

`Compiler` writes expressions: for a node's value, or for a condition, of which only the truth matters. `decision` puts
them together to the function.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from flagstaff.engine.compiler import comparisons, guards, splits
from flagstaff.engine.compiler.facts import MAX_DEPTH, Facts, TargetingError
from flagstaff.engine.compiler.source import Bindings, Code, Kind
from flagstaff.engine.compiler.subexpressions import CommonSubexpressions
from flagstaff.jsonlogic import fractional as bucketing
from flagstaff.jsonlogic import loops, operations, values
from flagstaff.jsonlogic import nodes as shapes
from flagstaff.jsonlogic.fractional import Bucketing

MAX_PLAIN_CAT = 32
"""How many operations a `cat` has at most whose text needs no bound; a longer one could multiply a long text."""


class Compiler:
    """Writes the expressions of one flag's targeting, collecting what they bind and which fields they read.

    `depth` says how deep a node lies. `data` names the item inside a loop such as `map`; None means the context.
    """

    def __init__(self, flag_key: str, hashing: Bucketing, facts: Facts, targeting: Any) -> None:
        self.flag_key = flag_key
        self.bucketing = hashing
        self.facts = facts
        self.fields: set[str] = set()
        self.names = Bindings()
        self._sharing = CommonSubexpressions(targeting, MAX_DEPTH, facts.evaluators)
        self._variables: dict[Hashable, Code] = {}
        self._assignments: list[str] = []

    # -- variables ---------------------------------------------------------------------------------------------------

    def take_assignments(self) -> list[str]:
        """Return the lines that set the variables which came into use since the last call."""
        lines, self._assignments = self._assignments, []
        return lines

    def _shared(self, node: Any, data: str | None) -> Hashable | None:
        return self._sharing.identity(node) if data is None else None

    def _variable(self, key: Hashable, node: dict[str, Any], depth: int) -> Code:
        if key not in self._variables:
            code = self._operation(node, depth, None)
            name = f"v{len(self._variables)}"
            self._assignments.append(f"{name} = {code.source}")
            self._variables[key] = Code(name, code.kind)
        return self._variables[key]

    # -- values ------------------------------------------------------------------------------------------------------

    def value(self, node: Any, depth: int = 0, data: str | None = None) -> Code:
        """Code for what `node` evaluates to."""
        self.enter(depth)
        if shapes.is_operation(node):
            key = self._shared(node, data)
            return self._operation(node, depth, data) if key is None else self._variable(key, node, depth)
        if isinstance(node, list) and not self.facts.is_constant(node):
            return Code(f"[{self._list(node, depth, data)}]")
        kind = Kind.TEXT if isinstance(node, str) else Kind.BOOLEAN if isinstance(node, bool) else Kind.ANY
        return Code(self.names.bind(node), kind)

    def enter(self, depth: int) -> None:
        """Refuse what is nested too deep.

        Raises:
            TargetingError: it is.
        """
        if depth > MAX_DEPTH:
            raise TargetingError(f"the targeting is nested more than {MAX_DEPTH} levels deep")

    def _list(self, nodes: Sequence[Any], depth: int, data: str | None) -> str:
        return ", ".join(self.value(node, depth + 1, data).source for node in nodes)

    def _operation(self, node: dict[str, Any], depth: int, data: str | None) -> Code:
        name, arguments = shapes.operation(node)
        if self.facts.is_reference(name, arguments):
            return self.value(self.facts.evaluators[arguments[0]], depth + 1, data)
        if name in _WRITERS:
            return _WRITERS[name](self, name, arguments, depth, data)
        if name in operations.ON_ITEMS:
            return self._loop(name, arguments, depth, data)
        if name in operations.ON_DATA:
            return self._read(name, arguments, depth, data)
        return self.call(name, arguments, depth, data)

    def call(self, name: str, arguments: Sequence[Any], depth: int, data: str | None) -> Code:
        """Code for an operation as a call of the function that says what it means."""
        given = self._list(arguments, depth, data)
        if name in operations.ON_VALUES:
            return Code(f"{self.names.bind(operations.ON_VALUES[name])}({given})", _kind(name))
        return Code(f"{self.names.bind(values.unknown)}({self.names.bind(name)}, {given})")

    # -- branching ---------------------------------------------------------------------------------------------------

    def _if(self, _name: str, arguments: Sequence[Any], depth: int, data: str | None) -> Code:
        pairs, last = shapes.branches(arguments)
        tests = [(self.condition(test, depth + 1, data), self.value(then, depth + 1, data)) for test, then in pairs]
        choices = "".join(f"{then.source} if {test} else " for test, then in tests)
        return Code(f"({choices}{self.value(last, depth + 1, data).source})")

    def _and_or(self, name: str, arguments: Sequence[Any], depth: int, data: str | None) -> Code:
        if not arguments:
            return Code("None")
        if name == "and" and (comparison := guards.number_comparison(arguments)) is not None:
            return comparisons.of_numbers(self, comparison, depth, data)
        codes = [self.value(argument, depth + 1, data) for argument in arguments]
        if all(code.kind is not Kind.ANY for code in codes[:-1]):  # their truth is the same to Python and JsonLogic
            kinds = {code.kind for code in codes}
            source = f" {name} ".join(code.source for code in codes)
            return Code(f"({source})", kinds.pop() if len(kinds) == 1 else Kind.ANY)
        source = codes[-1].source
        for code in reversed(codes[:-1]):
            temporary = self.names.temporary()
            stop = "not " if name == "and" else ""
            source = f"{temporary} if {stop}truthy({temporary} := {code.source}) else {source}"
        return Code(f"({source})")

    def condition(self, node: Any, depth: int = 0, data: str | None = None) -> str:
        """Code that is true, to Python, exactly where JsonLogic takes `node` for true."""
        self.enter(depth)
        if shapes.is_operation(node) and self._shared(node, data) is None:
            name, arguments = shapes.operation(node)
            if name in ("and", "or") and arguments and guards.number_comparison(arguments) is None:
                operands = guards.needed(arguments) if name == "and" else arguments
                return f"({f' {name} '.join(self.condition(item, depth + 1, data) for item in operands)})"
            if name in ("!", "!!") and len(arguments) == 1:
                inner = self.condition(arguments[0], depth + 1, data)
                return f"(not {inner})" if name == "!" else inner
            if name in _AFFIX and len(arguments) == 2 and isinstance(arguments[1], str):
                return self._affix(name, arguments, depth, data)
        code = self.value(node, depth, data)
        if code.kind is not Kind.ANY:
            return code.source
        return self._truth_of_field(code.source) if shapes.is_field(node) else f"truthy({code.source})"

    def _truth_of_field(self, given: str) -> str:
        """Return the code for a field of the context, which is mostly absent, a text or an integer."""
        value, name = self.names.keep(given)
        kinds = f"isinstance({name}, str) or isinstance({name}, int)"  # faster than one look for both
        return f"({value} is not None and ({name} if {kinds} else truthy({name})))"

    def _affix(self, name: str, arguments: Sequence[Any], depth: int, data: str | None) -> str:
        subject, text = self.names.keep(self.value(arguments[0], depth + 1, data).source)
        is_text = f"isinstance({subject}, str)"
        test = f"{text}.{_AFFIX[name]}({self.names.bind(arguments[1])})"
        return f"({is_text} and {test})" if arguments[1] else is_text

    # -- loops -------------------------------------------------------------------------------------------------------

    def _loop(self, name: str, arguments: Sequence[Any], depth: int, data: str | None) -> Code:
        function = operations.ON_ITEMS[name]
        if len(arguments) < 2 and name != "map":
            return Code(self.names.bind(function(None, bool)), _kind(name))
        items, logic = (*arguments, None, None)[:2]
        given = f"{self.value(items, depth + 1, data).source}, {self._lambda(logic, depth)}, {self._work(logic)}"
        return Code(f"{self.names.bind(function)}({given})", _kind(name))

    def _reduce(self, _name: str, arguments: Sequence[Any], depth: int, data: str | None) -> Code:
        items, logic, initial = (*arguments, None, None, None)[:3]
        # JsonLogic takes the initial value as it stands: it is not evaluated.
        given = f"{self.value(items, depth + 1, data).source}, {self._lambda(logic, depth)}, {self.names.bind(initial)}"
        return Code(f"{self.names.bind(loops.reduced)}({given}, {self._work(logic)})" if arguments else "None")

    def _lambda(self, logic: Any, depth: int) -> str:
        item = self.names.temporary()
        return f"(lambda {item}: {self.value(logic, depth + 1, item).source})"

    def _work(self, logic: Any) -> str:
        return self.names.bind(1 + self.facts.size(logic).work)

    # -- the context -------------------------------------------------------------------------------------------------

    def _read(self, name: str, arguments: Sequence[Any], depth: int, data: str | None) -> Code:
        given = self._list(arguments, depth, data)
        if data is None:
            self.fields.update(field for argument in arguments for field in shapes.fields(argument))
            data = f"{self.names.bind(whole_context)}(context, {self.names.bind(self.flag_key)})"
        return Code(f"{self.names.bind(operations.ON_DATA[name])}({data}, {given})")

    def _var(self, name: str, arguments: Sequence[Any], depth: int, data: str | None) -> Code:
        """Return a path known beforehand is split here, once, and mostly takes a single `get`."""
        path = shapes.path(arguments)
        if path is None or data is not None:
            return self._read(name, arguments, depth, data)
        if path[0] == "$flagd":
            return self._flagd(path, arguments, depth)
        self.fields.add(path[0])
        found = f"get({self.names.bind(path[0])})"
        default = self.value((*arguments, None)[1], depth + 1)
        if len(path) > 1:
            return Code(f"dig({found}, {self.names.bind(tuple(path[1:]))}, {default.source})")
        if default.source == "None":
            return Code(found)
        temporary = self.names.temporary()
        return Code(f"({default.source} if ({temporary} := {found}) is None else {temporary})")

    def _flagd(self, path: list[str], arguments: Sequence[Any], depth: int) -> Code:
        """flagd adds `$flagd.flagKey` and `$flagd.timestamp` (Unix seconds) to every context."""
        if path == ["$flagd", "flagKey"]:
            return Code(self.names.bind(self.flag_key), Kind.TEXT)
        if path == ["$flagd", "timestamp"]:
            return Code("int(clock.time())")
        return self._read("var", arguments, depth, None)

    # -- texts -------------------------------------------------------------------------------------------------------

    def _cat(self, _name: str, arguments: Sequence[Any], depth: int, data: str | None) -> Code:
        length = len(arguments) + sum(self.facts.size(argument).operations for argument in arguments)
        if data is not None or length > MAX_PLAIN_CAT:
            return self.call("cat", arguments, depth, data)
        parts: list[str] = []
        known = ""  # constant texts that stand together are put together now
        for argument in arguments:
            if (text := self._constant_text(argument, data)) is not None:
                known += text
            else:
                parts += [self.names.bind(known)] * bool(known)
                parts.append(self._text(self.value(argument, depth + 1, data)))
                known = ""
        if known or not parts:
            parts.append(self.names.bind(known))
        return Code(f"({' + '.join(parts)})", Kind.TEXT)

    def _constant_text(self, node: Any, data: str | None) -> str | None:
        if node == {"var": "$flagd.flagKey"} and data is None:
            return self.flag_key
        return node if isinstance(node, str) else None

    def _text(self, code: Code) -> str:
        if code.kind is Kind.TEXT:
            return code.source
        value, name = self.names.keep(code.source)
        return f"({name} if isinstance({value}, str) else text({name}))"

    # -- flagd's fractional ------------------------------------------------------------------------------------------

    def _fractional(self, _name: str, arguments: Sequence[Any], depth: int, data: str | None) -> Code:
        if data is None and (known := splits.drawn(self, arguments, depth + 1)) is not None:
            return self._drawn(known)
        if data is None:
            self.fields.add("targetingKey")
        subject = f"{data or 'context'}, {self.names.bind('' if data else self.flag_key)}"
        draw = f"{self.names.bind(fractional)}({self.names.bind(self.bucketing)}, {subject}"
        return Code(f"{draw}, [{self._list(arguments, depth, data)}])")

    def _drawn(self, draw: splits.Draw) -> Code:
        nobody = f"None if {draw.nobody} else " if draw.nobody else ""
        names = itertools.chain([f"(bucket := {draw.bucket})"], itertools.repeat("bucket"))
        arms = draw.arms or [("{} < 0", draw.last)]  # one variant for all, but who can't be hashed gets none
        chosen = "".join(
            f"{self.names.bind(variant)} if {test.format(hashed)} else "
            for (test, variant), hashed in zip(arms, names, strict=False)
        )
        return Code(f"({nobody}{chosen}{self.names.bind(draw.last)})")


_AFFIX = {"starts_with": "startswith", "ends_with": "endswith"}

# Operations that are worth code of their own; every other one is a call.
_WRITERS: Mapping[str, Callable[[Compiler, str, Sequence[Any], int, str | None], Code]] = {
    "if": Compiler._if,
    "?:": Compiler._if,
    "and": Compiler._and_or,
    "or": Compiler._and_or,
    "reduce": Compiler._reduce,
    "var": Compiler._var,
    "cat": Compiler._cat,
    "===": comparisons.strict,
    "!==": comparisons.strict,
    "<": comparisons.ordered,
    "<=": comparisons.ordered,
    ">": comparisons.ordered,
    ">=": comparisons.ordered,
    "==": comparisons.loose,
    "!=": comparisons.loose,
    "in": comparisons.contained,
    "fractional": Compiler._fractional,
}


def _kind(name: str) -> Kind:
    return Kind.BOOLEAN if name in operations.BOOLEAN else Kind.TEXT if name in operations.TEXT else Kind.ANY


def whole_context(context: Mapping[str, Any], flag_key: str) -> dict[str, Any]:
    """Return the context as flagd hands it to JsonLogic, for the rare rule that wants all of it."""
    flagd = {"flagKey": flag_key, "timestamp": int(time.time())}
    return {**context, "$flagd": flagd, "targetingKey": context.get("targetingKey")}


def fractional(hashing: Bucketing, data: Any, flag_key: str, arguments: Sequence[Any]) -> Any:
    """Return a split whose parts are known only now; inside a loop, the item may be an object with a targeting key."""
    targeting_key = data.get("targetingKey") if isinstance(data, Mapping) else None
    return bucketing.fractional(hashing, flag_key, targeting_key, arguments)
