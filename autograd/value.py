"""`Value`: a number that remembers how it was computed.

The operators and methods come from the table of primitives; they are declared below,
once, for readers and type checkers. Nothing here knows a derivative.
"""

from __future__ import annotations

import operator
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any, NoReturn

from autograd.conversion import Number, not_a_number, to_float, to_float_or_not_implemented
from autograd.errors import AutogradError, DomainError, OperandError, ReadOnlyError
from autograd.graph import (
    Node,
    assign,
    clock,
    lock,
    reverse_sweep,
    set_adjoint,
    set_gradient,
    topological_order,
    watcher,
    watchers,
)
from autograd.primitives import TABLE
from autograd.rows import ieee_division
from autograd.specialize import METHODS, UFUNCS, Specializer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.primitives import Primitive


class Value(Node):
    """One real number in a graph of computations.

    Parameters
    ----------
    data
        A real number: int, float, bool, numpy scalar or 0-d array. Kept as a float.
    label
        A name for drawings, formulas and error messages.

    Raises
    ------
    TypeError
        If `data` is not a real number.
    ValueError
        If `data` is an integer that no float equals, such as ``2**53 + 1``.

    Notes
    -----
    ``<`` and its kin compare data. ``==`` and `hash` go by identity, so that Values
    can be dictionary keys. About 110 bytes for each operation recorded.

    Examples
    --------
    >>> x, y = Value(2.0, label="x"), Value(0.5, label="y")
    >>> z = (x * y).tanh() + x**2
    >>> z.backward()
    >>> x.grad, y.grad
    (4.20998717080701..., 0.83994868322805...)
    """

    __slots__ = ()
    __hash__ = object.__hash__

    def __init__(self, data: Number, label: str | None = None) -> None:
        if label is not None and not isinstance(label, str):
            raise OperandError(f"a label is text, not {label!r} ({type(label).__name__})")
        self._data = to_float(data)
        self._x = self._y = self._pull = self._adjoint = None
        self._epoch = clock.epoch
        self.label = label

    def __init_subclass__(cls) -> NoReturn:
        """Refuse: the engine's speed rests on `type(x) is Value`."""
        raise OperandError("Value cannot be subclassed; keep a Value as an attribute instead")

    # The number and its gradient ------------------------------------------------------------------

    @property
    def data(self) -> float:
        """The number. It can be set on a leaf; the graphs that used the old one are then stale."""
        if watchers:
            _tell(self, "reads data")
        return self._data

    @data.setter
    def data(self, data: Number) -> None:
        if self._pull is not None:
            raise ReadOnlyError(
                f"{self!r} was computed by {self._pull.primitive.name!r}, so its data is read-only; "
                "set the data of the leaves and compute it again",
            )
        if watchers:
            _tell(self, "sets data")
        number = to_float(data)
        with lock:  # not while a sweep reads it; and the number first, so that no node has the old one
            self._data = number  # in the new epoch
            self._epoch = clock.advance()

    @property
    def grad(self) -> float:
        """The gradient: accumulated over calls of `backward` on a leaf, from the last call elsewhere."""
        if watchers:
            _tell(self, "reads grad")
        grad = self._gradient
        return 0.0 if grad is None else grad

    @grad.setter
    def grad(self, grad: Number) -> None:
        if self._pull is not None:
            raise ReadOnlyError(
                f"the gradient of {self!r} is computed anew by each backward(); only a leaf's can be set",
            )
        self._x = to_float(grad)

    @property
    def has_grad(self) -> bool:
        """Whether there is a gradient yet: 0.0 can also mean that none was computed."""
        return self._gradient is not None

    @property
    def _gradient(self) -> float | None:
        grad: float | None = self._x if self._pull is None else self._adjoint
        return grad

    def zero_grad(self) -> None:
        """Forget a leaf's gradient, so that the next `backward` starts from nothing."""
        if self._pull is None:
            self._x = None

    @property
    def parents(self) -> tuple[Value, ...]:
        """The Values among the operands, in order; `x * x` has x twice."""
        return tuple([x for x in self.operands if type(x) is Value])

    # Derivatives ----------------------------------------------------------------------------------

    def backward(self) -> None:
        """Add the derivative of this Value by every leaf to that leaf's `grad`.

        Interior Values get their adjoint, computed from nothing by each call. Two
        calls give a leaf exactly twice the gradient of one.

        Raises
        ------
        StaleGraphError
            If a leaf was changed after it was used.

        Notes
        -----
        Cost: a small multiple of recording, whatever the number of leaves (Griewank
        and Walther, 2008, section 3.3). If it is interrupted, every leaf keeps the
        gradient it had.

        Examples
        --------
        >>> a = Value(3.0)
        >>> b = a * a
        >>> b.backward()
        >>> b.backward()
        >>> a.grad
        12.0
        """
        with lock:
            interior, leaves = topological_order(self, current=True)
            _sweep(self, interior, leaves, wanted=leaves)
            assign(set_gradient, leaves, [(leaf._x or 0.0) + leaf._adjoint for leaf in leaves])

    def apply(self, primitive: Primitive, operands: tuple[Any, ...]) -> Value:
        """Record a primitive; `tanh(v)` and `primitive(v, w)` come here."""
        primitive.check_count(operands)
        forward, reflected = RULES[primitive]
        try:
            if reflected is None or type(operands[0]) is Value:
                node = forward(*operands)
            else:
                node = reflected(*reversed(operands))
            if node is NotImplemented:
                raise not_a_number(next(x for x in operands if type(x) is not Value))
        except OperandError:
            for x in operands:
                if type(x) is not Value and hasattr(x, "apply"):  # it knows what to do with Values
                    return x.apply(primitive, operands)  # type: ignore[no-any-return]
            raise
        return node  # type: ignore[no-any-return]

    # Looking --------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        parts = [repr(self._data)]
        if self.label is not None:
            parts.append(f"label={self.label!r}")
        if self._gradient is not None:
            parts.append(f"grad={self._gradient!r}")
        if self._pull is not None:
            parts.append(f"op={self._pull.primitive.name!r}")
        return f"Value({', '.join(parts)})"

    def __format__(self, specification: str) -> str:
        return format(self._data, specification) if specification else str(self)

    def __pos__(self) -> Value:
        return self

    # Comparing ------------------------------------------------------------------------------------

    def __lt__(self, other: Value | Number) -> bool:
        return _compare(self, "<", operator.lt, other)

    def __le__(self, other: Value | Number) -> bool:
        return _compare(self, "<=", operator.le, other)

    def __gt__(self, other: Value | Number) -> bool:
        return _compare(self, ">", operator.gt, other)

    def __ge__(self, other: Value | Number) -> bool:
        return _compare(self, ">=", operator.ge, other)

    def __eq__(self, other: object) -> bool:
        """Compare by identity; refuse a number, for which False would be a trap."""
        if type(other) is type(self):
            return self is other
        if hasattr(other, "__float__") or isinstance(other, complex):
            raise OperandError(
                "== between Values asks whether they are the same node; "
                f"to compare numbers write v.data == {other!r}",
            )
        return NotImplemented

    # Refusing what would cut the graph in silence --------------------------------------------------

    def __bool__(self) -> NoReturn:
        raise OperandError(
            "a Value is neither true nor false; compare it, as in `if v > 0:`, or test v.data",
        )

    if not TYPE_CHECKING:  # so that a type checker refuses math.exp(v) too

        def __float__(self) -> NoReturn:
            raise OperandError(
                "float(v), and so math.exp(v), would cut the graph; write v.exp() or autograd.exp(v) to "
                "differentiate, v.data for the number alone",
            )

    # Copying --------------------------------------------------------------------------------------

    def __copy__(self) -> Value:
        copy = object.__new__(Value)
        for field in Node.__slots__:
            setattr(copy, field, getattr(self, field))
        return copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        """Copy the whole recorded graph, sharing what it shares, without recursion."""
        interior, leaves = topological_order(self)

        def copied(x: Any) -> Any:  # noqa: ANN401 - a Value, or a constant
            return memo[id(x)] if type(x) is Value else x

        for node in (*leaves, *interior):
            if id(node) not in memo:
                copy = memo[id(node)] = node.__copy__()
                copy._x = tuple(map(copied, node._x)) if type(node._x) is tuple else copied(node._x)
                copy._y = copied(node._y)
        return memo[id(self)]  # type: ignore[no-any-return]

    def __reduce__(self) -> tuple[Any, ...]:
        if self._pull is not None:
            raise AutogradError(
                f"{self!r} was computed, and a recorded graph is not pickled; pickle the leaves (a model's "
                "parameters, say) and compute it again, or copy the graph with copy.deepcopy",
            )
        return _leaf, (self._data, self.label, self._x)

    if TYPE_CHECKING:  # bound from the table below; a test compares the two

        def __add__(self, other: Value | Number) -> Value: ...
        def __radd__(self, other: Number) -> Value: ...
        def __sub__(self, other: Value | Number) -> Value: ...
        def __rsub__(self, other: Number) -> Value: ...
        def __mul__(self, other: Value | Number) -> Value: ...
        def __rmul__(self, other: Number) -> Value: ...
        def __truediv__(self, other: Value | Number) -> Value: ...
        def __rtruediv__(self, other: Number) -> Value: ...
        def __pow__(self, other: Value | Number) -> Value: ...
        def __rpow__(self, other: Number) -> Value: ...
        def __neg__(self) -> Value: ...
        def __abs__(self) -> Value: ...
        def exp(self) -> Value: ...
        def expm1(self) -> Value: ...
        def log(self) -> Value: ...
        def log1p(self) -> Value: ...
        def log2(self) -> Value: ...
        def log10(self) -> Value: ...
        def sqrt(self) -> Value: ...
        def sin(self) -> Value: ...
        def cos(self) -> Value: ...
        def tan(self) -> Value: ...
        def asin(self) -> Value: ...
        def arcsin(self) -> Value: ...
        def acos(self) -> Value: ...
        def arccos(self) -> Value: ...
        def atan(self) -> Value: ...
        def arctan(self) -> Value: ...
        def atan2(self, other: Value | Number) -> Value: ...
        def arctan2(self, other: Value | Number) -> Value: ...
        def sinh(self) -> Value: ...
        def cosh(self) -> Value: ...
        def tanh(self) -> Value: ...
        def asinh(self) -> Value: ...
        def arcsinh(self) -> Value: ...
        def acosh(self) -> Value: ...
        def arccosh(self) -> Value: ...
        def atanh(self) -> Value: ...
        def arctanh(self) -> Value: ...
        def erf(self) -> Value: ...
        def erfc(self) -> Value: ...
        def sigmoid(self) -> Value: ...
        def log_sigmoid(self) -> Value: ...
        def softplus(self) -> Value: ...
        def silu(self) -> Value: ...
        def gelu(self) -> Value: ...
        def gelu_tanh(self) -> Value: ...
        def relu(self) -> Value: ...
        def leaky_relu(self) -> Value: ...
        def elu(self) -> Value: ...
        def step(self) -> Value: ...
        def sign(self) -> Value: ...
        def hypot(self, other: Value | Number) -> Value: ...


