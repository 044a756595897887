"""Processes that take turns to be measured, a short burst each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.benchmarks.task import agree

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parents[2]
ONE_THREAD = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


class Worker:
    """A process that measures one engine on one workload, when asked."""

    def __init__(self, engine: str, workload: str) -> None:
        self.engine = engine
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.worker", engine, workload],
            cwd=ROOT,
            env={**os.environ, **ONE_THREAD},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.answer = self.hear()
        self.seconds: list[float] = []

    def ask(self, question: str) -> Any:
        """Send a line, and return what the process answers."""
        if self.process.stdin is not None:
            self.process.stdin.write(question + "\n")
            self.process.stdin.flush()
        return self.hear()

    def hear(self) -> Any:
        """Read an answer, a text if the process cannot measure what it was asked to."""
        line = self.process.stdout.readline() if self.process.stdout is not None else ""
        return json.loads(line) if line else "failed"

    def close(self) -> None:
        """Let the process end."""
        self.process.communicate()


def take_turns(engines: Iterable[str], workload: str, rounds: int, *, alike: bool = True) -> list[Worker]:
    """Measure engines in turns; the first one's numbers are those to find, if all are to be alike."""
    workers = [Worker(engine, workload) for engine in engines]
    for worker in workers[1:]:
        if alike and isinstance(worker.answer, list) and not agree(worker.answer, workers[0].answer):
            worker.answer = "finds other numbers than glassgrad"
    running = [worker for worker in workers if isinstance(worker.answer, list)]
    for worker in running:
        worker.ask("burst")  # warms up
    for _ in range(rounds):
        for worker in running:
            worker.seconds.append(worker.ask("burst"))
    return workers


def ratio(worker: Worker, other: Worker | None) -> str:
    """Return how many times as long a worker takes as another, or a dash."""
    if other is None or not other.seconds:
        return "-"
    times = median(x / y for x, y in zip(worker.seconds, other.seconds, strict=True))
    return f"{times:.2f}" if times < 1000 else f"{times:,.0f}"
