"""One engine and one workload, in a process of its own that waits to be told.

`python -m tests.benchmarks.worker ENGINE WORKLOAD` prints the numbers that the engine
finds as JSON, or a text that says why it finds none; then an answer to each line it reads:

    burst    CPU seconds a step, over as many steps as take a fiftieth of a second
    bytes    the memory that a recorded graph takes
    set up   CPU seconds from the start to the first numbers, compilers included
"""

from __future__ import annotations

import json
import os
import sys
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

from tests.benchmarks.engines import task

if TYPE_CHECKING:
    from collections.abc import Callable

BURST = 0.02


def seconds_of_burst(step: Callable[[], object], steps: int) -> float:
    """Time consecutive steps in CPU seconds a step, the garbage collector's share included."""
    start = time.process_time()
    for _ in range(steps):
        step()
    return (time.process_time() - start) / steps


def steps_of_burst(step: Callable[[], object]) -> int:
    """Return how many steps a burst is to have; they also warm up."""
    steps = 1
    while steps * seconds_of_burst(step, steps) < BURST:
        steps *= 2
    return steps


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
    """Find the numbers, then measure for as long as there is something to read."""
    if workload == "W2":
        sys.setrecursionlimit(10_000)  # micrograd and the minimal engine recurse 600 deep here
    try:
        work = task(engine, workload)
        say(work.answer())
    except RecursionError:
        say("RecursionError")
        return
    except ModuleNotFoundError as error:
        say(f"absent: no {error.name}")
        return
    set_up = sum(os.times()[:4])
    steps = 0
    for line in sys.stdin:
        if line.strip() == "bytes":
            say(traced_bytes(work.record) if work.record else None)
        elif line.strip() == "set up":
            say(set_up)
        else:
            steps = steps or steps_of_burst(work.step)
            say(seconds_of_burst(work.step, steps) / work.steps)


if __name__ == "__main__":
    main(*sys.argv[1:])
