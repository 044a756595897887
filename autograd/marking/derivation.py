"""A derivation by hand, read: numbers, formulas or functions, for Values, labels or arrays of them.

Room: behind `compare`. A number may have been rounded, and how far off that lets it be is read
from the digits it and its neighbours are written with.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.conversion import to_float
from autograd.errors import AutogradError, DomainError, LengthError, OperandError
from autograd.expression import Expression, parse
from autograd.value import Value
from autograd.views.chain import Writer
from autograd.views.setting import joined
from autograd.views.words import label_of, number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.marking.sweep import Graph, Sweep

FULL = 12
"""A number of so many digits was not rounded by its writer."""

ROUNDED = 3
"""A number of so many digits may have been rounded; one of fewer is taken at its word."""


class CompareError(AutogradError, ValueError):
    """A hand derivation that cannot be read."""


class Entry(NamedTuple):
    """One derivative by hand: the node by which it is taken, and its numbers."""

    node: int
    name: str
    given: Any  # a float, or a function of a dict with the numbers of the names it uses
    uses: tuple[str, ...]  # names of the graph; empty for a number
    unit: float  # what the number may be off, from its rounding; 0 for a formula

    def at(self, numbers: Mapping[str, float], *, recorded: bool) -> float:
        """Return the derivative by hand at a point, nan if it has none there."""
        if not self.uses:
            return float(self.given)
        try:
            x = self.given({name: numbers[name] for name in self.uses})
            return to_float(x.data if isinstance(x, Value) else x)
        except (AutogradError, ArithmeticError, ValueError, TypeError) as error:
            if recorded:
                raise CompareError(
                    f"the derivative by {self.name} has no value at the recorded point: {error}"
                ) from error
            return math.nan


class Reader:
    """Reads the hand derivation, with the names of the graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.writer = Writer(graph.nodes)
        self.called = {node: label_of(node) or self.writer[node] for node in graph.nodes}
        self.by_name: dict[str, list[int]] = {}
        for node, name in self.called.items():
            self.by_name.setdefault(name, []).append(graph.index[node])

    def read(self, derived: Any) -> tuple[list[Entry], list[Sequence[Any]]]:  # noqa: ANN401 - what a user passes
        """Return an entry for each derivative, and the arrays of Values among the keys."""
        if isinstance(derived, str) or not hasattr(derived, "__iter__"):
            raise OperandError(f"pass a dict such as {{x: 2.0}}; got {derived!r} ({type(derived).__name__})")
        pairs = list(derived.items() if isinstance(derived, Mapping) else derived)
        flat: list[tuple[Any, Any, str]] = []
        arrays: list[Sequence[Any]] = []
        for pair in pairs:
            if not isinstance(pair, tuple) or len(pair) != len(("key", "hand")):
                raise CompareError(f"pass a dict, or pairs of a Value and its derivative; got {pair!r}")
            key, hand = (getattr(x, "tolist", lambda x=x: x)() for x in pair)
            if isinstance(key, list | tuple):
                _flatten(key, hand, "", flat)
                arrays.append(key)
            else:
                flat.append((key, hand, ""))
        if not flat:
            raise CompareError("there is no derivative to compare; pass a dict such as {x: 2.0}")
        flat = [(key, _as_number(hand), place) for key, hand, place in flat]
        numbers = [hand for _, hand, _ in flat if isinstance(hand, int | float)]
        unit = _rounding(numbers)
        entries = [self.entry(key, hand, place, unit) for key, hand, place in flat]
        for entry in entries:
            if sum(other.node == entry.node for other in entries) > 1:
                raise CompareError(f"the derivative by {entry.name} is given twice")
        return entries, arrays

    def entry(self, key: Any, hand: Any, place: str, unit: Callable[[float], float]) -> Entry:  # noqa: ANN401 - what a user passes
        """Read one derivative."""
        node = self.node(key)
        name = self.writer[self.graph.nodes[node]]
        if place and not self.graph.nodes[node].label:
            name = f"{name} at {place}"
        if isinstance(hand, str):
            hand = parse(hand)
        uses: tuple[str, ...] = ()
        if isinstance(hand, Expression):
            uses = tuple([self.known(x, name) for x in hand.names])
        elif callable(hand):
            uses = self.parameters(hand, name)
        if uses:
            given = hand.evaluate if isinstance(hand, Expression) else _called(hand, uses)
            return Entry(node, name, given, uses, 0.0)
        try:
            x = to_float(hand() if callable(hand) else hand)
        except (OperandError, DomainError) as error:
            raise type(error)(f"the derivative by {name}: {error}") from error
        if math.isnan(x):
            raise CompareError(f"the derivative by {name} is nan, which equals nothing")
        return Entry(node, name, x, (), 0.0 if callable(hand) else unit(x))

    def node(self, key: Any) -> int:  # noqa: ANN401 - what a user passes
        """Return the number of the node that a key means."""
        if isinstance(key, Value):
            if key not in self.graph.index:
                raise CompareError(f"{key!r} is not in the graph of the output, whose derivative by it is 0")
            return self.graph.index[key]
        if not isinstance(key, str):
            raise OperandError(
                f"a derivative is by a Value, or by its label; got {key!r} ({type(key).__name__})"
            )
        return self.by_name[self.known(key)][0]

    def known(self, name: str, derivative: str = "") -> str:
        """Return a name, or refuse one that the graph has not, or that is not one Value's alone."""
        places = self.by_name.get(name, [])
        where = f" in the derivative by {derivative}" if derivative else ""
        if not places:
            labels = [*dict.fromkeys(filter(None, map(label_of, self.graph.nodes)))] or [*self.by_name]
            raise CompareError(
                f"nothing in the graph is called {name!r}{where}; it has {joined(labels, ', ', 60)}"
            )
        if len(places) > 1:
            raise CompareError(
                f"{len(places)} Values are called {name!r}{where}; give each a label of its own, "
                "or pass the Value itself"
            )
        return name

    def parameters(self, hand: Callable[..., Any], name: str) -> tuple[str, ...]:
        """Return which Values a function takes, by the names of its parameters."""
        from inspect import Parameter, signature

        try:
            found = signature(hand).parameters.values()
        except ValueError as error:
            raise CompareError(
                f"the function for {name} does not tell its parameters; write a lambda"
            ) from error
        if any(p.kind in {Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD} for p in found):
            raise CompareError(
                f"the function for {name} takes parameters without a name; call each like a Value it uses"
            )
        needed = [p.name for p in found if p.default is Parameter.empty]
        leaves = [self.called[leaf] for leaf in self.graph.nodes[: self.graph.leaves]]
        if len(needed) == 1 == len(leaves) and needed[0] not in self.by_name:
            return (leaves[0],)
        return tuple([self.known(x, name) for x in needed])

    def numbers(self, sweep: Sweep) -> dict[str, float]:
        """Return the number of every name at a point."""
        return {name: sweep.data[places[0]] for name, places in self.by_name.items()}

    def inputs(self, entries: Sequence[Entry]) -> list[int]:
        """List the leaves that formulas name, or are for."""
        named = {self.by_name[name][0] for entry in entries for name in entry.uses}
        named |= {entry.node for entry in entries if entry.uses}
        return [i for i in sorted(named) if i < self.graph.leaves]

    def place(self, sweep: Sweep, entries: Sequence[Entry]) -> str:
        """Write which inputs have another number at a point, and which."""
        moved = [i for i in self.inputs(entries) if sweep.data[i] != self.graph.nodes[i].data]
        numbers = [f"{self.writer[self.graph.nodes[i]]} = {number(sweep.data[i])}" for i in moved]
        return joined(numbers, ", ", 30)


