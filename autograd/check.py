"""Check gradients against numeric derivatives that know their own error.

The numeric side only evaluates: it extrapolates central differences to step zero and
estimates how far off it may be, so a verdict is never a matter of a chosen tolerance.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, NamedTuple

from autograd.errors import DomainError, OperandError
from autograd.graph import topological_order
from autograd.value import Value, gradients

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.conversion import Number

EPSILON = sys.float_info.epsilon
STEPS = 24
"""How many steps are tried, the first a tenth; still smaller ones lose digits again."""
SHRINK = 0.6
"""Each step is this part of the one before; 1/2 could keep time with an oscillation."""
CONFIDENCE = 10
"""The estimated error may be this many times too small before a difference counts."""


class Estimate(NamedTuple):
    """A numeric derivative at one step size."""

    value: float
    error: float  # estimated: extrapolation and rounding
    rounding: float  # in `value`, from the rounding of the function


class Comparison(NamedTuple):
    """One derivative, by autodiff and numerically."""

    name: str
    autodiff: float
    numeric: float
    error: float  # estimated, of the numeric derivative

    @property
    def determined(self) -> bool:
        """Whether there is a numeric derivative to compare with."""
        return math.isfinite(self.numeric) and math.isfinite(self.error)

    @property
    def agrees(self) -> bool:
        """Whether the difference is within what the numeric derivative can tell."""
        tolerance = CONFIDENCE * (self.error + EPSILON * abs(self.autodiff))
        near = math.isfinite(tolerance) and abs(self.autodiff - self.numeric) <= tolerance
        return self.determined and (self.autodiff == self.numeric or near)

    def __str__(self) -> str:
        if not self.determined:
            return f"{self.name}: autodiff {self.autodiff:.12g}, no numeric derivative could be determined"
        difference = abs(self.autodiff - self.numeric)
        verdict = "agree" if self.agrees else f"DIFFER by {difference:.2g}"
        return (
            f"{self.name}: autodiff {self.autodiff:.12g}, numeric {self.numeric:.12g} "
            f"(error about {self.error:.1g}): {verdict}"
        )


class GradientReport(NamedTuple):
    """What `check_gradients` found; true in an `if` when nothing differs."""

    comparisons: tuple[Comparison, ...]
    kinks: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether no derivative differs from a numeric one; some may not be determined."""
        return all(row.agrees or not row.determined for row in self.comparisons)

    def __bool__(self) -> bool:
        return self.passed

    def _repr_markdown_(self) -> str:
        # four spaces make a block of code
        return "\n".join([f"    {line}" for line in str(self).splitlines()])

    def __str__(self) -> str:
        return "\n".join([*map(str, self.comparisons), *(f"kink: {kink}" for kink in self.kinks)])


def check_gradients(f: Callable[..., Value], args: Sequence[Number]) -> GradientReport:
    """Compare the gradient of `f` by reverse mode with numeric derivatives.

    Parameters
    ----------
    f
        A function of as many Values as there are `args`, which returns a Value.
    args
        The point at which to differentiate, inside the domain of `f`.

    Returns
    -------
    GradientReport
        For each argument both derivatives, the estimated error of the numeric one and
        a verdict; and the kinks that lie exactly at the point, where a numeric
        derivative means nothing. Print it, or test it as a truth value.

    Raises
    ------
    OperandError
        If `f` does not return a Value.
    DomainError
        If `args` lie outside the domain of `f`.

    Notes
    -----
    At most 96 evaluations of `f` for each argument. Extrapolation after Ridders (1982),
    "Accurate computation of F'(x) and F'(x)F''(x)".

    Examples
    --------
    >>> print(check_gradients(lambda x, y: x * y + x.sin(), [2.0, 5.0]))
    x0: autodiff 4.58385316345, numeric 4.58385316345 (error about ...): agree
    x1: autodiff 2, numeric 2 (error about ...): agree
    """
    point = [Value(x) for x in args]
    output = f(*point)
    if not isinstance(output, Value):
        raise OperandError(f"the function to check must return a Value, not {output!r}")
    interior, leaves = topological_order(output)
    magnitude = max(
        [abs(node.data) for node in (*interior, *leaves) if math.isfinite(node.data)], default=0.0
    )
    comparisons = []
    for i, (x, autodiff) in enumerate(zip(point, gradients(output, point), strict=True)):

        def along(t: float, i: int = i) -> float:
            moved = [Value(t if k == i else leaf.data) for k, leaf in enumerate(point)]
            return f(*moved).data

        numeric, error = numeric_derivative(along, x.data, magnitude)
        comparisons.append(Comparison(f"x{i}", autodiff, numeric, error))
    return GradientReport(tuple(comparisons), tuple(_kinks(output)))