RULES = Specializer(Value)


class Unmade:
    """A method that is compiled from its row when it is first asked for, and then takes this one's place.

    Made at import, all of them would take longer than everything else there.
    """

    def __init__(self, row: Primitive) -> None:
        self.row = row

    def __get__(self, value: Value | None, owner: type[Value]) -> Any:  # noqa: ANN401 - a method
        method = RULES[self.row].forward
        for name in names_of(self.row):
            setattr(Value, name, method)
        return method.__get__(value, owner)


def names_of(row: Primitive) -> tuple[str, ...]:
    """Return what the method of a row is called: its own name, and numpy's if that is another."""
    return METHODS.get(row.name, row.name), *UFUNCS.get(row.name, ())


for _row in TABLE.values():
    if _row.name in METHODS:
        for _recorder in filter(None, RULES[_row]):
            setattr(Value, _recorder.__name__, _recorder)
    elif _row.compiled and not _row.name.startswith("_"):
        for _name in names_of(_row):
            setattr(Value, _name, Unmade(_row))


def __getattr__(name: str) -> dict[str, str | None]:
    """Give doctest the examples of the rows when it asks for them."""
    if name == "__test__":
        return {row.name: row.__doc__ for row in TABLE.values()}
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def gradients(output: Value, inputs: Sequence[Value], *, create_graph: bool = False) -> list[Any]:
    """Return the derivative of `output` by each of `inputs`, and touch no `grad`.

    Parameters
    ----------
    output
        The Value to differentiate.
    inputs
        Leaves or interior Values. One that `output` does not depend on gets 0.0.
    create_graph
        If true, the derivatives are Values, recorded like any other, so that they
        can be differentiated in turn.

    Returns
    -------
    list
        A float, or a Value if `create_graph`, for each input.

    Raises
    ------
    StaleGraphError
        If a leaf was changed after it was used.
    OperandError
        If `output` or an input is not a Value.

    Notes
    -----
    Costs what `backward` costs. Threads may call it over shared leaves.

    Examples
    --------
    >>> x = Value(2.0)
    >>> gradients(x**3, [x])
    [12.0]
    >>> slope, = gradients(x**3, [x], create_graph=True)
    >>> gradients(slope, [x])
    [12.0]
    """
    if isinstance(inputs, Value):
        raise OperandError("gradients takes a list of inputs: gradients(z, [x])")
    inputs = list(inputs)
    for x in (output, *inputs):
        if type(x) is not Value:
            raise OperandError(f"gradients are taken of Values, by Values, not of {x!r} ({type(x).__name__})")
    if watchers and not create_graph:
        _tell(output, "reads gradients(…) without create_graph=True")
    found = adjoints(output, inputs, record=create_graph)
    return [x if type(x) is Value else Value(x) for x in found] if create_graph else found


