"""Random functions over all primitives, for the tests of replay; the same seed, the same function."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import TABLE, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograd import Primitive


def random_program(
    seed: int, operations: int = 40, inputs: int = 4
) -> tuple[Callable[..., Any], list[float]]:
    """Make a function of a list of numbers: shared nodes, constants, repeated operands, unused inputs."""
    rng = random.Random(seed)
    point = [rng.choice([rng.uniform(-2, 2), float(rng.randint(-2, 2))]) for _ in range(inputs)]
    plan: list[tuple[Primitive, list[int | float]]] = []
    numbers = [Value(x) for x in point]
    while len(plan) < operations:
        row = rng.choice(list(TABLE.values()))
        count = 2 * rng.randint(1, 2) if row.variadic else len(row.partials)
        operands: list[int | float] = [
            rng.choice([0.5, -1.25, 2.0, 3.0]) if rng.random() < 0.2 else recent(rng, len(numbers))
            for _ in range(count)
        ]
        if row.name == "_power_log":
            operands[-1] = 1.0  # always a plain whole number
        if not any(isinstance(x, int) for x in operands):
            continue
        try:
            result = row(*[numbers[x] if isinstance(x, int) else x for x in operands])
        except (ValueError, ArithmeticError):
            continue
        if not math.isfinite(result.data) or abs(result.data) > 1e3:
            continue
        numbers.append(result)
        plan.append((row, operands))

    def program(x: list[Any]) -> Any:
        results = list(x)
        for row, operands in plan:
            results.append(row(*[results[k] if isinstance(k, int) else k for k in operands]))
        return results[-1] + sum(results[inputs:-1]) * 0.25

    return program, point


def recent(rng: random.Random, count: int) -> int:
    """Choose an operand, more often a recent one."""
    return rng.randrange(count) if rng.random() < 0.3 else rng.randrange(max(0, count - 8), count)


class Step(NamedTuple):
    """One operation on vectors: a row for each element, or sums of products of rows with columns."""

    row: Primitive | None
    picks: list[tuple[int, list[int]]]  # which vectors are read, and where
    length: int = 1  # of the rows and columns
    constants: tuple[float, ...] = ()

    def __call__(self, vectors: list[list[Any]]) -> list[Any]:
        read = [[vectors[which][i] for i in indices] for which, indices in self.picks]
        if self.row is not None:
            return [self.row(*xs, *self.constants) for xs in zip(*read, strict=True)]
        rows, columns = ([x[i : i + self.length] for i in range(0, len(x), self.length)] for x in read)
        return [sum(x * y for x, y in zip(a, b, strict=True)) + 0.5 for a in rows for b in columns]


def random_vector_program(seed: int, operations: int = 12) -> tuple[Callable[..., Any], list[float]]:
    """Make a function of a list of numbers that works on vectors and matrices, element by element.

    Its groups of statements read one another in order, in reverse, with gaps, at random, repeated,
    or all the same element; so every way of reading memory occurs.
    """
    rng = random.Random(seed)
    point = [rng.uniform(-1.5, 1.5) for _ in range(rng.choice([20, 24, 36]))]
    rows = [row for row in TABLE.values() if not row.variadic]
    plan: list[Step] = []
    vectors = [[Value(x) for x in point]]
    while len(plan) < operations:
        proposal = random_step(rng, rows, [len(vector) for vector in vectors])
        try:
            result = proposal(vectors)
        except (ValueError, ArithmeticError):
            continue
        if all(type(x) is Value and abs(x.data) < 1e2 for x in result):
            vectors.append(result)
            plan.append(proposal)

    def program(x: list[Any]) -> Any:
        found = [list(x)]
        for step in plan:
            found.append(step(found))
        return sum(x * 0.25 for vector in found[1:] for x in vector)

    return program, point


def random_step(rng: random.Random, rows: list[Primitive], sizes: list[int]) -> Step:
    def pick(n: int) -> tuple[int, list[int]]:
        which = rng.randrange(len(sizes))
        m = sizes[which]
        start = rng.randrange(m)
        ways: list[Callable[[int], int]] = [
            lambda i: i,
            lambda i: start + i,
            lambda i: m - 1 - i,
            lambda i: 2 * i,
            lambda i: i // 4,
            lambda _: rng.randrange(m),
            lambda _: start,
        ]
        way = rng.choice(ways)
        return which, [way(i) % m for i in range(n)]

    if rng.random() < 0.4:
        k = rng.choice([1, 3, 5])
        return Step(None, [pick(k * rng.choice([1, 4])), pick(k * rng.choice([1, 6]))], k)
    row = rng.choice(rows)
    n = rng.choice([4, 18, 24, 40])
    constants = (rng.choice([0.5, 2.0, 3.0]),) if len(row.partials) > 1 and rng.random() < 0.3 else ()
    if row.name == "_power_log":
        constants = (1.0,)  # always a plain whole number
    return Step(row, [pick(n) for _ in range(len(row.partials) - len(constants))], 1, constants)
