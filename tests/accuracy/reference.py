"""What every row of the table should give, by mpmath and to any number of digits; and where to look.

A reference is a function of as many mpmath numbers as the row has operands. Its
derivatives are taken numerically, so that no formula for one is needed.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import mpmath as mp

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from autograd import Primitive

Number = Any
"""An mpmath number, or a Python float: mpmath has no types."""


def product(*xs: Number) -> Number:
    return functools.reduce(lambda a, b: a * b, xs, mp.mpf(1))


def inner(*operands: Number) -> Number:
    n = len(operands) // 2
    pairs = zip(operands[:n], operands[n : 2 * n], strict=True)
    return mp.fsum([*[a * b for a, b in pairs], *operands[2 * n :]])


def sigmoid(x: Number) -> Number:
    return 1 / (1 + mp.exp(-x))


def power(c: Number, x: Number, y: Number, k: Number) -> Number:
    exponent = y - k
    return c * (x ** int(exponent) if exponent == int(exponent) and abs(exponent) < 10**9 else x**exponent)


def gelu_tanh(x: Number) -> Number:
    v = mp.sqrt(8 / mp.pi) * (x + mp.mpf("0.044715") * x**3)
    return x * sigmoid(v)


def below(x: Number) -> Number:
    return mp.erfc(-x / mp.sqrt(2)) / 2 if abs(x) < 60 else mp.mpf(x > 0)


REFERENCES: dict[str, Callable[..., Number]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "neg": lambda x: -x,
    "pow": lambda x, y: power(1, x, y, 0),
    "_power": power,
    "_power_log": lambda c, x, y, k, n: power(c, x, y, k) * mp.log(x) ** n,
    "exp": mp.exp,
    "expm1": mp.expm1,
    "log": mp.log,
    "log1p": lambda x: mp.log(1 + x),
    "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10),
    "sqrt": mp.sqrt,
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "asin": mp.asin,
    "acos": mp.acos,
    "_asin_slope": lambda x: 1 / mp.sqrt(1 - x**2),
    "atan": mp.atan,
    "atan2": mp.atan2,
    "_inversion": lambda x, y: x / (x**2 + y**2),
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "_sech2": lambda x: mp.sech(x) ** 2,
    "asinh": mp.asinh,
    "acosh": mp.acosh,
    "_acosh_slope": lambda x: 1 / mp.sqrt(x**2 - 1),
    "atanh": mp.atanh,
    "erf": lambda x: mp.erf(x) if abs(x) < 60 else mp.sign(x),
    "erfc": lambda x: mp.erfc(x) if abs(x) < 60 else mp.mpf(2 * (x < 0)),
    "_gauss": lambda x, k: mp.exp(-k * x**2),
    "_normal_cdf": below,
    "sigmoid": sigmoid,
    "_sigmoid_slope": lambda x: mp.exp(-abs(x)) / (1 + mp.exp(-abs(x))) ** 2,
    "log_sigmoid": lambda x: -mp.log(1 + mp.exp(-x)),
    "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "silu": lambda x: x * sigmoid(x),
    "gelu": lambda x: x * below(x),
    "gelu_tanh": gelu_tanh,
    "relu": lambda x: max(x, mp.mpf(0)),
    "leaky_relu": lambda x: x if x > 0 else x * mp.mpf(0.01),
    "elu": lambda x: x if x > 0 else mp.expm1(x),
    "step": lambda x: mp.mpf(x > 0),
    "abs": abs,
    "sign": mp.sign,
    "where": lambda condition, a, b: a if condition else b,
    "clip": lambda x, low, high: min(max(x, low), high),
    "_less": lambda x, y: mp.mpf(x < y),
    "stop_gradient": lambda x: x,
    "hypot": mp.hypot,
    "norm": lambda *xs: mp.sqrt(mp.fsum([x * x for x in xs])),
    "_ratio": lambda x, y: x / y,
    "sum": lambda *xs: mp.fsum(xs),
    "mean": lambda *xs: mp.fsum(xs) / len(xs),
    "prod": product,
    "dot": inner,
    "_equal": lambda x, y: mp.mpf(x == y),
    "max": lambda *xs: max(xs),
    "min": lambda *xs: min(xs),
    "logsumexp": lambda *xs: mp.log(mp.fsum([mp.exp(x) for x in xs])),
    "_exp_gap": lambda x, y: mp.exp(x - y),
    "_gap": lambda x, y: x - y,
}


def gelu_tanh_terms(x: Number) -> Number:
    v = mp.sqrt(8 / mp.pi) * (x + mp.mpf("0.044715") * x**3)
    return sigmoid(v) + abs(v) * 3 * sigmoid(v) * sigmoid(-v)


VALUE_TERMS: dict[str, Callable[..., Number]] = {
    "sum": lambda *xs: len(xs) * mp.fsum(map(abs, xs)),
    "mean": lambda *xs: mp.fsum(map(abs, xs)),
    "dot": lambda *xs: len(xs) * inner(*map(abs, xs)),
    "prod": lambda *xs: len(xs) * product(*xs),
    "norm": lambda *xs: len(xs) * mp.sqrt(mp.fsum([x * x for x in xs])),
    "logsumexp": lambda *xs: len(xs) * (abs(max(xs)) + mp.log(mp.fsum([mp.exp(x - max(xs)) for x in xs]))),
}
"""The sizes of the terms that a value is the sum of, or its own size, times the number of terms."""

SLOPE_TERMS: dict[str, Callable[..., Number]] = {
    "_inversion x": lambda x, y: 1 / (x * x + y * y),
    "_power_log x": lambda c, x, y, k, n: (
        abs(power(c, x, y, k + 1))
        * (abs((y - k) * mp.log(x) ** n) + (abs(n * mp.log(x) ** (n - 1)) if n else 0))
    ),
    "silu x": lambda x: sigmoid(x) * (1 + abs(x) * sigmoid(-x)),
    "gelu x": lambda x: below(x) + abs(x) * mp.npdf(x),
    "gelu_tanh x": gelu_tanh_terms,
}
"""The same for partials, by the name of the row and of the operand."""

PLAIN = {"k", "n", "condition"}
"""Operands that are plain numbers, by which nobody differentiates."""


def slope(f: Callable[..., Number], point: list[float], i: int) -> Number:
    """Differentiate by operand i: a central difference, with as many digits as that takes.

    The step is so small that its error does not count, and the precision is raised until
    what the subtraction loses is made up for.
    """
    h = mp.mpf(10) ** -30 * (min(abs(point[i]), 1) or mp.mpf(10) ** -320)
    h /= max(1, *map(abs, point))  # x**y bends the faster, the larger y is
    before, bits = mp.mpf(0), 1200  # huge and tiny numbers are 2,100 bits apart
    while bits < 20_000:
        with mp.workprec(bits):
            numbers = [mp.mpf(x) for x in point]
            above, below = (f(*numbers[:i], numbers[i] + step, *numbers[i + 1 :]) for step in (h, -h))
            found = (above - below) / (2 * h)
            if found and abs(found - before) <= mp.mpf(10) ** -25 * abs(found):
                break
        before, bits = found, 2 * bits
    return found


# Where to look -----------------------------------------------------------------------------------

SPECIAL = {
    "near 0": lambda r: math.copysign(10 ** r.uniform(-17, 0), r.uniform(-1, 1)),
    "ordinary": lambda r: r.uniform(-6, 6),
    "whole": lambda r: float(r.randint(-9, 9)),
    "saturated": lambda r: r.uniform(-45, 45),
    "extreme": lambda r: r.uniform(-750, 750),
    "huge or tiny": lambda r: math.copysign(10 ** r.uniform(-307, 308), r.uniform(-1, 1)),
    "near ±1": lambda r: r.choice((-1, 1)) * (1 + r.choice((-1, 1)) * 10 ** r.uniform(-16, -1)),
}
"""Kinds of numbers."""

NARROW = {
    "gelu": [lambda r: r.uniform(-38, 9)],
    "_normal_cdf": [lambda r: r.uniform(-38, 9)],
    "_gauss": [lambda r: r.uniform(-38, 38)],
    "erfc": [lambda r: r.uniform(-6, 27)],
}
"""Where else a row is interesting."""


AVOIDED: dict[str, Callable[..., bool]] = {
    "atan2": lambda y, x: y == 0,  # the jump from -π to π is no slope
    # the conventions at 0 are tests of their own; and a factor c y that overflows makes the partial inf
    "_power": lambda c, x, y, k: x == 0 or abs(c * y) > 1e300,
    "_power_log": lambda c, x, y, k, n: x in {0, 1} or abs(c * y) > 1e300,
    "clip": lambda x, low, high: low == high,  # neither bound can be moved both ways
    "elu": lambda x: x == 0,  # its own test: the second derivative there is that of the left side
    "prod": lambda *xs: (
        not 1e-300 < math.prod(abs(x) for x in xs if abs(x) < 1) <= 1
        or not math.prod(abs(x) for x in xs if abs(x) > 1) < 1e300
    ),
}
"""Where a row's partials are not what is measured here; of prod, the runs that leave the range of floats."""


def draw(row: Primitive, r: random.Random) -> list[float]:
    """Draw a point inside the row's domain: each operand, or all, of one kind of number."""
    kinds: list[Callable[[random.Random], float]] = [*SPECIAL.values(), *NARROW.get(row.name, []) * 3]
    while True:
        count = r.randint(1, 6) if row.variadic else len(row.partials)
        one = r.choice(kinds)
        point = [(one if r.random() < 0.5 else r.choice(kinds))(r) for _ in range(count)]
        for i, letter in enumerate(row.letters):
            if row.name == "_gauss" and letter == "k":
                point[i] = r.choice((0.5, 1.0))
            elif letter in PLAIN:
                point[i] = float(r.randint(0, 3))
            elif letter in "xy" and row.name in {"acosh", "_acosh_slope"}:
                point[i] = 1 + abs(point[i])
        if row.name == "_power_log" or (row.name == "_power" and point[2] % 1):
            point[1] = abs(point[1])
        if row.name in AVOIDED and AVOIDED[row.name](*point):
            continue
        if not (row.domain and row.domain.outside(*point)) and not (row.kink and row.kink.at(*point)):
            return point
