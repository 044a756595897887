"""Expressions as text: `parse` reads them, and never runs a word of them as code.

First every token must be on a short list; then Python's `ast` finds the structure, of
which again every part must be known. What remains is a program in reverse Polish
notation, which pushes numbers on a stack and applies rows of the table to them.
"""

from __future__ import annotations

import ast
import math
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

from autograd.conversion import to_float
from autograd.errors import AutogradError, LengthError, PrecisionError
from autograd.primitives import TABLE, Primitive, add, div, mul, neg, pow, sub  # noqa: A004 - the operation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LIMIT = 100_000
"""The most characters in one expression."""

CONSTANTS = {"pi": math.pi, "e": math.e}
"""What these names mean, unless they are given as variables."""

OPERATORS = {ast.Add: add, ast.Sub: sub, ast.Mult: mul, ast.Div: div, ast.Pow: pow}

TOKEN = re.compile(
    r"(?P<number>(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>(?:[A-Za-z0-9_]|[^\x00-\x7f²³√·⋅×÷−–])+)"
    r"|:=|//|[<>=!]="
    r"|(?P<sign>\*\*|[-+*/(),])"
    r"|\S",
)
"""A token; one that is in no group has no place in an expression."""

REFUSED = {
    "a comparison": "< > <= >= == != in is",
    "a logical operation": "and or not & | ~",
    "a condition": "if else",
    "a lambda": "lambda",
    "a loop": "for while",
    "an assignment or keyword": "= :=",
    "an attribute": ".",
    "a subscript or list": "[ ]",
    "a set or dictionary": "{ }",
    "a string": "' \"",
    "a comment": "#",
}
KINDS = {token: kind for kind, tokens in REFUSED.items() for token in tokens.split()}
"""What a token would be in Python; an expression has no such thing."""

INSTEAD = {
    "^": "write ** for a power",
    "²": "write **2 for a square",
    "³": "write **3 for a cube",
    "√": "write sqrt(...) for a root",
    "·": "write * for a product",
    "⋅": "write * for a product",
    "×": "write * for a product",
    "÷": "write / for a quotient",
    "−": "write a minus with the hyphen of the keyboard",
    "–": "write a minus with the hyphen of the keyboard",
    "ln": "write log(x), the natural logarithm",
    "arcsin": "write asin(x)",
    "arccos": "write acos(x)",
    "arctan": "write atan(x)",
    "sec": "write 1 / cos(x)",
    "csc": "write 1 / sin(x)",
    "cot": "write 1 / tan(x)",
    "swish": "write silu(x)",
    "logistic": "write sigmoid(x)",
    "heaviside": "write step(x)",
    "square": "write x**2",
    "cbrt": "write x**(1/3), for a positive x",
    "exp2": "write 2**x",
    "lg": "write log10(x), the logarithm to base 10",
}
"""How to write what other notations, or other tables of functions, have."""

Span: TypeAlias = "tuple[int, int]"
"""Where a part of the text begins and ends."""

Step: TypeAlias = "tuple[float | str | Primitive, int, Span]"
"""A number, a name, or a primitive; and how many operands it takes from the stack."""


class ExpressionError(AutogradError, ValueError):
    """A text that is not an expression, or an expression without the values it needs.

    Attributes
    ----------
    text
        The expression.
    column
        Where in it the trouble begins; the first column is 1.
    """

    text = ""
    column = 1


