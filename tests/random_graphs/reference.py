"""The value of every public primitive, by mpmath: nothing here knows a derivative.

`partial` differentiates numerically, at 50 digits and a step far below them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DIGITS = 50

exact = mpmath.mp.clone()
exact.dps = DIGITS


def _dot(*operands: Any) -> Any:
    n = len(operands) // 2
    return exact.fdot(operands[:n], operands[n : 2 * n]) + exact.fsum(operands[2 * n :])


def _gelu(x: Any) -> Any:
    return x * exact.ncdf(x)


VALUES: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "neg": lambda x: -x,
    "pow": exact.power,
    "exp": exact.exp,
    "expm1": exact.expm1,
    "log": exact.log,
    "log1p": exact.log1p,
    "log2": lambda x: exact.log(x, 2),
    "log10": exact.log10,
    "sqrt": exact.sqrt,
    "sin": exact.sin,
    "cos": exact.cos,
    "tan": exact.tan,
    "asin": exact.asin,
    "acos": exact.acos,
    "atan": exact.atan,
    "atan2": exact.atan2,
    "sinh": exact.sinh,
    "cosh": exact.cosh,
    "tanh": exact.tanh,
    "asinh": exact.asinh,
    "acosh": exact.acosh,
    "atanh": exact.atanh,
    "erf": exact.erf,
    "erfc": exact.erfc,
    "sigmoid": lambda x: 1 / (1 + exact.exp(-x)),
    "log_sigmoid": lambda x: -exact.log1p(exact.exp(-x)),
    "softplus": lambda x: exact.log1p(exact.exp(x)),
    "silu": lambda x: x / (1 + exact.exp(-x)),
    "gelu": _gelu,
    "gelu_tanh": lambda x: x * (1 + exact.tanh(exact.sqrt(2 / exact.pi) * (x + 0.044715 * x**3))) / 2,
    "relu": lambda x: max(x, exact.zero),
    "leaky_relu": lambda x: x if x > 0 else 0.01 * x,
    "elu": lambda x: x if x > 0 else exact.expm1(x),
    "step": lambda x: exact.mpf(x > 0),
    "abs": abs,
    "sign": exact.sign,
    "where": lambda condition, a, b: a if condition else b,
    "clip": lambda x, low, high: min(max(x, low), high),
    "hypot": exact.hypot,
    "norm": lambda *xs: exact.sqrt(exact.fsum(xs, squared=True)),
    "sum": lambda *xs: exact.fsum(xs),
    "mean": lambda *xs: exact.fsum(xs) / len(xs),
    "prod": lambda *xs: exact.fprod(xs),
    "dot": _dot,
    "max": max,
    "min": min,
    "logsumexp": lambda *xs: exact.log(exact.fsum(map(exact.exp, xs))),
}

CONSTANT = {"stop_gradient"}
"""What is no function of its operands, as far as derivatives go."""


def partial(name: str, operands: Sequence[float], i: int) -> Any:
    """Differentiate a primitive by operand `i`, to 50 digits."""
    if name in CONSTANT:
        return exact.zero
    xs = [exact.mpf(x) for x in operands]
    return exact.diff(lambda t: VALUES[name](*xs[:i], t, *xs[i + 1 :]), xs[i])
