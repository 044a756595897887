"""What a row of the table is: a `Primitive`, how it is called, and what it refuses.

The rows themselves stand in `primitives`. Nothing here knows a formula, nor a kind of
number other than float: an operand of another kind says itself, by its `apply`, what it
does with a primitive.
"""

from __future__ import annotations

import builtins
import math
from contextlib import contextmanager
from contextvars import ContextVar
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar, overload

from autograd.conversion import to_float
from autograd.errors import DomainError, LengthError, OperandError, PrimitiveError
from autograd.graph import origin

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from autograd.conversion import Number


class Differentiable(Protocol):
    """A kind of number that takes primitives its own way: a Value, a dual number, a symbol."""

    def apply(self, primitive: Primitive, operands: tuple[Any, ...], /) -> Any:  # noqa: ANN401
        """Apply a primitive to operands, at least one of which is of this kind."""


D = TypeVar("D", bound=Differentiable)


class Domain(NamedTuple):
    """Where an operation is defined: in words, a test for being outside, and what to do then.

    The last field is the value that IEEE 754 gives outside: nan, unless it is an infinity.
    """

    text: str
    outside: Callable[..., Any]
    remedy: str = "look at what computed the operand"
    ieee: Callable[..., float] = lambda *_: math.nan


class Kink(NamedTuple):
    """Where an operation has no derivative, and what is taken for one there."""

    convention: str
    at: Callable[..., Any]


class Accuracy(NamedTuple):
    """The largest error of a value and of a partial, where they are normal numbers.

    An error may be `ulps` units in the last place of the exact result, or of the `terms`
    that a sum is made of, counted once for each; or it may be at most `absolute`.
    """

    ulps: float = 4.0
    absolute: float = 0.0
    terms: str = ""

    def __str__(self) -> str:
        exact = f"{self.ulps:g} ulp" + f" of {self.terms}" * bool(self.terms)
        return f"{exact}, or {self.absolute:.2g}" if self.absolute else exact


GOOD = Accuracy()
"""What a row keeps unless it says something else."""

TINY = 2e-320
"""An error below this is never counted: it is 4,000 times the smallest float."""


class Primitive:
    """One row of the table; call it on numbers or Values. Made by `primitive`."""

    name: str
    function: Callable[..., float]
    partials: Any  # one function of (z, *operands) for each operand, or one for all if variadic
    summary: str
    symbol: str = ""
    domain: Domain | None = None
    kink: Kink | None = None
    latex: str = ""
    reading: Callable[..., Any] | None = None
    depends: Callable[..., Sequence[bool]] | None = None
    gate: str = ""
    example: tuple[str, float] | None = None
    accuracy: Accuracy = GOOD
    slope_accuracy: Accuracy = GOOD

    def __init__(self, **row: object) -> None:
        self.__dict__.update(row)
        self.__name__ = self.name

    @property
    def variadic(self) -> bool:
        """Whether the primitive takes any number of operands."""
        return callable(self.partials)

    @property
    def compiled(self) -> bool:
        """Whether it has one or two operands, both of them nodes or both constants, as most rows have."""
        return not self.variadic and len(self.partials) <= len("xy") and self.depends is None

    @property
    def letters(self) -> tuple[str, ...]:
        """What the row calls its operands, unless it takes any number of them."""
        if self.variadic:
            return ()
        count = len(self.partials)
        code = getattr(self.partials[0], "__code__", None)
        named: tuple[str, ...] = code.co_varnames[1 : code.co_argcount] if code else ()
        return named if len(named) == count else tuple([f"x{i + 1}" for i in range(count)])

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
            return self.beyond(operands)
        return self.function(*operands)

    def beyond(self, operands: Sequence[Any]) -> float:
        """Answer operands outside the domain: by an error, or as IEEE 754 does if that is wanted."""
        if self.domain is None or self.name not in _lenient.get():
            raise self.domain_error(operands)
        return self.domain.ieee(*[getattr(x, "data", x) for x in operands])

    def partials_at(
        self,
        z: Any,  # noqa: ANN401 - any kind of number
        operands: Sequence[Any],
        wanted: Sequence[bool] | None = None,
    ) -> list[Any]:
        """Evaluate the partial by every operand, at operands of any kind of number.

        If it is said which are wanted, 0 stands for the others where that saves work: the
        partials of a primitive of any number of operands are evaluated together.
        """
        if self.variadic:
            partials = list(self.partials(z, *operands))
            if len(partials) != len(operands):
                raise PrimitiveError(f"{self.name}: {len(partials)} partials for {len(operands)} operands")
            return partials
        if wanted is None:
            return [partial(z, *operands) for partial in self.partials]
        if self.undefined(z, operands):
            return [x * math.nan if want else 0.0 for x, want in zip(operands, wanted, strict=True)]
        return [
            partial(z, *operands) if want else 0.0
            for partial, want in zip(self.partials, wanted, strict=True)
        ]

    def undefined(self, z: Any, operands: Sequence[Any]) -> bool:  # noqa: ANN401 - any kind of number
        """Whether a result is nan for being outside the domain: log' at -1 is then nan too, not 1 / -1."""
        number = _float(z)
        if self.domain is None or not isinstance(number, float) or not math.isnan(number):
            return False
        return bool(self.domain.outside(*map(_float, operands)))

    def check_count(self, operands: Sequence[object]) -> None:
        """Refuse a number of operands that the operation does not take."""
        if self.variadic:
            if not operands:
                raise LengthError(f"{self.name} of nothing is not defined; pass at least one operand")
        elif len(operands) != len(self.partials):
            count = len(self.partials)
            raise LengthError(f"{self.name} takes {count} operand{'s' * (count > 1)}, not {len(operands)}")

    def shown(self, operands: Sequence[Any]) -> str:
        """Write operands for a message: their labels, or the row's names for them; and their numbers."""
        names = self.letters or [f"operand {i + 1}" for i in range(len(operands))]
        return ", ".join(
            f"{getattr(x, 'label', None) or name} = {getattr(x, 'data', x)!r}{origin(x)}"
            for name, x in zip(names, operands, strict=False)
        )

    def domain_error(self, operands: Sequence[Any]) -> DomainError:
        """Build the error for operands outside the domain, with their labels and values."""
        text, remedy = (self.domain.text, self.domain.remedy) if self.domain else ("", "")
        name = self.summary if self.name.startswith("_") else self.name
        return DomainError(f"{name} is not defined at {self.shown(operands)}: it needs {text}; {remedy}")

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


