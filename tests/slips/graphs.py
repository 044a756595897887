"""A recorded graph as a table of nodes and edges, and a reverse sweep in which one may slip.

The sweep runs on floats, which gives a person's numbers, and on `Term`s, which gives the
formula that a person would have written.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import Value, topological_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from autograd import Primitive


class Edge(NamedTuple):
    """One use of an operand: in which node, in which place, and of what."""

    node: int
    slot: int
    operand: int


class Setting(NamedTuple):
    """A graph at one point: the number of each node, and the local derivative of each edge."""

    numbers: list[Any]
    partials: list[Any]


class Graph:
    """The nodes of a graph in order, leaves first, and its edges in the order of the reverse sweep."""

    def __init__(self, output: Value) -> None:
        interior, leaves = topological_order(output)
        self.output = output
        self.nodes = [*leaves, *interior]
        self.leaves = range(len(leaves))
        self.interior = range(len(leaves), len(self.nodes))
        self.index = {node: i for i, node in enumerate(self.nodes)}
        self.edges = [
            Edge(i, slot, self.index[x])
            for i in reversed(self.interior)
            for slot, x in enumerate(self.nodes[i].operands)
            if isinstance(x, Value)
        ]

    @cached_property
    def uses(self) -> list[list[int]]:
        """For each node, the edges that use it, in the order of the sweep."""
        found: list[list[int]] = [[] for _ in self.nodes]
        for e, edge in enumerate(self.edges):
            found[edge.operand].append(e)
        return found

    @cached_property
    def below(self) -> list[set[int]]:
        """For each node, all that it was computed from."""
        found: list[set[int]] = [set() for _ in self.nodes]
        for edge in reversed(self.edges):
            found[edge.node] |= {edge.operand} | found[edge.operand]
        return found

    @cached_property
    def level(self) -> list[int]:
        """For each node, the longest way to the output: the neurons of a layer have the same."""
        found = [0] * len(self.nodes)
        for edge in self.edges:
            found[edge.operand] = max(found[edge.operand], found[edge.node] + 1)
        return found

    @cached_property
    def here(self) -> Setting:
        """The graph at the numbers it was recorded with."""
        return self.at([self.nodes[i].data for i in self.leaves])

    @cached_property
    def right(self) -> list[float]:
        """The adjoint of every node."""
        return self.sweep(self.here.partials)

    def row(self, i: int) -> Primitive:
        """Return the row of the table that computed node i."""
        row = self.nodes[i].primitive
        assert row is not None
        return row

    def operands(self, i: int, numbers: Sequence[Any]) -> list[Any]:
        """Return the numbers that node i was computed from."""
        return [numbers[self.index[x]] if isinstance(x, Value) else x for x in self.nodes[i].operands]

    def at(self, leaves: Sequence[Any], names: dict[int, Any] | None = None) -> Setting:
        """Compute the graph on other leaves, which are numbers or terms; `names` stand for nodes."""
        numbers = list(leaves)
        for i in self.interior:
            z = self.row(i)(*self.operands(i, numbers))
            numbers.append((names or {}).get(i, z))
        return Setting(numbers, [self.partial(e, numbers) for e in range(len(self.edges))])

    def partial(self, e: int, numbers: Sequence[Any]) -> Any:
        """Evaluate the local derivative on one edge."""
        i, slot, _ = self.edges[e]
        row, operands = self.row(i), self.operands(i, numbers)
        if row.variadic:
            return row.partials_at(numbers[i], operands)[slot]
        return row.partials[slot](numbers[i], *operands)

    def sweep(self, partials: Sequence[Any]) -> list[Any]:
        """Return the adjoint of every node, by these local derivatives."""
        adjoints: list[Any] = [0.0] * len(self.nodes)
        adjoints[-1] = 1.0
        for edge, partial in zip(self.edges, partials, strict=True):
            adjoints[edge.operand] = adjoints[edge.operand] + adjoints[edge.node] * partial
        return adjoints

    def first_wrong(self, adjoints: Sequence[float]) -> set[int]:
        """Return the nodes whose adjoint is wrong though that of every node that uses them is right."""
        wrong = {i for i, x in enumerate(adjoints) if not near(x, self.right[i])}
        return {i for i in wrong if not any(self.edges[e].node in wrong for e in self.uses[i])}


def near(x: float, y: float, unit: float = 0.0) -> bool:
    """Whether y may be x, rounded to a multiple of `unit`."""
    return abs(x - y) <= 0.6 * unit + 1e-9 * max(abs(x), abs(y)) + 1e-13


def finite(numbers: Iterable[float]) -> bool:
    """Whether all numbers are finite real numbers."""
    return all(isinstance(x, int | float) and math.isfinite(x) for x in numbers)
