"""What code remembers from call to call: where that changes, a recording of it would not hold."""

from __future__ import annotations

import io
import pickle
import random
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from autograd import Value
from nn.errors import ReplayError

if TYPE_CHECKING:
    from collections.abc import Iterator


def what_is_remembered(thing: object) -> tuple[bytes, list[Value]]:
    """Return all that an object remembers beside the numbers in its Values, and these, in order.

    It raises whatever pickling the object raises.
    """
    file, values = io.BytesIO(), dict[Value, int]()

    class Pickler(pickle.Pickler):
        def persistent_id(self, part: object) -> int | None:
            return values.setdefault(part, len(values)) if type(part) is Value else None

    Pickler(file).dump(thing)
    return file.getvalue(), list(values)


@contextmanager
def no_chance() -> Iterator[None]:
    """Refuse what draws on Python's or numpy's own random numbers, and put these back.

    Raises
    ------
    ReplayError
        If something did, unless another error was raised.
    """
    of_python, of_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - which a model may use
    before = pickle.dumps((of_python, of_numpy))
    try:
        yield
    finally:
        drawn = pickle.dumps((random.getstate(), np.random.get_state())) != before  # noqa: NPY002 - as above
        random.setstate(of_python)
        np.random.set_state(of_numpy)  # noqa: NPY002 - as above
    if drawn:
        raise ReplayError("the model or the loss draws random numbers")
