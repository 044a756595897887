"""`python -m tests.accuracy [SEED]`: the worst error of every row, against 50 digits.

Points are drawn twice, from a fixed seed and from a fresh one, which is printed.
"""

from __future__ import annotations

import random
import sys
import time

from autograd import TABLE
from tests.accuracy.measure import Finding, checks_at, examine
from tests.accuracy.reference import draw

POINTS = 300
SHOWN = 3
"""How many failures of one kind are printed."""


def worst_of(name: str, seed: int, points: int) -> tuple[dict[str, Finding], list[Finding]]:
    """Return the largest error of the value and of each partial, and what is out of bounds."""
    r = random.Random(f"{name} {seed}")
    worst: dict[str, Finding] = {}
    beyond: list[Finding] = []
    for _ in range(points):
        for check in checks_at(TABLE[name], draw(TABLE[name], r)):
            finding = examine(check)
            if not finding.within:
                beyond.append(finding)
            key = "value" if check.operand is None else "∂" if TABLE[name].variadic else check.what
            if finding.normal and (key not in worst or finding.ulps > worst[key].ulps):
                worst[key] = finding
    return worst, beyond


def main(arguments: list[str]) -> int:
    names = [name for name in arguments if name in TABLE] or list(TABLE)
    seeds = [int(text) for text in arguments if text.isdigit()] or [0, time.time_ns() % 1_000_000]
    print(f"{POINTS} points per row and seed; seeds {', '.join(map(str, seeds))}; errors in ulp\n")
    failures: list[Finding] = []
    for name in names:
        errors: dict[str, float] = {}
        for seed in seeds:
            worst, beyond = worst_of(name, seed, POINTS)
            failures += beyond
            for key, finding in worst.items():
                errors[key] = max(errors.get(key, 0.0), finding.ulps)
        row = TABLE[name]
        shown = "  ".join(f"{key} {ulps:.2g}" for key, ulps in errors.items())
        print(f"{name:16}{shown:44}  may be {row.accuracy}; {row.slope_accuracy}", flush=True)
    print(f"\n{len(failures)} out of bounds")
    shown_of: dict[tuple[str, str], int] = {}
    for finding in failures:
        kind = (finding.check.row, finding.check.what)
        shown_of[kind] = shown_of.get(kind, 0) + 1
        if shown_of[kind] > SHOWN:
            continue
        print(f"  {finding}")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
