"""The table as text, in plain Python and in numpy: how each writes rows, calls and conditionals.

The partials of a row are written in the primitives, so they print by themselves. Its value, a function
of floats, is run on symbols (`tracing`), and what it gives is joined: by `… if … else …`, or
by `np.where`. What is long, or cannot be run so, is called by name.

>>> from autograd import relu, step
>>> print(PYTHON.value(relu, (PYTHON.term("x"),)))
0.0 if x <= 0.0 else x
>>> print(NUMPY.value(relu, (NUMPY.term("x"),)))
np.maximum(x, 0.0)
>>> print(PYTHON.partial(relu, 0, PYTHON.term("z"), (PYTHON.term("x"),)))
0.0 if x <= 0.0 else 1.0 if x > 0.0 else x
>>> print(NUMPY.partial(relu, 0, NUMPY.term("z"), (NUMPY.term("x"),)))
np.where(x <= 0.0, 0.0, 1.0)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from autograd.conversion import to_float
from autograd.replay.emit import called
from autograd.replay.tracing import Traced, Unwritable, number, ways
from autograd.symbols import BINDING, OPERATORS, Source, Symbol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.primitives import Primitive

LOOSEST = -1
"""How strongly a conditional binds: less than anything else."""

LONGEST = 72
"""A longer text is a call instead."""


class Term(Source):
    """A symbol of a generated program; primitives are written out where that is short."""

    __slots__ = ()
    dialect: ClassVar[Dialect]

    def apply(self, primitive: Primitive, operands: tuple[object, ...]) -> Symbol:
        """Write the primitive's value."""
        return self.dialect.value(primitive, operands)

    def __rand__(self, other: object) -> Symbol:
        return self.between("and", other, self)

    def __ror__(self, other: object) -> Symbol:
        return self.between("or", other, self)

    def between(self, symbol: str, left: object, right: object) -> Symbol:
        """Write an operation; `and`, `or` and powers in the manner of the dialect."""
        if symbol in {"and", "or"}:
            return self.dialect.logical(symbol, left, right)  # type: ignore[no-any-return]
        if symbol == "**":
            from autograd.primitives import pow  # noqa: A004 - the operation

            return self.dialect.value(pow, (left, right))
        return super().between(symbol, left, right)


class Dialect:
    """A language to print the table in: plain Python on floats.

    Attributes
    ----------
    orders
        The orders in which two operands may be: `<`, `=`, `>`, and `?` where one may be nan.
    """

    orders = "<=>?"

    def __init__(self) -> None:
        self.term: type[Term] = type("Term", (Term,), {"dialect": self, "__slots__": ()})
        self.texts: dict[Any, str | None] = {}

    def value(self, row: Primitive, operands: Sequence[object]) -> Symbol:
        """Write a row's value: an operator, its function written out, or a call of the row."""
        if row.function in OPERATORS:
            first = next(x for x in operands if isinstance(x, Symbol))
            return Source.apply(first, row, tuple(operands))
        if not row.variadic and all(
            not isinstance(x, Symbol) or x.binding == BINDING["atom"] for x in operands
        ):
            try:
                return self.written(row.function, operands)
            except Unwritable:
                pass
        return self.row_call(row, operands)

    def row_call(self, row: Primitive, operands: Sequence[object]) -> Symbol:
        """Write a call of the row by its name."""
        return self.term(f"{called(row)}({', '.join(self.term('').operand(x, 0) for x in operands)})")

    def partial(self, row: Primitive, i: int, z: Symbol, operands: Sequence[object]) -> Any:  # noqa: ANN401
        """Run a row's partial by operand `i` on symbols: a Symbol, or a number if it is constant."""
        partial = row.partials[i](z, *operands)
        return partial if isinstance(partial, Symbol) else float(partial)

    def written(self, function: Callable[..., Any], operands: Sequence[object]) -> Symbol:
        """Write a value function out, if that is short and repeats nothing.

        Raises
        ------
        Unwritable
            If it is not.
        """
        found = self.explored(function, operands)
        calls = re.findall(r"\w\(", found.text)
        if len(found.text) > LONGEST or len(calls) > 1 + found.text.startswith("np."):
            raise Unwritable
        return found

    def explored(self, function: Callable[..., Any], operands: Sequence[object]) -> Symbol:
        """Run a function on symbols, both ways at each of its tests, and join what it gives."""
        return self.joined(ways(function, operands, self), 0)

    def joined(self, results: list[tuple[list[tuple[Any, bool]], Any]], depth: int) -> Symbol:
        """Join the results of all ways into one conditional."""
        taken, result = results[0]
        if len(taken) == depth:
            text = self.term("").operand(result, LOOSEST)
            return self.term(text, getattr(result, "binding", BINDING["atom"]))
        test = taken[depth][0]
        yes = self.joined([way for way in results if way[0][depth][1]], depth + 1)
        no = self.joined([way for way in results if not way[0][depth][1]], depth + 1)
        return yes if yes.text == no.text else self.choice(test, yes, no)

    def choice(self, test: Any, yes: Symbol, no: Symbol) -> Symbol:  # noqa: ANN401 - a traced test
        """Write a conditional."""
        return self.term(f"{yes.operand(yes, 0)} if {test} else {no}", LOOSEST)

    def call(self, kind: type[Symbol], name: str, operands: Sequence[object]) -> Any:  # noqa: ANN401
        """Write a call of a function of `math`."""
        if name == "isnan":
            x = kind("").operand(operands[0], 0)
            test: Any = kind(f"{x} != {x}", BINDING["!="])
            test.parts = x, "!=", x
            return test
        return kind(f"math.{name}({', '.join(kind('').operand(x, 0) for x in operands)})")

    def logical(self, symbol: str, left: object, right: object) -> Any:  # noqa: ANN401 - a symbol or a truth
        """Write `and` and `or`; what is known already is left out."""
        for known, other in ((left, right), (right, left)):
            if isinstance(known, bool):
                return other if known == (symbol == "and") else known
        return self.term(f"({left}) {symbol} ({right})", BINDING[symbol])

    def many(self, x: object) -> bool:  # noqa: ARG002 - here none does
        """Whether a symbol stands for many numbers that are to be folded into one."""
        return False

    def substitutes(self, kind: type[Traced]) -> dict[Any, Callable[..., Any]]:  # noqa: ARG002
        """Return what stands, while a function runs on symbols, for functions other than those of `math`."""
        return {float: number, to_float: number}

    def outside(self, row: Primitive, operands: Sequence[object]) -> str:
        """Write the test for operands outside a row's domain; empty if there is no need of one.

        A row of any number of operands is called, and looks at them itself.
        """
        if row.domain is None or row.variadic:
            return ""
        outside = row.domain.outside(*operands)
        return str(outside) if isinstance(outside, Symbol) else ""


