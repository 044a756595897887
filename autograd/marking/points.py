"""At which other points a formula is checked: inside every domain, off every kink, beyond every gate.

Room: behind `compare`. Some points are drawn at random, near the recorded one. A gate is an
operation that goes on in another way beyond a kink, as relu does beyond 0; if none of the points
is beyond it, one is looked for that is.
"""

from __future__ import annotations

import math
from itertools import combinations, islice
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from autograd.errors import AutogradError
from autograd.value import Value, gradients

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from autograd.marking.sweep import Graph, Sweep
    from autograd.rows import Kink

POINTS = 6
"""How many points are drawn, and how many more may be beyond gates."""

TRIES = 60
"""How many points are tried to find so many inside the domain."""

GATES, STEPS = 12, 4
"""How many gates one tries to get beyond, and in how many steps."""

WIDE = 12
"""Operations of more operands count as no gates: which of them is the largest changes often enough."""


class Gate(NamedTuple):
    """A kink with a number's two sides: where an operand is 0, or where it equals another."""

    node: int
    slot: int
    other: int | None

    def distance(self, graph: Graph, nodes: Sequence[Value]) -> Value:
        """Return how far the operand is from where the kink is."""
        row = graph.nodes[self.node].operands
        one, other = row[self.slot], 0.0 if self.other is None else row[self.other]
        x, y = (nodes[graph.index[v]] if isinstance(v, Value) else v for v in (one, other))
        return Value(0.0) + x - y  # a Value even if both are constants

    def side(self, sweep: Sweep) -> bool:
        """Return on which side a point is."""
        operands = sweep.operands(self.node)
        return operands[self.slot] > (0.0 if self.other is None else operands[self.other])


def other_points(graph: Graph, leaves: Sequence[int]) -> tuple[list[Sweep], list[Sweep]]:
    """Move some leaves and compute there: at random, and beyond the gates that no such point is beyond."""
    if not leaves:
        return [], []
    recorded = graph.at({})
    near = list(islice(_nearby(graph, leaves), POINTS))
    beyond: list[Sweep] = []
    for gate in islice(_gates(graph, leaves, recorded), GATES):
        sides = {gate.side(sweep) for sweep in (recorded, *near, *beyond)}
        if len(sides) == 1 and len(beyond) < POINTS:
            beyond += _beyond(graph, gate, leaves)
    return near, beyond


def _nearby(graph: Graph, leaves: Sequence[int]) -> Iterator[Sweep]:
    random = Random(1)  # noqa: S311 - points need not be secret
    for _ in range(TRIES):
        moved = {}
        for i in leaves:
            x = graph.nodes[i].data
            moved[i] = x + (1 + abs(x)) * random.choice((0.1, 0.4, 1.0)) * random.uniform(-1, 1)
        try:
            sweep = graph.at(moved)
        except (AutogradError, ArithmeticError):
            continue
        if _is_regular(graph, sweep):
            yield sweep


def _gates(graph: Graph, leaves: Sequence[int], sweep: Sweep) -> Iterator[Gate]:
    """List the gates that depend on some leaves, found by putting an operand where a kink may be."""
    for i in sorted(graph.above({*leaves})):
        kink, operands = graph.nodes[i].primitive.kink, sweep.operands(i)  # type: ignore[union-attr]
        if kink is not None and len(operands) <= WIDE:
            places = [(slot, None) for slot in range(len(operands))]
            for slot, other in (*places, *combinations(range(len(operands)), 2)):
                if _meets(kink, operands, slot, 0.0 if other is None else operands[other]):
                    yield Gate(i, slot, other)


def _meets(kink: Kink, operands: Sequence[float], slot: int, x: float) -> bool:
    return bool(kink.at(*operands[:slot], x, *operands[slot + 1 :]))


def _beyond(graph: Graph, gate: Gate, leaves: Sequence[int]) -> Iterator[Sweep]:
    """Look for a point on the other side of a gate: mirror the recorded one, and again where that bends."""
    moved = {i: graph.nodes[i].data for i in leaves}
    try:
        for _ in range(STEPS):
            nodes = graph.computed(moved)
            distance = gate.distance(graph, nodes)
            slopes = gradients(distance, [nodes[i] for i in leaves])
            square = sum(slope * slope for slope in slopes)
            if not square:
                return
            steps = {i: 2 * distance.data * slope / square for i, slope in zip(leaves, slopes, strict=True)}
            most = max(abs(step) / (1 + abs(moved[i])) for i, step in steps.items())
            moved = {i: moved[i] - step / max(1.0, most / 2) for i, step in steps.items()}
            sweep = graph.at(moved)
            if gate.side(sweep) != (distance.data > 0):
                if _is_regular(graph, sweep):
                    yield sweep
                return
    except (AutogradError, ArithmeticError):
        return


def _is_regular(graph: Graph, sweep: Sweep) -> bool:
    """Whether all numbers are finite there, and no operation stands on a kink."""
    interior = range(graph.leaves, len(graph.nodes))
    finite = all(map(math.isfinite, (*sweep.data, *sweep.adjoints)))
    return finite and next(kinks(graph, sweep, interior), None) is None


def kinks(graph: Graph, sweep: Sweep, among: Iterable[int]) -> Iterator[int]:
    """List the operations that stand on a kink."""
    for i in among:
        kink = graph.nodes[i].primitive.kink  # type: ignore[union-attr]
        if kink is not None and kink.at(*sweep.operands(i)):
            yield i
