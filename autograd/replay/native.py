"""The optional compiler: `pip install glassgrad[fast]` brings numba, which makes machine code of `loops`.

Compiling takes seconds, once: text and machine code are kept in a folder of the user's
own, `GLASSGRAD_CACHE` or the usual place for caches, wherever the package is installed. Text
that is found there is used only if it is the very text that would have been written.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.replay.loops import Loops, typed
from autograd.replay.vectorised import Vectorised

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT = 200
"""How many files the folder may hold; the oldest go first."""

HEAD = """\
import math
from math import inf, nan
from numba import njit

"""

COMPILING = Lock()


class Native(Vectorised):
    """A schedule in machine code, with the workspaces of the numpy form."""

    backend = "numba"

    @cached_property
    def _gradient_text(self) -> tuple[str, Any]:
        loops = Loops(self.schedule)
        return loops.source(gradient=True), loops

    @cached_property
    def _value_text(self) -> tuple[str, Any]:
        loops = Loops(self.schedule)
        return loops.source(gradient=False), loops

    def explain(self) -> str:
        """Say what was fused into what."""
        return Vectorised(self.schedule).explain()

    @staticmethod
    def _finite(program: Callable[..., Any], inputs: tuple[Any, ...]) -> Any:  # noqa: ANN401
        return program(*inputs)  # which looks itself

    def _workspace(self, lanes: int, *, gradient: bool) -> Callable[..., Any]:
        source, loops = self._gradient_text if gradient else self._value_text
        program = compiled(source)
        size, count = self.schedule.size, len(self.schedule.wengert.inputs)
        v, g = np.zeros(size), np.zeros(size)
        u, h = (np.zeros((size if lanes else 0, lanes or 1)) for _ in range(2))
        constants = typed(loops.constants)
        batched = sorted(x for x in self.schedule.varying if x < count)
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


@lru_cache(maxsize=64)
def compiled(source: str) -> Callable[..., Any]:
    """Compile a text, or take from the folder what was compiled before."""
    marked = source.replace("\ndef ", "\n@njit(**OPTIONS)\ndef ")
    marked = f"@njit(**OPTIONS)\n{marked}" if marked.startswith("def ") else marked
    # adding up in another order lets the compiler use vectors; nan and inf keep their meaning
    options = 'OPTIONS = {"cache": True, "error_model": "numpy", "fastmath": {"reassoc", "contract"}}\n\n\n'
    text = HEAD + options + marked
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
        program: Callable[..., Any] = module.program
    return program


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
