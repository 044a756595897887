"""Compare engines in one interleaved run: `python -m tests.benchmarks eager`, `replay` or `digits`.

Each engine runs in a process of its own. The processes take turns, a short burst each,
since shared machines change their speed from second to second. CPU time; medians over
the rounds; a ratio is the median of the ratios within a round.

Ours are bound to arrays, or called with them; mapped: recorded for one sample, and bound to all
of them. `replay` ends with what graphs cost as they grow, wide and narrow.
"""

from __future__ import annotations

import argparse
import platform
import resource
import subprocess
import sys
from statistics import median

from tests.benchmarks.engines import GRADIENTS, GROWTH, RECORDERS, SLOW, TRAININGS
from tests.benchmarks.turns import ROOT, Worker, ratio, take_turns
from tests.benchmarks.workloads import CHAIN, SAMPLES

ROUNDS = {"W1": 101, "W2": 7, "W4": 3}
OPERATIONS = {"W1": 25, "W2": 65_077, "W4": CHAIN}
TITLES = {
    "W1": ("record, backward and drop micrograd's README expression", "µs", 1e6),
    "W2": ("MLP 2-16-16-1, 100 samples, full-batch gradient and update", "ms", 1e3),
    "W4": ("a chain of 1,000,000 operations, forward and backward", "s", 1.0),
}
REPLAY_ROUNDS = 25
TRAINING_ROUNDS = 11
GROWTH_ROUNDS = 5
LEFT_OUT = "left out: --slow"
GROWTH_TITLES = {
    "wide": "wide: an MLP 2-16-16-1 on more and more samples, in numpy",
    "narrow": "narrow: one operation after another, in plain Python",
}
REPLAY_TITLES = {
    "W1": "gradient of micrograd's README expression",
    **{
        f"W2/{count}".removesuffix(f"/{SAMPLES}"): f"gradient of an MLP 2-16-16-1 on {count:,} samples: "
        f"{644 * count + 677:,} operations"
        for count in (10, SAMPLES, 1_000, 10_000)
    },
    "W3": "gradient of a GPT of 4,192 parameters on one name: 59,816 operations",
    "W5": "draw, gradient and update: SGD on one sample, network 30-16-1",
}


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
    chosen = sorted(GRADIENTS[workload], key=lambda engine: engine != "glassgrad eager")
    running = [engine for engine in chosen if slow or engine not in SLOW]
    print(f"  median of {REPLAY_ROUNDS} rounds; all found the numbers of {running[0]} to 1e-9")
    workers = {worker.engine: worker for worker in take_turns(running, workload, REPLAY_ROUNDS)}
    replay = next(worker for name, worker in workers.items() if name.startswith("glassgrad replay"))
    by_hand = next(worker for name, worker in workers.items() if name.endswith("by hand"))
    print(f"  {'engine':<37}{'µs':>11}{'× replay':>10}{'× by hand':>11}{'set-up s':>9}")
    for name in chosen:
        worker = workers.get(name)
        if worker is None or not worker.seconds:
            print(f"  {name:<37}{worker.answer if worker else LEFT_OUT:>18}")
        else:
            print(
                f"  {name:<37}{median(worker.seconds) * 1e6:>11,.2f}{ratio(worker, replay):>10}"
                f"{ratio(worker, by_hand):>11}{worker.ask('set up'):>9.1f}",
            )
    for worker in workers.values():
        worker.close()
    print(f"  replay: {replay.engine}; by hand: {by_hand.engine}")


def growth_table(shape: str, *, slow: bool) -> None:
    """Measure graphs of one shape and several sizes, and print what each operation costs.

    Each measurement is in a new process, since what was compiled once is remembered.
    """
    print(f"\n{GROWTH_TITLES[shape]}")
    print(f"  median of {GROWTH_ROUNDS} rounds; µs of CPU and bytes for each operation")
    print(f"  {'operations':>10}{'record':>8}{'lower':>7}{'both':>7}{'compile':>9}{'replay':>9}", end="")
    print(f"{'list, bytes':>14}{'peak':>9}")
    workloads = [f"{shape}/{size}" for size in GROWTH[shape]]
    running = [workload for workload in workloads if slow or workload not in SLOW]
    rounds = [[stages_of(workload) for workload in running] for _ in range(GROWTH_ROUNDS)]
    for workload, found in zip(running, zip(*rounds, strict=True), strict=True):
        operations, recording, lowering, both, compiling, replaying = map(median, zip(*found, strict=True))
        worker = Worker("sizes", workload)
        listed, most = [f"{size / operations:,.0f}" for size in worker.answer[1:]]
        worker.close()
        print(
            f"  {operations:>10,}{recording:>8.2f}{lowering:>7.2f}{both:>7.2f}{compiling:>9.2f}"
            f"{replaying:>9.4f}{listed:>14}{most:>9}"
        )
    for workload in workloads[len(running) :]:
        print(f"  {GROWTH[shape][workloads.index(workload)]:>10,}  {LEFT_OUT}")


def stages_of(workload: str) -> list[float]:
    """Return how many operations there are, and µs for each: to record, lower, both, compile, replay."""
    worker = Worker("seconds", workload)
    operations, recording, lowering, compiling = worker.answer
    seconds = [recording, lowering, recording + lowering, compiling, worker.ask("burst")]
    worker.close()
    return [operations, *(1e6 * x / operations for x in seconds)]


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
    known = {**REPLAY_TITLES, **GROWTH_TITLES}
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "suite",
        choices=["eager", "replay", "digits"],
        help="eager: recording at each step; replay: what was recorded, compiled or derived before; "
        "digits: a whole training",
    )
    parser.add_argument(
        "workloads",
        nargs="*",
        metavar="workload",
        help=f"only these: {', '.join(TITLES)} of eager, {', '.join(known)} of replay",
    )
    parser.add_argument(
        "--slow", action="store_true", help="also what compiles for 20 seconds or more, in several GB"
    )
    wanted = parser.parse_args()
    titles = TITLES if wanted.suite == "eager" else known
    unknown = [workload for workload in wanted.workloads if workload not in titles]
    if unknown:
        parser.error(f"there is no {unknown[0]} among {', '.join(titles)}")
    print(f"{platform.python_implementation()} {platform.python_version()} on {platform.machine()}, CPU time")
    if wanted.suite == "digits":
        training_table()
        return
    for workload in wanted.workloads or titles:
        if wanted.suite == "eager":
            eager_table(workload)
        elif workload in GROWTH:
            growth_table(workload, slow=wanted.slow)
        else:
            replay_table(workload, slow=wanted.slow)
    if wanted.suite == "eager" and not wanted.workloads:
        import_time()


if __name__ == "__main__":
    main()