def _as_number(hand: Any) -> Any:  # noqa: ANN401 - what a user passes
    """Read text that is a decimal fraction as a number, which may have been rounded; a formula is not."""
    try:
        return float(hand) if isinstance(hand, str) and "." in hand else hand
    except ValueError:
        return hand


def _called(function: Callable[..., Any], uses: Sequence[str]) -> Callable[[Mapping[str, float]], Any]:
    return lambda numbers: function(*[numbers[x] for x in uses])


def _flatten(key: Any, hand: Any, place: str, flat: list[tuple[Any, Any, str]]) -> None:  # noqa: ANN401 - nested lists
    """Pair the Values of an array with the numbers of another of the same shape."""
    keyed, given = isinstance(key, list | tuple), isinstance(hand, list | tuple)
    if keyed and given and len(key) == len(hand) and (place or _shape(key) == _shape(hand)):
        for i, (inner, number) in enumerate(zip(key, hand, strict=True)):
            _flatten(inner, getattr(number, "tolist", lambda number=number: number)(), f"{place}[{i}]", flat)
    elif keyed or given:
        where = f" at {place}" if place else ""
        turned = _shape(key)[::-1] == _shape(hand)
        advice = ": is it transposed? dl/dW has the shape of W" if turned else "; they must have one shape"
        raise LengthError(
            f"the Values{where} are an array {_shape_text(key)}, the derivatives {_shape_text(hand)}{advice}"
        )
    else:
        flat.append((key, hand, place))


def _shape(array: Any) -> tuple[int, ...]:  # noqa: ANN401 - nested lists
    shape: tuple[int, ...] = ()
    while isinstance(array, list | tuple):
        shape += (len(array),)
        array = array[0] if array else None
    return shape


def _shape_text(array: Any) -> str:  # noqa: ANN401 - nested lists
    return " × ".join(map(str, _shape(array))) or "of one number"


def decimals(x: float) -> tuple[int, int]:
    """Return how many digits a number is written with, and the power of ten of its last one."""
    _, digits, exponent = Decimal(repr(float(x))).normalize().as_tuple()
    return len(digits), int(exponent)


def _rounding(numbers: Sequence[float]) -> Callable[[float], float]:
    """Return how far off each of some numbers may be, if their writer rounded them all alike.

    A float does not keep the zeros at its end, so that 24.00 beside 8.003 shows its four digits only
    by the company it is in.
    """
    written = [decimals(x) for x in numbers if math.isfinite(x) and x != 0]
    most = max([digits for digits, _ in written], default=FULL)
    last = min([exponent for _, exponent in written], default=0)

    def unit(x: float) -> float:
        if most >= FULL or not math.isfinite(x):
            return 0.0
        units = [10.0**last] if last <= -ROUNDED and len(numbers) > 1 else [0.0]  # rounded to decimals
        if x:
            digits = max(most, ROUNDED + 1)
            units.append(10.0 ** (math.floor(math.log10(abs(x))) + 1 - digits))
            units += [10.0 ** decimals(x)[1]] if decimals(x)[0] >= ROUNDED else []
        return max(units)

    return unit
