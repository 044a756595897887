"""Which mutants nobody need notice, and the proof of each: `python -m tests.mutate --excuses` runs them.

A mutant is excused for giving the same as the rule: bit for bit; or, where the same is only computed
in another way, to 45 digits; or because nobody differentiates by the operand. A proof runs in a process
of its own, which has imported the mutant or the rule, and returns text: the two must be the same.
"""

from __future__ import annotations

import itertools
import math
import random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import mpmath as mp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COUNT = 5_000
"""How many numbers a function of one operand is evaluated at; one of more takes as many points."""

DIGITS = 50
SHOWN = 45

EDGES = [0.0, 5e-324, 1e-310, 2.3e-308, 1e-9, 0.5, 1 - 2**-53, 1.0, 1 + 2**-52, 40.0, 709.8, 1e308, math.inf]


def points(count: int) -> Iterator[tuple[float, ...]]:
    """Yield operands: every choice of edges with either sign, and numbers of every size."""
    edges = [sign * x for x in EDGES for sign in (1, -1)] + [math.nan]
    yield from itertools.islice(itertools.product(edges, repeat=count), COUNT)
    r = random.Random(1)
    sizes = [lambda: r.uniform(-45, 45), lambda: math.copysign(10 ** r.uniform(-320, 308), r.uniform(-1, 1))]
    for _ in range(COUNT):
        yield tuple([r.choice(sizes)() for _ in range(count)])


def functions(place: str) -> list[Callable[..., Any]]:
    """Return a function of `accurate`; or the value and the partials of a row, as functions of operands.

    A partial gives nothing where the value does not depend on the operand: it is never evaluated there.
    """
    from autograd import TABLE, accurate

    if place not in TABLE:
        return [getattr(accurate, place)]
    row = TABLE[place]

    def by(slot: int) -> Callable[..., Any]:
        def partial(*operands: float) -> Any:
            depends = row.depends is None or row.depends(*operands)[slot]
            return row.partials[slot](row.function(*operands), *operands) if depends else None

        return partial

    return [row.function, *map(by, range(len(row.partials)))]


def bits(place: str) -> str:
    """Write what a function or a row gives everywhere, to the last bit."""

    def result(f: Callable[..., Any], point: tuple[float, ...]) -> str:
        try:
            return repr(f(*point))
        except (ArithmeticError, ValueError) as error:
            return type(error).__name__

    found = functions(place)
    count = len(found) - 1 or found[0].__code__.co_argcount
    return "\n".join(f"{point} {[result(f, point) for f in found]}" for point in points(count))


@mp.workdps(DIGITS)  # type: ignore[untyped-decorator]
def digits(place: str) -> str:
    """Write what a function gives in 50 digits, however it computes it, at ordinary numbers."""
    from autograd import accurate

    vars(accurate)["math"] = SimpleNamespace(exp=mp.exp)  # in a process of its own
    (f,) = functions(place)
    r = random.Random(1)
    return "\n".join(mp.nstr(f(mp.mpf(r.uniform(-45, 45))), SHOWN) for _ in range(COUNT // 10))


def unused() -> str:
    """Write the operands by which nobody differentiates: plain numbers in gradients up to the third order."""
    from autograd import TABLE, Value, gradients, topological_order
    from tests.accuracy.reference import draw

    used: set[tuple[str, int]] = set()
    r = random.Random(1)
    for row in [row for row in TABLE.values() if not row.name.startswith("_")] * 3:
        leaves = [Value(x) for x in draw(row, r)]
        results: list[Any] = [row(*leaves)]
        for _order in range(3):
            slopes = [slope for z in results for slope in gradients(z, leaves, create_graph=True)]
            results += [slope for slope in slopes if isinstance(slope, Value)][:20]
        nodes = {node for z in results for node in topological_order(z)[0]}
        used |= {
            (node.primitive.name, slot)
            for node in nodes
            if node.primitive
            for slot, x in enumerate(node.operands)
            if isinstance(x, Value)
        }
    every = {
        (row.name, slot) for row in TABLE.values() if not row.variadic for slot in range(len(row.partials))
    }
    return repr(sorted(every - used))


EXCUSED: dict[str, Callable[[str], str] | tuple[str, int]] = {
    "_power: constant + 1: 0 -> 1": ("_power", 3),
    "_power_log: constant + 1: 0 -> 1": ("_power_log", 3),
    "_power_log: constant + 1: 0 -> 1, no. 2": ("_power_log", 4),
    "_gauss: constant + 1: 0 -> 1": ("_gauss", 1),
    "where: constant + 1: 0 -> 1": bits,
    "where: constant + 1: 0 -> 1, no. 2": bits,
    "where: constant + 1: 0 -> 1, no. 3": bits,
    "stop_gradient: constant + 1: 0 -> 1": bits,
    "leaky_relu: comparison: x <= 0 -> x < 0": bits,
    "elu: comparison: x <= 0 -> x < 0": bits,
    "sigmoid: comparison: x >= 0 -> x > 0": bits,
    "normal_cdf: constant + 1: 0 -> 1": bits,
    "asinh: sign of a constant: 1 -> -1, no. 2": bits,
    "sign: sign of a constant: 1.0 -> -1.0": bits,
    "sigmoid: constant + 1: 0 -> 1": digits,
}
"""By place and change: the proof, or the row and operand whose partial is never evaluated; at most 20."""
