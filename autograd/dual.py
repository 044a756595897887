"""Forward mode: numbers that carry their derivative along.

A dual number is a primal and a tangent, the derivative of the primal along one
direction of the inputs. Every operation maps tangents as it maps primals, with the
partials of the same row of the table:

    z_dot = ∂z/∂x x_dot + ∂z/∂y y_dot

Primals and tangents are numbers of any kind: floats, Values, or dual numbers of
another differentiation. Each differentiation has a level of its own, a later one
always a higher, so that an inner derivative takes what belongs to an outer one for a
constant: Siskind and Pearlmutter (2008), "Nesting forward-mode AD in a functional
framework". A level is only a number; nothing has to be undone when a function raises.
"""

from __future__ import annotations

import operator
from itertools import count
from typing import TYPE_CHECKING, Any

from autograd.conversion import to_float, to_float_or_not_implemented
from autograd.errors import DomainError
from autograd.graph import watcher, watchers
from autograd.primitives import TABLE
from autograd.rows import ieee_division
from autograd.specialize import METHODS
from autograd.symbols import OPERATORS
from autograd.value import Value, names_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.primitives import Primitive

levels = count()
"""`next(levels)` begins a differentiation inside all that have begun."""


class Dual:
    """A number and its derivative along a direction.

    Parameters
    ----------
    primal, tangent
        Floats, Values, or dual numbers of lower levels. The tangent of a constant is None: it
        is not multiplied by partials, one of which may be infinite.
    level
        Which differentiation the tangent belongs to.

    Notes
    -----
    Comparisons go by the real number. It takes operations as a `Value` does.

    Examples
    --------
    >>> x = Dual(2.0, 1.0, level=0)
    >>> x**3 + 1
    Dual(9.0, 12.0, level=0)
    """

    __slots__ = ("level", "primal", "tangent")
    __hash__ = object.__hash__

    def __init__(self, primal: Any, tangent: Any, level: int) -> None:
        self.primal = primal
        self.tangent = tangent
        self.level = level

    @property
    def data(self) -> float:
        """The real number, without any derivative."""
        number = self.primal
        return number if type(number) is float else number.data

    def apply(self, primitive: Primitive, operands: tuple[Any, ...]) -> Dual:
        """Compute a primitive and its tangent, for the innermost differentiation among the operands."""
        primitive.check_count(operands)
        operands = tuple([x if type(x) is float or hasattr(x, "apply") else to_float(x) for x in operands])
        level = max([x.level for x in operands if type(x) is Dual])
        primals = [x.primal if type(x) is Dual and x.level == level else x for x in operands]
        tangents = [x.tangent if type(x) is Dual and x.level == level else None for x in operands]
        z = _evaluate(primitive, primals)
        if primitive.depends is not None:
            if watchers and type(z) is Value and (told := watcher()) is not None:
                told.derived(z)
            depends = primitive.depends(*map(_real, primals))
            tangents = [x_dot if d else None for x_dot, d in zip(tangents, depends, strict=True)]
        partials = _partials(primitive, z, primals, [x_dot is not None for x_dot in tangents])
        z_dot = None
        for partial, x_dot in zip(partials, tangents, strict=True):
            if x_dot is not None:
                share = partial * x_dot
                z_dot = share if z_dot is None else z_dot + share
        return Dual(z, z_dot, level)

    def __repr__(self) -> str:
        return f"Dual({self.primal!r}, {self.tangent!r}, level={self.level})"

    def __format__(self, specification: str) -> str:
        return format(self.data, specification) if specification else str(self)

    def __pos__(self) -> Dual:
        return self

    __eq__ = Value.__eq__
    __bool__ = Value.__bool__
    if not TYPE_CHECKING:
        __float__ = Value.__float__


def _real(x: Any) -> float:
    number: float = x.data if hasattr(x, "apply") else x
    return number


def _evaluate(primitive: Primitive, primals: Sequence[Any]) -> Any:
    """Compute a primitive without tangents; a Value's own operator is quickest for a Value."""
    for x in primals:
        if type(x) is not float:
            return (primitive.function if primitive.function in OPERATORS else primitive)(*primals)
    return primitive.of_floats(*primals)


def _partials(primitive: Primitive, z: Any, primals: Sequence[Any], wanted: list[bool]) -> list[Any]:
    """Evaluate partials; where they divide by zero, again in duals, which can divide by IEEE 754's rules."""
    try:
        return primitive.partials_at(z, primals, wanted) if True in wanted else [None] * len(wanted)
    except (ZeroDivisionError, DomainError):
        level = next(levels)
        constants = [Dual(x, None, level) for x in (z, *primals)]
        with ieee_division():
            partials = primitive.partials_at(constants[0], constants[1:], wanted)
        return [x.primal if type(x) is Dual else x for x in partials]


def _operator(row: Primitive, *, reflected: bool = False) -> Callable[..., Any]:
    """Make the operator or method by which a row is called."""

    def method(self: Dual, *others: Any) -> Any:
        for x in others:
            if not hasattr(x, "apply") and to_float_or_not_implemented(x) is NotImplemented:
                return NotImplemented
        return self.apply(row, (*others, self) if reflected else (self, *others))

    return method


def _comparison(compare: Callable[[Any, Any], bool]) -> Callable[[Dual, Any], Any]:
    def method(self: Dual, other: Any) -> Any:
        number = other if hasattr(other, "apply") else to_float_or_not_implemented(other)
        if number is NotImplemented:
            return number
        return compare(self.primal, number.primal if type(number) is Dual else number)  # Values take note

    return method


for _row in TABLE.values():
    if _row.compiled and not _row.name.startswith("_"):
        for _name in names_of(_row):
            setattr(Dual, _name, _operator(_row))
        if _row.name in METHODS and len(_row.partials) > 1:
            setattr(Dual, METHODS[_row.name].replace("__", "__r", 1), _operator(_row, reflected=True))

for _compare in (operator.lt, operator.le, operator.gt, operator.ge):
    setattr(Dual, f"__{_compare.__name__}__", _comparison(_compare))
