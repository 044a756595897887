r"""Rows of the table as functions of arrays, which stand in front of a numpy program that calls them.

A row whose value is short is written where it is needed. A longer one gets a definition, with a
line for each call of `math`; one of any number of operands is defined for as many as lie in an
array. What cannot be written for arrays is called number by number: slowly, and with the same result.

>>> from autograd import sigmoid
>>> dialect = ArrayRows("values", "<=>?")
>>> print(dialect.value(sigmoid, [dialect.term("dot1")]))
sigmoid_values(dot1)
>>> print(*dialect.definitions(), sep="\n")
def sigmoid_values(x):
    t1 = np.exp(-x)
    t2 = np.exp(x)
    return np.where(x >= 0.0, 1.0 / (1.0 + t1), t2 / (1.0 + t2))
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.replay.arrays.sharing import shared
from autograd.replay.dialects import NumpyDialect, Steps
from autograd.replay.folds import ArrayFolds
from autograd.replay.tracing import Unwritable
from autograd.symbols import BINDING, Symbol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from autograd.primitives import Primitive

SPARED = 3
"""From so many steps on it is worth asking whether any number needs them."""


class ArrayRows(NumpyDialect):
    """A dialect that calls rows by a name of their own for arrays, and keeps what is to be defined.

    Parameters
    ----------
    kind
        What the names end in: texts of two dialects may stand in one program.
    orders
        As of `NumpyDialect`.

    Attributes
    ----------
    called
        By name, functions that stand for rows that cannot be written for arrays.
    alone
        The names of these rows.
    """

    def __init__(self, kind: str, orders: str) -> None:
        super().__init__(orders)
        self.kind = kind
        self.called: dict[str, Callable[..., Any]] = {}
        self.alone = set[str]()
        self.forms: dict[Any, tuple[str, list[str]]] = {}  # by row and numbers: a name and its definition
        self.folded: dict[Any, tuple[str, list[str]]] = {}  # the same of rows of any number of operands

    def row_call(self, row: Primitive, operands: Sequence[object]) -> Symbol:
        """Write a call of the row's form for arrays, which is defined for the numbers among the operands."""
        name = f"{row.name.lstrip('_')}_{self.kind}"
        numbers = tuple([None if isinstance(x, Symbol) else x for x in operands])
        key = row, tuple(map(repr, numbers))
        if key not in self.forms:
            alike = sum(known.name == row.name for known, _ in self.forms)
            form = f"{name}{alike or ''}"
            self.forms[key] = form, definition(form, row, numbers, self.orders)
        form, lines = self.forms[key]
        if not lines:
            return self.call_alone(form, row, elementwise(row), operands)
        return self.term(f"{form}({', '.join(x.operand(x, 0) for x in operands if isinstance(x, Symbol))})")

    def partials_call(self, row: Primitive, z: Symbol, operands: Sequence[object]) -> Symbol:
        """Write a call for all partials of a row of any number of operands, number by number."""
        return self.call_alone(f"{row.name}_partials_array", row, partials_elementwise(row), [z, *operands])

    def call_alone(
        self, name: str, row: Primitive, function: Callable[..., Any], operands: Sequence[object]
    ) -> Symbol:
        """Write a call of a function that stands for a row, and remember it."""
        self.called[name] = function
        self.alone.add(row.name)
        return self.term(f"{name}({', '.join(self.term('').operand(x, 0) for x in operands)})")

    def fold(self, row: Primitive, many: Sequence[int], wanted: Sequence[bool] = ()) -> str:
        """Define a row of any number of operands, each a number or many; or its slopes by those wanted."""
        key = row, tuple(many), tuple(wanted)
        if key not in self.folded:
            names = "xyuw"[: len(many)]
            folds = ArrayFolds([name for name, each in zip(names, many, strict=True) if each], self)
            operands = [folds.term(name) for name in names]
            if wanted:
                slopes = folds.slopes(row, folds.term("z"), operands)
                results = [slope for slope, want in zip(slopes, wanted, strict=True) if want]
            else:
                results = [folds.value(row, operands)]
            count = sum(row is known for known, _, _ in self.folded)
            name = f"{row.name}_{'slopes' if wanted else 'values'}{count or ''}"
            self.folded[key] = name, defined(name, "z" * bool(wanted) + names, folds.lines, results)
        return self.folded[key][0]

    def definitions(self) -> Iterator[str]:
        """Define the rows that are called and can be written for arrays."""
        for _, lines in (*self.folded.values(), *self.forms.values()):
            yield from lines


def defined(name: str, letters: str, lines: dict[str, str], results: Sequence[Symbol]) -> list[str]:
    """Write a function: its lines, each a name by its text, and what it returns."""
    returned = ", ".join(map(str, results))
    return written(name, letters, [*((name, text) for text, name in lines.items()), ("return", returned)])


