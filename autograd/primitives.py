"""The table: every operation, its value, its partial derivatives, its domain and its kinks.

A row is written in the primitives themselves, so the same row runs on any kind of
number: on floats it gives derivatives, on Values derivatives that can be derived
again, on symbols source text. No formula for any of these stands anywhere else.

In a row `z` is the result and `x`, `y` (or `xs`) are the operands. A partial is
evaluated only for an operand that is differentiated. Angles are in radians,
logarithms natural. A helper row, whose name begins with an underscore, is a partial
that needs care to compute or a derivative of its own. In particular a partial is never
computed with |x| or a branch in sight of the next derivative: where branches meet, that
would come out wrong.

To add an operation, write one row; see `primitive`. What the floats give that `math`
does not stands in `accurate`; how a row is called, in `rows`.
"""

from __future__ import annotations

import math
import operator
from functools import reduce
from itertools import accumulate
from typing import TYPE_CHECKING, Any, overload

from autograd import accurate
from autograd.errors import LengthError
from autograd.rows import (
    TABLE as TABLE,
    Accuracy as Accuracy,
    D,
    Differentiable as Differentiable,
    Domain as Domain,
    Kink as Kink,
    Primitive as Primitive,
    ieee as ieee,
    primitive as primitive,
    primitive_named as primitive_named,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autograd.conversion import Number

SUMMED = Accuracy(1, terms="the terms, for each term")
"""For what is added up: each addition may round."""

FACTORED = Accuracy(1, terms="the result, for each operand")
"""For what is multiplied together, or shared out."""

TWO_TERMS = Accuracy(4, terms="the two terms")
"""For a derivative that has a zero of its own, where two terms cancel."""

HELPER = Accuracy(8)
"""For a derivative of a derivative."""


# Arithmetic --------------------------------------------------------------------------------------

add = primitive(
    "add",
    operator.add,
    (lambda z, x, y: 1, lambda z, x, y: 1),
    "Sum of two numbers.",
    symbol="+",
    gate="passes it on unchanged, to both operands",
    example=("add(2, 3)", 5.0),
)
sub = primitive(
    "sub",
    operator.sub,
    (lambda z, x, y: 1, lambda z, x, y: -1),
    "Difference of two numbers.",
    symbol="-",
    gate="passes it on unchanged to the first operand, with its sign changed to the second",
    example=("sub(2, 3)", -1.0),
)
mul = primitive(
    "mul",
    operator.mul,
    (lambda z, x, y: y, lambda z, x, y: x),
    "Product of two numbers.",
    symbol="*",
    gate="swaps the operands: each gets the gradient times the other one",
    example=("mul(2, 3)", 6.0),
)
div = primitive(
    "div",
    operator.truediv,
    (lambda z, x, y: 1 / y, lambda z, x, y: -z / y),
    "Quotient of two numbers.",
    symbol="/",
    domain=Domain(
        "y ≠ 0", lambda x, y: y == 0, "add a small constant to the divisor, or test it first", accurate.divide
    ),
    gate="divides it by the divisor; the divisor itself gets a share of opposite sign",
    example=("div(3, 2)", 1.5),
)
neg = primitive(
    "neg",
    operator.neg,
    (lambda z, x: -1,),
    "The number with its sign changed.",
    symbol="-",
    gate="changes its sign",
    example=("neg(2)", -2.0),
)


pow = primitive(  # noqa: A001 - the name of the operation; this module uses pow nowhere
    "pow",
    accurate.pow,
    (lambda z, x, y: _power(y, x, y, 1), lambda z, x, y: _power_log(1, x, y, 0, 1)),
    "A number raised to a power.",
    symbol="**",
    domain=Domain(
        "x > 0, or a whole y where x < 0, or y ≥ 0 where x = 0",
        lambda x, y: ((x < 0) & (y % 1 > 0)) | ((x == 0) & (y < 0)),
        "the odd root of a negative x is -(abs(x) ** y)",
        accurate.pow,
    ),
    kink=Kink("x = 0 with 0 < y < 1: the slope is inf", lambda x, y: (x == 0) & (y < 1) & (y > 0)),
    gate="brings the exponent down as a factor and leaves a power one lower",
    example=("pow(2, 3)", 8.0),
)
# With a factor of its own, a power stays exact when that factor is 0, at every order;
# and x**(y - k) knows the digits of y that are lost when y - k is rounded.
_power: Primitive = primitive(
    "_power",
    accurate.power,
    (
        lambda z, c, x, y, k: _power(1, x, y, k),
        lambda z, c, x, y, k: _power(c * (y - k), x, y, k + 1),
        lambda z, c, x, y, k: _power_log(c, x, y, k, 1),
        lambda z, c, x, y, k: 0,  # k is always a plain number
    ),
    "c x**(y - k), the derivative of pow by its base",
    reading=lambda c, x, y, k: c * x ** (y - k),
    slope_accuracy=HELPER,
)
_power_log: Primitive = primitive(
    "_power_log",
    accurate.power_log,
    (
        lambda z, c, x, y, k, n: _power_log(1, x, y, k, n),
        lambda z, c, x, y, k, n: (
            _power_log(c * (y - k), x, y, k + 1, n) + _power_log(c * n, x, y, k + 1, n - 1)
        ),
        lambda z, c, x, y, k, n: _power_log(c, x, y, k, n + 1),
        lambda z, c, x, y, k, n: 0,  # k and n are always plain numbers
        lambda z, c, x, y, k, n: 0,
    ),
    "c x**(y - k) log(x)**n, the derivative of pow by its exponent,",
    reading=lambda c, x, y, k, n: c * x ** (y - k) * log(x) ** n,
    domain=Domain(
        "x ≥ 0",
        lambda c, x, y, k, n: x < 0,
        "pass the exponent as a plain number if it is constant",
    ),
    slope_accuracy=Accuracy(8, terms="the two terms", absolute=2.3e-308),  # a term may leave the range
)


# Exponentials and logarithms ---------------------------------------------------------------------

LOG2_E, LOG10_E = 1.4426950408889634, 0.4342944819032518

exp = primitive(
    "exp",
    accurate.exp,
    (lambda z, x: z,),
    "e to the power x.",
    latex="e^{{{0}}}",
    gate="multiplies it by its own value",
    example=("exp(1)", 2.718281828459045),
)
expm1 = primitive(
    "expm1",
    accurate.expm1,
    (lambda z, x: exp(x),),  # z + 1 is 0 from x = -38 on
    "e to the power x, minus 1, without loss for small x.",
    gate="multiplies it by the exponential of the operand",
    example=("expm1(1)", 1.718281828459045),
)
log: Primitive = primitive(
    "log",
    math.log,
    (lambda z, x: 1 / x,),
    "Natural logarithm.",
    latex=r"\ln\left({0}\right)",
    domain=Domain(
        "x > 0",
        lambda x: x <= 0,
        "keep it positive, with autograd.max(x, 1e-12) for example",
        lambda x: math.nan if x else -math.inf,
    ),
    gate="divides it by the operand",
    example=("log(2)", 0.6931471805599453),
)
log1p = primitive(
    "log1p",
    math.log1p,
    (lambda z, x: 1 / (1 + x),),
    "Natural logarithm of 1 + x, without loss for small x.",
    domain=Domain(
        "x > -1",
        lambda x: x <= -1,
        "keep it above -1, with autograd.max(x, -1 + 1e-12) for example",
        lambda x: math.nan if x < -1 else -math.inf,
    ),
    gate="divides it by 1 plus the operand",
    example=("log1p(1)", 0.6931471805599453),
)
log2 = primitive(
    "log2",
    math.log2,
    (lambda z, x: LOG2_E / x,),
    "Logarithm to base 2.",
    latex=r"\log_{{2}}\left({0}\right)",
    domain=log.domain,
    gate="divides it by the operand and by log 2",
    example=("log2(8)", 3.0),
)
log10 = primitive(
    "log10",
    math.log10,
    (lambda z, x: LOG10_E / x,),
    "Logarithm to base 10.",
    latex=r"\log_{{10}}\left({0}\right)",
    domain=log.domain,
    gate="divides it by the operand and by log 10",
    example=("log10(1000)", 3.0),
)
sqrt = primitive(
    "sqrt",
    math.sqrt,
    (lambda z, x: 0.5 / z,),
    "Square root.",
    latex=r"\sqrt{{{0}}}",
    domain=Domain(
        "x ≥ 0", lambda x: x < 0, "keep it from falling below 0, with autograd.max(x, 0) for example"
    ),
    kink=Kink("x = 0: the slope is inf", lambda x: x == 0),
    gate="divides it by twice its own value: steep near 0, flat far out",
    example=("sqrt(4)", 2.0),
)


# Circular functions and their inverses -----------------------------------------------------------

FINITE = Domain("a finite x", lambda x: (x == math.inf) | (x == -math.inf))
UNIT = Domain("-1 ≤ x ≤ 1", lambda x: (x < -1) | (x > 1), "keep it there, with autograd.clip(x, -1, 1)")

sin = primitive(
    "sin",
    math.sin,
    (lambda z, x: cos(x),),
    "Sine of an angle in radians.",
    latex=r"\sin\left({0}\right)",
    domain=FINITE,
    gate="multiplies it by the cosine: at most 1 in size",
    example=("sin(1)", 0.8414709848078965),
)
cos: Primitive = primitive(
    "cos",
    math.cos,
    (lambda z, x: -sin(x),),
    "Cosine of an angle in radians.",
    latex=r"\cos\left({0}\right)",
    domain=FINITE,
    gate="multiplies it by minus the sine: at most 1 in size",
    example=("cos(1)", 0.5403023058681398),
)
tan = primitive(
    "tan",
    math.tan,
    (lambda z, x: 1 + z * z,),
    "Tangent of an angle in radians.",
    latex=r"\tan\left({0}\right)",
    domain=FINITE,
    gate="magnifies it: the slope is 1 or more, and steep near the poles",
    example=("tan(1)", 1.5574077246549023),
)
asin = primitive(
    "asin",
    math.asin,
    (lambda z, x: _asin_slope(x),),
    "Angle whose sine is x, from -π/2 to π/2.",
    latex=r"\arcsin\left({0}\right)",
    domain=UNIT,
    kink=Kink("x = ±1: the slope is inf", lambda x: (x == 1) | (x == -1)),
    gate="magnifies it: the slope is 1 or more, and steep near ±1",
    example=("asin(0.5)", 0.5235987755982989),
)
acos = primitive(
    "acos",
    math.acos,
    (lambda z, x: -_asin_slope(x),),
    "Angle whose cosine is x, from 0 to π.",
    latex=r"\arccos\left({0}\right)",
    domain=UNIT,
    kink=Kink("x = ±1: the slope is -inf", lambda x: (x == 1) | (x == -1)),
    gate="magnifies it and changes its sign: the slope is -1 or less, and steep near ±1",
    example=("acos(0.5)", 1.0471975511965979),
)
_asin_slope: Primitive = primitive(
    "_asin_slope",
    accurate.asin_slope,
    (lambda z, x: x * z * z * z,),
    "The derivative of asin, 1 / sqrt(1 - x**2),",
    reading=lambda x: 1 / sqrt(1 - x**2),
    domain=UNIT,
    kink=Kink("x = ±1: value and slope are infinite", lambda x: (x == 1) | (x == -1)),
    slope_accuracy=HELPER,
)
atan = primitive(
    "atan",
    math.atan,
    (lambda z, x: 1 / (1 + x * x),),
    "Angle whose tangent is x, from -π/2 to π/2.",
    latex=r"\arctan\left({0}\right)",
    gate="shrinks it: the slope is at most 1, and next to 0 far out",
    slope_accuracy=Accuracy(absolute=6e-309),  # 0 where x² overflows: below all normal numbers
    example=("atan(1)", 0.7853981633974483),
)
atan2 = primitive(
    "atan2",
    math.atan2,
    (lambda z, y, x: _inversion(x, y), lambda z, y, x: -_inversion(y, x)),
    "Angle of the point (x, y) seen from the origin, from -π to π; y comes first.",
    kink=Kink("x = y = 0: derivatives 0", lambda y, x: (x == 0) & (y == 0)),
    gate="turns it by a right angle, and divides it by the distance from the origin",
    example=("atan2(1, 1)", 0.7853981633974483),
)
# u = x / (x² + y²) and v = y / (x² + y²) are one function twice, and their derivatives are made of them:
# for w = x + iy, u - iv is 1 / w, whose derivative -1 / w² is -(u - iv)².
_inversion: Primitive = primitive(
    "_inversion",
    accurate.inversion,
    (
        lambda z, x, y: (_inversion(y, x) - z) * (_inversion(y, x) + z),
        lambda z, x, y: -2 * z * _inversion(y, x),
    ),
    "x / (x**2 + y**2), a derivative of atan2",
    reading=lambda x, y: x / (x**2 + y**2),
    kink=Kink("x = y = 0: value and derivatives 0", lambda x, y: (x == 0) & (y == 0)),
    slope_accuracy=Accuracy(8, terms="the two terms", absolute=2.3e-308),  # a term may leave the range
)


# Hyperbolic functions and their inverses ---------------------------------------------------------

sinh = primitive(
    "sinh",
    accurate.sinh,
    (lambda z, x: cosh(x),),
    "Hyperbolic sine.",
    latex=r"\sinh\left({0}\right)",
    gate="magnifies it: the slope is 1 or more, and grows like an exponential",
    example=("sinh(1)", 1.1752011936438014),
)
cosh: Primitive = primitive(
    "cosh",
    accurate.cosh,
    (lambda z, x: sinh(x),),
    "Hyperbolic cosine.",
    latex=r"\cosh\left({0}\right)",
    gate="multiplies it by the hyperbolic sine: 0 in the middle, large far out",
    example=("cosh(1)", 1.5430806348152437),
)
tanh = primitive(
    "tanh",
    math.tanh,
    (lambda z, x: _sech2(x),),
    "Hyperbolic tangent.",
    latex=r"\tanh\left({0}\right)",
    gate="shrinks it: the slope is at most 1, and next to 0 where tanh is flat",
    example=("tanh(0.5)", 0.46211715726000973),
)
_sech2: Primitive = primitive(
    "_sech2",
    accurate.sech2,
    (lambda z, x: -2 * z * tanh(x),),
    "The derivative of tanh: 1 / cosh(x)**2.",
    reading=lambda x: 1 - tanh(x) ** 2,
    slope_accuracy=HELPER,
)
asinh = primitive(
    "asinh",
    math.asinh,
    (lambda z, x: 1 / hypot(1, x),),
    "Inverse of sinh.",
    latex=r"\operatorname{{arsinh}}\left({0}\right)",
    gate="shrinks it: the slope is at most 1, and falls like 1 / x far out",
    example=("asinh(1)", 0.881373587019543),
)
acosh = primitive(
    "acosh",
    math.acosh,
    (lambda z, x: _acosh_slope(x),),
    "Inverse of cosh, 0 or more.",
    latex=r"\operatorname{{arcosh}}\left({0}\right)",
    domain=Domain("x ≥ 1", lambda x: x < 1, "keep it from falling below 1, with autograd.max(x, 1)"),
    kink=Kink("x = 1: the slope is inf", lambda x: x == 1),
    gate="divides it by the hyperbolic sine of the result: steep near 1, flat far out",
    example=("acosh(2)", 1.3169578969248166),
)
_acosh_slope: Primitive = primitive(
    "_acosh_slope",
    accurate.acosh_slope,
    (lambda z, x: -x * z * z * z,),
    "The derivative of acosh, 1 / sqrt(x**2 - 1),",
    reading=lambda x: 1 / sqrt(x**2 - 1),
    domain=acosh.domain,
    kink=Kink("x = 1: value and slope are infinite", lambda x: x == 1),
    slope_accuracy=HELPER,
)
atanh = primitive(
    "atanh",
    math.atanh,
    (lambda z, x: 1 / ((1 - x) * (1 + x)),),  # 1 - x*x has lost half its digits near |x| = 1
    "Inverse of tanh.",
    latex=r"\operatorname{{artanh}}\left({0}\right)",
    domain=Domain(
        "-1 < x < 1",
        lambda x: (x <= -1) | (x >= 1),
        "keep it there, with autograd.clip(x, -1 + 1e-12, 1 - 1e-12) for example",
        lambda x: math.copysign(math.inf, x) if math.fabs(x) == 1 else math.nan,
    ),
    gate="magnifies it: the slope is 1 or more, and steep near ±1",
    example=("atanh(0.5)", 0.5493061443340548),
)


# The normal distribution -------------------------------------------------------------------------

TWO_OVER_ROOT_PI, ONE_OVER_ROOT_TAU = 1.1283791670955126, 0.3989422804014327

erf = primitive(
    "erf",
    math.erf,
    (lambda z, x: TWO_OVER_ROOT_PI * _gauss(x, 1),),
    "Error function, 2/√π times the integral of exp(-t²) from 0 to x.",
    latex=r"\operatorname{{erf}}\left({0}\right)",
    gate="multiplies it by a bell curve: next to 0 where erf is flat",
    example=("erf(0.5)", 0.5204998778130465),
)
erfc = primitive(
    "erfc",
    math.erfc,
    (lambda z, x: -TWO_OVER_ROOT_PI * _gauss(x, 1),),
    "1 - erf(x), without loss for large x.",
    latex=r"\operatorname{{erfc}}\left({0}\right)",
    gate="multiplies it by a bell curve and changes its sign: next to 0 where erfc is flat",
    example=("erfc(0.5)", 0.4795001221869535),
)
_gauss: Primitive = primitive(
    "_gauss",
    accurate.gauss,
    (lambda z, x, k: -2 * k * x * z, lambda z, x, k: 0),  # k is always a plain number
    "exp(-k x**2), a bell curve.",
    reading=lambda x, k: exp(-k * x**2),
    slope_accuracy=HELPER,
)
_normal_cdf: Primitive = primitive(
    "_normal_cdf",
    accurate.normal_cdf,
    (lambda z, x: ONE_OVER_ROOT_TAU * _gauss(x, 0.5),),
    "Probability that a standard normal variable is below x.",
    reading=lambda x: 0.5 * (1 + erf(x / math.sqrt(2))),
)


# Activations -------------------------------------------------------------------------------------

sigmoid = primitive(
    "sigmoid",
    accurate.sigmoid,
    (lambda z, x: _sigmoid_slope(x),),
    "Logistic function 1 / (1 + exp(-x)).",
    symbol="σ",
    latex=r"\sigma\left({0}\right)",
    gate="shrinks it: the slope is at most ¼, and next to 0 where sigmoid is flat",
    example=("sigmoid(0)", 0.5),
)
_sigmoid_slope: Primitive = primitive(
    "_sigmoid_slope",
    accurate.sigmoid_slope,
    (lambda z, x: -z * tanh(0.5 * x),),
    "The derivative of sigmoid.",
    reading=lambda x: sigmoid(x) * (1 - sigmoid(x)),
    slope_accuracy=HELPER,
)
log_sigmoid = primitive(
    "log_sigmoid",
    lambda x: -accurate.softplus(-x),
    (lambda z, x: sigmoid(-x),),
    "Logarithm of sigmoid, -log(1 + exp(-x)).",
    latex=r"\ln\left(\sigma\left({0}\right)\right)",
    gate="shrinks it: the slope lies between 0 and 1",
    example=("log_sigmoid(0)", -0.6931471805599453),
)
softplus = primitive(
    "softplus",
    accurate.softplus,
    (lambda z, x: sigmoid(x),),
    "Smooth relu, log(1 + exp(x)).",
    gate="shrinks it: the slope lies between 0 and 1",
    example=("softplus(0)", 0.6931471805599453),
)
silu = primitive(
    "silu",
    accurate.silu,
    (lambda z, x: sigmoid(x) + z * sigmoid(-x),),
    "Sigmoid linear unit x sigmoid(x), also called swish.",
    latex=r"\operatorname{{SiLU}}\left({0}\right)",
    gate="lets it through where the operand is large, and blocks it where very negative",
    slope_accuracy=TWO_TERMS,
    example=("silu(1)", 0.7310585786300049),
)
gelu = primitive(
    "gelu",
    accurate.gelu,
    (lambda z, x: _normal_cdf(x) + x * (ONE_OVER_ROOT_TAU * _gauss(x, 0.5)),),
    "Gaussian error linear unit x Φ(x), Φ the normal distribution, in its exact form.",
    latex=r"\operatorname{{GELU}}\left({0}\right)",
    gate="lets it through where the operand is large, and blocks it where very negative",
    slope_accuracy=TWO_TERMS,
    example=("gelu(1)", 0.841344746068543),
)
gelu_tanh = primitive(
    "gelu_tanh",
    accurate.gelu_tanh,
    (lambda z, x: _gelu_tanh_slope(x),),
    "Approximate gelu, x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))).",
    latex=r"\operatorname{{GELU}}_{{\tanh}}\left({0}\right)",
    gate="lets it through where the operand is large, and blocks it where very negative",
    accuracy=Accuracy(2000),  # x³ rounds, and exp(-v) makes much of it where x is very negative
    slope_accuracy=Accuracy(2000, terms="the three terms"),
    example=("gelu_tanh(1)", 0.8411919906082768),
)


def _gelu_tanh_slope(x: Any) -> Any:  # noqa: ANN401 - any kind of number
    """With v = 2√(2/π) (x + c x³), gelu_tanh is x sigmoid(v): this is sigmoid(v) + x sigmoid'(v) v'."""
    k, c = accurate.GELU_SCALE, accurate.GELU_CUBIC
    v = k * x + k * c * x * x * x
    slope = x * _sigmoid_slope(v)  # first, so that it is 0 before the powers of x overflow
    return sigmoid(v) + k * slope + 3 * k * c * slope * x * x


relu = primitive(
    "relu",
    lambda x: 0.0 if x <= 0 else x,
    (lambda z, x: step(x),),
    "Rectified linear unit, max(0, x).",
    latex=r"\operatorname{{ReLU}}\left({0}\right)",
    kink=Kink("x = 0: derivative 0", lambda x: x == 0),
    gate="lets it through where the operand is positive, and blocks it elsewhere",
    example=("relu(3)", 3.0),
)
leaky_relu = primitive(
    "leaky_relu",
    lambda x: 0.01 * x if x <= 0 else x,
    (lambda z, x: where(step(x), 1, 0.01),),
    "Leaky relu, x where x > 0, else 0.01 x.",
    latex=r"\operatorname{{LeakyReLU}}\left({0}\right)",
    kink=Kink("x = 0: derivative 0.01", lambda x: x == 0),
    gate="lets it through where the operand is positive, and a hundredth of it elsewhere",
    example=("leaky_relu(-3)", -0.03),
)
elu = primitive(
    "elu",
    lambda x: accurate.expm1(x) if x <= 0 else x,
    (lambda z, x: where(step(x), 1, exp(x)),),  # the second derivative at 0 is 1, that of the left side
    "Exponential linear unit, x where x > 0, else exp(x) - 1.",
    latex=r"\operatorname{{ELU}}\left({0}\right)",
    gate="lets it through where the operand is positive, and shrinks it elsewhere",
    example=("elu(-1)", -0.6321205588285577),
)
step: Primitive = primitive(
    "step",
    lambda x: 0.0 if x <= 0 else 1.0 if x > 0 else x,  # nan stays nan
    (lambda z, x: 0,),
    "1 where x > 0, else 0.",
    latex=r"\left[{0} > 0\right]",
    kink=Kink("x = 0: derivative 0", lambda x: x == 0),
    gate="blocks it: a step is flat, so its slope is 0",
    example=("step(3)", 1.0),
)
abs = primitive(  # noqa: A001 - the name of the operation
    "abs",
    math.fabs,
    (lambda z, x: sign(x),),
    "Distance from zero.",
    latex=r"\left|{0}\right|",
    kink=Kink("x = 0: derivative 0", lambda x: x == 0),
    gate="passes it on where the operand is positive, with its sign changed where negative",
    example=("abs(-3)", 3.0),
)
sign: Primitive = primitive(
    "sign",
    lambda x: x if x == 0 or math.isnan(x) else math.copysign(1.0, x),
    (lambda z, x: 0,),
    "-1, 0 or 1.",
    kink=Kink("x = 0: derivative 0", lambda x: x == 0),
    gate="blocks it: a sign is flat, so its slope is 0",
    example=("sign(-3)", -1.0),
)


# Choices -----------------------------------------------------------------------------------------

where: Primitive = primitive(
    "where",
    lambda condition, a, b: condition if math.isnan(condition) else a if condition else b,
    (
        lambda z, condition, a, b: 0,
        lambda z, condition, a, b: where(condition, 1, 0),
        lambda z, condition, a, b: where(condition, 0, 1),
    ),
    "a where the condition is true, or not 0; else b.",
    latex=r"\begin{{cases}} {1} & \text{{if}}\ {0} \\ {2} & \text{{otherwise}} \end{{cases}}",
    depends=lambda condition, a, b: (False, condition, not condition),
    gate="passes it on to the operand that was chosen; the other is no part of the graph",
    example=("where(3 > 2, 10, 20)", 10.0),
)
clip = primitive(
    "clip",
    accurate.clip,
    (
        lambda z, x, low, high: 1 - _less(x, low) - _less(high, x),
        lambda z, x, low, high: _less(x, low),
        lambda z, x, low, high: _less(high, x),
    ),
    "x, but not less than a low bound nor more than a high one.",
    domain=Domain("low ≤ high", lambda x, low, high: low > high, "swap the bounds"),
    kink=Kink("x at a bound: derivative 1 by x", lambda x, low, high: (x == low) | (x == high)),
    gate="lets it through between the bounds; outside, the bound that holds gets it",
    example=("clip(3, -1, 1)", 1.0),
)
_less: Primitive = primitive(
    "_less",
    lambda x, y: float(x < y) if x == x and y == y else math.nan,  # noqa: PLR0124 - only nan differs from itself
    (lambda z, x, y: 0, lambda z, x, y: 0),
    "1 where x < y, else 0.",
    symbol="<",
    latex=r"\left[{0} < {1}\right]",
    kink=Kink("x = y: derivatives 0", lambda x, y: x == y),
)
stop_gradient = primitive(
    "stop_gradient",
    lambda x: x,
    (lambda z, x: 0,),
    "x itself, taken for a constant.",
    symbol="stop",
    latex=r"\text{{stop gradient}}\left({0}\right)",
    depends=lambda x: (False,),
    gate="blocks it: to derivatives its operand is a constant",
    example=("stop_gradient(3)", 3.0),
)


# Distances ---------------------------------------------------------------------------------------

hypot: Primitive = primitive(
    "hypot",
    math.hypot,
    (lambda z, x, y: _ratio(x, z), lambda z, x, y: _ratio(y, z)),
    "Distance of the point (x, y) from the origin.",
    reading=lambda x, y: sqrt(x**2 + y**2),
    kink=Kink("x = y = 0: derivatives 0", lambda x, y: (x == 0) & (y == 0)),
    gate="multiplies it, for each operand, by that operand divided by the result",
    example=("hypot(3, 4)", 5.0),
)
norm = primitive(
    "norm",
    math.hypot,
    lambda z, *xs: [_ratio(x, z) for x in xs],
    "Euclidean length √(x₁² + … + xₙ²) of any number of operands.",
    latex=r"\left\lVert \left({operands}\right) \right\rVert",
    kink=Kink("all operands 0: derivatives 0", lambda *xs: not any(xs)),
    gate="multiplies it, for each operand, by that operand divided by the result",
    example=("norm(2, 3, 6)", 7.0),
)
_ratio: Primitive = primitive(
    "_ratio",
    accurate.ratio,
    (lambda z, x, y: 1 / y, lambda z, x, y: -_ratio(z, y)),
    "x / y, and 0 where y is 0",
    reading=lambda x, y: x / y,
    kink=Kink("y = 0: value 0", lambda x, y: y == 0),
)


# Any number of operands --------------------------------------------------------------------------


sum = primitive(  # noqa: A001 - the name of the operation
    "sum",
    lambda *xs: accurate.add_up(xs),
    lambda z, *xs: [1] * len(xs),
    "Sum of any number of operands, from left to right.",
    reading=lambda *xs: reduce(operator.add, xs),
    symbol="Σ",
    gate="passes it on unchanged, to every operand",
    accuracy=SUMMED,
    example=("sum(1, 2, 3)", 6.0),
)
mean = primitive(
    "mean",
    accurate.mean,
    lambda z, *xs: [1 / len(xs)] * len(xs),
    "Arithmetic mean.",
    gate="divides it into equal shares, one for each operand",
    accuracy=SUMMED,
    example=("mean(1, 2, 3)", 2.0),
)


prod = primitive(
    "prod",
    lambda *xs: reduce(operator.mul, xs),
    lambda z, *xs: _others(xs),
    "Product of any number of operands, from left to right.",
    reading=lambda *xs: reduce(operator.mul, xs),
    symbol="Π",
    accuracy=FACTORED,
    slope_accuracy=FACTORED,
    gate="multiplies it, for each operand, by the product of the others",
    example=("prod(2, 3, 4)", 24.0),
)


def _others(xs: tuple[Any, ...]) -> list[Any]:
    """For each operand the product of the others, without a division, as the operand may be 0.

    It is the product of those before it and of those after it. Either may overflow, or
    vanish, where the product of both does not.
    """
    before: list[Any] = [*accumulate(xs, mul)]
    after: list[Any] = [*accumulate(reversed(xs), lambda after, x: x * after)]
    products = [b * a for b, a in zip(before, reversed(after[:-2]), strict=False)]
    return [*after[-2:-1], *products, *before[-2:-1]] if xs[1:] else [1]


_dot = primitive(
    "dot",
    accurate.dot,
    lambda z, *operands: _swap_halves(operands),
    "The sum of products of a first half of operands with a second, plus an odd last one.",
    reading=accurate.dot,
    symbol="w·x",
    gate="swaps the partners: each gets the gradient times the one it is multiplied with",
    accuracy=SUMMED,
    example=("dot([1, 2], [3, 4])", 11.0),
)


def _swap_halves(operands: tuple[Any, ...]) -> list[Any]:
    n = len(operands) // 2
    return [*operands[n : 2 * n], *operands[:n], *([1] * (len(operands) % 2))]


def _shares(z: Any, xs: tuple[Any, ...]) -> list[Any]:  # noqa: ANN401 - any kind of number
    chosen = [_equal(x, z) for x in xs]
    count = sum(*chosen)
    return [share / count for share in chosen]


_equal = primitive(
    "_equal",
    lambda x, y: float(x == y),  # the shares of nan come out as 0 / 0, which is nan
    (lambda z, x, y: 0, lambda z, x, y: 0),
    "1 where the operands are equal, else 0.",
    symbol="==",
    latex=r"\left[{0} = {1}\right]",
)


max = primitive(  # noqa: A001 - the name of the operation
    "max",
    accurate.largest,
    lambda z, *xs: _shares(z, xs),
    "The largest operand.",
    latex=r"\max\left({operands}\right)",
    kink=Kink(
        "equal largest operands: each has an equal share", lambda *xs: xs.count(accurate.largest(*xs)) > 1
    ),
    gate="routes it to the largest operand; equal ones share it",
    example=("max(1, 3, 2)", 3.0),
)
min = primitive(  # noqa: A001 - the name of the operation
    "min",
    accurate.smallest,
    lambda z, *xs: _shares(z, xs),
    "The smallest operand.",
    latex=r"\min\left({operands}\right)",
    kink=Kink(
        "equal smallest operands: each has an equal share", lambda *xs: xs.count(accurate.smallest(*xs)) > 1
    ),
    gate="routes it to the smallest operand; equal ones share it",
    example=("min(3, 1, 2)", 1.0),
)


def _softmax(z: Any, xs: tuple[Any, ...]) -> list[Any]:  # noqa: ANN401 - any kind of number
    weights = [_exp_gap(x, z) for x in xs]
    total = sum(*weights)  # 1, but for what the rounding of a large z has lost
    return [weight / total for weight in weights]


_exp_gap = primitive(
    "_exp_gap",
    accurate.exp_gap,
    (lambda z, x, y: z, lambda z, x, y: -z),
    "exp(x - y)",
    reading=lambda x, y: exp(x - y),
)
logsumexp = primitive(
    "logsumexp",
    accurate.logsumexp,
    lambda z, *xs: _softmax(z, xs),
    "Logarithm of the sum of exponentials, a smooth largest operand.",
    gate="shares it out among the operands, the most to the largest",
    accuracy=SUMMED,
    slope_accuracy=Accuracy(4, terms="the result, for each operand"),
    example=("logsumexp(0, 0)", 0.6931471805599453),
)
_gap: Primitive = primitive(
    "_gap",
    lambda x, y: 0.0 if x == y else x - y,
    (lambda z, x, y: 1, lambda z, x, y: -1),
    "x - y, 0 also where both are the same infinity",
    reading=lambda x, y: x - y,
)


@overload
def dot(  # type: ignore[overload-overlap]  # plain numbers only: no Differentiable is a Number
    weights: Iterable[Number],
    inputs: Iterable[Number],
    bias: Number | None = None,
) -> float: ...
@overload
def dot(
    weights: Iterable[D | Number],
    inputs: Iterable[D | Number],
    bias: D | Number | None = None,
) -> D: ...
def dot(weights: Iterable[Any], inputs: Iterable[Any], bias: Any = None) -> Any:
    """Return the inner product Σ wᵢ xᵢ, plus a bias, as one node.

    The products are added from left to right and the bias last.

    Parameters
    ----------
    weights, inputs
        Two sequences of numbers or Values, equally long and not empty.
    bias
        A number or Value to add.

    Raises
    ------
    LengthError
        If the lengths differ or are 0.

    Examples
    --------
    >>> dot([1, 2], [3, 4], bias=5)
    16.0
    """
    weights, inputs = tuple(weights), tuple(inputs)
    if len(weights) != len(inputs) or not weights:
        raise LengthError(
            f"dot needs as many weights as inputs, at least one; got {len(weights)} and {len(inputs)}",
        )
    return _dot(*weights, *inputs) if bias is None else _dot(*weights, *inputs, bias)


@overload
def softmax(xs: Iterable[Number]) -> list[float]: ...  # type: ignore[overload-overlap]
@overload
def softmax(xs: Iterable[D | Number]) -> list[D]: ...
def softmax(xs: Iterable[Any]) -> list[Any]:
    """Return exp(xᵢ) / Σ exp(xⱼ) for every operand: positive shares that add up to 1.

    Raises
    ------
    LengthError
        If there are no operands.

    Examples
    --------
    >>> softmax([0, 0])
    [0.5, 0.5]
    """
    xs = tuple(xs)
    return _softmax(stop_gradient(max(xs)), xs)  # the largest cancels, and with it what could overflow


@overload
def log_softmax(xs: Iterable[Number]) -> list[float]: ...  # type: ignore[overload-overlap]
@overload
def log_softmax(xs: Iterable[D | Number]) -> list[D]: ...
def log_softmax(xs: Iterable[Any]) -> list[Any]:
    """Return the logarithms of softmax, xᵢ - log(Σ exp(xⱼ)).

    Raises
    ------
    LengthError
        If there are no operands.

    Examples
    --------
    >>> log_softmax([0, 0])
    [-0.6931471805599453, -0.6931471805599453]
    """
    xs = tuple(xs)
    largest = stop_gradient(max(xs))
    gaps = [_gap(x, largest) for x in xs]
    total = logsumexp(gaps)
    return [gap - total for gap in gaps]
