"""Functions of floats that `math` lacks, or that it gives up where a limit exists.

They are the values of rows of the table. Where a formula is not the first that comes to
mind, the comment says what that one would lose. None raises: overflow is an infinity.
"""

from __future__ import annotations

import builtins
import math
import operator
from functools import reduce
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT_HALF = math.sqrt(0.5)


# Exact pieces ------------------------------------------------------------------------------------


def divide(x: float, y: float) -> float:
    """Divide by the rules of IEEE 754: by zero gives inf or nan, not an exception."""
    try:
        return x / y
    except ZeroDivisionError:
        return x * math.copysign(math.inf, y)


def lost(x: float, y: float) -> float:
    """Return what x - y loses to rounding: exactly x - y less the float x - y (Knuth's TwoSum)."""
    d = x - y
    part = d - x
    return (x - (d - part)) - (y + part)


def add_up(terms: Iterable[float]) -> float:
    """Add from left to right."""
    return reduce(operator.add, terms)  # the builtin sum rounds differently from Python 3.12 on


# Powers, exponentials and hyperbolic functions ---------------------------------------------------


def pow(x: float, y: float) -> float:  # noqa: A001 - the name of the operation
    """Return x**y."""
    if y == 2:  # noqa: PLR2004 - x x is the nearest float
        return x * x
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0 and y % 2 == 1 else math.inf
    except ValueError:
        if x:
            return math.nan
        return math.copysign(math.inf, x) if y % 2 == 1 else math.inf


def power(c: float, x: float, y: float, k: float) -> float:
    """Return c x**(y - k)."""
    if c == 0:
        return 0.0  # also where the power is infinite: the derivatives of x**2 at 0 are 0, 2, 0, 0, …
    if y - k == 1:
        return c * x
    if y - k == 2:  # noqa: PLR2004 - two products, where a power is a call
        return c * x * x
    z = pow(x, y - k)
    if math.isinf(z) or math.fabs(z) < SMALL:  # out of range, which its product with c need not be
        root = pow(math.fabs(x), (y - k) / 2)
        z = c * root * math.copysign(root, z)
    else:
        z = c * z
    # what rounding y - k loses counts: without it, x**(0.1 - 1) would be off by 180 ulp
    return z * pow(x, lost(y, k)) if 0 < math.fabs(z) < math.inf else z


SMALL = 1e-290
"""Below this, and still smaller by a factor, a float begins to lose digits."""


def power_log(c: float, x: float, y: float, k: float, n: float) -> float:
    """Return c x**(y - k) log(x)**n."""
    if c == 0 or (x == 0 and y > k):
        return 0.0
    if x == 0:
        return -c * math.inf if n % 2 == 1 else c * math.inf
    return power(c, x, y, k) * pow(math.log(x), n)


def exp(x: float) -> float:
    """Return e**x."""
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def exp_gap(x: float, y: float) -> float:
    """Return exp(x - y), 1 where both are the same infinity."""
    if x == y:
        return 1.0
    e = exp(x - y)
    return e + e * lost(x, y) if 0 < e < math.inf else e  # without the rest, off by 500 ulp


def expm1(x: float) -> float:
    """Return e**x - 1."""
    try:
        return math.expm1(x)
    except OverflowError:
        return math.inf


def sinh(x: float) -> float:
    """Return the hyperbolic sine."""
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(math.inf, x)


def cosh(x: float) -> float:
    """Return the hyperbolic cosine."""
    try:
        return math.cosh(x)
    except OverflowError:
        return math.inf


def sech2(x: float) -> float:
    """Return 1 / cosh(x)**2."""
    e = math.exp(-2 * math.fabs(x))  # 1 - tanh(x)**2 is 0 from |x| = 19 on, cosh(x)**2 inf from 355 on
    return 4 * e / ((1 + e) * (1 + e))


# Slopes of inverse functions ---------------------------------------------------------------------


def asin_slope(x: float) -> float:
    """Return 1 / sqrt(1 - x**2)."""
    return divide(1.0, math.sqrt((1 - x) * (1 + x)))  # 1 - x*x has lost half its digits near |x| = 1


def acosh_slope(x: float) -> float:
    """Return 1 / sqrt(x**2 - 1)."""
    return divide(1.0, math.sqrt(x - 1) * math.sqrt(x + 1))  # x*x overflows, and cancels near 1


def inversion(x: float, y: float) -> float:
    """Return x / (x**2 + y**2), and 0 at the origin."""
    r = math.hypot(x, y)  # the squares could overflow, or vanish
    return x / r / r if r else 0.0


