"""Compare engines in one interleaved run: `python -m tests.benchmarks eager`, `replay` or `digits`.

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
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.benchmarks.engines import GRADIENTS, RECORDERS, SLOW, TRAININGS
from tests.benchmarks.task import agree
from tests.benchmarks.workloads import CHAIN

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = {"W1": 101, "W2": 7, "W4": 3}
OPERATIONS = {"W1": 25, "W2": 65_077, "W4": CHAIN}
TITLES = {
    "W1": ("record, backward and drop micrograd's README expression", "µs", 1e6),
    "W2": ("MLP 2-16-16-1, 100 samples, full-batch gradient and update", "ms", 1e3),
    "W4": ("a chain of 1,000,000 operations, forward and backward", "s", 1.0),
}
REPLAY_ROUNDS = 25
TRAINING_ROUNDS = 11
REPLAY_TITLES = {
    "W1": "gradient of micrograd's README expression",
    "W2": "gradient of an MLP 2-16-16-1 on 100 samples: 65,077 operations",
    "W3": "gradient of a GPT of 4,192 parameters on one name: 59,816 operations",
    "W5": "draw, gradient and update: SGD on one sample, network 30-16-1",
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


def eager_table(workload: str) -> None:
    """Measure one workload for every engine and print its table."""
    title, unit, scale = TITLES[workload]
    print(f"\n{workload}: {title}")
    print(f"  {OPERATIONS[workload]:,} operations; median of {ROUNDS[workload]} rounds")
    print(f"  {'engine':<17}{unit:>9}{'× glassgrad':>13}{'bytes/op recorded':>19}{'after backward':>16}")
    engines = [engine for engine in RECORDERS if engine != "glassgrad n-ary" or workload == "W2"]
    workers = take_turns(engines, workload, ROUNDS[workload])
    for worker in workers:
        if not worker.seconds:
            print(f"  {worker.engine:<17}{worker.answer:>22}")
        else:
            sizes = worker.ask("bytes")
            per_operation = [f"{size / OPERATIONS[workload]:.0f}" for size in sizes] if sizes else ["", ""]
            print(
                f"  {worker.engine:<17}{median(worker.seconds) * scale:>9.1f}{ratio(worker, workers[0]):>13}"
                f"{per_operation[0]:>19}{per_operation[1]:>16}".rstrip(),
            )
        worker.close()


def replay_table(workload: str, *, slow: bool) -> None:
    """Measure one workload for whatever can differentiate it, and print its table."""
    print(f"\n{workload}: {REPLAY_TITLES[workload]}")
    print(f"  median of {REPLAY_ROUNDS} rounds; all found the numbers of glassgrad eager to 1e-9")
    chosen = [engine for engine in GRADIENTS[workload] if slow or engine not in SLOW]
    chosen.sort(key=lambda engine: engine != "glassgrad eager")
    workers = {worker.engine: worker for worker in take_turns(chosen, workload, REPLAY_ROUNDS)}
    replay = next(worker for name, worker in workers.items() if name.startswith("glassgrad replay"))
    by_hand = next(worker for name, worker in workers.items() if name.endswith("by hand"))
    print(f"  {'engine':<37}{'µs':>11}{'× replay':>10}{'× by hand':>11}{'set-up s':>9}")
    for name, worker in workers.items():
        if not worker.seconds:
            print(f"  {name:<37}{worker.answer:>11}")
        else:
            print(
                f"  {name:<37}{median(worker.seconds) * 1e6:>11,.2f}{ratio(worker, replay):>10}"
                f"{ratio(worker, by_hand):>11}{worker.ask('set up'):>9.1f}",
            )
        worker.close()
    print(f"  replay: {replay.engine}; by hand: {by_hand.engine}")


def training_table() -> None:
    """Train on the digits with whatever can, and print times and accuracies."""
    print("\ndigits: 8 passes over 1,258 images, network 64-32-10, in batches of 16, then the test")
    print(f"  median of {TRAINING_ROUNDS} rounds; test accuracies in percent, for seeds 0 to 4")
    workers = take_turns(TRAININGS, "digits", TRAINING_ROUNDS, alike=False)
    print(f"  {'engine':<27}{'ms':>6}{'× scikit-learn':>16}   accuracy")
    for worker in workers:
        if not worker.seconds:
            print(f"  {worker.engine:<27}  {worker.answer}")
        else:
            accuracies = "  ".join([f"{100 * right:.1f}" for right in worker.answer])
            milliseconds = f"{median(worker.seconds) * 1e3:.0f}"
            print(f"  {worker.engine:<27}{milliseconds:>6}{ratio(worker, workers[-1]):>16}   {accuracies}")
        worker.close()


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
        choices=["eager", "replay", "digits"],
        help="eager: recording at each step; replay: what was recorded, compiled or derived before; "
        "digits: a whole training",
    )
    parser.add_argument("workloads", nargs="*", help="only these, such as W2")
    parser.add_argument("--slow", action="store_true", help="also what takes many minutes to compile")
    wanted = parser.parse_args()
    titles = TITLES if wanted.suite == "eager" else REPLAY_TITLES
    print(f"{platform.python_implementation()} {platform.python_version()} on {platform.machine()}, CPU time")
    if wanted.suite == "digits":
        training_table()
        return
    for workload in wanted.workloads or titles:
        if wanted.suite == "eager":
            eager_table(workload)
        else:
            replay_table(workload, slow=wanted.slow)
    if wanted.suite == "eager" and not wanted.workloads:
        import_time()


if __name__ == "__main__":
    main()
