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

from autograd.replay.dialects import NUMPY, Dialect, NumpyDialect, Steps
from autograd.replay.tracing import Traced, Unwritable
from autograd.symbols import OPERATORS, Symbol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from autograd.primitives import Primitive


class Folds(Steps):
    """A dialect in which some symbols stand for many.

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

    def many(self, x: object) -> bool:
        """Whether a text stands for many: if it is made of one that does."""
        return not self.families.isdisjoint(re.findall(r"[a-z]\w*", str(x)))

    def kept(self, kind: type[Symbol], written: Symbol) -> Symbol:
        """Give a text a line; its name stands for many if the text does."""
        name = super().kept(kind, written)
        if self.many(written):
            self.families.add(str(name))
        return name

    def value(self, row: Primitive, operands: Sequence[object]) -> Symbol:
        """Write a row's value, on a line of its own unless it is an operator."""
        if row.function in OPERATORS:
            return super().value(row, operands)
        if row.variadic:
            return self.explored(row.function, operands)
        return self.kept(self.term, self.rows.value(row, operands))

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
        """Name what a call gives. A distance in many directions is folded too."""
        if name == "hypot":
            return self.whole(kind, name, [0.0, *operands])
        return super().call(kind, name, operands)

    def whole(self, kind: type[Symbol], name: str, xs: Iterable[Any]) -> Any:  # noqa: ANN401 - a symbol
        """Fold all into one number."""
        return functools.reduce(
            lambda x, y: self.kept(kind, self.of_two(kind, name, x, y)), self.folded(kind, name, xs)
        )

    def folded(self, kind: type[Symbol], name: str, xs: Iterable[Any]) -> list[Any]:
        """Fold what stands for many into one number each."""
        return [self.fold(kind, name, x) if self.many(x) else x for x in xs]

    def fold(self, kind: type[Symbol], name: str, x: Symbol) -> Symbol:
        """Write what a function of two folds many into."""
        raise NotImplementedError

    def of_two(self, kind: type[Symbol], name: str, x: object, y: object) -> Symbol:
        """Write a function of two that folds."""
        raise NotImplementedError

    def substitutes(self, kind: type[Traced]) -> dict[Any, Callable[..., Any]]:
        """Return what stands, while a function runs on symbols, for the functions that fold."""

        def largest(*xs: Any) -> Any:  # noqa: ANN401 - symbols or numbers, or one tuple of them
            return self.whole(kind, "maximum", xs[0] if len(xs) == 1 else xs)

        def reduced(function: Callable[..., Any], xs: Iterable[Any]) -> Any:  # noqa: ANN401
            if function is not operator.add:
                raise Unwritable
            terms = [1.0 * x if getattr(x, "parts", None) else x for x in xs]  # a test counts for 1 or 0
            return functools.reduce(function, self.folded(kind, "add", terms))

        return {**super().substitutes(kind), max: largest, functools.reduce: reduced}


class ArrayFolds(Folds, NumpyDialect):
    """Rows of any number of operands in numpy: the many lie along the first axis.

    No operand need be looked at for nan, since a fold in numpy keeps it.
    """

    def fold(self, kind: type[Symbol], name: str, x: Symbol) -> Symbol:
        """Write a reduction along the first axis."""
        return kind(self.lines.setdefault(f"np.{name}.reduce({x})", self.fresh()))

    def of_two(self, kind: type[Symbol], name: str, x: object, y: object) -> Symbol:
        """Write numpy's function."""
        return kind(f"np.{name}({kind('').operand(x, 0)}, {kind('').operand(y, 0)})")


LOOPS = {
    "add": ("0.0", "{0} += {1}"),
    "maximum": ("-inf", "{0} = max({0}, {1})"),
    "hypot": ("0.0", "{0} = math.hypot({0}, {1})"),
    "logical_or": ("False", "{0} = {0} or {1}"),
}
"""What a loop that folds begins with, and what it does with each."""


class LoopFolds(Folds):
    """Rows of any number of operands as loops: a text stands for many if it is made of a loop's variable.

    Parameters
    ----------
    counts
        How often each variable's loop is run.
    rows
        The dialect that writes rows of a fixed number of operands.
    line
        Prints a line.
    names
        New names.
    """

    def __init__(
        self, counts: dict[str, int], rows: Dialect, line: Callable[[str], None], names: Iterator[str]
    ) -> None:
        super().__init__(counts, rows)
        self.counts, self.line, self.names = counts, line, names

    def kept(self, kind: type[Symbol], written: Symbol) -> Symbol:
        """Print a line for a number; what is made of many stands inside a loop."""
        text = str(written)
        if self.many(text):
            return kind(text, written.binding)
        if text not in self.lines:
            self.lines[text] = next(self.names)
            self.line(f"{self.lines[text]} = {text}")
        return kind(self.lines[text])

    def fold(self, kind: type[Symbol], name: str, x: Symbol) -> Symbol:
        """Print a loop."""
        text = f"{name} {x}"
        if text not in self.lines:
            result = self.lines[text] = next(self.names)
            (variable,) = [variable for variable in self.counts if re.search(rf"\b{variable}\b", str(x))]
            start, step = LOOPS[name]
            self.line(f"{result} = {start}")
            self.line(f"for {variable} in range({self.counts[variable]}):")
            self.line(f"    {step.format(result, x)}")
        return kind(self.lines[text])

    def of_two(self, kind: type[Symbol], name: str, x: object, y: object) -> Symbol:
        """Write what a loop does with each."""
        step = LOOPS[name][1].partition(" = ")[2]
        return kind(step.format(kind("").operand(x, 0), kind("").operand(y, 0)))

    def substitutes(self, kind: type[Traced]) -> dict[Any, Callable[..., Any]]:
        """Look for nan, too: a loop loses it."""
        return {
            **super().substitutes(kind),
            any: lambda tests: any(self.folded(kind, "logical_or", tests)),
        }


def foldable(row: Primitive | None) -> TypeGuard[Primitive]:
    """Whether a row takes any number of operands, and can be written for many at once.

    Somebody else's can not, since it may depend on the order of its operands.
    """
    return row is not None and row.variadic and row.domain is None and _written(row)


@lru_cache(maxsize=256)
def _written(row: Primitive) -> bool:
    folds = ArrayFolds(["x"], NUMPY)
    x, z = folds.term("x"), folds.term("z")
    try:
        return not folds.many(folds.value(row, [x])) and bool(folds.slopes(row, z, [x]))
    except Unwritable:
        return False
