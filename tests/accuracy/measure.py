"""The error of a row at a point, and the largest error that it may have there."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, NamedTuple

import mpmath as mp

from autograd import TABLE, Value, gradients, ieee
from autograd.rows import TINY
from tests.accuracy.reference import PLAIN, REFERENCES, SLOPE_TERMS, VALUE_TERMS, slope

if TYPE_CHECKING:
    from autograd import Primitive
    from tests.accuracy.reference import Number

NORMAL = sys.float_info.min
LARGEST = sys.float_info.max


class Check(NamedTuple):
    """A value (operand None) or partial at a point, and the truth."""

    row: str
    point: list[float]
    operand: int | None
    exact: Number
    scale: Number  # of the sum that the result is, if it is one, else 0

    @property
    def what(self) -> str:
        if self.operand is None:
            return "value"
        letters = TABLE[self.row].letters
        return f"∂/∂{letters[self.operand] if letters else f'x{self.operand + 1}'}"


class Finding(NamedTuple):
    """What was found in a check."""

    check: Check
    got: float
    ulps: float  # the error; 0 where it is within an absolute bound, inf for a nan or a spurious infinity
    within: bool
    normal: bool  # operands and result are, so that the error counts in ulps

    def __str__(self) -> str:
        exact = mp.nstr(self.check.exact, 17)
        return (
            f"{self.check.row} {self.check.what} at {self.check.point}: {self.got!r}, not {exact}, "
            f"{self.ulps:.3g} ulp"
        )


def checks_at(row: Primitive, point: list[float]) -> list[Check]:
    """List what there is to check at a point, with the truth."""
    f = REFERENCES[row.name]
    with mp.workdps(50):
        numbers = [mp.mpf(x) for x in point]
        with mp.workdps(700):  # the largest float and the smallest are 632 digits apart
            exact = f(*numbers)
        found = [Check(row.name, point, None, exact, _scale(row, None, numbers, exact))]
        for i in range(len(point)):
            if not (row.letters and row.letters[i] in PLAIN) and row.name != "stop_gradient":
                exact = slope(f, point, i)
                if isinstance(exact, mp.mpc):
                    continue  # x**y at x < 0 has none by y
                found.append(Check(row.name, point, i, exact, _scale(row, i, numbers, exact)))
    return found


def _scale(row: Primitive, i: int | None, numbers: list[Number], exact: Number) -> Number:
    """Return the size of the terms that a result is the sum of, if the row's bound refers to them."""
    bound = row.accuracy if i is None else row.slope_accuracy
    if not bound.terms:
        return mp.mpf(0)
    if i is None:
        return VALUE_TERMS[row.name](*numbers)
    if row.variadic:
        return len(numbers) * exact
    terms = SLOPE_TERMS.get(f"{row.name} {row.letters[i]}")
    return terms(*numbers) if terms else mp.mpf(0)


def examine(check: Check) -> Finding:
    """Compute what is checked, and compare."""
    row = TABLE[check.row]
    if check.operand is None:
        got = row(*check.point)
    else:
        operands: list[Value | float] = list(check.point)
        leaf = operands[check.operand] = Value(check.point[check.operand])
        with ieee():
            got = gradients(row(*operands), [leaf])[0]
    exact = check.exact
    bound = row.accuracy if check.operand is None else row.slope_accuracy
    unit = math.ulp(float(max(min(abs(exact), LARGEST), NORMAL)))
    if abs(exact) > LARGEST * (1 + 1e-13):
        right = math.isinf(got) and (got > 0) == (exact > 0)
        return Finding(check, got, 0.0 if right else math.inf, right, normal=False)
    if not math.isfinite(got):
        near = abs(exact) > LARGEST * (1 - 1e-12)
        return Finding(check, got, math.inf, near, normal=False)
    error = abs(mp.mpf(got) - exact)
    normal = all(x == 0 or abs(x) >= NORMAL for x in (*check.point, exact, got))
    unit = max(unit, mp.mpf(sys.float_info.epsilon) * abs(check.scale))
    ulps = 0.0 if error <= max(bound.absolute, TINY) else float(error / unit)
    return Finding(check, got, ulps, ulps <= bound.ulps, normal)
