"""Cost as work grows: from a function to its gradient, stage by stage.

A wide graph is that of W2, on more and more samples, and runs in numpy; a narrow one is the chain
of W4, and runs in plain Python. The stages: recording (the function runs on Values), lowering
(the graph becomes a Wengert list), compiling (scheduled, printed, compiled, run once), replaying.
"""

from __future__ import annotations

import time
import tracemalloc
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import record
from tests.benchmarks import workloads
from tests.benchmarks.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable

WARM_UP = {"wide": (2, 3, 4), "narrow": (200, 300, 400)}
"""Sizes that nobody measures, since text that was compiled once is not compiled again."""


def seconds(shape: str, size: int) -> Task:
    """Replay; its numbers are how many operations there are, and the CPU seconds of the other stages."""
    for small in WARM_UP[shape]:
        prepared(shape, small)
    run, operations, times = prepared(shape, size)
    return Task(run, lambda: [operations, *(after - before for before, after in pairwise(times))])


def sizes(shape: str, size: int) -> Task:
    """Record; its numbers are how many operations there are, the bytes of the list, and the peak of bytes."""
    for small in WARM_UP[shape]:
        recorded(shape, small, time.process_time)
    tracemalloc.start()
    program, _, readings = recorded(shape, size, tracemalloc.get_traced_memory)
    tracemalloc.stop()
    (before, _), _, (listed, most) = readings
    operations = len(program.wengert.rows)
    step = partial(recorded, shape, size, time.process_time)
    return Task(step, lambda: [operations, listed - before, most - before])


def prepared(shape: str, size: int) -> tuple[Callable[[], float], int, list[float]]:
    """Return a bound program, how many operations it has, and the times between the stages."""
    program, numbers, times = recorded(shape, size, time.process_time)
    run = program.bind(numbers)
    run()
    times.append(time.process_time())
    return run, len(program.wengert.rows), times


def recorded(shape: str, size: int, meter: Callable[[], Any]) -> tuple[Any, Any, list[Any]]:
    """Record a graph, and read a meter: before, between recording and lowering, and after.

    Returns
    -------
    program, numbers, readings
        The program, an array to bind it to, and three readings.
    """
    if shape == "wide":
        backend, numbers = "numpy", np.array(workloads.start())
        function = workloads.training_function(workloads.two_moons(size))
    else:
        backend, numbers = "python", np.array(1.0)
        function = partial(workloads.chain_function, operations=size)
    readings = [meter()]

    def observed(x: Any) -> Any:
        output = function(x)
        readings.append(meter())
        return output

    program = record(observed, numbers, backend=backend)
    readings.append(meter())
    return program, numbers, readings
