"""The table: every operation, its value, its partial derivatives, its domain and its kinks.

A row is written in the primitives themselves, so the same row runs on any kind of
number: on floats it gives derivatives, on Values derivatives that can be derived
again, on symbols source text. No formula for any of these stands anywhere else.

In a row `z` is the result and `x`, `y` (or `xs`) are the operands. A partial is
evaluated only for an operand that is differentiated. Angles are in radians,
logarithms natural. A helper row, whose name begins with an underscore, is a partial
that needs care to compute or a derivative of its own.

To add an operation, write one row; see `primitive`.
"""

from __future__ import annotations

import builtins
import math
import operator
from functools import reduce
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar, overload

from autograd.conversion import to_float
from autograd.errors import DomainError, LengthError, OperandError, PrimitiveError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from autograd.conversion import Number


class Differentiable(Protocol):
    """A kind of number that takes primitives its own way: a Value, a dual number, a symbol."""

    def apply(self, primitive: Primitive, operands: tuple[Any, ...], /) -> Any:  # noqa: ANN401
        """Apply a primitive to operands, at least one of which is of this kind."""


D = TypeVar("D", bound=Differentiable)


class Domain(NamedTuple):
    """Where an operation is defined: in words, a test for being outside, and what to do then."""

    text: str
    outside: Callable[..., Any]
    remedy: str = "look at what computed the operand"


class Kink(NamedTuple):
    """Where an operation has no derivative, and what is taken for one there."""

    convention: str
    at: Callable[..., Any]


class Primitive:
    """One row of the table; call it on numbers or Values. Made by `primitive`."""

    name: str
    function: Callable[..., float]
    partials: Any  # one function of (z, *operands) for each operand, or one for all if variadic
    symbol: str
    domain: Domain | None
    kink: Kink | None
    summary: str
    latex: str
    reading: Callable[..., Any] | None
    gate: str
    example: tuple[str, float] | None

    def __init__(self, **row: object) -> None:
        self.__dict__.update(row)
        self.__name__ = self.name

    @property
    def variadic(self) -> bool:
        """Whether the primitive takes any number of operands."""
        return callable(self.partials)

    @overload
    def __call__(self, *operands: Number | Iterable[Number]) -> float: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, *operands: D | Number | Iterable[D | Number]) -> D: ...
    @overload
    def __call__(self, *operands: Iterable[Any]) -> Any: ...  # noqa: ANN401 - for a list of both
    def __call__(self, *operands: Any) -> Any:
        """Apply the operation: Values give a Value, plain numbers a float.

        A primitive of any number of operands also takes them as one iterable.
        """
        if self.variadic and len(operands) == 1 and hasattr(operands[0], "__iter__"):
            operands = tuple(operands[0])
        for operand in operands:
            apply = getattr(operand, "apply", None)
            if apply is not None:
                return apply(self, operands)
        self.check_count(operands)
        return self.of_floats(*map(to_float, operands))

    def of_floats(self, *operands: float) -> float:
        """Evaluate on floats, inside the domain."""
        if self.domain is not None and self.domain.outside(*operands):
            raise self.domain_error(operands)
        return self.function(*operands)

    def partials_at(self, z: Any, operands: Sequence[Any]) -> list[Any]:  # noqa: ANN401 - any kind of number
        """Evaluate the partial by every operand, at operands of any kind of number."""
        if self.variadic:
            partials = list(self.partials(z, *operands))
            if len(partials) != len(operands):
                raise PrimitiveError(f"{self.name}: {len(partials)} partials for {len(operands)} operands")
            return partials
        return [partial(z, *operands) for partial in self.partials]

    def check_count(self, operands: Sequence[object]) -> None:
        """Refuse a number of operands that the operation does not take."""
        if self.variadic:
            if not operands:
                raise LengthError(f"{self.name} of nothing is not defined; pass at least one operand")
        elif len(operands) != len(self.partials):
            count = len(self.partials)
            raise LengthError(f"{self.name} takes {count} operand{'s' * (count > 1)}, not {len(operands)}")

    def domain_error(self, operands: Sequence[Any]) -> DomainError:
        """Build the error for operands outside the domain, with their labels and values."""
        names = "xy" if len(operands) <= len("xy") else [f"operand {i + 1}" for i in range(len(operands))]
        shown = ", ".join(
            f"{getattr(x, 'label', None) or name} = {getattr(x, 'data', x)!r}"
            for name, x in zip(names, operands, strict=False)
        )
        text, remedy = (self.domain.text, self.domain.remedy) if self.domain else ("", "")
        name = self.summary if self.name.startswith("_") else self.name
        return DomainError(f"{name} is not defined at {shown}: it needs {text}; {remedy}")

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        return primitive_named, (self.name,)


