"""At which other points a formula is checked: near the recorded one, inside every domain, off every kink.

Room: behind `compare`.
"""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING

from autograd.errors import AutogradError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from autograd.sweep import Graph, Sweep

POINTS = 6
"""How many other points formulas are checked at."""

TRIES = 60
"""How many points are tried to find so many inside the domain."""


def other_points(graph: Graph, leaves: Sequence[int]) -> list[Sweep]:
    """Move some leaves at random, and compute there, where that is possible."""
    random, sweeps = Random(1), []  # noqa: S311 - points need not be secret
    for _ in range(TRIES if leaves else 0):
        moved = {}
        for i in leaves:
            x = graph.nodes[i].data
            moved[i] = x + (1 + abs(x)) * random.choice((0.1, 0.4, 1.0)) * random.uniform(-1, 1)
        try:
            sweep = graph.at(moved)
        except (AutogradError, ArithmeticError):
            continue
        if _is_regular(graph, sweep):
            sweeps.append(sweep)
        if len(sweeps) == POINTS:
            break
    return sweeps


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
