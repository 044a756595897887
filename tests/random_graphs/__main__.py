"""Examine as many random graphs as one likes: `python -m tests.random_graphs --count 100000 --seed 1`."""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter

from tests.random_graphs.graphs import PUBLIC, examine, random_program


def main() -> int:
    """Examine graphs, show progress, and return 1 if any adjoint is off by more than the bound."""
    parser = argparse.ArgumentParser(prog="python -m tests.random_graphs", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="how many graphs (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(2**32), help="default: a fresh one"
    )
    parser.add_argument("--only", type=int, help="examine only the graph of this number, and print it")
    options = parser.parse_args()
    print(f"seed {options.seed}")
    used: Counter[str] = Counter()
    worst = failed = 0.0
    for number in range(options.count) if options.only is None else [options.only]:
        program = random_program(options.seed, number)
        verdict = examine(program)
        used += verdict.used
        worst = max(worst, verdict.reverse, verdict.forward)
        if options.only is not None or not verdict.holds:
            failed += not verdict.holds
            print(f"graph {number}: {verdict.reverse:.2f} of the bound, at {verdict.where};", end=" ")
            print(f"{verdict.forward:.2f} forward")
            print(f"  {program}")
        if (number + 1) % max(options.count // 20, 1) == 0:
            print(
                f"{number + 1:,} graphs, {used.total():,} operations, worst {worst:.2f} of the bound",
                flush=True,
            )
    rare = ", ".join(
        f"{name} {used[name]:,}"
        for name in sorted((row.name for row in PUBLIC), key=lambda name: used[name])[:5]
    )
    print(f"rarest primitives: {rare}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