class Expression:
    """An expression that was read; made by `parse`, called with values for its names.

    Attributes
    ----------
    text
        The expression, in one line.
    names
        Its variables, in order of appearance.
    """

    __slots__ = ("_places", "_steps", "names", "text")

    def __init__(self, text: str, steps: list[Step]) -> None:
        self.text = text
        self._steps = steps
        self._places: dict[str, Span] = {}
        for head, _, span in steps:
            if isinstance(head, str):
                self._places.setdefault(head, span)
        self.names = tuple([name for name in self._places if name not in CONSTANTS])

    def __call__(self, /, **values: Any) -> Any:  # noqa: ANN401 - see evaluate
        """Evaluate, with a keyword for each variable."""
        return self.evaluate(values)

    def evaluate(self, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any kind of number
        """Evaluate the expression at numbers or Values.

        Parameters
        ----------
        values
            A number, Value or other operand of primitives for each of `names`. It may
            also give ``pi`` and ``e``, if they appear, another meaning.

        Returns
        -------
        Value or float
            A Value if one takes part, a float if all are numbers.

        Raises
        ------
        ExpressionError
            If a variable has no value, or a value no variable.
        DomainError
            If an operation is not defined at its operands; a note shows where it stands.
        """
        missing = [name for name in self.names if name not in values]
        if missing:
            advice = f"give every variable a value, as in {missing[0]}=2"
            what = f"no value for {', '.join(map(repr, missing))}"
            raise _error(self.text, self._places[missing[0]], what, "", advice)
        for name in values:
            if name not in self._places:
                advice = f"its variables are {', '.join(self.names)}" if self.names else "it has none"
                raise ExpressionError(f"{name!r} is no variable of {_short(self.text)}\n{advice}")
        numbers = {**CONSTANTS, **values}
        stack: list[Any] = []
        for head, count, span in self._steps:
            if isinstance(head, Primitive):
                operands = stack[-count:]
                del stack[-count:]
                try:
                    stack.append(head(*operands))
                except AutogradError as error:
                    called = "x and y are the operands" if count > 1 else "x is the operand"
                    error.add_note(f"where {called} of the marked part:\n{_picture(self.text, span)}")
                    raise
            else:
                x = numbers[head] if isinstance(head, str) else head
                stack.append(x if hasattr(x, "apply") else to_float(x))
        return stack.pop()

    def __repr__(self) -> str:
        return f"parse({self.text!r})"


def parse(text: str) -> Expression:
    """Read an expression in Python's notation, without running it.

    It may hold numbers, names, ``+ - * / **``, parentheses, the constants ``pi`` and
    ``e``, and calls of the primitives of the table by their names.

    Parameters
    ----------
    text
        At most 100,000 characters.

    Returns
    -------
    Expression
        To be called with a value for each of its `names`.

    Raises
    ------
    ExpressionError
        If the text is anything else; it shows where, and often what to write instead.

    Notes
    -----
    Python's own parser sets bounds of its own: 200 parentheses within one another, and
    some 3,000 operations in a row. A longer sum is written ``sum(a, b, c)``.

    Examples
    --------
    >>> from autograd import Value
    >>> f = parse("tanh(x*y) + x**2")
    >>> f.names
    ('x', 'y')
    >>> f(x=2, y=0.5)
    4.76159415595576...
    >>> x = Value(2.0)
    >>> f(x=x, y=0.5).backward()
    >>> x.grad
    4.20998717080701...
    >>> parse("2 * sen(x)")
    Traceback (most recent call last):
    autograd.expression.ExpressionError: unknown function 'sen' at column 5
        2 * sen(x)
            ^^^
    did you mean 'sin'?
    """
    text = re.sub(r"\s", " ", text.strip())
    _check_tokens(text)
    steps: list[Step] = []
    waiting: list[ast.expr | Step] = [_tree(text)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple):
            steps.append(node)
            continue
        head, operands = _read(text, node)
        if head is not None:
            waiting.append((head, len(operands), _span(text, node)))
        waiting += reversed(operands)
    return Expression(text, steps)


# Reading -----------------------------------------------------------------------------------------


def _check_tokens(text: str) -> None:
    """Refuse every token that no expression has, and two operands without an operator."""
    from keyword import iskeyword

    if not text:
        raise ExpressionError('the expression is empty\nwrite one, such as "x*y + 1"')
    if len(text) > LIMIT:
        raise ExpressionError(f"the expression has {len(text):,} characters\nthe most is {LIMIT:,}")
    tokens = list(TOKEN.finditer(text))
    for token in tokens:
        word, kind = token[0], token.lastgroup
        if kind == "number" and math.isinf(float(word)):
            raise _error(text, token.span(), "a number", " is too large for a float")
        if kind is None or (kind == "name" and (iskeyword(word) or not word.isidentifier())):
            what, why = KINDS.get(word, _short(word)), " has no place in an expression"
            raise _error(text, token.span(), what, why, INSTEAD.get(word, ""))
    for left, right in pairwise(tokens):
        ends = left.lastgroup in {"number", "name"} or left[0] == ")"
        begins = right.lastgroup in {"number", "name"} or (right[0] == "(" and left.lastgroup != "name")
        if ends and begins:
            what = f"no operator between {_short(left[0])} and {_short(right[0])}"
            advice = f"for a product write {left[0]} * {right[0]}"
            raise _error(text, (left.start(), right.end()), what, "", advice)


def _tree(text: str) -> ast.expr:
    """Let Python find the structure of the text, or say in our words why there is none."""
    try:
        return ast.parse(text, mode="eval").body
    except (RecursionError, MemoryError):
        error = None
    except SyntaxError as found:
        error = found
    if error is None or "nested" in error.msg:
        raise ExpressionError(
            "the expression is nested too deeply, or has too many operations in a row\n"
            "a long sum can be written sum(a, b, c, ...)"
        )
    at = (error.offset or 0) - 1
    token = next((token for token in TOKEN.finditer(text) if token.end() > at >= 0), None)
    if token is None:
        raise _error(text, (len(text), len(text)), "an operand is missing", "", "the expression ends there")
    why = " is never closed" if "never closed" in error.msg else " has no place there"
    raise _error(text, token.span(), _short(token[0]), why)


def _read(text: str, node: ast.expr) -> tuple[float | str | Primitive | None, Sequence[ast.expr]]:
    """Return what a node stands for, and its operands."""
    match node:
        case ast.Constant(value=int() | float() as number):
            try:
                return to_float(number), []
            except PrecisionError as error:
                advice = f"{str(error).partition(';')[0]}\nif rounding is meant, end it with a decimal point"
                raise _error(text, _span(text, node), "an integer", " is not exact", advice) from None
        case ast.Name(id=name) if name in _functions():
            raise _error(text, _span(text, node), repr(name), " is a function", f"call it: {name}(...)")
        case ast.Name(id=name):
            return name, []
        case ast.UnaryOp(op=ast.UAdd(), operand=x):
            return None, [x]
        case ast.UnaryOp(op=ast.USub(), operand=x):
            return neg, [x]
        case ast.BinOp(left=x, op=operator, right=y) if type(operator) in OPERATORS:
            return OPERATORS[type(operator)], [x, y]
        case ast.Call(func=ast.Name() as name, args=operands, keywords=[]):
            return _function(text, node, name), operands
    what = "a comma" if isinstance(node, ast.Tuple) else "a starred operand"
    raise _error(text, _span(text, node), what, " has no place in an expression")


def _function(text: str, call: ast.Call, name: ast.Name) -> Primitive:
    """Return the primitive that is called, if there is one and it takes so many operands."""
    row = _functions().get(name.id)
    if row is None:
        raise _error(text, _span(text, name), f"unknown function {name.id!r}", "", _suggestion(name.id))
    try:
        row.check_count(call.args)
    except LengthError:
        given = f"{len(call.args) or 'no'} operand{'s' * (len(call.args) != 1)}"
        takes = "1 or more" if row.variadic else len(row.partials)
        what = f"{name.id!r} with {given}"
        raise _error(text, _span(text, call), what, "", f"it takes {takes}") from None
    return row


def _functions() -> dict[str, Primitive]:
    return {name: row for name, row in TABLE.items() if not name.startswith("_")}


def _suggestion(name: str) -> str:
    """Say what may have been meant by a function that there is not."""
    from difflib import get_close_matches
    from textwrap import fill

    if name in INSTEAD:
        return INSTEAD[name]
    for close in get_close_matches(name.lower(), _functions(), n=1):
        return f"did you mean {close!r}?"
    if len(name) == 1 or name in CONSTANTS:
        return f"for a product write {name} * (...)"
    return fill(f"the functions are {', '.join(_functions())}", 79)


# Showing -----------------------------------------------------------------------------------------


def _error(text: str, span: Span, what: str, why: str, advice: str = "") -> ExpressionError:
    """Build an error: what is wrong and where, a picture of it, and what to do."""
    column = span[0] + 1
    lines = [f"{what} at column {column}{why}", _picture(text, span), advice]
    error = ExpressionError("\n".join(filter(None, lines)))
    error.text, error.column = text, column
    return error


def _picture(text: str, span: Span, room: int = 70) -> str:
    """Show the text, or as much of it as fits, with marks under a part."""
    start, end = span
    left = max(0, min(start - room // 3, len(text) - room))
    shown = "".join([x if x.isprintable() else "\ufffd" for x in text[left : left + room]])
    indent = _cells(shown[: start - left]) + bool(left)
    marks = "^" * max(1, _cells(shown[start - left : end - left]))
    return f"    {'…' * bool(left)}{shown}{'…' * (left + room < len(text))}\n    {' ' * indent}{marks}"


def _cells(text: str) -> int:
    """Count the cells of a terminal: two for a wide letter, none for an accent on the last one."""
    from unicodedata import combining, east_asian_width

    return sum([0 if combining(x) else 2 if east_asian_width(x) in "WF" else 1 for x in text])


def _short(text: str, room: int = 40) -> str:
    return repr(text if len(text) <= room else f"{text[: room - 1]}…")


def _span(text: str, node: ast.expr) -> Span:
    """Return where a node stands in the text; Python counts bytes."""
    start, end = node.col_offset, node.end_col_offset or 0
    if text.isascii():
        return start, end
    encoded = text.encode()
    return len(encoded[:start].decode()), len(encoded[:end].decode())
