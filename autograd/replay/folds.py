r"""Rows of any number of operands as text: their functions, run on a symbol that stands for many.

`logsumexp(*xs)` goes through its operands, adds up what it makes of each, and looks for the
largest. It is run here on few symbols: one for all operands that lie in one array, along its first axis,
and one for each that lies elsewhere. What is made of a symbol for many stands for as many
again; `max`, `math.hypot` and `functools.reduce` fold it into one:

>>> from autograd import logsumexp
>>> folds = ArrayFolds(["x"], NUMPY)
>>> result = folds.value(logsumexp, [folds.term("x")])
>>> print(*[f"{name} = {text}" for text, name in folds.lines.items()], result, sep="\n")
t1 = np.maximum.reduce(x)
t2 = np.exp(x - t1)
t3 = np.add.reduce(t2 - (x == t1))
t4 = np.add.reduce(1.0 * (x == t1))
t5 = np.log1p(t3 + (t4 - 1.0))
np.where(np.isfinite(t1), t1 + t5, t1)

So there is no second formula. The order of the operands is lost, which must make no difference but for
rounding: to a row of the table that is written in the folds it makes none.
"""

from __future__ import annotations

import functools
import operator
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeGuard

from autograd.replay.inline import NUMPY, Dialect, NumpyDialect, Traced, Unwritable
from autograd.symbols import OPERATORS, Symbol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from autograd.primitives import Primitive


class Folds(Dialect):
    """A dialect in which some symbols stand for many; every call has a line of its own, none twice.

    Parameters
    ----------
    many
        The names that stand for many.
    rows
        The dialect that writes rows of a fixed number of operands.
    """

    def __init__(self, many: Iterable[str], rows: Dialect) -> None:
        super().__init__()
        self.families = set(many)
        self.rows = rows
        self.lines: dict[str, str] = {}

    def many(self, x: object) -> bool:
        """Whether a text stands for many: if it is made of one that does."""
        return not self.families.isdisjoint(re.findall(r"[a-z]\w*", str(x)))

    def named(self, text: str) -> str:
        """Give a text a line and a name."""
        if text not in self.lines:
            name = self.lines[text] = f"t{len(self.lines) + 1}"
            if self.many(text):
                self.families.add(name)
        return self.lines[text]

    def value(self, row: Primitive, operands: Sequence[object]) -> Symbol:
        """Write a row's value, on a line of its own unless it is an operator."""
        if row.function in OPERATORS:
            return super().value(row, operands)
        if row.variadic:
            return self.explored(row.function, operands)
        return self.term(self.named(str(self.rows.value(row, operands))))

    def slopes(self, row: Primitive, z: Symbol, operands: Sequence[object]) -> list[Symbol]:
        """Run a row's partials on symbols: for an operand that stands for many, as many.

        Raises
        ------
        Unwritable
            If they do not come out so.
        """
        if not (row.partials.__module__ or "").startswith("autograd."):
            raise Unwritable
        try:
            found = row.partials_at(z, operands)
        except Exception as error:
            raise Unwritable from error
        if [self.many(x) for x in found] != [self.many(x) for x in operands]:
            raise Unwritable
        return found

    def call(self, kind: type[Symbol], name: str, operands: Sequence[object]) -> Any:  # noqa: ANN401
        """Name what a call gives; a test is none. A distance in many directions is folded too."""
        if name == "hypot":
            return self.joined_by(kind, name, [0.0, *self.folded(kind, name, operands)])
        written = super().call(kind, name, operands)
        return written if name.startswith("is") else kind(self.named(str(written)))

    def joined_by(self, kind: type[Symbol], name: str, xs: Sequence[Any]) -> Any:  # noqa: ANN401
        """Write a function of two over a few."""
        join = super().call
        return functools.reduce(lambda x, y: kind(self.named(str(join(kind, name, (x, y))))), xs)

    def folded(self, kind: type[Symbol], name: str, xs: Iterable[Any]) -> list[Any]:
        """Fold what stands for many; the rest is left to be folded by Python."""
        terms = [1.0 * x if getattr(x, "parts", None) else x for x in xs]  # a test counts for 1 or 0
        return [self.fold(kind, name, x) if self.many(x) else x for x in terms]

    def fold(self, kind: type[Symbol], name: str, x: Symbol) -> Symbol:
        """Write what a function of two folds many into."""
        raise NotImplementedError

    def substitutes(self, kind: type[Traced]) -> dict[Any, Callable[..., Any]]:
        """Return what stands, while a function runs on symbols, for the functions that fold."""

        def largest(*xs: Any) -> Any:  # noqa: ANN401 - symbols or numbers, or one tuple of them
            few = self.folded(kind, "maximum", xs[0] if len(xs) == 1 else xs)
            return self.joined_by(kind, "maximum", few)

        def reduced(function: Callable[..., Any], xs: Iterable[Any]) -> Any:  # noqa: ANN401
            if function is not operator.add:
                raise Unwritable
            return functools.reduce(function, self.folded(kind, "add", xs))

        return {**super().substitutes(kind), max: largest, functools.reduce: reduced}


class ArrayFolds(Folds, NumpyDialect):
    """Rows of any number of operands in numpy: the many lie along the first axis.

    No operand need be looked at for nan, since a fold in numpy keeps it.
    """

    def fold(self, kind: type[Symbol], name: str, x: Symbol) -> Symbol:
        """Write a reduction along the first axis."""
        name = self.lines.setdefault(f"np.{name}.reduce({x})", f"t{len(self.lines) + 1}")
        return kind(name)


def foldable(row: Primitive | None) -> TypeGuard[Primitive]:
    """Whether a row takes any number of operands, and can be written for many at once.

    Somebody else's can not, since it may depend on the order of its operands.
    """
    return row is not None and row.variadic and _written(row)


@lru_cache(maxsize=256)
def _written(row: Primitive) -> bool:
    folds = ArrayFolds(["x"], NUMPY)
    x, z = folds.term("x"), folds.term("z")
    try:
        return not folds.many(folds.value(row, [x])) and bool(folds.slopes(row, z, [x]))
    except Unwritable:
        return False
