"""`python -m tests.mutate [PLACE ...]`: make every rule wrong in turn, and list what nobody noticed.

Each mutant lives in a process of its own, which imports the wrong source in place of the
right one and runs the accuracy, order and convention tests. A survivor is excused only if
it is among `EXCUSED`, with a proof that it computes the same as the rule; `--excuses` runs the
proofs alone.
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
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mpmath

from tests.mutate import excuses
from tests.mutate.excuses import EXCUSED
from tests.mutate.mutants import Mutant, mutants

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
FILES = ("accurate", "primitives")
SECONDS = 60
"""What a mutant may take; one that takes longer is noticed."""


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


def in_process(mutant: Mutant | None, job: Callable[[], str]) -> str:
    """Do something in a process of its own, which imports the mutant in place of the rule."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(SECONDS)
        if mutant is not None:
            sys.meta_path.insert(0, Instead(mutant))
        try:
            said = job()
        except Exception as error:  # noqa: BLE001 - it is noticed, whatever happens
            said = repr(error)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(said.encode() or b"-")
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode(errors="replace")
    os.waitpid(child, 0)
    return "" if said == "-" else said or "it took too long, or ended the process"


def trial(mutant: Mutant | None, known: bytes) -> str:
    """Return the first complaint about a mutant, or about the rules as they are."""

    def judged() -> str:
        from tests.mutate import judge

        truth = pickle.loads(known)  # noqa: S301 - written by make_truth
        return next(judge.complaints(truth, mutant.place if mutant else ""), "")[:1000]

    return in_process(mutant, judged)


def unproved(made: list[Mutant]) -> list[str]:
    """Run the proof of every excuse, and return those that fail, or that excuse nothing."""
    named = {name(mutant): mutant for mutant in made}
    unused = in_process(None, excuses.unused)

    def holds(excuse: str) -> bool:
        proof, mutant = EXCUSED[excuse], named.get(excuse)
        if isinstance(proof, tuple) or mutant is None:
            return mutant is not None and repr(proof) in unused
        right, wrong = (in_process(x, partial(proof, mutant.place)) for x in (None, mutant))
        return right == wrong

    return [excuse for excuse in EXCUSED if not holds(excuse)]


def make_truth(path: str) -> None:
    """Write what the right rules are held to."""
    from tests.mutate import judge

    Path(path).write_bytes(pickle.dumps(judge.truth()))


def name(mutant: Mutant) -> str:
    return f"{mutant.place}: {mutant.change}"


def mutants_of(places: Collection[str]) -> list[Mutant]:
    """Make the mutants of some rules, or of all."""
    texts = {file: (ROOT / "autograd" / f"{file}.py").read_text(encoding="utf-8") for file in FILES}
    return [mutant for file, text in texts.items() for mutant in mutants(file, text, places)]


def main(arguments: list[str]) -> int:
    if failed := unproved(mutants_of({excuse.partition(":")[0] for excuse in EXCUSED})):
        print("excuses that are not proved:", *failed, sep="\n  ")
        return 1
    if arguments == ["--excuses"]:
        print(f"{len(EXCUSED)} excuses proved")
        return 0
    with tempfile.NamedTemporaryFile() as file:
        process = multiprocessing.get_context("fork").Process(target=make_truth, args=(file.name,))
        process.start()
        process.join()
        known = Path(file.name).read_bytes()  # read in each process: this one must not import the right rules
    if complaint := trial(None, known):
        print(f"the rules as they are: {complaint}")
        return 1
    made = mutants_of(arguments)
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        complaints = list(workers.map(trial, made, repeat(known)))
    survivors = [mutant for mutant, complaint in zip(made, complaints, strict=True) if not complaint]
    excused = [mutant for mutant in survivors if name(mutant) in EXCUSED]
    print(f"{len(made)} mutants, {len(made) - len(survivors)} noticed, {len(excused)} excused")
    for mutant in survivors:
        if mutant not in excused:
            print(f"autograd/{mutant.file}.py:{mutant.line} {name(mutant)}")
    return len(survivors) > len(excused)


if __name__ == "__main__":
    mpmath.mp.dps = 50  # and both it and pytest are imported once, for all processes
    sys.exit(main(sys.argv[1:]))
