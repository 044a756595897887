"""The value functions of the table as text: run on symbols, once for each way through their branches.

The rows give partial derivatives in the primitives, so they print by themselves. A row's
value is a function of floats, with `math` and branches. Here it is run on symbols with
`math` replaced by functions that write themselves down; at a test it goes one way first, then
the other, and the two texts are joined by a conditional. So the text follows the row, and
there is no second list of formulas. What cannot be written so is called as it is; and so are
functions of rows that a user has added, which may do with symbols what they never do with floats.

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

import builtins
import math
import re
import types
from typing import TYPE_CHECKING, Any, ClassVar

from autograd.conversion import to_float
from autograd.symbols import BINDING, OPERATORS, Source, Symbol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.primitives import Primitive

ORDERS = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "==": "=", "!=": "<>?"}
"""Under which orders of its operands a comparison holds; `?` is the order of nan to anything."""

LOOSEST = -1
"""How strongly a conditional binds: less than anything else."""

LONGEST = 72
"""A longer text is a call instead."""

WAYS = 24
"""A function with more ways through it is called instead."""


class Unwritable(Exception):  # noqa: N818 - not an error: the function is called then
    """A value function that does not print itself."""


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


class Way:
    """One way through a function's branches: what is known, and what was decided."""

    def __init__(self, decisions: list[bool], orders: str) -> None:
        self.decisions = decisions
        self.taken: list[tuple[Symbol, bool]] = []
        self.known: dict[tuple[str, str], str] = {}
        self.orders = orders

    def decide(self, test: Traced) -> bool:
        """Return how a test comes out: by what is known already, or by the plan."""
        left, sign, right = test.parts or (test.text, "!=", "0.0")
        orders = self.orders.replace("<", "").replace(">", "") if left == right else self.orders
        possible = self.known.get((left, right), orders)
        yes = "".join(order for order in possible if order in ORDERS[sign])
        no = "".join(order for order in possible if order not in ORDERS[sign])
        if not (yes and no):
            return bool(yes)
        outcome = self.decisions[len(self.taken)] if len(self.taken) < len(self.decisions) else True
        self.taken.append((test, outcome))
        self.known[left, right] = yes if outcome else no
        return outcome


class Traced(Source):
    """A symbol inside a value function; its truth is decided by the way that is being gone."""

    __slots__ = ("parts",)
    parts: tuple[str, str, str] | None
    dialect: ClassVar[Dialect]
    way: ClassVar[Way]

    def between(self, symbol: str, left: object, right: object) -> Symbol:
        """Write a float operation, and keep the parts of a comparison."""
        if symbol in {"**", "%"}:
            raise Unwritable  # Python's own, which differ from numpy's
        written = super().between(symbol, left, right)
        if symbol in ORDERS and isinstance(written, Traced):
            written.parts = self.operand(left, 0), symbol, self.operand(right, 0)
        return written

    def __bool__(self) -> bool:
        if self.dialect.many(self):
            raise Unwritable  # it comes out otherwise for some than for others
        if not hasattr(self, "parts"):
            self.parts = None
        return self.way.decide(self)


class MathNames:
    """`math`, for symbols: every function writes itself down as the dialect calls it."""

    def __init__(self, kind: type[Traced]) -> None:
        self.kind = kind
        self.substitutes = kind.dialect.substitutes(kind)
        self.builtins = {
            **vars(builtins),
            **{function.__name__: substitute for function, substitute in self.substitutes.items()},
        }

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a function, or a constant
        function = getattr(math, name)
        return self.called(name, function) if callable(function) else function

    def called(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that writes a call of itself, unless its operands are numbers."""

        def call(*operands: Any) -> Any:  # noqa: ANN401 - symbols or numbers
            if not any(isinstance(x, Symbol) for x in operands):
                return function(*operands)
            return self.kind.dialect.call(self.kind, name, operands)

        return call


class Dialect:
    """A language to print the table in: plain Python on floats."""

    module = "math"
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
        return self.term(f"{row.name}({', '.join(self.term('').operand(x, 0) for x in operands)})")

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
        results: list[tuple[list[tuple[Any, bool]], Any]] = []
        decisions: list[bool] | None = []
        while decisions is not None:
            way = Way(decisions, self.orders)
            kind: type[Traced] = type("Traced", (Traced,), {"dialect": self, "way": way, "__slots__": ()})
            symbols = [kind(x.text, x.binding) if isinstance(x, Symbol) else x for x in operands]
            try:
                result = rebound(function, MathNames(kind), {})(*symbols)
            except Exception as error:
                raise Unwritable from error  # whatever a function does with what is no float
            if not isinstance(result, Symbol | float | int):
                raise Unwritable
            results.append((way.taken, result))
            if len(results) > WAYS:
                raise Unwritable
            decisions = [outcome for _, outcome in way.taken]
            while decisions and not decisions[-1]:
                decisions.pop()
            if decisions:
                decisions[-1] = False
            else:
                decisions = None
        return self.joined(results, 0)

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

    Values keep a nan; partials need not, since what they stand beside is nan already, and
    the caller evaluates eagerly then.
    """

    module = "np"

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


class ModuleNames:
    """A module, for symbols: its functions with `math` replaced."""

    def __init__(self, module: types.ModuleType, names: MathNames, done: dict[int, Any]) -> None:
        self.module, self.names, self.done = module, names, done

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a name means
        return rebound(getattr(self.module, name), self.names, self.done)


def number(x: Any) -> Any:  # noqa: ANN401 - a symbol or a number
    """Return a symbol as it is, and a test as 1 or 0: what `float` does, for symbols."""
    if not isinstance(x, Traced):
        return float(x)
    if getattr(x, "parts", None) is None:
        return x
    return 1.0 if x else 0.0


def rebound(function: Any, names: MathNames, done: dict[int, Any]) -> Any:  # noqa: ANN401 - whatever a name means
    """Copy a function, and those it calls, with `math` replaced."""
    if isinstance(function, types.ModuleType):
        return names if function is math else ModuleNames(function, names, done)
    if callable(function) and function in names.substitutes:
        return names.substitutes[function]
    if isinstance(function, types.BuiltinFunctionType) and getattr(function, "__module__", "") == "math":
        return names.called(function.__name__, function)
    if not isinstance(function, types.FunctionType):
        return function
    if not (function.__module__ or "").startswith("autograd."):
        raise Unwritable  # somebody else's may tell symbols from floats, or have effects
    if id(function) not in done:
        space: dict[str, Any] = {"__builtins__": names.builtins}
        copy = done[id(function)] = types.FunctionType(
            function.__code__,
            space,
            function.__name__,
            function.__defaults__,
            tuple(
                types.CellType(rebound(cell.cell_contents, names, done))
                for cell in function.__closure__ or ()
            ),
        )
        space.update({name: rebound(function.__globals__[name], names, done) for name in _used(function)})
        return copy
    return done[id(function)]


def _used(function: types.FunctionType) -> list[str]:
    waiting, found = [function.__code__], []
    while waiting:
        code = waiting.pop()
        found += [name for name in code.co_names if name in function.__globals__]
        waiting += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return found


PYTHON = Dialect()
NUMPY = NumpyDialect()
