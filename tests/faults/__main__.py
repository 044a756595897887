"""Count what happens to trainings in accidents: `python -m tests.faults [--kills 200] [--flips 3000]`."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.faults import KINDS, Count, disk_full, flips, interruptions, kills, truncations

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> int:
    """Make the accidents, print a line for each kind, and return how many went badly."""
    options = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--flips", type=int, default=3000)
    options.add_argument("--seed", type=int, default=int(time.time()))
    chosen = options.parse_args()
    print(f"seed {chosen.seed}\n\n{'tried':>7}{'bad':>6}{'s':>6}")
    experiments: list[Callable[[Path], Count]] = [
        lambda folder: flips(folder, chosen.flips, chosen.seed),
        truncations,
        lambda folder: disk_full(folder, 20),
        *[lambda _, kind=kind: interruptions(chosen.kills, chosen.seed, kind) for kind in KINDS],
        *[lambda folder, kind=kind: kills(folder, chosen.kills, chosen.seed, kind) for kind in KINDS],
    ]
    bad = 0
    for experiment in experiments:
        with tempfile.TemporaryDirectory() as folder:
            begun = time.perf_counter()
            count = experiment(Path(folder))
        bad += count.bad
        print(f"{count.tried:>7}{count.bad:>6}{time.perf_counter() - begun:>6.0f}  {count.what}")
        if count.note:
            print(f"{'':>21}({count.note})")
    return bad


if __name__ == "__main__":
    raise SystemExit(main() > 0)