_lenient: ContextVar[Collection[str]] = ContextVar("lenient", default=())
"""The names of the rows that, in this thread or task, answer outside their domain as IEEE 754 does."""


@contextmanager
def ieee() -> Iterator[None]:
    """Let operations outside their domain give nan or inf, as IEEE 754 has it, not a `DomainError`.

    It holds within the `with` block, in the thread or asynchronous task that entered it;
    gradients that are to be so must be taken inside it too.

    Examples
    --------
    >>> from autograd import Value, log
    >>> with ieee():
    ...     log(Value(0.0)).data, log(-1.0), 1 / Value(0.0)
    (-inf, nan, Value(inf, op='div'))
    """
    token = _lenient.set(TABLE)
    try:
        yield
    finally:
        _lenient.reset(token)


@contextmanager
def ieee_division() -> Iterator[None]:
    """Let only divisions by zero give nan or inf: so partials divide, for all kinds of number alike."""
    token = _lenient.set((*_lenient.get(), "div"))
    try:
        yield
    finally:
        _lenient.reset(token)


def _float(x: Any) -> Any:  # noqa: ANN401 - any kind of number
    """Return the plain number in a dual number or a Value; a symbol has none."""
    while hasattr(x, "primal"):
        x = x.primal
    return getattr(x, "data", x)


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
    depends: Callable[..., Sequence[bool]] | None = None,
    gate: str = "",
    domain: Domain | None = None,
    kink: Kink | None = None,
    accuracy: Accuracy = GOOD,
    slope_accuracy: Accuracy = GOOD,
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
    depends
        Which operands, at these numbers, the value depends on, if not on all: the others
        count as constants, whatever they are.
    gate
        What it does with the gradient that reaches it, to follow the name in a sentence.
    domain, kink
        Where the function is not defined, and where its derivative is not.
    accuracy, slope_accuracy
        How large the error of the value and of a partial may be; the tests hold them to it.
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
        depends=depends,
        gate=gate,
        accuracy=accuracy,
        slope_accuracy=slope_accuracy,
        example=example,
    )
    TABLE[name] = row
    return row


OWN_MODULES = {"autograd.accurate", "autograd.primitives", "math", "_operator"}
"""Their functions of floats give floats, and need no watching."""


def _checked(name: str, function: Callable[..., float]) -> Callable[..., float]:
    """Return a function that is known to give floats, or one that makes sure of it."""
    if getattr(function, "__module__", "") in OWN_MODULES:
        return function

    def checked(*operands: float) -> float:
        try:
            return to_float(function(*operands))
        except OperandError as error:
            raise PrimitiveError(f"{name}: its function gave no number: {error}") from error

    return checked
