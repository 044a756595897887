"""Compare engines in one interleaved run: `python -m tests.benchmarks eager`, or `replay`.

Each engine runs in a process of its own. The processes take turns, a short burst each,
since shared machines change their speed from second to second. CPU time; medians over
the rounds; a ratio is the median of the ratios within a round.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
from math import isclose
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks import peers
from tests.benchmarks.worker import ENGINES
from tests.benchmarks.workloads import CHAIN

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = {"W1": 101, "W2": 7, "W4": 3, "W1 replay": 31, "W2 replay": 31}
OPERATIONS = {"W1": 25, "W2": 65_077, "W4": CHAIN}
TITLES = {
    "W1": ("record, backward and drop micrograd's README expression", "µs", 1e6),
    "W2": ("MLP 2-16-16-1, 100 samples, full-batch gradient and update", "ms", 1e3),
    "W4": ("a chain of 1,000,000 operations, forward and backward", "s", 1.0),
}


REPLAY = {
    "W1 replay": "value and gradient of micrograd's README expression",
    "W2 replay": "value and gradient of MLP 2-16-16-1, 100 samples, recorded as 65,075 operations",
}
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
        """Read an answer; a process that ended without one has no such engine."""
        line = self.process.stdout.readline() if self.process.stdout is not None else ""
        return json.loads(line) if line else "not installed"

    def close(self) -> None:
        """Let the process end."""
        self.process.communicate()


def agree(first: list[float], second: list[float]) -> bool:
    """Whether two engines found the same loss and gradients."""
    return all(isclose(x, y, rel_tol=1e-8, abs_tol=1e-12) for x, y in zip(first, second, strict=True))


def eager_table(workload: str) -> None:
    """Measure one workload for every engine and print its table."""
    title, unit, scale = TITLES[workload]
    print(f"\n{workload}: {title}")
    print(f"  {OPERATIONS[workload]:,} operations; median of {ROUNDS[workload]} rounds")
    print(f"  {'engine':<17}{unit:>9}{'× glassgrad':>13}{'bytes/op recorded':>19}{'after backward':>16}")
    engines = [engine for engine in ENGINES if engine != "glassgrad n-ary" or workload == "W2"]
    workers = [Worker(engine, workload) for engine in engines]
    running = [worker for worker in workers if isinstance(worker.answer, list)]
    for _ in range(ROUNDS[workload]):
        for worker in running:
            worker.seconds.append(worker.ask("burst"))
    for worker in workers:
        if worker not in running:
            print(f"  {worker.engine:<17}{worker.answer:>22}")
        elif not agree(worker.answer, workers[0].answer):
            print(f"  {worker.engine:<17}finds other gradients than glassgrad")
        else:
            ratio = median(x / y for x, y in zip(worker.seconds, workers[0].seconds, strict=True))
            sizes = worker.ask("bytes")
            per_operation = [f"{size / OPERATIONS[workload]:.0f}" for size in sizes] if sizes else ["", ""]
            print(
                f"  {worker.engine:<17}{median(worker.seconds) * scale:>9.1f}{ratio:>13.2f}"
                f"{per_operation[0]:>19}{per_operation[1]:>16}".rstrip(),
            )
        worker.close()


def replay_table(workload: str, *, slow: bool) -> None:
    """Measure one recorded program and its peers, and print a table."""
    print(f"\n{workload}: {REPLAY[workload]}")
    print(f"  median of {ROUNDS[workload]} rounds; × is against the bound call of glassgrad")
    print(f"  {'engine':<17}{'µs':>10}{'× bound':>10}")
    engines = [engine for engine in peers.ENGINES if slow or engine not in peers.SLOW]
    workers = [Worker(engine, workload) for engine in engines]
    running = [worker for worker in workers if isinstance(worker.answer, list)]
    for _ in range(ROUNDS[workload]):
        for worker in running:
            worker.seconds.append(worker.ask("burst"))
    for worker in workers:
        if worker not in running:
            print(f"  {worker.engine:<17}{'not there':>20}")
        elif not agree(worker.answer, workers[0].answer):
            print(f"  {worker.engine:<17}finds other gradients than glassgrad")
        else:
            ratio = median(x / y for x, y in zip(worker.seconds, workers[0].seconds, strict=True))
            print(f"  {worker.engine:<17}{median(worker.seconds) * 1e6:>10.2f}{ratio:>10.2f}")
        worker.close()


def recording_time() -> None:
    """Print what recording and lowering cost for each operation, at two sizes."""
    print("\nrecording and lowering, and then fusing and scheduling, µs an operation")
    for layers in (1, 10):
        program = (
            "import time; from autograd import record; from tests.benchmarks import workloads;"
            "from autograd.replay.schedule import scheduled; t = time.process_time();"
            f"f = workloads.training_function(); p = record(lambda x: sum(f(x) for _ in range({layers})),"
            "workloads.start()); u = time.process_time(); scheduled(p.wengert); v = time.process_time();"
            "n = len(p.wengert.rows); record, schedule = (u - t) / n * 1e6, (v - u) / n * 1e6;"
            "print(f'  {n:>9,} operations {record:>8.2f} {schedule:>8.2f}')"
        )
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def import_time() -> None:
    """Print the CPU time of `import autograd` above that of a bare interpreter."""

    def seconds(code: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    differences = [seconds("import autograd") - seconds("pass") for _ in range(15)]
    print(
        f"\nimport autograd: {1e3 * median(differences):.0f} ms of CPU above a bare interpreter, "
        f"median of {len(differences)}",
    )


def main() -> None:
    """Parse the command line and print what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "suite",
        choices=["eager", "replay"],
        help="eager: record and backward; replay: recorded programs; each against other engines",
    )
    parser.add_argument("--slow", action="store_true", help="also peers that compile for minutes")
    chosen = parser.parse_args()
    suite = chosen.suite
    print(f"{platform.python_implementation()} {platform.python_version()} on {platform.machine()}, CPU time")
    if suite == "eager":
        for workload in TITLES:
            eager_table(workload)
        import_time()
    else:
        for workload in REPLAY:
            replay_table(workload, slow=chosen.slow)
        recording_time()


if __name__ == "__main__":
    main()