RESERVED = frozenset(
    (
        *(
            "x",
            "y",
            "z",
            "Value",
            "new",
            "clock",
            "number",
            "divide",
            "row",
            "function",
            "inf",
            "nan",
            "type",
        ),
        *("float", "NotImplemented", "ZeroDivisionError", "pull_x", "pull_y", "pull_xy"),
    ),
)
"""Names that the text of generated rules uses besides those of primitives."""

TABLE: dict[str, Primitive] = {}
"""Every primitive by name, in the order of definition."""


def primitive_named(name: str) -> Primitive:
    """Return the row of the table called `name`."""
    try:
        return TABLE[name]
    except KeyError:
        raise PrimitiveError(f"no primitive is called {name!r}; there are: {', '.join(TABLE)}") from None


def primitive(
    name: str,
    function: Callable[..., float],
    partials: tuple[Callable[..., Any], ...] | Callable[..., Any],
    summary: str = "",
    *,
    symbol: str = "",
    latex: str = "",
    reading: Callable[..., Any] | None = None,
    gate: str = "",
    domain: Domain | None = None,
    kink: Kink | None = None,
    example: tuple[str, float] | None = None,
) -> Primitive:
    """Add a row to the table and return it as a function of numbers or Values.

    Parameters
    ----------
    name
        A new name, an identifier.
    function
        The value, a function of floats that returns a float. Inside the domain it may
        not raise: overflow is plus or minus inf.
    partials
        The derivative of the value by each operand, as functions of the result `z`
        and the operands, written in Python's operators and the primitives of this
        module. One function that returns all of them, in order, makes the primitive
        take any number of operands.
    summary
        One sentence for the documentation.
    symbol
        How drawings write the operation, if not by name.
    latex
        How formulas write it in LaTeX, with {0}, {1} for the operands, if not by name.
    reading
        How a reader would write it in other primitives; for helper rows.
    gate
        What it does with the gradient that reaches it, to follow the name in a sentence.
    domain, kink
        Where the function is not defined, and where its derivative is not.
    example
        A call and its value, shown in the documentation and checked by the tests.

    Raises
    ------
    PrimitiveError
        If the name is taken or is not an identifier, or there are no partials.

    Examples
    --------
    >>> from autograd import Value
    >>> cube = primitive("cube", lambda x: x * x * x, (lambda z, x: 3 * x * x,))
    >>> x = Value(2.0)
    >>> z = cube(x)
    >>> z.backward()
    >>> z.data, x.grad
    (8.0, 12.0)
    >>> del TABLE["cube"]
    """
    if not name.isidentifier() or iskeyword(name):
        raise PrimitiveError(f"{name!r} is not an identifier; a primitive is called by its name")
    if name in RESERVED:
        raise PrimitiveError(f"{name!r} has a meaning of its own in generated rules; choose another name")
    if name in TABLE:
        raise PrimitiveError(
            f"there is a primitive called {name!r} already; choose another name, or, if it is your own, "
            f"remove it first: del autograd.TABLE[{name!r}]",
        )
    if not callable(partials) and not (partials and builtins.all(callable(p) for p in partials)):
        raise PrimitiveError(f"{name}: partials must be functions, one for each operand")
    row = Primitive(
        name=name,
        function=_checked(name, function),
        partials=partials,
        symbol=symbol,
        domain=domain,
        kink=kink,
        summary=summary,
        latex=latex,
        reading=reading,
        gate=gate,
        example=example,
    )
    TABLE[name] = row
    return row


