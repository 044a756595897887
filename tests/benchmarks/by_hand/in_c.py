"""By hand in C, compiled here by gcc and called through ctypes: W2, W3, W5.

Loops of constant length are unrolled by `-O3` before it looks for vector instructions, and then
it finds fewer; `-O2 -ftree-vectorize` does not, and is two to three times as fast here.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks import gpt, single_sample, workloads
from tests.benchmarks.by_hand.in_numpy import samples, task
from tests.benchmarks.task import Task, after_training

SOURCE = Path(__file__).with_name("loops.c")
STEPS = len(gpt.encode(gpt.EXAMPLE)) - 1
SIZES = {
    "WIDTH": workloads.SIZES[1],
    "FEATURES": single_sample.SIZES[0],
    "UNITS": single_sample.SIZES[1],
    "RATE": single_sample.RATE,
    "WEIGHT_DECAY": single_sample.WEIGHT_DECAY,
    "TOKENS": gpt.TOKENS,
    "BLOCK": gpt.BLOCK,
    "GPT_WIDTH": gpt.WIDTH,
    "HEADS": gpt.HEADS,
    "SMALL": gpt.SMALL,
    "STEPS": STEPS,
}


@cache
def library(optimisation: str) -> ctypes.CDLL:
    """Compile the source with options such as "-O3".

    Raises
    ------
    ModuleNotFoundError
        If there is no gcc.
    """
    gcc = shutil.which("gcc")
    if gcc is None:
        raise ModuleNotFoundError("no gcc", name="gcc")
    with tempfile.TemporaryDirectory() as folder:
        binary = Path(folder) / "loops.so"
        sizes = [f"-D{name}={value}" for name, value in SIZES.items()]
        options = [*optimisation.split(), "-march=native", "-shared", "-fPIC", *sizes]
        subprocess.run([gcc, *options, str(SOURCE), "-o", str(binary), "-lm"], check=True)
        return ctypes.CDLL(str(binary))


def function(optimisation: str, name: str, *arrays: Any) -> Any:
    """Return a function of the library with its first arguments filled in."""
    found = library(optimisation)[name]
    found.restype = ctypes.c_double
    return partial(found, *map(pointer, arrays))


def pointer(array: Any) -> Any:
    """Return a pointer to the numbers of an array, which keeps the array alive."""
    return array.ctypes.data_as(ctypes.c_void_p)


def two_moons(count: int, optimisation: str) -> Task:
    x, y = samples(count)
    w = np.array(workloads.start())
    v = np.zeros_like(w)
    run = partial(function(optimisation, "two_moons", x, y, w, v), ctypes.c_long(count))
    return task(lambda: (run(), v))


def gpt_of_one_name(optimisation: str) -> Task:
    tokens = np.array(gpt.encode(gpt.EXAMPLE), dtype=ctypes.c_long)
    w = np.array(gpt.flat(gpt.start()))
    v = np.zeros_like(w)
    run = function(optimisation, "gpt", tokens, w, v)
    return task(lambda: (run(), v))


def single_sample_step(optimisation: str) -> Task:
    drawn_from, draw = single_sample.samples(), single_sample.draws()
    w = np.array(single_sample.start())
    x = np.array([inputs for inputs, _ in drawn_from])
    rows = [pointer(row) for row in x]
    signs = [ctypes.c_double(single_sample.sign(target)) for _, target in drawn_from]
    run = function(optimisation, "single_sample", w)

    def step() -> float:
        k = next(draw)
        loss: float = run(rows[k], signs[k])
        return loss

    return after_training(step, w.tolist)
