"""Random functions over all primitives, for the tests of replay; the same seed, the same function."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

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
