"""Formulas as trees, on which the rows of the table run, and which write themselves."""

from __future__ import annotations

from typing import Any

from autograd import TABLE, Primitive

LARGEST = 150
"""The most parts in one formula: what a person might still write."""

PRECEDENCE = {"add": 1, "sub": 1, "neg": 1, "mul": 2, "div": 2, "pow": 3}
ATOM = 4


class UnwritableError(Exception):
    """A formula that is too long, or that has no form in public primitives."""


class Term:
    """A label, or a primitive of other terms and numbers."""

    __slots__ = ("head", "operands", "size")

    def __init__(self, head: str | Primitive, operands: tuple[Any, ...] = ()) -> None:
        self.head = head
        self.operands = operands
        self.size: int = 1 + sum(x.size if isinstance(x, Term) else 1 for x in operands)
        if self.size > LARGEST:
            raise UnwritableError

    @property
    def name(self) -> str:
        """The name of the primitive, or the label."""
        return self.head if isinstance(self.head, str) else self.head.name

    def apply(self, row: Primitive, operands: tuple[Any, ...]) -> Any:
        """Apply a primitive; helper rows are written as their reading."""
        if row.name.startswith("_") or row.name == "dot":
            if row.reading is None:
                raise UnwritableError
            return row.reading(*operands)
        return shorter(row.name, operands)

    def __add__(self, other: Any) -> Any:
        return shorter("add", (self, other))

    def __radd__(self, other: Any) -> Any:
        return shorter("add", (other, self))

    def __sub__(self, other: Any) -> Any:
        return shorter("sub", (self, other))

    def __rsub__(self, other: Any) -> Any:
        return shorter("sub", (other, self))

    def __mul__(self, other: Any) -> Any:
        return shorter("mul", (self, other))

    def __rmul__(self, other: Any) -> Any:
        return shorter("mul", (other, self))

    def __truediv__(self, other: Any) -> Any:
        return shorter("div", (self, other))

    def __rtruediv__(self, other: Any) -> Any:
        return shorter("div", (other, self))

    def __pow__(self, other: Any) -> Any:
        return shorter("pow", (self, other))

    def __rpow__(self, other: Any) -> Any:
        return shorter("pow", (other, self))

    def __neg__(self) -> Any:
        return shorter("neg", (self,))


def term(name: str, *operands: Any) -> Term:
    """Return the term as it stands."""
    return Term(TABLE[name], operands)


def shorter(name: str, operands: tuple[Any, ...]) -> Any:  # noqa: PLR0911 - one for each identity
    """Return the term, without factors of 1, terms of 0 and the like."""
    match name, operands:
        case ("add", (x, y)) | ("sub", (x, y)) if is_number(y, 0):
            return x
        case ("add", (x, y)) if is_number(x, 0):
            return y
        case ("sub", (x, y)) if is_number(x, 0):
            return -y
        case ("mul", (x, y)) if is_number(x, 0) or is_number(y, 0):
            return 0.0
        case ("mul", (x, y)) | ("mul", (y, x)) if is_number(x, 1):
            return y
        case ("mul" | "div" | "pow", (x, y)) if is_number(y, 1):
            return x
        case ("mul", (x, y)) if is_number(x, -1):
            return -y
        case ("mul", (x, y)) if is_number(y, -1):
            return -x
        case ("neg", (Term() as x,)) if x.name == "neg":
            return x.operands[0]
    return term(name, *operands)


def is_number(x: Any, number: float) -> bool:
    """Whether x is this plain number, and not a term."""
    return isinstance(x, int | float) and x == number


def write(x: Any, outside: int = 0) -> str:
    """Write a term or number, in parentheses where the operation outside binds more tightly."""
    if not isinstance(x, Term):
        text = repr(int(x) if float(x).is_integer() and abs(x) < 1e6 else float(x))
        return f"({text})" if text[0] == "-" and outside else text
    if isinstance(x.head, str):
        return x.head
    inside = PRECEDENCE.get(x.name, ATOM)
    match x.name, x.operands:
        case ("neg", (y,)):
            text = f"-{write(y, 2)}"
        case ("pow", (y, z)):
            text = f"{write(y, ATOM)}**{write(z, ATOM)}"
        case ("add" | "mul", (y, z)):
            text = f"{write(y, inside)} {x.head.symbol} {write(z, inside)}"
        case ("sub" | "div", (y, z)):
            text = f"{write(y, inside)} {x.head.symbol} {write(z, inside + 1)}"
        case _:
            text = f"{x.name}({', '.join(map(write, x.operands))})"
    return f"({text})" if inside < outside else text