def written(name: str, letters: str, lines: list[tuple[str, str]]) -> list[str]:
    """Write a function of lines that may return early: where there is no special case, what is last."""
    body = []
    special = ""
    for target, text in shared(lines):
        if target == "special":
            special = text
        elif target == "last":
            body.append(f"    if not ({special}).any(): return {text}")
        elif target == "return":
            body.append(f"    return {text}")
        else:
            body.append(f"    {target} = {text}")
    return [f"def {name}({', '.join(letters)}):", *body, ""]


class ArraySteps(Steps, NumpyDialect):
    """The steps of a row in numpy, and which of them are for special cases alone."""

    def __init__(self, orders: str) -> None:
        super().__init__(orders)
        self.special: list[str] = []  # tests for special cases
        self.last = ""  # what the row is if none of them is one

    def call(self, kind: type[Symbol], name: str, operands: Sequence[object]) -> Any:  # noqa: ANN401
        """Name what a call gives; a power of 0 is no call."""
        if name == "pow" and not isinstance(operands[1], Symbol) and operands[1] == 0:
            return 1.0
        return super().call(kind, name, operands)

    def joined(self, results: list[Any], depth: int) -> Symbol:
        """Keep the last way apart from the others: special cases come first in a row."""
        if depth == 0:
            results = [(taken, without_ones(result)) for taken, result in results]
            taken, last = results[-1]
            self.last = str(last)
            others = [[outcome for _, outcome in way] for way, other in results if str(other) != self.last]
            for k, (test, _) in enumerate(taken):
                before = [outcome for _, outcome in taken[:k]]
                if any(way[:k] == before and way[k] for way in others):
                    self.special.append(str(test))
        return super().joined(results, depth)

    def body(self, result: Symbol) -> list[tuple[str, str]]:
        """Return the steps; first those that do if there is no special case, if that spares enough."""
        first = self.needed([self.last, *self.special])
        spared = self.needed([str(result)]) - first
        lines = [(name, text) for text, name in self.lines.items() if name in first | spared]
        if len(spared) < SPARED:
            return [*lines, ("return", str(result))]
        special = " | ".join(f"({test})" for test in self.special)
        return [
            *(line for line in lines if line[0] in first),
            ("special", special),
            ("last", self.last),
            *(line for line in lines if line[0] in spared),
            ("return", str(result)),
        ]

    def needed(self, texts: list[str]) -> set[str]:
        """Return the steps that texts need."""
        known = {name: text for text, name in self.lines.items()}
        found: set[str] = set()
        while texts:
            new = set(re.findall(r"\bt\d+\b", texts[-1])) - found
            found |= new
            texts = [*texts[:-1], *(known[name] for name in new)]
        return found


def without_ones(result: Any) -> Any:  # noqa: ANN401 - a symbol or a number
    """Leave out a last factor of 1, which changes no bit."""
    if isinstance(result, Symbol) and result.binding == BINDING["*"] and result.text.endswith(" * 1.0"):
        return type(result)(result.text.removesuffix(" * 1.0"), result.binding)
    return result


def definition(name: str, row: Primitive, numbers: tuple[Any, ...], orders: str) -> list[str]:
    """Define a row for arrays, with numbers for some operands; nothing if it cannot be written so."""
    if row.variadic:
        return []
    steps = ArraySteps(orders)
    letters = ["xyuwv"[k] for k, number in enumerate(numbers) if number is None]
    names = iter(letters)
    operands = [steps.term(next(names)) if number is None else float(number) for number in numbers]
    try:
        result = steps.explored(row.function, operands)
    except Unwritable:
        return []
    return written(name, "".join(letters), steps.body(result))


def elementwise(row: Primitive) -> Callable[..., Any]:
    """Return a row that cannot be written for arrays as a function of arrays, one number at a time."""

    def each(*operands: Any) -> Any:  # noqa: ANN401 - arrays
        return np.asarray(np.frompyfunc(row.of_floats, len(operands), 1)(*operands), dtype=float)

    return each


def partials_elementwise(row: Primitive) -> Callable[..., Any]:
    """Return the partials of a row of any number of operands, one number at a time."""

    def each(z: Any, *operands: Any) -> list[Any]:  # noqa: ANN401 - arrays
        arrays = np.broadcast_arrays(z, *operands)
        found = [
            row.partials_at(z, xs)
            for z, *xs in zip(*[array.ravel().tolist() for array in arrays], strict=True)
        ]
        return list(np.moveaxis(np.array(found, dtype=float).reshape(*arrays[0].shape, len(operands)), -1, 0))

    return each
