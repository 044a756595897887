"""CasADi's symbolic scalars, run by its interpreter: W1, W2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import casadi
import numpy as np

from tests.benchmarks import workloads
from tests.benchmarks.libraries.scalars import Scalar
from tests.benchmarks.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def readme_expression() -> Task:
    return by_call(lambda point: workloads.readme_function(*point), [-4.0, 2.0])


def readme_expression_by_buffer() -> Task:
    return by_buffer(lambda point: workloads.readme_function(*point), [-4.0, 2.0])


def two_moons(count: int) -> Task:
    return by_call(workloads.training_function(workloads.two_moons(count)), workloads.start())


def two_moons_by_buffer(count: int) -> Task:
    return by_buffer(workloads.training_function(workloads.two_moons(count)), workloads.start())


def by_call(f: Callable[[Sequence[Any]], Any], point: list[float]) -> Task:
    """Call it with a matrix, which gives matrices."""
    function, w = gradient(f, len(point)), casadi.DM(point)

    def answer() -> list[float]:
        value, slopes = function(w)
        return [float(value), *np.array(slopes).ravel().tolist()]

    return Task(lambda: function(w), answer)


def by_buffer(f: Callable[[Sequence[Any]], Any], point: list[float]) -> Task:
    """Let it read numbers from an array, and write into others."""
    w, value, slopes = np.array(point), np.zeros(1), np.zeros(len(point))
    buffer, run = gradient(f, len(point)).buffer()
    buffer.set_arg(0, w.data)
    buffer.set_res(0, value.data)
    buffer.set_res(1, slopes.data)

    def answer() -> list[float]:
        run()
        return [*value.tolist(), *slopes.tolist()]

    answer.reads = buffer, w  # type: ignore[attr-defined]  # they must live as long as the task
    return Task(run, answer)


def gradient(f: Callable[[Sequence[Any]], Any], count: int) -> Any:
    """Return a function of a column of numbers that gives the value and a column of derivatives."""
    w = casadi.SX.sym("w", count)
    value = f([Scalar(w[k], relu) for k in range(count)]).x
    return casadi.Function(
        "gradient", [w], [casadi.densify(value), casadi.densify(casadi.gradient(value, w))]
    )


def relu(x: Any) -> Any:
    return casadi.fmax(x, 0.0)
