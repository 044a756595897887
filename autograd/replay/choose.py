"""The choice of what runs a program: plain Python, numpy, or machine code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from autograd.errors import PrimitiveError
from autograd.replay.straight import Plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.replay.lower import WengertList
    from autograd.replay.native import Native
    from autograd.replay.schedule import Schedule
    from autograd.replay.vectorised import Vectorised
    from autograd.replay.workspaces import Workspaces

NARROW = 64
"""A shorter list is not worth looking for groups in."""

LINE = 25
"""About so many statements of plain Python take as long as one line of numpy."""

BACKENDS = ("python", "numpy", "numba")


class Executor(Protocol):
    """Runs a Wengert list.

    What is out of the ordinary it refuses, with an error that is.
    """

    @property
    def backend(self) -> str:
        """What it runs on."""

    @property
    def source(self) -> str:
        """The text that it runs."""

    @property
    def gradient(self) -> Callable[[Any], tuple[float, Any]]:
        """The value, and a slope for each input, as a function of the inputs."""

    @property
    def value(self) -> Callable[[Any], float]:
        """The value alone."""

    def bound(
        self,
        arrays: Sequence[Any],
        slopes: Any,  # noqa: ANN401 - an array
        eagerly: Callable[[], float],
    ) -> Callable[[], float]:
        """Return a function of what is in flat arrays: it gives the value, and leaves the slopes in another.

        What is out of the ordinary it leaves to `eagerly`, which does the same.
        """

    def explain(self) -> str:
        """Say what was fused into what."""


def executor(wengert: WengertList, backend: str | None) -> Executor:
    """Choose what runs a Wengert list: numpy where enough statements go together, else plain Python."""
    if backend == "python" or (backend is None and len(wengert.rows) < NARROW):
        return Plain(wengert)
    from autograd.replay.schedule import scheduled
    from autograd.replay.vectorised import Vectorised

    schedule = scheduled(wengert)
    if backend is None and LINE * schedule.lines > len(wengert.rows):
        return Plain(wengert)
    return Vectorised(schedule) if backend == "numpy" else compiled_if_possible(schedule, backend)


def executor_of_batches(wengert: WengertList, batched: tuple[int, ...], backend: str | None) -> Workspaces:
    """Choose what runs batches, in which these inputs vary: numpy stands in for plain Python."""
    from autograd.replay.schedule import scheduled
    from autograd.replay.vectorised import Vectorised

    schedule = scheduled(wengert, batched)
    if backend in {"numpy", "python"}:
        return Vectorised(schedule)
    return compiled_if_possible(schedule, backend)


def compiled_if_possible(schedule: Schedule, backend: str | None) -> Vectorised | Native:
    """Choose machine code if there is a compiler, and it can have all of the text; else numpy.

    Raises
    ------
    OperandError, PrimitiveError
        If machine code was asked for, and there is no compiler, or an operation that it cannot have.
    """
    from autograd.replay.native import Native, available, needed
    from autograd.replay.vectorised import Vectorised

    if backend == "numba":
        needed()
    elif not available():
        return Vectorised(schedule)
    native = Native(schedule)
    try:
        _ = native.source
    except PrimitiveError:
        if backend == "numba":
            raise
        return Vectorised(schedule)
    return native
