"""Numbers in nested lists, tuples and dicts, and in numpy arrays.

The one way in which arguments and results of functions are taken apart and put
together again. numpy is not imported here: without it there are no arrays.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from autograd.conversion import to_float
from autograd.errors import LengthError, OperandError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def mapped(f: Callable[..., Any], tree: Any, *others: Any, at: str = "") -> Any:
    """Put `f` of each number in place of the number.

    Parameters
    ----------
    f
        A function of a number of `tree` and the numbers at the same place in `others`.
        Plain numbers come as floats, Values and dual numbers as they are.
    tree, others
        A number, or nested lists, tuples (named ones too), dicts and arrays of numbers;
        the others in the same structure.
    at
        How errors call the place of `tree`: ``"argument 0"``.

    Returns
    -------
    object
        The structure of `tree`. An array stays one, of floats or else of objects.

    Raises
    ------
    LengthError
        If the others have another structure.
    OperandError
        If there is anything but real numbers.

    Examples
    --------
    >>> mapped(lambda x: 2 * x, {"w": [1, 2], "b": 3.0})
    {'w': [2.0, 4.0], 'b': 6.0}
    """
    places = _places(tree)
    if places is None:
        return f(*[_number(x, at) for x in (tree, *others)])
    for other in others:
        if _places(other) != places:
            raise LengthError(f"{at or 'the argument'} is {tree!r}, and {other!r} has not the same structure")
    return _rebuilt(
        tree,
        [mapped(f, *[x[place] for x in (tree, *others)], at=f"{at}[{place!r}]") for place in places],
    )


def numbers(tree: Any, at: str = "") -> list[Any]:
    """List the numbers of a structure, from left to right.

    >>> numbers([1, (2, {"a": 3})])
    [1.0, 2.0, 3.0]
    """
    found: list[Any] = []
    mapped(found.append, tree, at=at)
    return found


def filled(tree: Any, values: Iterator[Any]) -> Any:
    """Return the structure of `tree` with the next of `values` at each place.

    >>> filled([1, (2, {"a": 3})], iter("xyz"))
    ['x', ('y', {'a': 'z'})]
    """
    return mapped(lambda _: next(values), tree)


def _places(tree: Any) -> Any:
    """Return the indices or keys of a container; None for anything else."""
    if isinstance(tree, dict):
        return tree.keys()
    return range(len(tree)) if isinstance(tree, list | tuple) or _is_array(tree) else None


def _rebuilt(tree: Any, items: list[Any]) -> Any:
    if isinstance(tree, dict):
        return dict(zip(tree, items, strict=True))
    if isinstance(tree, tuple):
        return type(tree)(*items) if hasattr(tree, "_fields") else tuple(items)
    return items if isinstance(tree, list) else _array(items)


def _array(items: list[Any]) -> Any:
    """Stack numbers or arrays of one shape; anything else becomes an array of objects."""
    numpy = sys.modules["numpy"]
    if all(isinstance(x, float) for x in items):
        return numpy.array(items, dtype=float)
    if all(_is_array(x) and x.shape == items[0].shape for x in items):
        return numpy.stack(items)
    array = numpy.empty(len(items), dtype=object)
    for i, x in enumerate(items):
        array[i] = x
    return array


def _number(x: Any, at: str) -> Any:
    if hasattr(x, "apply"):
        return x
    try:
        return to_float(x)
    except OperandError as error:
        raise OperandError(f"{at}: {error}" if at else str(error)) from None


def _is_array(x: object) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(x, numpy.ndarray) and x.ndim > 0