def _checked(name: str, function: Callable[..., float]) -> Callable[..., float]:
    """Return a function that is known to give floats, or one that makes sure of it."""
    if getattr(function, "__module__", "") in {__name__, "math", "_operator"}:
        return function

    def checked(*operands: float) -> float:
        try:
            return to_float(function(*operands))
        except OperandError as error:
            raise PrimitiveError(f"{name}: its function gave no number: {error}") from error

    return checked


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
    domain=Domain("y ≠ 0", lambda x, y: y == 0, "add a small constant to the divisor, or test it first"),
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


def _pow(x: float, y: float) -> float:
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0 and y % 2 == 1 else math.inf


def _power_value(c: float, x: float, y: float) -> float:
    if c == 0:
        return 0.0  # also where the power is infinite: the derivatives of x**2 at 0 are 0, 2, 0, 0, …
    if x == 0 and y < 0:
        return c * math.inf  # the limit from the right
    return c * _pow(x, y)


def _power_log_value(c: float, x: float, y: float, n: float) -> float:
    if c == 0 or (x == 0 and y > 0):
        return 0.0
    if x == 0:
        return -c * math.inf if n % 2 == 1 else c * math.inf
    return c * _pow(x, y) * _pow(math.log(x), n)


pow = primitive(  # noqa: A001 - the name of the operation; this module uses builtins.pow nowhere
    "pow",
    _pow,
    (lambda z, x, y: _power(y, x, y - 1), lambda z, x, y: _power_log(1, x, y, 1)),
    "A number raised to a power.",
    symbol="**",
    domain=Domain(
        "x > 0, or a whole y where x < 0, or y ≥ 0 where x = 0",
        lambda x, y: ((x < 0) & (y % 1 != 0)) | ((x == 0) & (y < 0)),
        "the odd root of a negative x is -(abs(x) ** y)",
    ),
    kink=Kink("x = 0 with 0 < y < 1: the slope is inf", lambda x, y: (x == 0) & (y < 1) & (y > 0)),
    gate="brings the exponent down as a factor and leaves a power one lower",
    example=("pow(2, 3)", 8.0),
)
# With a factor of its own, a power stays exact when that factor is 0, at every order.
_power: Primitive = primitive(
    "_power",
    _power_value,
    (
        lambda z, c, x, y: _power(1, x, y),
        lambda z, c, x, y: _power(c * y, x, y - 1),
        lambda z, c, x, y: _power_log(c, x, y, 1),
    ),
    "c x**y, the derivative of pow by its base",
    reading=lambda c, x, y: c * x**y,
)
_power_log: Primitive = primitive(
    "_power_log",
    _power_log_value,
    (
        lambda z, c, x, y, n: _power_log(1, x, y, n),
        lambda z, c, x, y, n: _power_log(c * y, x, y - 1, n) + _power_log(c * n, x, y - 1, n - 1),
        lambda z, c, x, y, n: _power_log(c, x, y, n + 1),
        lambda z, c, x, y, n: 0,  # n is always a plain number
    ),
    "c x**y log(x)**n, the derivative of pow by its exponent,",
    reading=lambda c, x, y, n: c * x**y * log(x) ** n,
    domain=Domain(
        "x ≥ 0",
        lambda c, x, y, n: (x < 0) & (n > 0),
        "pass the exponent as a plain number if it is constant",
    ),
)


