"""Functions of floats run on symbols, once for each way through their branches.

The value of a row is a function of floats, with `math` and branches. Here it is run on symbols with
`math` replaced by functions that write themselves down; at a test it goes one way first, then
the other. So a text can follow the function, and there is no second list of formulas.

>>> from autograd import relu
>>> from autograd.replay.dialects import PYTHON
>>> for tests, result in ways(relu.function, [PYTHON.term("x")], PYTHON):
...     print([(str(test), outcome) for test, outcome in tests], result)
[('x <= 0.0', True)] 0.0
[('x <= 0.0', False)] x

What cannot be run on symbols raises `Unwritable`; so do functions of rows that a user has added, which
may do with symbols what they never do with floats.
"""

from __future__ import annotations

import builtins
import math
import types
from typing import TYPE_CHECKING, Any, ClassVar

from autograd.symbols import Source, Symbol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.replay.dialects import Dialect

ORDERS = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "==": "=", "!=": "<>?"}
"""Under which orders of its operands a comparison holds; `?` is the order of nan to anything."""

WAYS = 24
"""A function with more ways through it is called instead."""


class Unwritable(Exception):  # noqa: N818 - not an error: the function is called then
    """A value function that does not print itself."""


class Way:
    """One way through a function's branches: what is known, and what was decided."""

    def __init__(self, decisions: list[bool], orders: str) -> None:
        self.decisions = decisions
        self.taken: list[tuple[Traced, bool]] = []
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


def ways(
    function: Callable[..., Any], operands: Sequence[object], dialect: Dialect
) -> list[tuple[list[tuple[Traced, bool]], Any]]:
    """Run a function on symbols, both ways at each of its tests.

    Returns
    -------
    list
        For each way the tests in order and how they came out, and the result. Ways whose tests
        come out alike up to some test stand together, the one where it holds first.

    Raises
    ------
    Unwritable
        If it cannot be run so, or there are more than `WAYS`.
    """
    results: list[tuple[list[tuple[Traced, bool]], Any]] = []
    decisions: list[bool] | None = []
    while decisions is not None:
        way = Way(decisions, dialect.orders)
        kind: type[Traced] = type("Traced", (Traced,), {"dialect": dialect, "way": way, "__slots__": ()})
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
        decisions = following([outcome for _, outcome in way.taken])
    return results


def following(outcomes: list[bool]) -> list[bool] | None:
    """Return the decisions of the way after one: the last test that held is not to hold; or None."""
    while outcomes and not outcomes[-1]:
        outcomes.pop()
    return [*outcomes[:-1], False] if outcomes else None


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
