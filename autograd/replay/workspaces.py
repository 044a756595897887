"""Memory that compiled programs run in: allocated once, and lent to one caller at a time."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograd.replay.schedule import Schedule

IDLE = 8
"""How many workspaces of a kind are kept for later callers, and how many kinds."""


class Printer(Protocol):
    """Prints a schedule as a program."""

    def source(self, *, gradient: bool) -> str:
        """Print what gives the value, and the gradient if it is wanted."""


class Workspaces:
    """Runs a schedule, batches too; threads may share it, since each call has a workspace of its own.

    The base of `Vectorised` and `Native`, which say how it is printed, and what a workspace is. A
    program in one refuses what is out of the ordinary: eager evaluation has to say what it is.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self._idle: dict[tuple[bool, int], list[Callable[..., Any]]] = {}

    def printer(self) -> Printer:
        """Return what prints the schedule."""
        raise NotImplementedError

    def workspace(self, lanes: int, *, gradient: bool) -> Callable[..., Any]:
        """Allocate memory, and return the program that runs in it.

        It takes the inputs; and if there are lanes a row of numbers for each input that has them, and
        what each lane counts. It returns the value; and if the `gradient` is wanted the slopes of
        the inputs; and of those that have lanes.
        """
        raise NotImplementedError

    @property
    def source(self) -> str:
        """The text of the value and gradient."""
        return self._gradient_text[0]

    def text(self, *, gradient: bool) -> tuple[str, Any]:
        """Return the text and what printed it; once printed, it is kept."""
        return self._gradient_text if gradient else self._value_text

    @cached_property
    def _gradient_text(self) -> tuple[str, Any]:
        printer = self.printer()
        return printer.source(gradient=True), printer

    @cached_property
    def _value_text(self) -> tuple[str, Any]:
        printer = self.printer()
        return printer.source(gradient=False), printer

    # Text is printed before the call, so that an error in it is not taken for one of the numbers.

    @cached_property
    def gradient(self) -> Callable[[Any], tuple[float, Any]]:
        """The value and the gradient, as a function of the inputs."""
        self.text(gradient=True)
        return partial(self._run, 0, gradient=True)

    @cached_property
    def value(self) -> Callable[[Any], float]:
        """The value alone."""
        self.text(gradient=False)
        return partial(self._run, 0, gradient=False)

    @cached_property
    def batch(self) -> Callable[[Any, Any, float], tuple[float, Any, Any]]:
        """The weighted sum of the values over lanes, and its slopes: of all inputs, and of those with lanes.

        A function of the inputs, of which those that have lanes are ignored; of an array with a row
        for each input that has lanes; and of what each lane counts.
        """
        self.text(gradient=True)
        return self._batch

    def _batch(self, numbers: Any, batch: Any, weight: float) -> tuple[float, Any, Any]:  # noqa: ANN401 - arrays
        return self._run(batch.shape[1], numbers, batch, weight, gradient=True)  # type: ignore[no-any-return]

    def _run(self, lanes: int, *inputs: Any, gradient: bool) -> Any:  # noqa: ANN401
        if len(self._idle) > IDLE:
            self._idle.clear()
        idle = self._idle.setdefault((gradient, lanes), [])
        try:
            program = idle.pop()
        except IndexError:
            program = self.workspace(lanes, gradient=gradient)
        try:
            return program(*inputs)
        finally:
            if len(idle) < IDLE:
                idle.append(program)
