"""Operands that print themselves: how a row of the table becomes text.

Run a rule on symbols and it writes down what it does:

>>> x, y = Symbol("x"), Symbol("y")
>>> print(2 * (x + 1) - x / -y)
2 * (x + 1) - x / -y
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograd.primitives import Primitive

GRAMMAR = ("or", "and", "< <= > >= == !=", "+ -", "* / %", "negative", "**", "atom")
BINDING = {symbol: strength for strength, symbols in enumerate(GRAMMAR) for symbol in symbols.split()}
"""How strongly an operator holds its operands, as in Python's grammar."""

OPERATORS: dict[Callable[..., float], str] = {
    operator.add: "+",
    operator.sub: "-",
    operator.mul: "*",
    operator.truediv: "/",
    operator.neg: "-",
}
"""The functions that Python writes as signs."""


class Symbol:
    """A piece of formula text that takes part in arithmetic by growing.

    Parameters
    ----------
    text
        What stands for the operand.
    binding
        How strongly the text's outermost operator binds.
    """

    __hash__ = None  # type: ignore[assignment]
    __slots__ = ("binding", "text")

    for_readers: ClassVar[bool] = True

    def __init__(self, text: str, binding: int = BINDING["atom"]) -> None:
        self.text = text
        self.binding = binding

    def __str__(self) -> str:
        return self.text

    if TYPE_CHECKING:  # bound below, from ARITHMETIC

        def __mul__(self, other: object) -> Symbol: ...

    def __neg__(self) -> Symbol:
        return type(self)(f"-{self.operand(self, BINDING['negative'])}", BINDING["negative"])

    def __bool__(self) -> bool:
        raise TypeError(f"{self} has no truth value while it is being written down")

    def apply(self, primitive: Primitive, operands: tuple[object, ...]) -> Symbol:
        """Write the primitive as a reader would, or else as a call of its name."""
        if primitive.reading is not None and self.for_readers:
            read: Symbol = primitive.reading(*operands)
            return read
        sign = self.sign(primitive)
        if sign in BINDING and len(operands) == len("xy"):
            return self.between(sign, *operands)
        if sign == "-" and isinstance(operands[0], Symbol):
            return -operands[0]
        return type(self)(f"{primitive.name}({', '.join(self.operand(x, 0) for x in operands)})")

    def sign(self, primitive: Primitive) -> str:
        """Return the sign that a reader knows the primitive by."""
        return primitive.symbol

    def between(self, symbol: str, left: object, right: object) -> Symbol:
        """Write `left symbol right`, with the parentheses that the reading needs."""
        if self.for_readers and symbol == "*" and isinstance(right, Symbol) and is_one(left):
            return right
        if self.for_readers and symbol == "**" and isinstance(left, Symbol) and is_one(right):
            return left
        if self.for_readers and symbol == "-" and isinstance(left, Symbol) and is_zero(right):
            return left
        binding = BINDING[symbol]
        # a right operand of equal strength needs parentheses: x - (y - z); ** is the other way round
        low, high = (binding + 1, binding) if symbol == "**" else (binding, binding + 1)
        return type(self)(f"{self.operand(left, low)} {symbol} {self.operand(right, high)}", binding)

    def operand(self, x: object, binding: int) -> str:
        """Write an operand, in parentheses if it binds less strongly than asked."""
        if isinstance(x, Symbol):
            return x.text if x.binding >= binding else f"({x.text})"
        number = self.number(x)
        return f"({number})" if number.startswith("-") and binding > BINDING["negative"] else number

    def number(self, x: object) -> str:
        """Write a constant, for a reader."""
        return repr(x).removesuffix(".0")


class Source(Symbol):
    """A symbol that writes Python source for floats."""

    __slots__ = ()

    for_readers: ClassVar[bool] = False

    def sign(self, primitive: Primitive) -> str:
        """Return the operator that computes just what the primitive does, if there is one."""
        return OPERATORS.get(primitive.function, "")

    def number(self, x: object) -> str:
        """Write a constant as a float, so that float arithmetic stays on its fast path."""
        return repr(float(x))  # type: ignore[arg-type]

    def between(self, symbol: str, left: object, right: object) -> Symbol:
        """Write a power as a call of its row, which minds overflow and the domain."""
        if symbol == "**":
            return type(self)(f"pow({self.operand(left, 0)}, {self.operand(right, 0)})")
        return super().between(symbol, left, right)


class GuardedSource(Source):
    """Source whose divisions follow IEEE 754: `1 / 0` is inf, not an exception."""

    __slots__ = ()

    def between(self, symbol: str, left: object, right: object) -> Symbol:
        """Write a division as a call of `divide`."""
        if symbol == "/":
            return type(self)(f"divide({self.operand(left, 0)}, {self.operand(right, 0)})")
        return super().between(symbol, left, right)


def is_one(x: object) -> bool:
    """Whether an operand is the number 1, and not a symbol."""
    return isinstance(x, int | float) and x == 1


def is_zero(x: object) -> bool:
    """Whether an operand is the number 0, and not a symbol."""
    return isinstance(x, int | float) and x == 0


def _infix(symbol: str) -> tuple[Callable[[Symbol, object], Symbol], Callable[[Symbol, object], Symbol]]:
    def forward(x: Symbol, y: object) -> Symbol:
        return x.between(symbol, x, y)

    def reflected(y: Symbol, x: object) -> Symbol:
        return y.between(symbol, x, y)

    return forward, reflected


ARITHMETIC = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**", "mod": "%"}
TESTS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=", "and": "and", "or": "or"}

for _name, _symbol in (*ARITHMETIC.items(), *TESTS.items()):
    _forward, _reflected = _infix(_symbol)
    setattr(Symbol, f"__{_name}__", _forward)
    if _name in ARITHMETIC:
        setattr(Symbol, f"__r{_name}__", _reflected)
