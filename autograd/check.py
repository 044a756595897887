"""Check gradients against numeric derivatives that know their own error.

The numeric side only evaluates: it extrapolates central differences to step zero and
estimates how far off it may be, so a verdict is never a matter of a chosen tolerance.
Where a derivative differs, every partial that it was made of is checked by itself.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from itertools import combinations_with_replacement, product
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.errors import DomainError, OperandError, OptionError
from autograd.graph import topological_order
from autograd.transforms import grad, jvp
from autograd.value import Value, gradients

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from autograd.conversion import Number
    from autograd.primitives import Primitive

EPSILON = sys.float_info.epsilon
STEPS = 24
"""How many steps are tried, the first a tenth; still smaller ones lose digits again."""
SHRINK = 0.6
"""Each step is this part of the one before; 1/2 could keep time with an oscillation."""
CONFIDENCE = 10
"""The estimated error may be this many times too small before a difference counts."""
WIDTH = 80
"""A longer line of a report is broken after the name."""
PLACES = 50
"""At how many nodes a partial is checked by itself, when something differs."""


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
    at_kink: bool = False  # there may be no derivative at all

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
        if self.determined:
            differ = "differ, at a kink," if self.at_kink else "DIFFER"
            verdict = "agree" if self.agrees else f"{differ} by {abs(self.autodiff - self.numeric):.2g}"
            found = f"numeric {self.numeric:.12g} (error about {self.error:.1g}): {verdict}"
        else:
            found = "no numeric derivative could be determined"
        line = f"{self.name}: autodiff {self.autodiff:.12g}, {found}"
        return line if len(line) <= WIDTH else line.replace(f"{self.name}: ", f"{self.name}:\n    ", 1)


class GradientReport(NamedTuple):
    """What `check_gradients` found; true in an `if` when nothing differs."""

    comparisons: tuple[Comparison, ...]
    kinks: tuple[str, ...]
    wrong_partials: tuple[Comparison, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether no derivative differs from a numeric one, kinks apart; some may not be determined."""
        fine = [row.agrees or row.at_kink or not row.determined for row in self.comparisons]
        return all(fine) and not self.wrong_partials

    def __bool__(self) -> bool:
        return self.passed

    def _repr_markdown_(self) -> str:
        # four spaces make a block of code
        return "\n".join([f"    {line}" for line in str(self).splitlines()])

    def __str__(self) -> str:
        return "\n".join(
            [*map(str, self.comparisons + self.wrong_partials), *(f"kink: {kink}" for kink in self.kinks)]
        )


def check_gradients(
    f: Callable[..., Value],
    args: Sequence[Number],
    *,
    order: int = 1,
    modes: Sequence[str] = ("reverse",),
) -> GradientReport:
    """Compare the derivatives of `f` with numeric ones.

    Parameters
    ----------
    f
        A function of as many Values as there are `args`, which returns a Value.
    args
        The point at which to differentiate, inside the domain of `f`.
    order
        Up to which order: 1 to 4. The derivatives of one order, if right, serve for the
        numeric ones of the next.
    modes
        ``"reverse"``, ``"forward"`` or both. With both, those of higher order are taken in all
        combinations: forward over reverse, and so on.

    Returns
    -------
    GradientReport
        For each derivative both numbers, the estimated error of the numeric one and
        a verdict; the kinks that lie exactly at the point, where a numeric derivative
        means nothing and a difference does not count; and, if something differs, the
        partials that are wrong by themselves. Print it, or test it as a truth value.

    Raises
    ------
    OperandError
        If `f` does not return a Value.
    DomainError
        If `args` lie outside the domain of `f`.
    OptionError
        If there is no such order or mode.

    Notes
    -----
    At most 96 evaluations of `f`, or of a derivative of one order less, for each derivative.
    Extrapolation after Ridders (1982), "Accurate computation of F'(x) and F'(x)F''(x)".

    Examples
    --------
    >>> print(check_gradients(lambda x, y: x * y + x.sin(), [2.0, 5.0]))
    x0: autodiff 4.58385316345, numeric 4.58385316345 (error about ...): agree
    x1: autodiff 2, numeric 2 (error about ...): agree

    >>> print(check_gradients(lambda x: x**3, [2.0], order=2, modes=("reverse", "forward")))
    x0, reverse: autodiff 12, numeric 12 (error about ...): agree
    x0, forward: autodiff 12, numeric 12 (error about ...): agree
    x0 x0, reverse over reverse: autodiff 12, numeric 12 (error about ...): agree
    x0 x0, forward over reverse: autodiff 12, numeric 12 (error about ...): agree
    x0 x0, reverse over forward: autodiff 12, numeric 12 (error about ...): agree
    x0 x0, forward over forward: autodiff 12, numeric 12 (error about ...): agree
    """
    if order not in range(1, 5):
        raise OptionError(f"order is 1, 2, 3 or 4, not {order!r}")
    if isinstance(modes, str) or not modes or not set(modes) <= DERIVATIVE.keys():
        raise OptionError(f'modes is a list of "reverse", "forward" or both, not {modes!r}')
    point = [Value(x) for x in args]
    numbers = [x.data for x in point]
    output = f(*point)
    if not isinstance(output, Value):
        raise OperandError(f"the function to check must return a Value, not {output!r}")
    comparisons = []
    suspects: dict[Value, None] = {}
    kinks: dict[str, None] = {}
    for path in _paths(len(point), order):
        slope = _recorded(output, [point[i] for i in path[:-1]])
        interior, leaves = topological_order(slope)
        on_kinks = [node for node in interior if _is_on_kink(node)]
        kinks.update(dict.fromkeys(map(_kink, on_kinks)))
        at_kink = not _depending(interior, [point[i] for i in path]).isdisjoint(on_kinks)
        sizes = [abs(node.data) for node in (*interior, *leaves) if math.isfinite(node.data)]
        numeric, error = numeric_derivative(
            _along(_derivative(f, [(modes[0], i) for i in path[:-1]]), numbers, path[-1]),
            numbers[path[-1]],
            max(sizes, default=0.0),
        )
        for chain in product(modes, repeat=len(path)):
            name = " ".join(f"x{i}" for i in path)
            if len(modes) > 1:
                name += f", {' over '.join(reversed(chain))}"
            derivative = _derivative(f, list(zip(chain, path, strict=True)))
            found = Comparison(name, _plain(derivative(*numbers)), numeric, error, at_kink)
            comparisons.append(found)
            if found.determined and not found.agrees:
                suspects.update(dict.fromkeys(interior))
    return GradientReport(tuple(comparisons), tuple(kinks), tuple(_wrong_partials(suspects)))