class NumpyDialect(Dialect):
    """The table printed for arrays.

    Values keep a nan, and are written with all orders; partials need not, since what they stand
    beside is nan already, and the caller evaluates eagerly then.
    """

    def __init__(self, orders: str = "<=>") -> None:
        super().__init__()
        self.orders = orders

    def choice(self, test: Any, yes: Symbol, no: Symbol) -> Symbol:  # noqa: ANN401 - a traced test
        """Write a choice for each element: the larger, the smaller, or `np.where`."""
        left, sign, right = test.parts or ("", "", "")
        kept = no.text != "" and (re.match(r"[a-z]", no.text) is not None or "?" not in self.orders)
        if {left, right} == {yes.text, no.text} and sign[0] in "<>" and kept:
            larger = (yes.text == left) == (sign[0] == ">")
            x, y = (left, right) if re.match(r"[a-z]", left) else (right, left)
            return self.term(f"np.{'maximum' if larger else 'minimum'}({x}, {y})")
        return self.term(f"np.where({test}, {yes}, {no})")

    def call(self, kind: type[Symbol], name: str, operands: Sequence[object]) -> Any:  # noqa: ANN401
        """Write a call of numpy's function of that name."""
        import numpy as np

        if name == "isnan":
            return super().call(kind, name, operands) if "?" in self.orders else False
        name = {"pow": "power", "fabs": "abs"}.get(name, re.sub("^a(?=sin|cos|tan)", "arc", name))
        if not hasattr(np, name):
            raise Unwritable
        written: Any = kind(f"np.{name}({', '.join(kind('').operand(x, 0) for x in operands)})")
        return written

    def logical(self, symbol: str, left: object, right: object) -> Any:  # noqa: ANN401 - a symbol or a truth
        """Write `&` and `|`."""
        joined = super().logical(symbol, left, right)
        sign = {"and": "&", "or": "|"}[symbol]
        both = isinstance(left, Symbol) and isinstance(right, Symbol)
        return self.term(f"(({left}) {sign} ({right}))") if both else joined


class Steps(Dialect):
    """A dialect for the body of a function: every call of `math` has a line of its own, and none two.

    Attributes
    ----------
    lines
        The name of what is computed, by the text that computes it.
    """

    def __init__(self, *arguments: str) -> None:
        super().__init__(*arguments)
        self.lines: dict[str, str] = {}

    def call(self, kind: type[Symbol], name: str, operands: Sequence[object]) -> Any:  # noqa: ANN401
        """Write a call, and name what it gives; a test needs no name."""
        written = super().call(kind, name, operands)
        return written if name.startswith("is") else self.kept(kind, written)

    def kept(self, kind: type[Symbol], written: Symbol) -> Symbol:
        """Give a text a line, and return its name."""
        return kind(self.lines.setdefault(str(written), self.fresh()))

    def fresh(self) -> str:
        """Return the name of the next line."""
        return f"t{len(self.lines) + 1}"


PYTHON = Dialect()
NUMPY = NumpyDialect()
