"""Code for comparisons: shorter where an operand is a constant, or where the form is one of our own conditions'.

Each writer returns what `Compiler.value` returns for the operation.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import TYPE_CHECKING, Any

from flagstaff.engine.compiler.guards import NumberComparison
from flagstaff.engine.compiler.source import Code, Kind
from flagstaff.jsonlogic import nodes, operations, values
from flagstaff.jsonlogic.nodes import Guard

if TYPE_CHECKING:
    from flagstaff.engine.compiler.expressions import Compiler


def strict(compiler: Compiler, name: str, operands: Sequence[Any], depth: int, data: str | None) -> Code:
    """Write `===` or `!==`."""
    if len(operands) != 2:
        return compiler.call(name, operands, depth, data)
    if (guard := nodes.guard(operands)) is not None:
        same = _guard(compiler, *guard, operands, depth, data)
    elif any(_is_constant(operand) for operand in operands):
        same = _same_as_constant(compiler, operands, depth, data)
    else:
        same = compiler.call("===", operands, depth, data).source
    return Code(same if name == "===" else f"(not {same})", Kind.BOOLEAN)


def _is_constant(node: Any) -> bool:
    return node is None or isinstance(node, str | int | float)


def _same_as_constant(compiler: Compiler, operands: Sequence[Any], depth: int, data: str | None) -> str:
    """Return one comparison of Python's, unless the constant is 1 or 0, which Python takes for equal to
    true and false.
    """
    constant, other = operands if _is_constant(operands[0]) else operands[::-1]
    given, known = compiler.value(other, depth + 1, data).source, compiler.names.bind(constant)
    if constant is None or isinstance(constant, bool):
        return f"({given} is {known})"
    if isinstance(constant, str) or constant not in (0, 1):
        return f"({given} == {known})"
    value, name = compiler.names.keep(given)
    return f"({value} == {known} and {_is_no_boolean(name)})"


def _guard(
    compiler: Compiler, guard: Guard, subject: Any, operands: Sequence[Any], depth: int, data: str | None
) -> str:
    """Return one look at the type, where a rule asks for it by converting the value."""
    value, name = compiler.names.keep(compiler.value(subject, depth + 1, data).source)
    if guard is Guard.TEXT:
        return f"isinstance({value}, str)"
    if guard is Guard.NUMBER:
        return f"({_is_number(value, name)} and {name} == {name})"
    a, b = (compiler.value(operand, depth + 1, data).source for operand in operands)
    return f"({_is_no_boolean(name)} if isinstance({value}, (int, float)) else {a} == {b})"


def _is_number(value: str, name: str) -> str:
    """Code that holds for numbers; `value` and `name` are from `Bindings.keep`."""
    return f"isinstance({value}, (int, float)) and {_is_no_boolean(name)}"


def _is_no_boolean(name: str) -> str:
    return f"{name} is not True and {name} is not False"


def of_numbers(compiler: Compiler, comparison: NumberComparison, depth: int, data: str | None) -> Code:
    """Write the condition that a number is more or less than a constant; it fails for all that is no number."""
    value, name = compiler.names.keep(compiler.value(comparison.subject, depth + 1, data).source)
    constant = compiler.names.bind(comparison.constant)
    a, b = (constant, name) if comparison.constant_first else (name, constant)
    return Code(f"({_is_number(value, name)} and {a} {comparison.sign} {b})", Kind.BOOLEAN)


def ordered(compiler: Compiler, name: str, operands: Sequence[Any], depth: int, data: str | None) -> Code:
    """Write `<` and its kind. With a constant number on one side, there is mostly a number on the other side too."""
    constants = [type(operand) in (int, float) for operand in operands]
    if len(operands) != 2 or sum(constants) != 1:
        return compiler.call(name, operands, depth, data)
    value, known = compiler.names.keep(compiler.value(operands[constants.index(False)], depth + 1, data).source)
    constant = compiler.names.bind(operands[constants.index(True)])
    a, b = (constant, known) if constants[0] else (known, constant)
    converted = f"{compiler.names.bind(operations.ON_VALUES[name])}({a}, {b})"
    return Code(f"({a} {name} {b} if isinstance({value}, (int, float)) else {converted})", Kind.BOOLEAN)


def loose(compiler: Compiler, name: str, operands: Sequence[Any], depth: int, data: str | None) -> Code:
    """Write `==` or `!=`. With a constant text, there is mostly a text on the other side too."""
    if len(operands) != 2 or not isinstance(operands[1], str):
        return compiler.call(name, operands, depth, data)
    value, known = compiler.names.keep(compiler.value(operands[0], depth + 1, data).source)
    constant = compiler.names.bind(operands[1])
    loosely = f"{compiler.names.bind(values.loosely_equal)}({known}, {constant})"
    same = f"({known} == {constant} if isinstance({value}, str) else {loosely})"
    return Code(same if name == "==" else f"(not {same})", Kind.BOOLEAN)


def contained(compiler: Compiler, name: str, operands: Sequence[Any], depth: int, data: str | None) -> Code:
    """Write `in`. A list of texts, or of numbers, becomes a set, in which only what can be in it is looked up."""
    if len(operands) != 2:
        return compiler.call(name, operands, depth, data)
    item, items = operands
    if (found := compiler.facts.as_set(items)) is not None:
        return _in_set(compiler, item, found, depth, data)
    if isinstance(item, str):
        return _text_in(compiler, item, items, depth, data)
    return compiler.call(name, operands, depth, data)


def _in_set(compiler: Compiler, item: Any, items: Set[Any], depth: int, data: str | None) -> Code:
    """Write `in` with a constant list; its items are all texts or all numbers."""
    needle, known = compiler.value(item, depth + 1, data), compiler.names.bind(items)
    are_texts = isinstance(next(iter(items)), str)
    if needle.kind is Kind.TEXT and are_texts:
        return Code(f"({needle.source} in {known})", Kind.BOOLEAN)
    value, name = compiler.names.keep(needle.source)
    is_kind = f"isinstance({value}, str)" if are_texts else _is_number(value, name)
    return Code(f"({is_kind} and {name} in {known})", Kind.BOOLEAN)


def _text_in(compiler: Compiler, text: str, items: Any, depth: int, data: str | None) -> Code:
    """Write `in` with a constant text. `{"merge": [[], x]}` is x as a list, which it is already or is alone in."""
    constant, kind = compiler.names.bind(text), "str"
    match items:
        case {"merge": [[], subject]} if len(items) == 1:
            items, kind = subject, "list"
    value, name = compiler.names.keep(compiler.value(items, depth + 1, data).source)
    in_text = f"{compiler.names.bind(values.contains)}({constant}, {name})"
    otherwise = f"{name} == {constant}" if kind == "list" else in_text
    return Code(f"({constant} in {name} if isinstance({value}, {kind}) else {otherwise})", Kind.BOOLEAN)
