"""What counts as a number: a real number becomes a Python float, anything else a clear error.

numpy is never imported here; its scalars are recognised by the standard library's
`numbers` and its 0-d arrays by `__array__`.
"""

from __future__ import annotations

import math
import reprlib
from numbers import Integral, Real
from typing import Any, SupportsFloat, TypeAlias

from autograd.errors import OperandError, PrecisionError

Number: TypeAlias = SupportsFloat
"""What may stand where a number is needed: int, float, bool, a numpy scalar or 0-d array."""

ADVICE = {
    "str": "convert it first, float({!r}), or pass it as label=",
    "bytes": "decode and convert it first",
    "NoneType": "a value is missing; pass a number",
    "complex": "only real numbers are differentiated; pass .real and .imag as two Values",
    "Decimal": "convert it first, float(x)",
    "list": "a Value holds one number; write [Value(x) for x in ...]",
    "tuple": "a Value holds one number; write [Value(x) for x in ...]",
    "Value": "it is a Value already; use it as it is, or v.data for its number",
}


def to_float(x: object) -> float:
    """Return the real number `x` as a Python float.

    Raises
    ------
    OperandError
        If `x` is not a real number (a `TypeError`).
    PrecisionError
        If `x` is an integer that no float equals (a `ValueError`).

    Examples
    --------
    >>> to_float(True), to_float(3)
    (1.0, 3.0)
    """
    if type(x) is float:
        return x
    number = to_float_or_not_implemented(x)
    if not isinstance(number, float):
        raise not_a_number(x)
    return number


def to_float_or_not_implemented(x: object) -> Any:  # noqa: ANN401 - a float or NotImplemented
    """Like `to_float`, but leave types that may know better (arrays, say) to Python.

    An operator returns `NotImplemented` for those, so that `value * array` becomes
    the array's own elementwise product.
    """
    if type(x) is int and -(2**53) <= x <= 2**53:  # nearly every constant, and always exact
        return float(x)
    if isinstance(x, Integral):
        return _exact(int(x))
    if isinstance(x, Real):
        return _near(x)
    if type(x).__name__ in ADVICE or isinstance(x, complex):
        raise not_a_number(x)
    if hasattr(x, "__array__") and getattr(x, "shape", None) == ():
        array = x.__array__()
        if array.dtype.kind in "biuf":
            return to_float(array.item())
        raise not_a_number(x)
    return NotImplemented


def not_a_number(x: object) -> OperandError:
    """Build the error that says what `x` is and what to do instead."""
    kind = type(x).__name__
    shown = reprlib.repr(x)
    advice = ADVICE.get("complex" if isinstance(x, complex) else kind)
    if advice is None:
        advice = "pass an int, a float or a numpy scalar; for an array, one Value per element"
    return OperandError(f"{shown} ({kind}) is not a real number: {advice.format(x)}")


def _near(x: Real) -> float:
    try:
        number = float(x)
    except OverflowError:
        number = math.inf
    if math.isinf(number) and x != number:
        raise PrecisionError(f"{reprlib.repr(x)} is too large for a float")
    return number


def _exact(integer: int) -> float:
    try:
        number = float(integer)
    except OverflowError:
        number = float("inf")
    if number != integer:
        text = str(integer) if abs(integer) < 10**30 else f"an integer of {integer.bit_length()} bits"
        raise PrecisionError(
            f"{text} has no exact float (the nearest is {number!r}); "
            "write float(...) yourself if rounding is meant",
        )
    return number
