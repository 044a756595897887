"""A task: what an engine does for a workload, to be timed, and the numbers that it must find."""

from __future__ import annotations

from math import isclose
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Task(NamedTuple):
    """A step to repeat, and the numbers by which engines are compared."""

    step: Callable[[], object]
    answer: Callable[[], list[float]]
    record: Callable[[], Any] | None = None
    """Builds the graph alone, where its size is of interest."""
    steps: int = 1
    """How many steps a call of `step` takes."""


def after_training(step: Callable[[], float], weights: Callable[[], Iterable[float]]) -> Task:
    """W5: the numbers are the losses of 100 steps, and the weights after them."""
    return Task(step, lambda: [*(float(step()) for _ in range(100)), *weights()])


def agree(first: list[float], second: list[float], relative: float = 1e-9) -> bool:
    """Whether two engines found the same numbers, to a relative error or to 1e-12."""
    return all(isclose(x, y, rel_tol=relative, abs_tol=1e-12) for x, y in zip(first, second, strict=True))
