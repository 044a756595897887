"""The optional compiler: `pip install glassgrad[fast]` brings numba, which makes machine code of `loops`.

Compiling takes seconds, once: text and machine code are kept in a folder of the user's
own, `GLASSGRAD_CACHE` or the usual place for caches, wherever the package is installed. Text
that is found there is used only if it is the very text that would have been written.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import sys
import tempfile
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.errors import OperandError
from autograd.replay.loops.printer import Loops, typed
from autograd.replay.vectorised import Vectorised
from autograd.replay.workspaces import Workspaces

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

KEPT = 200
"""How many files the folder may hold; the oldest go first."""

HEAD = """\
import math
from math import inf, nan

import numpy as np
from numba import carray, cfunc, float64, njit
from numba.types import CPointer, voidptr

"""

COMPILING = Lock()
"""Held while a module is made: two threads may ask for the same one."""


class Native(Workspaces):
    """A schedule in machine code, which looks at its results itself."""

    backend = "numba"

    def printer(self) -> Loops:
        """Return what prints the schedule as loops."""
        return Loops(self.schedule)

    def explain(self) -> str:
        """Say what was fused into what: the same as in numpy."""
        return Vectorised(self.schedule).explain()

    def bound(
        self,
        arrays: Sequence[Any],
        slopes: Any,  # noqa: ANN401 - an array
        eagerly: Callable[[], float],
    ) -> Callable[[], float]:
        """Return a function of what is in flat arrays: machine code that is told their addresses once."""
        source, loops = self.text(gradient=True)
        constants, count, size = typed(loops.constants), len(slopes), self.schedule.size
        memory = [slopes, *map(np.zeros, (count, size, size)), *constants, *arrays]
        addresses = np.array([array.ctypes.data for array in memory], dtype=np.uintp)
        entrance = compiled(source, entry(count, size, constants, arrays))
        run: Any = ctypes.PYFUNCTYPE(ctypes.c_double, ctypes.c_void_p)(entrance.address)
        run.kept = entrance, memory, addresses  # which must live as long as it
        table = ctypes.c_void_p(addresses.ctypes.data)

        def bound() -> float:
            value: float = run(table)
            return value if value == value else eagerly()  # noqa: PLR0124 - only nan differs from itself

        return bound

    def workspace(self, lanes: int, *, gradient: bool) -> Callable[..., Any]:
        """Allocate memory, and return the program that runs in it and raises if it comes to nan."""
        source, loops = self.text(gradient=gradient)
        program = compiled(source)
        size, count = self.schedule.size, len(self.schedule.wengert.inputs)
        v, g = np.zeros(size), np.zeros(size)
        u, h = (np.zeros((size if lanes else 0, lanes or 1)) for _ in range(2))
        constants = typed(loops.constants)
        batched = self.schedule.batched
        nothing = np.zeros((0, 1))

        def run(inputs: Any, batch: Any = nothing, weight: float = 1.0) -> Any:  # noqa: ANN401 - arrays
            numbers = inputs if type(inputs) is np.ndarray else np.array(inputs, dtype=float)
            value = program(numbers, batch, weight, v, g, u, h, *constants)
            if value != value:  # noqa: PLR0124 - only nan differs from itself
                raise FloatingPointError
            if not gradient:
                return value
            return (value, g[:count].copy(), h[batched]) if lanes else (value, g[:count].copy())

        return run


def entry(count: int, size: int, constants: Sequence[Any], arrays: Sequence[Any]) -> str:
    """Print a function of a table of addresses: of the slopes, of workspaces, and of what it reads."""
    given = [f"c{k + 1}" for k in range(len(constants))]
    sizes = {"slopes": (count,), "inputs": (count,), "v": (size,), "g": (size,)}
    shapes = {name: (shape, "float64") for name, shape in sizes.items()}
    shapes |= {name: (x.shape, x.dtype.name) for name, x in zip(given, constants, strict=True)}
    shapes |= {f"argument{k + 1}": (x.shape, "float64") for k, x in enumerate(arrays)}
    ends = accumulate(x.size for x in arrays)
    return "\n".join(
        [
            "\n",
            "@cfunc(float64(CPointer(voidptr)), cache=True)",
            "def entry(at):",
            *[
                f"    {name} = carray(at[{k}], {shape}, np.{kind})"
                for k, (name, (shape, kind)) in enumerate(shapes.items())
            ],
            "    nothing = carray(at[0], (0, 1), np.float64)",
            *[
                f"    inputs[{end - x.size}:{end}] = argument{k + 1}"
                for k, (x, end) in enumerate(zip(arrays, ends, strict=True))
            ],
            f"    value = program({', '.join(['inputs, nothing, 1.0, v, g, nothing, nothing', *given])})",
            "    if value == value:",
            f"        slopes[:] = g[:{count}]",
            "    return value",
            "",
        ]
    )


@lru_cache(maxsize=64)
def compiled(source: str, entry: str = "") -> Any:  # noqa: ANN401 - a function of Python, or of C
    """Compile a text, or take from the folder what was compiled before: `program`, or an entry to it."""
    marked = source.replace("\ndef ", "\n@njit(**OPTIONS)\ndef ")
    marked = f"@njit(**OPTIONS)\n{marked}" if marked.startswith("def ") else marked
    # adding up in another order lets the compiler use vectors; nan and inf keep their meaning
    options = 'OPTIONS = {"cache": True, "error_model": "numpy", "fastmath": {"reassoc", "contract"}}\n\n\n'
    text = HEAD + options + marked + entry
    name = f"program_{hashlib.sha256(text.encode()).hexdigest()[:32]}"
    with COMPILING:
        path = folder() / f"{name}.py"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
                file.write(text)
            Path(file.name).replace(path)
        specification = importlib.util.spec_from_file_location(name, path)
        if specification is None or specification.loader is None:
            raise ImportError(f"{path} cannot be imported")
        module = sys.modules[name] = importlib.util.module_from_spec(
            specification
        )  # where numba looks for it
        specification.loader.exec_module(module)
    return module.entry if entry else module.program


@lru_cache(maxsize=1)
def folder() -> Path:
    """Return the folder for compiled programs, which only this user can read, and clear out old ones."""
    usual = {
        "win32": os.environ.get("LOCALAPPDATA", "~/AppData/Local"),
        "darwin": "~/Library/Caches",
    }.get(sys.platform, os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    path = Path(os.environ.get("GLASSGRAD_CACHE") or f"{usual}/glassgrad").expanduser()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        files = sorted(path.rglob("program_*"), key=lambda file: file.stat().st_mtime)
        for file in files[:-KEPT]:
            file.unlink(missing_ok=True)
    except OSError:  # nowhere to write: compile anew in every process
        return Path(tempfile.mkdtemp(prefix="glassgrad-"))
    return path


def available() -> bool:
    """Whether there is a compiler."""
    return importlib.util.find_spec("numba") is not None


def needed() -> None:
    """Refuse to go on without a compiler.

    Raises
    ------
    OperandError
        If there is none.
    """
    if not available():
        raise OperandError("there is no numba: pip install 'glassgrad[fast]', or take another backend")
