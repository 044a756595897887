"""Programs bound to arrays: a call reads its numbers there, and looks at no arguments.

Of one sample it is a function with nothing between it and the compiled code (`bound`); of many the
time goes into the arrays, and it is a `BoundBatch`, which copies them to where samples are rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from autograd.errors import LengthError
from autograd.replay.batches import batch_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from autograd.replay.arguments import Layout
    from autograd.replay.batches import Batch
    from autograd.replay.runner import Runner


class Bound(Protocol):
    """A program with arrays of its own for arguments and gradients; made by `Program.bind`.

    A function, and as quick as one. Not to be shared by threads: each may bind the program to
    arrays of its own. A call that raises, or is interrupted, leaves the gradients as they were.

    Attributes
    ----------
    arrays
        The arguments: change the numbers in them, then call.
    gradients
        For each argument, an array of the same shape; overwritten by each call.

    Examples
    --------
    >>> from autograd import record
    >>> x = np.array([3.0, 4.0])
    >>> bound = record(lambda v: v[0] * v[1], [1.0, 1.0]).bind(x)
    >>> bound(), bound.gradients
    (12.0, (array([4., 3.]),))
    """

    arrays: tuple[Any, ...]
    gradients: tuple[Any, ...]

    def __call__(self) -> float:
        """Return the value at the numbers in `arrays`, and put the gradient into `gradients`."""


class BoundBatch:
    """A program bound to arrays of which some hold many samples; made by `Program.bind_batch`.

    Not to be shared by threads. A call that raises leaves the gradients as they were.

    Attributes
    ----------
    arrays
        The arguments: change the numbers in them, then call.
    gradients
        For each argument an array of the same shape, so that of a batch has a part for each sample;
        overwritten by each call.

    Examples
    --------
    >>> from autograd import record
    >>> w, x = np.array(3.0), np.array([1.0, 2.0])
    >>> bound = record(lambda w, x: w * x, 1.0, 1.0).bind_batch(w, x, reduce="sum")
    >>> bound(), bound.gradients
    (9.0, (array(3.), array([3., 3.])))
    """

    def __init__(self, runner: Runner, arrays: Sequence[Any], layouts: Sequence[Layout], reduce: str) -> None:
        if any(getattr(array, "dtype", "") != "float64" for array in arrays):
            raise LengthError("bind_batch takes a float64 array for each argument")
        self.arrays = tuple(arrays)
        self._run = runner.batch
        self._batch = batch_of(arrays, layouts, reduce)
        self._places = [*places(self._batch.numbers, self._batch.rows, self._batch, self.arrays)]
        self._slopes, self._rows = np.zeros_like(self._batch.numbers), np.zeros_like(self._batch.rows)
        self.gradients = (*places(self._slopes, self._rows, self._batch, self.arrays),)

    def __call__(self) -> float:
        """Return the sum or mean of the values, and put its gradient into `gradients`."""
        for place, array in zip(self._places, self.arrays, strict=True):
            place[...] = array
        value, self._slopes[:], self._rows[:] = self._run(self._batch)
        return value


def bound(runner: Runner, arrays: Sequence[Any]) -> Bound:
    """Bind what runs a program to arrays."""
    flat = [np.asarray(array).reshape(-1) if plain(array) else np.empty(array.size) for array in arrays]
    copied = [(part, array) for part, array in zip(flat, arrays, strict=True) if not plain(array)]
    ends = np.cumsum([array.size for array in arrays], dtype=int).tolist()
    slopes = np.zeros(sum(array.size for array in arrays))

    def eagerly() -> float:
        value, found = runner.eagerly([x for part in flat for x in part.tolist()])
        slopes[:] = found
        return value

    run: Any = runner.executor.bound(flat, slopes, eagerly)
    if copied:
        run = copying(copied, run)
    run.arrays = tuple(arrays)
    run.gradients = tuple(
        slopes[end - array.size : end].reshape(array.shape) for end, array in zip(ends, arrays, strict=True)
    )
    return run  # type: ignore[no-any-return]  # a function with two attributes


def plain(array: Any) -> bool:  # noqa: ANN401 - an array
    """Whether an array's numbers lie side by side, in order."""
    return bool(array.flags.c_contiguous and array.flags.aligned)


def copying(copied: Sequence[tuple[Any, Any]], run: Callable[[], float]) -> Callable[[], float]:
    """Return a function that first copies arrays to where they are read."""

    def bound() -> float:
        for part, array in copied:
            part.reshape(array.shape)[...] = array
        return run()

    return bound


def bindable(arrays: Iterable[Any], layouts: Sequence[Layout]) -> list[Any]:
    """Check that there is a float64 array of the right size for each argument.

    Raises
    ------
    LengthError
        If there is not.
    """
    found = list(arrays)
    fits = len(found) == len(layouts) and all(
        isinstance(array, np.ndarray) and array.dtype == "float64" and array.size == layout.size
        for array, layout in zip(found, layouts, strict=True)
    )
    if not fits:
        sizes = ", ".join(str(layout.size) for layout in layouts)
        raise LengthError(f"bind takes a float64 array for each argument, with as many numbers: {sizes}")
    return found


def places(numbers: Any, rows: Any, batch: Batch, arrays: Sequence[Any]) -> Iterator[Any]:  # noqa: ANN401 - arrays
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