def adjoints(
    output: Value,
    inputs: Sequence[Value],
    *,
    record: bool,
    stop: Sequence[Value] = (),
) -> list[Any]:
    """Return what `gradients` does, floats where nothing was recorded; sweep no further than `stop`."""
    with lock:
        interior, leaves = topological_order(output, current=True, stop=stop)
        touched = [*interior, *leaves, *inputs]
        before = [node._adjoint for node in touched]
        try:
            assign(set_adjoint, inputs, repeat(0.0))
            _sweep(output, interior, leaves, wanted=inputs, create_graph=record)
            return [node._adjoint for node in inputs]
        finally:
            assign(set_adjoint, touched, before)


def _sweep(
    output: Value,
    interior: list[Value],
    leaves: list[Value],
    wanted: Sequence[Value],
    *,
    create_graph: bool = False,
) -> None:
    """Set the adjoints: those of `wanted` for sure, as numbers or, to be derived again, as Values.

    A partial may be outside its domain and yet nobody need it: that of x**y by y, at a
    negative x, when y is not wanted. So the sweep is then made again, in Values, which
    name what is outside, and towards the wanted ones alone.
    """
    if not create_graph:
        try:
            reverse_sweep(output, interior, leaves)
        except DomainError:
            pass
        else:
            return
    ways = set(wanted)
    ways.update(node for node in interior if not ways.isdisjoint(node.parents))  # operands come first
    with ieee_division():
        reverse_sweep(output, interior, leaves, pull=partial(_pull_recorded, ways))
    if not create_graph:
        for node in (*interior, *leaves):
            if type(node._adjoint) is Value:
                node._adjoint = node._adjoint._data


