"""Measure how well `autograd.compare` names slips: `python -m tests.slips`."""

from __future__ import annotations

import argparse
import sys
from time import perf_counter

from autograd import compare
from tests.slips.measure import Size, examine, generated, shortfalls, table


def main() -> int:
    """Make the cases, put them before the checker, and print the figures; 1 if they are too low."""
    parser = argparse.ArgumentParser(prog="python -m tests.slips", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="make other problems and slips")
    parser.add_argument("--failures", action="store_true", help="list every case that was answered wrongly")
    options = parser.parse_args()
    started = perf_counter()
    cases, aside = generated(options.seed, Size())
    made = perf_counter()
    outcomes = [examine(compare, case) for case in cases]
    answered = perf_counter()
    lines = [table(outcomes, aside)]
    if options.failures:
        lines += [f"\n{x.case}\n  answer {x.answer}" for x in outcomes if x.failed]
    seconds = f"{made - started:.0f} s to make the cases, {answered - made:.0f} s to answer {len(cases)}"
    lines += ["", f"Seed {options.seed}; {seconds}", *(f"TOO LOW  {x}" for x in shortfalls(outcomes))]
    sys.stdout.write("\n".join(lines) + "\n")
    return bool(shortfalls(outcomes))


if __name__ == "__main__":
    sys.exit(main())