def ratio(x: float, y: float) -> float:
    """Return x / y, and 0 where y is 0."""
    return x / y if y else 0.0


# The normal distribution -------------------------------------------------------------------------


FAR = 40.0
"""Beyond this, from both sides, exp(-x**2 / 2) is 0."""


GRID = 0.0625
"""The part of a number that is a multiple of this is short; the rest is small."""


def gauss(x: float, k: float) -> float:
    """Return exp(-k x**2), for k a power of 2."""
    if math.fabs(x) > FAR:
        return 0.0
    low = math.fmod(x, GRID)
    high = x - low  # so short that its square is exact: rounded, x*x costs 500 ulp
    return math.exp(-k * high * high) * math.exp(-k * low * (x + high))


def normal_cdf(x: float) -> float:
    """Return erfc(-x / sqrt(2)) / 2."""
    if math.fabs(x) > FAR:
        return float(x > 0)
    low = math.fmod(x, GRID)
    high = (low - x) * SHORT  # exact; x*ROOT_HALF would be rounded, which costs 1,500 ulp
    rest = -(low * SHORT + x * (ROOT_HALF_REST))
    t = high + rest
    return 0.5 * math.erfc(t) - math.exp(-t * t) * ((high - t) + rest) / ROOT_PI


SHORT = math.floor(ROOT_HALF * 2**26) / 2**26
"""The first half of the digits of sqrt(1/2)."""

ROOT_HALF_REST = (0.5 - SHORT * SHORT) / (ROOT_HALF + SHORT)
"""sqrt(1/2) less SHORT, to all digits: the square is exact."""

ROOT_PI = math.sqrt(math.pi)


# Activations -------------------------------------------------------------------------------------


def sigmoid(x: float) -> float:
    """Return 1 / (1 + exp(-x))."""
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    e = math.exp(x)  # exp(-x) would overflow
    return e / (1 + e)


def sigmoid_slope(x: float) -> float:
    """Return sigmoid(x) sigmoid(-x)."""
    e = math.exp(-math.fabs(x))  # z*(1 - z) is 0 from x = 37 on
    return e / ((1 + e) * (1 + e))


def softplus(x: float) -> float:
    """Return log(1 + exp(x))."""
    return builtins.max(x, 0.0) + math.log1p(math.exp(-math.fabs(x)))


LEAST = -1000.0
"""Below this, exp(x) is 0, and so are the smooth forms of relu."""


def silu(x: float) -> float:
    """Return x sigmoid(x)."""
    x = builtins.max(x, LEAST)  # from there on it is 0; -inf times 0 would be nan
    return x * sigmoid(x)


def gelu(x: float) -> float:
    """Return x normal_cdf(x)."""
    x = builtins.max(x, LEAST)
    return x * normal_cdf(x)


GELU_SCALE, GELU_CUBIC = 1.5957691216057308, 0.044715
"""2√(2/π), and the factor of x³, of the approximate gelu."""


def gelu_tanh(x: float) -> float:
    """Return x sigmoid(2√(2/π) (x + 0.044715 x³))."""
    x = builtins.max(x, LEAST)
    return x * sigmoid(GELU_SCALE * (x + GELU_CUBIC * x * x * x))


# Any number of operands --------------------------------------------------------------------------


def mean(*xs: float) -> float:
    """Return the sum divided by the number."""
    total = add_up(xs)
    if math.isinf(total):  # perhaps only on the way
        return add_up(x / len(xs) for x in xs)
    return total / len(xs)


def dot(*operands: float) -> float:
    """Return the sum of products of a first half with a second, plus an odd last one."""
    n = len(operands) // 2
    products = map(operator.mul, operands[:n], operands[n:])
    return add_up((*products, *operands[2 * n :]))


def largest(*xs: float) -> float:
    """Return the largest, or nan if there is one."""
    return builtins.max(xs) if not builtins.any(map(math.isnan, xs)) else math.nan


def smallest(*xs: float) -> float:
    """Return the smallest, or nan if there is one."""
    return -largest(*[-x for x in xs])


def clip(x: float, low: float, high: float) -> float:
    """Return x, but at least low and at most high."""
    return smallest(largest(x, low), high)


def logsumexp(*xs: float) -> float:
    """Return log(Σ exp(x))."""
    top = largest(*xs)
    if not math.isfinite(top):
        return top
    # the term of the largest is 1, beside which the small ones would be lost
    small = add_up([math.exp(x - top) - (x == top) for x in xs])
    return top + math.log1p(small + (add_up([x == top for x in xs]) - 1))
