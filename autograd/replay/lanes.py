"""Arrays bound to a program, some of which hold many samples; made by `Program.bind_batch`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.errors import OUT_OF_THE_ORDINARY, LengthError
from autograd.replay.batches import batch_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from autograd.replay.arguments import Layout
    from autograd.replay.batches import Batch
    from autograd.replay.program import Program


class BoundBatch:
    """A program with arrays of its own for arguments and gradients, many samples at a time.

    Not to be shared by threads.

    Attributes
    ----------
    arrays
        The arguments: change the numbers in them, then call.
    gradients
        For each argument, an array of the same shape; overwritten by each call.
    """

    def __init__(
        self, program: Program, arrays: Sequence[Any], layouts: Sequence[Layout], *, mean: bool
    ) -> None:
        if any(getattr(array, "dtype", "") != "float64" for array in arrays):
            raise LengthError("bind_batch takes a float64 array for each argument")
        self.arrays = tuple(arrays)
        self._program = program
        self._batch = batch_of(arrays, layouts)
        self._weight = 1 / self._batch.samples if mean else 1.0
        self._run = program._mapped(self._batch.inputs).batch
        self._places = [*_places(self._batch.numbers, self._batch.rows, self._batch, self.arrays)]
        self._slopes, self._rows = np.zeros_like(self._batch.numbers), np.zeros_like(self._batch.rows)
        self.gradients = (*_places(self._slopes, self._rows, self._batch, self.arrays),)

    def __call__(self) -> float:
        """Return the sum or mean of the values, and put its gradient into `gradients`."""
        batch = self._batch
        for place, array in zip(self._places, self.arrays, strict=True):
            place[...] = array
        try:
            value, self._slopes[:], self._rows[:] = self._run(batch.numbers, batch.rows, self._weight)
        except OUT_OF_THE_ORDINARY:
            value, self._slopes[:], self._rows[:] = self._program._sample_by_sample(batch, self._weight)
        return value


def _places(numbers: Any, rows: Any, batch: Batch, arrays: Sequence[Any]) -> Iterator[Any]:  # noqa: ANN401
    """Go through the places of arrays among the numbers of a batch, each as a view of the array's shape."""
    start = row = 0
    for array, listed in zip(arrays, batch.lists, strict=True):
        if listed is None:
            yield numbers[start : start + array.size].reshape(array.shape)
            start += array.size
        else:
            samples, *shape = array.shape
            size = array.size // samples
            yield np.moveaxis(rows[row : row + size].reshape(*shape, samples), -1, 0)
            start, row = start + size, row + size
