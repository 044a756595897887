"""A recorded computation as numbered steps, its numbers at any point, and a reverse sweep open to change.

Room: behind `slips`. A step is one local derivative. A `Graph` numbers nodes and steps;
`Graph.at` gives the numbers at a point, and a `Sweep` over them with other local derivatives in
any steps. Nothing here knows a slip, nor that anybody derives by hand.
"""

from __future__ import annotations

import math
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.errors import DomainError
from autograd.graph import topological_order
from autograd.value import Value, gradients
from autograd.views.local import local_derivatives, row_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    import numpy as np

    Vector = np.ndarray[Any, np.dtype[np.float64]]


class Step(NamedTuple):
    """One local derivative: that of `result` by the operand at `slot`. Nodes are numbered."""

    result: int
    slot: int
    operand: int


class Graph:
    """A recorded computation, its nodes and steps numbered: operands first, steps as the sweep takes them."""

    def __init__(self, output: Value) -> None:
        interior, leaves = topological_order(output, current=True)
        self.nodes = [*leaves, *interior]
        self.leaves = len(leaves)
        self.index = {node: i for i, node in enumerate(self.nodes)}
        self.steps = [
            Step(self.index[node], slot, self.index[x])
            for node in reversed(interior)
            for slot, x in enumerate(node.operands)
            if isinstance(x, Value)
        ]
        self.into: dict[int, list[int]] = defaultdict(list)
        self.out_of: dict[int, list[int]] = defaultdict(list)
        for k, step in enumerate(self.steps):
            self.into[step.operand].append(k)
            self.out_of[step.result].append(k)
        self.heights = [0] * len(self.nodes)  # the operations on the longest way up to each
        for step in reversed(self.steps):
            self.heights[step.result] = max(self.heights[step.result], self.heights[step.operand] + 1)

    def above(self, nodes: set[int]) -> set[int]:
        """Return everything that was computed from some nodes."""
        found: set[int] = set()
        for step in reversed(self.steps):
            if step.operand in nodes or step.operand in found:
                found.add(step.result)
        return found

    def at(self, moved: Mapping[int, float]) -> Sweep:
        """Compute again with other numbers in some leaves, and differentiate every step.

        Raises
        ------
        DomainError
            If an operation is not defined there.
        """
        return Sweep(self, self.computed(moved))

    def computed(self, moved: Mapping[int, float]) -> list[Value]:
        """Compute again with other numbers in some leaves, on Values of its own."""
        copies: list[Value] = []
        for i, node in enumerate(self.nodes):
            if i < self.leaves:
                copies.append(Value(moved.get(i, node.data)))
            else:
                operands = [copies[self.index[x]] if isinstance(x, Value) else x for x in node.operands]
                again = row_of(node)(*operands)  # a number where no operand is part of the derivative
                copies.append(again if isinstance(again, Value) else Value(again))
        return copies

    def swept(self, local: Iterable[float], given: Mapping[int, float] | None = None) -> list[float]:
        """Sweep from the output back with any local derivatives, and return what arrives at each node.

        A node that is among `given` hands that number down in place of what has arrived there.
        """
        given = given or {}
        arrived = [0.0] * len(self.nodes)
        arrived[-1] = 1.0
        for step, factor in zip(self.steps, local, strict=True):
            arrived[step.operand] += given.get(step.result, arrived[step.result]) * factor
        return arrived


class Sweep:
    """The numbers of a graph at one point, and its reverse sweep, open to change.

    Attributes
    ----------
    data, adjoints
        For each node its number, and the derivative of the output by it.
    locals
        The local derivative of each step.
    scale
        For each node the sum, over all paths from the output, of absolute path products:
        what the rounding of its adjoint is measured by.
    """

    def __init__(self, graph: Graph, nodes: Sequence[Value]) -> None:
        self.graph = graph
        self.data = [node.data for node in nodes]
        self.mistaken: dict[tuple[int, Hashable], float] = {}  # by step and mistake, for those who make them
        self.read: dict[int, list[float]] = {}
        found = {i: local_derivatives(nodes[i]) for i in range(graph.leaves, len(nodes))}
        self.locals = [float(found[step.result][step.slot] or 0.0) for step in graph.steps]
        self.scale = graph.swept(map(abs, self.locals))
        self.adjoints = self._gradient(nodes)

    def _gradient(self, nodes: Sequence[Value]) -> list[float]:
        """Return the adjoints; nan where there is none, as there is no derivative of x**y by y at x < 0."""
        try:
            return gradients(nodes[-1], nodes)
        except DomainError:
            known = zip(nodes, map(math.isnan, self.scale), strict=True)
            return [math.nan if unknown else gradients(nodes[-1], [x])[0] for x, unknown in known]

    def operands(self, i: int) -> list[float]:
        """Return the operands of a node as numbers; read once."""
        if i not in self.read:
            graph = self.graph
            self.read[i] = [
                self.data[graph.index[x]] if isinstance(x, Value) else x for x in graph.nodes[i].operands
            ]
        return self.read[i]

    def aim(self, targets: Sequence[int]) -> None:
        """Set the nodes whose adjoints are asked for."""
        import numpy as np

        self.targets = list(targets)
        self.base: Vector = np.array([self.adjoints[i] for i in targets])

    @cached_property
    def influence(self) -> Vector:
        """How every node changes with each target, a row for each node; made only if slips are searched."""
        import numpy as np

        influence = np.zeros((len(self.data), len(self.targets)))
        influence[self.targets, range(len(self.targets))] = 1.0
        with np.errstate(all="ignore"):
            for step, local in zip(reversed(self.graph.steps), reversed(self.locals), strict=True):
                influence[step.result] += local * influence[step.operand]
        return influence

    @cached_property
    def slack(self) -> list[float]:
        """For each node, how far off its adjoint may be at most if every local derivative is off by 1."""
        slack = [0.0] * len(self.scale)
        for step, local in zip(self.graph.steps, self.locals, strict=True):
            slack[step.operand] += slack[step.result] * abs(local) + self.scale[step.result]
        return slack

    def changed(self, changes: Mapping[int, float]) -> Vector:
        """Return the adjoints of the targets with other local derivatives in some steps."""
        import numpy as np

        steps = [self.graph.steps[k] for k in changes]
        level = len({self.graph.heights[step.result] for step in steps}) == 1
        if level or len({step.operand for step in steps}) == 1:  # none is below another: their effects add up
            pairs = zip(steps, changes.items(), strict=True)
            shares = [self.adjoints[step.result] * (new - self.locals[k]) for step, (k, new) in pairs]
            total: Vector = self.base + np.array(shares) @ self.influence[[step.operand for step in steps]]
            return total
        adjoints = self.graph.swept([changes.get(k, local) for k, local in enumerate(self.locals)])
        return np.array([adjoints[i] for i in self.targets])
