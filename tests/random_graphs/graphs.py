"""Random programs, their exact adjoints, and the comparison."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import mpmath as mp

from autograd import TABLE, DomainError, Value, gradients, jvp, topological_order
from tests.accuracy.reference import REFERENCES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd import Primitive

DIGITS = 50
ROUNDING = 2.0**-53
CANCELLING = {"silu": 0.5, "gelu": 0.5, "gelu_tanh": 0.5}
"""How large the terms are whose sum is a slope that passes through 0; they are what is kept accurate."""
PUBLIC = [row for row in TABLE.values() if not row.name.startswith("_")]


class Step(NamedTuple):
    """One operation: its row, and for each operand the number of an earlier result or a constant."""

    name: str
    operands: tuple[int | float, ...]


class Program(NamedTuple):
    """Leaves and steps."""

    leaves: tuple[float, ...]
    steps: tuple[Step, ...]

    def run(self, *leaves: Any) -> Any:
        """Compute on numbers of any kind."""
        results = list(leaves)
        for step in self.steps:
            operands = [results[x] if type(x) is int else x for x in step.operands]
            results.append(TABLE[step.name](*operands))
        return results[-1]


class Writer:
    """Writes a program at random, inside every domain, off every kink, with numbers of moderate size."""

    def __init__(self, rng: random.Random, rows: Sequence[Primitive] = PUBLIC) -> None:
        self.rng = rng
        self.rows = rows
        self.leaves = [self.number() for _ in range(rng.randint(1, 4))]
        self.data = list(self.leaves)
        self.steps: list[Step] = []

    def number(self) -> float:
        """Draw a number: any, or a round one, so that numbers meet."""
        rng = self.rng
        return rng.choice([rng.uniform(-3, 3), rng.uniform(-1, 1), rng.randint(-6, 6) / 2]) or 0.5

    def operand(self) -> int | float:
        """Draw an operand: the last result, any earlier one, or a constant."""
        last = len(self.data) - 1
        choice = self.rng.random()
        return last if choice < 0.4 else self.rng.randint(0, last) if choice < 0.9 else self.number()

    def add(self, row: Primitive, operands: Sequence[int | float]) -> bool:
        """Append a step, unless it would leave its domain, meet a kink, or run out of moderate size."""
        data = [self.data[x] if type(x) is int else x for x in operands]
        if row.kink is not None and row.kink.at(*data):
            return False
        if row.name == "clip" and data[1] == data[2]:  # bounds that meet: each is a corner of the other
            return False
        try:
            fresh = [Value(x) for x in data]
            z = row(*fresh)
            slopes = [p for p, x in zip(gradients(z, fresh), operands, strict=True) if type(x) is int]
        except DomainError:
            return False
        if (
            not slopes
            or not 1e-6 < abs(z.data) < 1e3
            or not all(p == 0 or 1e-9 < abs(p) < 1e3 for p in slopes)
        ):
            return False
        self.steps.append(Step(row.name, tuple(operands)))
        self.data.append(z.data)
        return True

    def grow(self) -> None:
        """Append a step of a random row."""
        while True:
            row = self.rng.choice(self.rows)
            count = self.rng.randint(2, 5) if row.variadic else len(row.partials)
            for _ in range(10):
                if self.add(row, [self.operand() for _ in range(count)]):
                    return

    def program(self) -> Program:
        """Return what was written, with all that nothing used added up at the end."""
        taken = {x for step in self.steps for x in step.operands if type(x) is int}
        loose = [i for i in range(len(self.data)) if i not in taken]
        self.steps.append(Step("sum", tuple(loose)))
        return Program(tuple(self.leaves), tuple(self.steps))


def random_program(seed: int, number: int, rows: Sequence[Primitive] = PUBLIC) -> Program:
    """Write one of the programs of a seed, of up to 20 steps."""
    rng = random.Random(f"{seed} {number}")
    writer = Writer(rng, rows)
    for _ in range(rng.randint(1, 20)):
        writer.grow()
    return writer.program()


def deep_program(seed: int, depth: int) -> Program:
    """Write a chain with side branches, in which every third step is of a random row.

    The other two rescale: the absolute products of partials, added up over all paths from the
    leaves, are 1 after each such step, and the number is a new one.
    """
    rng = random.Random(seed)
    writer = Writer(rng)
    sizes = [1.0 / len(writer.leaves)] * len(writer.leaves)
    while len(writer.steps) < depth - 1:
        last = len(writer.data) - 1
        row = rng.choice(PUBLIC)
        count = rng.randint(2, 5) if row.variadic else len(row.partials)
        operands = [writer.operand() for _ in range(count)]
        if last not in operands:
            operands[rng.randrange(count)] = last
        if not writer.add(row, operands):
            continue
        fresh = [Value(writer.data[x] if type(x) is int else x) for x in operands]
        slopes = gradients(row(*fresh), fresh)
        size = sum(abs(p) * sizes[x] for p, x in zip(slopes, operands, strict=True) if type(x) is int)
        if size == 0:
            writer.steps.pop()
            writer.data.pop()
            continue
        scaled = writer.data[-1] / size
        shift = writer.number() - scaled
        writer.steps += [Step("div", (last + 1, size)), Step("add", (last + 2, shift))]
        writer.data += [scaled, scaled + shift]
        sizes += [size, 1.0, 1.0]
    return Program(tuple(writer.leaves), tuple(writer.steps))


class Verdict(NamedTuple):
    """How far the adjoints of a program are off, at worst, in parts of the bound; and what it was made of."""

    reverse: float
    forward: float
    where: str
    used: Counter[str]

    @property
    def holds(self) -> bool:
        """Whether all adjoints are within the bound; nan is not."""
        return self.reverse <= 1 and self.forward <= 1


def partial(name: str, operands: Sequence[float], i: int) -> Any:
    """Differentiate a primitive by operand `i`, numerically and with many digits."""
    if name == "stop_gradient":
        return 0
    xs = [mp.mpf(x) for x in operands]
    return mp.diff(lambda t: REFERENCES[name](*xs[:i], t, *xs[i + 1 :]), xs[i])


@mp.workdps(DIGITS)  # type: ignore[untyped-decorator]
def examine(program: Program) -> Verdict:
    """Compare all adjoints with those accumulated at 50 digits from exact partials at the engine's primals.

    The bound is 4 u (depth + 1) A, with u = 2**-53, the depth of a node below the output, and A
    the sum over the paths to it of the absolute products of their partials. A partial counts for
    more where its row promises less than 4 ulp.
    """
    leaves = [Value(x) for x in program.leaves]
    output = program.run(*leaves)
    interior, _ = topological_order(output)
    nodes = [*reversed(interior), *leaves]
    adjoint = dict.fromkeys(nodes, mp.mpf(0))
    size = dict.fromkeys(nodes, mp.mpf(0))
    depth = dict.fromkeys(nodes, 0)
    adjoint[output] = size[output] = mp.mpf(1)
    used: Counter[str] = Counter()
    for node in reversed(interior):
        name = node.primitive.name
        looser = max(1.0, node.primitive.slope_accuracy.ulps / 4)
        used[name] += 1
        data = [x.data if type(x) is Value else x for x in node.operands]
        for i, x in enumerate(node.operands):
            if type(x) is Value:
                slope = partial(name, data, i)
                adjoint[x] += adjoint[node] * slope
                size[x] += size[node] * max(abs(slope), CANCELLING.get(name, 0.0)) * looser
                depth[x] = max(depth[x], depth[node] + 1)

    def off(node: Value, found: float) -> float:
        error, bound = abs(found - adjoint[node]), 4 * ROUNDING * (depth[node] + 1) * size[node]
        return float(error / bound) if error else 0.0

    parts = [(off(node, x), node) for node, x in zip(nodes, gradients(output, nodes), strict=True)]
    worst, node = max(parts, key=lambda part: part[0])
    ahead = []
    for i, leaf in enumerate(leaves):
        direction = [float(k == i) for k in range(len(leaves))]
        ahead.append(off(leaf, jvp(program.run, program.leaves, direction)[1]))
    return Verdict(worst, max(ahead), repr(node), used)
