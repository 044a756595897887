"""Runs a Wengert list on numbers: compiled as far as that goes, else eagerly, operation by operation.

This is the one place where the two meet. Whatever compiled code refuses (a division by zero in a
partial, an overflow, an operand outside a domain, a result that is not finite, a comparison
that comes out otherwise) is evaluated eagerly, so that errors and special values are eager's own.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from autograd.errors import OUT_OF_THE_ORDINARY, AutogradError
from autograd.primitives import Primitive
from autograd.replay.arguments import number
from autograd.replay.choose import Executor, executor, executor_of_batches
from autograd.replay.reading import Reading
from autograd.value import Value, gradients

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd.replay.batches import Batch
    from autograd.replay.lower import WengertList
    from autograd.replay.workspaces import Workspaces


class Runner:
    """Gives values and slopes of a Wengert list; threads may share it.

    Parameters
    ----------
    wengert
        What to compute.
    backend
        What was asked for; None is the one that promises to be fastest.
    """

    def __init__(self, wengert: WengertList, backend: str | None) -> None:
        self.wengert = wengert
        self.asked = backend
        self.reading = Reading(wengert)
        self._batched: dict[tuple[int, ...], Workspaces] = {}

    @cached_property
    def executor(self) -> Executor:
        """What runs it, chosen when it is first needed."""
        return executor(self.wengert, self.asked)

    # One sample -----------------------------------------------------------------------------------

    def gradient(self, numbers: Sequence[float]) -> tuple[float, Sequence[float]]:
        """Return the value, and a slope for each input."""
        run = self.executor.gradient  # printed outside the try
        try:
            return run(numbers)
        except OUT_OF_THE_ORDINARY:
            return self.eagerly(numbers)

    def value(self, numbers: Sequence[float]) -> float:
        """Return the value alone."""
        run = self.executor.value
        try:
            return run(numbers)
        except OUT_OF_THE_ORDINARY:
            return number(self.reading.output([Value(x) for x in numbers]))

    def eagerly(self, numbers: Sequence[float]) -> tuple[float, list[float]]:
        """Return the value and the slopes by eager evaluation."""
        leaves = [Value(x, label=name) for x, name in zip(numbers, self.wengert.inputs, strict=True)]
        output = self.reading.output(leaves)
        if type(output) is not Value:
            return output, [0.0] * len(leaves)
        return output._data, gradients(output, leaves)

    @cached_property
    def primitive(self) -> Primitive:
        """The list as an operation of its own, to be one node of an eager graph."""

        def partials(_: Any, *operands: Any) -> Sequence[Any]:  # noqa: ANN401 - floats or Values
            if not any(type(x) is Value for x in operands):
                return self.gradient(operands)[1]
            inputs = [x if type(x) is Value else Value(x) for x in operands]
            return gradients(self.reading.output(inputs), inputs, create_graph=True)

        return Primitive(
            name="program",
            function=lambda *operands: self.value(operands),
            partials=partials,
            summary="A recorded program.",
        )

    # Many samples ---------------------------------------------------------------------------------

    def batch(self, batch: Batch) -> tuple[float, Any, Any]:
        """Return the weighted sum over samples, its slopes, and those of the batched inputs by sample."""
        run = self.executor_of(batch.inputs).batch
        try:
            return run(batch.numbers, batch.rows, batch.weight)
        except OUT_OF_THE_ORDINARY:
            return self.sample_by_sample(batch)

    def executor_of(self, inputs: tuple[int, ...]) -> Workspaces:
        """Return what runs batches in which these inputs vary; made once."""
        if inputs not in self._batched:
            self._batched[inputs] = executor_of_batches(self.wengert, inputs, self.asked)
        return self._batched[inputs]

    def sample_by_sample(self, batch: Batch) -> tuple[float, Any, Any]:
        """Do eagerly what `batch` does; a note in an error says which sample it was."""
        import numpy as np

        value, slopes = 0.0, np.zeros(len(self.wengert.inputs))
        rows = np.zeros(batch.rows.shape)
        for k in range(batch.samples):
            try:
                one, found = self.eagerly(batch.sample(k))
            except AutogradError as error:
                error.add_note(f"in sample {k} of the batch")
                raise
            value += one * batch.weight
            slopes += np.multiply(found, batch.weight)
            rows[:, k] = np.multiply(found, batch.weight)[list(batch.inputs)]
        return value, slopes, rows