# Exponentials and logarithms ---------------------------------------------------------------------


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


exp = primitive(
    "exp",
    _exp,
    (lambda z, x: z,),
    "e to the power x.",
    latex="e^{{{0}}}",
    gate="multiplies it by its own value",
    example=("exp(1)", 2.718281828459045),
)
log: Primitive = primitive(
    "log",
    math.log,
    (lambda z, x: 1 / x,),
    "Natural logarithm.",
    latex=r"\ln\left({0}\right)",
    domain=Domain("x > 0", lambda x: x <= 0, "keep it positive, with autograd.max(x, 1e-12) for example"),
    gate="divides it by the operand",
    example=("log(2)", 0.6931471805599453),
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


# Circular and hyperbolic -------------------------------------------------------------------------

FINITE = Domain("a finite x", lambda x: (x == math.inf) | (x == -math.inf))

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
tanh = primitive(
    "tanh",
    math.tanh,
    (lambda z, x: _sech2(x),),
    "Hyperbolic tangent.",
    latex=r"\tanh\left({0}\right)",
    gate="shrinks it: the slope is at most 1, and next to 0 where tanh is flat",
    example=("tanh(0.5)", 0.46211715726000973),
)


def _sech2_value(x: float) -> float:
    e = math.exp(-2 * math.fabs(x))  # 1 - z*z, the naive way, is 0 from |x| = 19 on
    return 4 * e / ((1 + e) * (1 + e))


# sech² is a row of its own because a formula with |x| would give a wrong next derivative at 0.
_sech2: Primitive = primitive(
    "_sech2",
    _sech2_value,
    (lambda z, x: -2 * z * tanh(x),),
    "The derivative of tanh: 1 / cosh(x)**2.",
    reading=lambda x: 1 - tanh(x) ** 2,
)


# Activations -------------------------------------------------------------------------------------


def _sigmoid(x: float) -> float:
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    e = math.exp(x)  # exp(-x) would overflow
    return e / (1 + e)


def _sigmoid_slope_value(x: float) -> float:
    e = math.exp(-math.fabs(x))  # z*(1 - z), the naive way, is 0 from x = 37 on
    return e / ((1 + e) * (1 + e))


sigmoid = primitive(
    "sigmoid",
    _sigmoid,
    (lambda z, x: _sigmoid_slope(x),),
    "Logistic function 1 / (1 + exp(-x)).",
    symbol="σ",
    latex=r"\sigma\left({0}\right)",
    gate="shrinks it: the slope is at most ¼, and next to 0 where sigmoid is flat",
    example=("sigmoid(0)", 0.5),
)
_sigmoid_slope: Primitive = primitive(
    "_sigmoid_slope",
    _sigmoid_slope_value,
    (lambda z, x: -z * tanh(0.5 * x),),
    "The derivative of sigmoid.",
    reading=lambda x: sigmoid(x) * (1 - sigmoid(x)),
)

softplus = primitive(
    "softplus",
    lambda x: builtins.max(x, 0.0) + math.log1p(math.exp(-math.fabs(x))),
    (lambda z, x: sigmoid(x),),
    "Smooth relu, log(1 + exp(x)).",
    gate="shrinks it: the slope lies between 0 and 1",
    example=("softplus(0)", 0.6931471805599453),
)
relu = primitive(
    "relu",
    lambda x: 0.0 if x <= 0 else x,
    (lambda z, x: step(x),),
    "Rectified linear unit, max(0, x).",
    kink=Kink("x = 0: derivative 0", lambda x: x == 0),
    gate="lets it through where the operand is positive, and blocks it elsewhere",
    example=("relu(3)", 3.0),
)
step: Primitive = primitive(
    "step",
    lambda x: 0.0 if x <= 0 else 1.0 if x > 0 else x,  # nan stays nan
    (lambda z, x: 0,),
    "1 where x > 0, else 0.",
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


# Any number of operands --------------------------------------------------------------------------


def _add_up(terms: Iterable[float]) -> float:
    return reduce(operator.add, terms)  # the builtin sum rounds differently from Python 3.12 on


sum = primitive(  # noqa: A001 - the name of the operation
    "sum",
    lambda *xs: _add_up(xs),
    lambda z, *xs: [1] * len(xs),
    "Sum of any number of operands, from left to right.",
    reading=lambda *xs: reduce(operator.add, xs),
    symbol="Σ",
    gate="passes it on unchanged, to every operand",
    example=("sum(1, 2, 3)", 6.0),
)
mean = primitive(
    "mean",
    lambda *xs: _add_up(xs) / len(xs),
    lambda z, *xs: [1 / len(xs)] * len(xs),
    "Arithmetic mean.",
    gate="divides it into equal shares, one for each operand",
    example=("mean(1, 2, 3)", 2.0),
)


def _dot_value(*operands: float) -> float:
    n = len(operands) // 2
    products = map(operator.mul, operands[:n], operands[n : 2 * n])
    return _add_up((*products, *operands[2 * n :]))


_dot = primitive(
    "dot",
    _dot_value,
    lambda z, *operands: _swap_halves(operands),
    "The sum of products of a first half of operands with a second, plus an odd last one.",
    reading=_dot_value,
    symbol="w·x",
    gate="swaps the partners: each gets the gradient times the one it is multiplied with",
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
    lambda x, y: float(x == y) if x == x and y == y else math.nan,  # noqa: PLR0124 - only nan differs from itself
    (lambda z, x, y: 0, lambda z, x, y: 0),
    "1 where the operands are equal, else 0.",
)


def _largest(*xs: float) -> float:
    return builtins.max(xs) if not builtins.any(map(math.isnan, xs)) else math.nan


max = primitive(  # noqa: A001 - the name of the operation
    "max",
    _largest,
    lambda z, *xs: _shares(z, xs),
    "The largest operand.",
    latex=r"\max\left({operands}\right)",
    kink=Kink("equal largest operands: each has an equal share", lambda *xs: xs.count(builtins.max(xs)) > 1),
    gate="routes it to the largest operand; equal ones share it",
    example=("max(1, 3, 2)", 3.0),
)
min = primitive(  # noqa: A001 - the name of the operation
    "min",
    lambda *xs: -_largest(*[-x for x in xs]),
    lambda z, *xs: _shares(z, xs),
    "The smallest operand.",
    latex=r"\min\left({operands}\right)",
    kink=Kink("equal smallest operands: each has an equal share", lambda *xs: xs.count(builtins.min(xs)) > 1),
    gate="routes it to the smallest operand; equal ones share it",
    example=("min(3, 1, 2)", 1.0),
)


def _logsumexp(*xs: float) -> float:
    largest = _largest(*xs)
    if math.isinf(largest) or math.isnan(largest):
        return largest
    return largest + math.log(_add_up(math.exp(x - largest) for x in xs))


def _softmax(z: Any, xs: tuple[Any, ...]) -> list[Any]:  # noqa: ANN401 - any kind of number
    weights = [_exp_gap(x, z) for x in xs]
    total = sum(*weights)  # 1, but for what the rounding of a large z has lost
    return [weight / total for weight in weights]


_exp_gap = primitive(
    "_exp_gap",
    lambda x, y: 1.0 if x == y else _exp(x - y),  # also where both are infinite
    (lambda z, x, y: z, lambda z, x, y: -z),
    "exp(x - y)",
    reading=lambda x, y: exp(x - y),
)
logsumexp = primitive(
    "logsumexp",
    _logsumexp,
    lambda z, *xs: _softmax(z, xs),
    "Logarithm of the sum of exponentials, a smooth largest operand.",
    gate="shares it out among the operands, the most to the largest",
    example=("logsumexp(0, 0)", 0.6931471805599453),
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
