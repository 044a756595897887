"""Programs bound to arrays: a call reads its numbers there, and looks at no arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from autograd.errors import LengthError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from autograd.replay.arguments import Layout
    from autograd.replay.choose import Executor


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
    """

    arrays: tuple[Any, ...]
    gradients: tuple[Any, ...]

    def __call__(self) -> float:
        """Return the value at the numbers in `arrays`, and put the gradient into `gradients`."""


def bound(
    executor: Executor, evaluate: Callable[[Sequence[float]], tuple[float, Any]], arrays: Sequence[Any]
) -> Bound:
    """Bind what runs a program to arrays; where it gives up, what is in them is evaluated eagerly."""
    flat = [np.asarray(array).reshape(-1) if plain(array) else np.empty(array.size) for array in arrays]
    copied = [(part, array) for part, array in zip(flat, arrays, strict=True) if not plain(array)]
    ends = np.cumsum([array.size for array in arrays], dtype=int).tolist()
    slopes = np.zeros(sum(array.size for array in arrays))

    def eagerly() -> float:
        value, found = evaluate([x for part in flat for x in part.tolist()])
        slopes[:] = found
        return value

    run: Any = executor.bound(flat, slopes, eagerly)
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
