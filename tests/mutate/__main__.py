"""`python -m tests.mutate [PLACE ...]`: make every rule wrong in turn, and list what nobody noticed.

Each mutant lives in a process of its own, which imports the wrong source in place of the
right one and runs the accuracy, order and convention tests. A survivor is excused only if
it is among `EXCUSED`, each of which computes the same as the rule within its last digits.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import multiprocessing
import os
import pickle
import signal
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mpmath

from tests.mutate.mutants import Mutant, mutants

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
FILES = ("accurate", "primitives")
SECONDS = 60
"""What a mutant may take; one that takes longer is noticed."""

NEVER = "nobody differentiates by it, so it is never evaluated"
SAME = "both forms give the same there"
EXCUSED = {
    "_power: constant + 1: 0 -> 1": NEVER,
    "_power_log: constant + 1: 0 -> 1": NEVER,
    "_gauss: constant + 1: 0 -> 1": NEVER,
    "where: constant + 1: 0 -> 1": NEVER,
    "stop_gradient: constant + 1: 0 -> 1": NEVER,
    "relu: comparison: x <= 0 -> x < 0": SAME,
    "leaky_relu: comparison: x <= 0 -> x < 0": SAME,
    "elu: comparison: x <= 0 -> x < 0": SAME,
    "step: comparison: x <= 0 -> x < 0": SAME,
    "sigmoid: comparison: x >= 0 -> x > 0": SAME,
    "sigmoid: constant + 1: 0 -> 1": SAME,
    "normal_cdf: constant + 1: 0 -> 1": SAME,
    "ratio: wrong operand: y -> x": SAME,
    "pow: constant off by 1e-9: 2 -> 2.000000002": SAME,
    "power: constant off by 1e-9: 1 -> 1.000000001": SAME,
    "power: constant off by 1e-9: 2 -> 2.000000002": SAME,
    "asinh: sign of a constant: 1 -> -1": "a distance does not depend on signs",
    "sign: sign of a constant: 1.0 -> -1.0": "copysign does not look at it",
}
"""Changes that alter no digit that counts, by place and change, and why; at most 20."""


class Wrong(importlib.machinery.SourceFileLoader):
    """Loads a text in place of a file."""

    text = ""

    def get_code(self, fullname: str) -> Any:
        return compile(self.text, self.get_filename(fullname), "exec")


class Instead:
    """Finds a mutant in place of the file that it was made from."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None) -> Any:
        if name != f"autograd.{self.mutant.file}":
            return None
        file = ROOT / "autograd" / f"{self.mutant.file}.py"
        loader = Wrong(name, str(file))
        loader.text = self.mutant.source
        return importlib.util.spec_from_file_location(name, file, loader=loader)


def judged(mutant: Mutant | None, known: bytes) -> str:
    """Import the mutant in this process, and return the first complaint about it."""
    if mutant is not None:
        sys.meta_path.insert(0, Instead(mutant))
    try:
        from tests.mutate import judge

        truth = pickle.loads(known)  # noqa: S301 - written by make_truth
        return next(judge.complaints(truth, mutant.place if mutant else ""), "")
    except Exception as error:  # noqa: BLE001 - it is noticed, whatever happens
        return repr(error)


def trial(mutant: Mutant | None, known: bytes) -> str:
    """Judge a mutant in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(SECONDS)
        os.write(writing, judged(mutant, known)[:1000].encode() or b"-")
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode(errors="replace")
    os.waitpid(child, 0)
    return "" if said == "-" else said or "it took too long, or ended the process"


def make_truth(path: str) -> None:
    """Write what the right rules are held to."""
    from tests.mutate import judge

    Path(path).write_bytes(pickle.dumps(judge.truth()))


def main(places: list[str]) -> int:
    with tempfile.NamedTemporaryFile() as file:
        process = multiprocessing.get_context("fork").Process(target=make_truth, args=(file.name,))
        process.start()
        process.join()
        known = Path(file.name).read_bytes()  # read in each process: this one must not import the right rules
    if complaint := trial(None, known):
        print(f"the rules as they are: {complaint}")
        return 1
    made = [
        mutant
        for name in FILES
        for mutant in mutants(name, (ROOT / "autograd" / f"{name}.py").read_text(encoding="utf-8"))
        if not places or mutant.place in places
    ]
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        complaints = list(workers.map(trial, made, repeat(known)))
    survivors = [mutant for mutant, complaint in zip(made, complaints, strict=True) if not complaint]
    excused = [m for m in survivors if f"{m.place}: {m.change}" in EXCUSED]
    print(f"{len(made)} mutants, {len(made) - len(survivors)} noticed, {len(excused)} excused")
    for mutant in survivors:
        if mutant not in excused:
            print(f"autograd/{mutant.file}.py:{mutant.line} {mutant.place}: {mutant.change}")
    return len(survivors) > len(excused)


if __name__ == "__main__":
    mpmath.mp.dps = 50  # and both it and pytest are imported once, for all processes
    sys.exit(main(sys.argv[1:]))