def _pull_recorded(ways: set[Value], node: Value) -> None:
    """Apply the chain rule in Values, so that it is recorded too, to the operands among `ways`."""
    row, operands = node._pull.primitive, node.operands  # type: ignore[union-attr]
    if watchers and (told := watcher()) is not None:
        told.derived(node)
    wanted = [type(x) is Value and x in ways for x in operands]
    if not any(wanted):
        return
    try:
        try:
            partials = row.partials_at(node, operands, wanted)
        except ZeroDivisionError:  # Values, unlike floats, can divide by the rules of IEEE 754
            nodes = [x if type(x) is Value else Value(x) for x in operands]
            partials = row.partials_at(node, nodes, wanted)
    except DomainError as error:
        error.add_note(f"It stands in the derivative of {row.name} at {row.shown(operands)}.")
        raise
    for x, want, partial_by_x in zip(operands, wanted, partials, strict=True):
        if want:
            x._adjoint = x._adjoint + node._adjoint * partial_by_x


def _leaf(data: float, label: str | None, grad: float | None) -> Value:
    value = Value(data, label)
    value._x = grad
    return value


def _compare(x: Value, sign: str, compare: Callable[[float, float], bool], other: Value | Number) -> bool:
    operand: Any = other if type(other) in {Value, float} else to_float_or_not_implemented(other)
    if operand is NotImplemented:
        return NotImplemented  # type: ignore[no-any-return]
    outcome = compare(x._data, operand._data if type(operand) is Value else operand)
    if watchers and (told := watcher()) is not None:
        told.compared(sign, x, operand, outcome)
    return outcome


def _tell(node: Value, what: str) -> None:
    if (told := watcher()) is not None:
        told.read(node, what)