DERIVATIVE: dict[str, Callable[[Callable[..., Any], int], Callable[..., Any]]] = {
    "reverse": lambda f, i: lambda *xs: grad(f, range(len(xs)))(*xs)[i],
    "forward": lambda f, i: lambda *xs: jvp(f, xs, [float(k == i) for k in range(len(xs))])[1],
}
"""How each mode makes the derivative of a function by one argument."""


def _paths(count: int, order: int) -> Iterator[tuple[int, ...]]:
    """Yield what to differentiate by, one argument after another: the derivatives of all orders."""
    for k in range(1, order + 1):
        yield from combinations_with_replacement(range(count), k)


def _derivative(f: Callable[..., Any], steps: Sequence[tuple[str, int]]) -> Callable[..., Any]:
    """Differentiate a function step by step: each in its mode, by its argument."""
    for mode, i in steps:
        f = DERIVATIVE[mode](f, i)
    return f


def _recorded(output: Value, path: Sequence[Value]) -> Value:
    """Differentiate a Value by one leaf after another, and keep how."""
    for x in path:
        (output,) = gradients(output, [x], create_graph=True)
    return output


def _along(f: Callable[..., Any], numbers: Sequence[float], i: int) -> Callable[[float], float]:
    """Make a function of plain numbers that moves one argument."""
    return lambda t: _plain(f(*[Value(t if k == i else x) for k, x in enumerate(numbers)]))


def _plain(x: Any) -> float:  # noqa: ANN401 - any kind of number
    number: float = x.data if hasattr(x, "apply") else x
    return number


def _depending(interior: Sequence[Value], leaves: Sequence[Value]) -> set[Value]:
    """Return the nodes that were computed from any of `leaves`."""
    found = set(leaves)
    for node in interior:
        if not found.isdisjoint(node.parents):
            found.add(node)
    return found


def _wrong_partials(nodes: Iterable[Value]) -> Iterator[Comparison]:
    """Check each partial of each primitive by itself, where it was used, and yield those that differ."""
    checked: Counter[str] = Counter()
    for node in nodes:
        row = node.primitive
        if row is None or _is_on_kink(node):
            continue
        numbers = [_plain(x) for x in node.operands]
        for i, x in enumerate(node.operands):
            name = f"partial of {row.name} by {[*row.letters, f'operand {i + 1}'][i if row.letters else 0]}"
            if type(x) is Value and checked[name] < PLACES:
                checked[name] += 1
                by_itself = _partial(row, numbers, i)
                if by_itself.determined and not by_itself.agrees:
                    checked[name] = PLACES  # once is enough
                    yield by_itself._replace(name=f"{name}, at {', '.join([f'{x:.5g}' for x in numbers])}")


def _partial(row: Primitive, numbers: list[float], i: int) -> Comparison:
    """Compare one partial of a primitive with a numeric derivative."""
    leaf = Value(numbers[i])
    z = row(*[leaf if k == i else x for k, x in enumerate(numbers)])
    magnitude = max([abs(x) for x in (*numbers, z.data) if math.isfinite(x)], default=0.0)
    numeric, error = numeric_derivative(_along(row, numbers, i), numbers[i], magnitude)
    return Comparison(row.name, gradients(z, [leaf])[0], numeric, error)


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


def _is_on_kink(node: Value) -> bool:
    row = node.primitive
    return row is not None and row.kink is not None and bool(row.kink.at(*map(_plain, node.operands)))


def _kink(node: Value) -> str:
    """Describe a node that sits exactly on a kink of its operation."""
    row, numbers = node.primitive, ", ".join(repr(_plain(x)) for x in node.operands)
    return f"{row.name} at {numbers}; convention: {row.kink.convention}"  # type: ignore[union-attr]
