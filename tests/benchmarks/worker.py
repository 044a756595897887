"""One engine and one workload, in a process of its own that waits to be told.

`python -m tests.benchmarks.worker ENGINE WORKLOAD` warms up and prints the answer of a
step as JSON; then, for each line it reads, it prints the CPU seconds of one more burst
of steps, or for the line "bytes" the memory that a recorded graph takes.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

from tests.benchmarks import peers, workloads

if TYPE_CHECKING:
    from collections.abc import Callable

ENGINES = {
    "glassgrad": "autograd",
    "glassgrad n-ary": "autograd",
    "micrograd": "micrograd.engine",
    "minimal": "tests.benchmarks.minimal",
}
WARM_UP = {"W1": 3, "W2": 1, "W4": 0, "W1 replay": 2000, "W2 replay": 20}
BURST = {"W1": 200, "W2": 1, "W4": 1, "W1 replay": 5000, "W2 replay": 100}
"""How many consecutive steps are timed together."""


def build(engine: str, workload: str) -> tuple[Callable[[], list[float]], Callable[[], Any] | None]:
    """Make the step to time, and for W2 the recording alone."""
    module = importlib.import_module(ENGINES[engine])
    if workload == "W1":
        return workloads.readme_expression(module.Value), None
    if workload == "W4":
        return workloads.chain(module.Value), None
    if engine == "glassgrad n-ary":
        return workloads.training_step(
            module.Value,
            dot=module.dot,
            add_up=lambda terms, start: module.sum(start, *terms),
        )
    return workloads.training_step(module.Value)


def seconds_of_burst(step: Callable[[], list[float]], steps: int) -> float:
    """Time consecutive steps in CPU seconds a step, the garbage collector's share included."""
    start = time.process_time()
    for _ in range(steps):
        step()
    return (time.process_time() - start) / steps


def traced_bytes(record: Callable[[], Any]) -> tuple[int, int]:
    """Return the memory that a recorded graph takes, before and after backward."""
    tracemalloc.start()
    loss = record()
    recorded = tracemalloc.get_traced_memory()[0]
    loss.backward()
    differentiated = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return recorded, differentiated


def say(answer: object) -> None:
    """Print one answer to whoever reads this process's output."""
    print(json.dumps(answer), flush=True)


def main(engine: str, workload: str) -> None:
    """Warm up, then measure for as long as there is something to read."""
    if workload == "W2":
        sys.setrecursionlimit(10_000)  # micrograd and the minimal engine recurse 600 deep here
    if engine in peers.ENGINES:
        step, answer = peers.ENGINES[engine](workload)
        record = None
    else:
        step, record = build(engine, workload)
        answer = step
    try:
        say(answer())
    except RecursionError:
        say("RecursionError")
        return
    for _ in range(WARM_UP[workload]):
        step()
    for line in sys.stdin:
        if line.strip() == "bytes":
            say(traced_bytes(record) if record else None)
        else:
            say(seconds_of_burst(step, BURST[workload]))


if __name__ == "__main__":
    main(*sys.argv[1:])