def numeric_derivative(
    f: Callable[[float], float],
    x: float,
    magnitude: float = 0.0,
) -> tuple[float, float]:
    """Differentiate `f` at `x` by extrapolated central differences.

    Parameters
    ----------
    f, x
        A function and the point.
    magnitude
        The largest number on the way to the value of `f`, if that is larger: a sum that
        cancels carries the rounding of its terms.

    Returns
    -------
    derivative, error
        The value with the smallest estimated error, and that estimate: how much the
        last extrapolations differ, plus rounding in `f` divided by the step.
    """
    candidates = [(math.nan, math.inf)]
    for scale in {1.0, abs(x) or 1.0}:
        candidates += _confirmed(_extrapolated(f, x, 0.1 * scale, magnitude))
    return min(candidates, key=lambda candidate: candidate[1])


def _extrapolated(
    f: Callable[[float], float],
    x: float,
    step: float,
    magnitude: float,
) -> list[Estimate]:
    """Shrink the step, extrapolate each time, and keep the value that looks best at each step."""
    estimates = []
    previous: list[float] = []
    for _ in range(STEPS):
        above, below = x + step, x - step
        if above == below:
            break
        try:
            upper, lower = f(above), f(below)
        except DomainError:  # too near the edge for this step
            previous, step = [], step / 4
            continue
        row = [(upper - lower) / (above - below)]
        magnitude = max(magnitude, abs(upper), abs(lower))
        rounding = EPSILON * magnitude / step
        best = Estimate(row[0], math.inf, rounding)
        for k, coarser in enumerate(previous, start=1):
            row.append(row[-1] + (row[-1] - coarser) / (SHRINK ** (-2 * k) - 1))
            error = max(abs(row[k] - row[k - 1]), abs(row[k] - coarser)) + rounding
            if error < best.error:
                best = Estimate(row[k], error, rounding)
        estimates.append(best)
        previous, step = row, step * SHRINK
    return estimates


def _confirmed(estimates: list[Estimate]) -> list[tuple[float, float]]:
    """Widen the error of each estimate by what smaller steps say against it.

    Coarse steps may agree with one another by accident: those of a fast oscillation, or
    on both sides of a kink.
    """
    confirmed = []
    for k, estimate in enumerate(estimates):
        doubts = [
            abs(finer.value - estimate.value) - CONFIDENCE * finer.rounding for finer in estimates[k + 1 :]
        ]
        if math.isfinite(estimate.value):
            confirmed.append(
                (estimate.value, estimate.error + max([doubt for doubt in doubts if doubt > 0], default=0.0))
            )
    return confirmed


def _kinks(output: Value) -> list[str]:
    """Describe the nodes that sit exactly on a kink of their operation."""
    found = []
    for node in topological_order(output)[0]:
        row = node.primitive
        numbers = [x.data if isinstance(x, Value) else x for x in node.operands]
        if row is not None and row.kink is not None and row.kink.at(*numbers):
            found.append(f"{row.name} at {', '.join(map(repr, numbers))}; convention: {row.kink.convention}")
    return found
