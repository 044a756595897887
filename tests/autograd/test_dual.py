"""Dual numbers: the same rows as Values, forward; in any nesting."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st

import autograd
from autograd import TABLE, DomainError, LengthError, OperandError, Primitive, Value, grad, gradients, jvp
from autograd.dual import Dual as DualNumber, levels
from autograd.graph import reverse_sweep, topological_order

if TYPE_CHECKING:
    from collections.abc import Callable

Dual: Any = DualNumber  # its operators are bound from the table, so a type checker does not see them
PUBLIC = [row for row in TABLE.values() if not row.name.startswith("_")]
NUMBER = st.one_of(st.floats(-3, 3), st.floats(0.05, 0.95), st.floats(1.05, 3)).filter(
    lambda x: abs(x) > 1e-2
)
LIMIT = 1e-12


def points(row: Primitive) -> st.SearchStrategy[list[float]]:
    """Operands inside the row's domain and off its kinks."""
    count = st.sampled_from([2, 3, 4]) if row.variadic else st.just(len(row.partials))

    def good(xs: list[float]) -> bool:
        outside = row.domain is not None and row.domain.outside(*xs)
        return not outside and not (row.kink is not None and row.kink.at(*xs))

    return count.flatmap(lambda n: st.lists(NUMBER, min_size=n, max_size=n)).filter(good)


def unit(i: int, count: int) -> list[float]:
    return [float(k == i) for k in range(count)]


def sizes(z: Value, leaves: list[Value]) -> list[float]:
    """The sum over all paths to each leaf of the absolute products of partials."""
    size: dict[Value, float] = {z: 1.0}
    for node in reversed(topological_order(z)[0]):
        fresh = [Value(x.data if type(x) is Value else x) for x in node.operands]
        assert node.primitive is not None
        for x, slope in zip(node.operands, gradients(node.primitive(*fresh), fresh), strict=True):
            if type(x) is Value:
                size[x] = size.get(x, 0.0) + size.get(node, 0.0) * abs(slope)
    return [size.get(leaf, 0.0) for leaf in leaves]


def sweep_in_duals(z: Value, leaves: list[Value], direction: list[float]) -> list[Any]:
    """Forward over reverse by hand: tangents along the tape, then the reverse sweep in dual numbers."""
    interior, inputs = topological_order(z)
    level = next(levels)
    number: dict[Any, Any] = {
        leaf: Dual(leaf.data, x_dot, level) for leaf, x_dot in zip(leaves, direction, strict=True)
    }
    for node in interior:
        assert node.primitive is not None
        number[node] = node.primitive(*[number[x] if type(x) is Value else x for x in node.operands])

    def pull(node: Value) -> None:
        operands = [number[x] if type(x) is Value else x for x in node.operands]
        assert node.primitive is not None
        partials = node.primitive.partials_at(number[node], operands)
        for x, partial in zip(node.operands, partials, strict=True):
            if type(x) is Value:
                x._adjoint = x._adjoint + node._adjoint * partial

    reverse_sweep(z, interior, inputs, pull=pull)
    return [leaf._adjoint for leaf in leaves]


@pytest.mark.parametrize("row", PUBLIC, ids=repr)
@settings(max_examples=15)
@given(data=st.data())
def test_first_derivatives_forward_are_those_in_reverse(row: Primitive, data: st.DataObject) -> None:
    point = data.draw(points(row))
    leaves = [Value(x) for x in point]
    try:
        reverse = gradients(row(*leaves), leaves)
    except DomainError:
        assume(False)  # noqa: FBT003 - how hypothesis is asked for another point
    for i, slope in enumerate(reverse):
        value, tangent = jvp(row, point, unit(i, len(point)))
        assert value == row(*point)
        assert abs(tangent - slope) <= LIMIT * abs(slope) or tangent == slope


@pytest.mark.parametrize("row", PUBLIC, ids=repr)
@settings(max_examples=15)
@given(data=st.data())
def test_second_derivatives_agree_in_every_mixture_of_modes(row: Primitive, data: st.DataObject) -> None:
    point = data.draw(points(row))
    count = len(point)
    leaves = [Value(x) for x in point]
    z = row(*leaves)
    i = data.draw(st.integers(0, count - 1))
    try:
        (slope,) = gradients(z, [leaves[i]], create_graph=True)
        reverse_over_reverse = gradients(slope, leaves)
    except DomainError:
        assume(False)  # noqa: FBT003 - how hypothesis is asked for another point
    bounds = [LIMIT * size for size in sizes(slope, leaves)]
    assume(all(map(math.isfinite, bounds)))
    by_hand = sweep_in_duals(z, leaves, unit(i, count)) if row.depends is None else None

    def forward(*xs: Any) -> Any:
        return jvp(row, xs, unit(i, count))[1]

    reverse_over_forward = grad(forward, range(count))(*point)
    for j, expected in enumerate(reverse_over_reverse):
        others = {
            "reverse over forward": reverse_over_forward[j],
            "forward over reverse": jvp(grad(row, range(count)), point, unit(j, count))[1][i],
            "forward over forward": jvp(forward, point, unit(j, count))[1],
        }
        if by_hand is not None:
            found = by_hand[j]
            others["sweep in duals"] = found.tangent or 0.0 if isinstance(found, Dual) else 0.0
        for mixture, number in others.items():
            assert abs(number - expected) <= bounds[j] or number == expected, (
                mixture,
                i,
                j,
                number,
                expected,
            )


def test_it_has_the_methods_of_a_value_and_their_results() -> None:
    methods = {
        name
        for name, method in vars(Dual).items()
        if inspect.isfunction(method) and method.__qualname__.startswith("_operator")
    }
    own = {row.name for row in PUBLIC if row.compiled}
    assert own - {"add", "sub", "mul", "div", "neg", "pow", "abs"} <= methods
    x, v = Dual(0.5, 1.0, 0), Value(0.5)
    for name in methods:
        method, operands = getattr(x, name), (0.25,) * (len(inspect.signature(getattr(v, name)).parameters))
        try:
            expected = getattr(v, name)(*operands)
        except DomainError:
            with pytest.raises(DomainError):
                method(*operands)
            continue
        assert method(*operands).data == expected.data
        assert method(*operands).tangent == gradients(expected, [v])[0]


def test_operators_take_numbers_on_both_sides() -> None:
    x = Dual(2.0, 1.0, 0)
    found = [x + 1, 1 + x, x - 1, 1 - x, x * 3, 3 * x, x / 4, 4 / x, x**3, 3**x, -x, +x, abs(x)]
    tangents = [1, 1, 1, -1, 3, 3, 0.25, -1, 12, 9 * math.log(3), -1, 1, 1]
    assert [z.tangent for z in found] == pytest.approx(tangents, rel=1e-15)
    assert (
        (np.float64(3) * x).tangent == (Value(3.0) * x).tangent.data == (x * Value(3.0)).tangent.data == 3.0
    )
    assert (np.array([1.0, 2.0]) * x)[1].tangent == 2.0


def test_a_value_anywhere_among_the_operands_leaves_it_a_dual() -> None:
    x, w = Dual(2.0, 1.0, 0), Value(3.0)
    z = autograd.dot([w, 1.0], [x, x], bias=w)
    assert isinstance(z, Dual)
    assert (z.data, z.tangent.data) == (11.0, 4.0)
    assert isinstance(autograd.max(w, x), Dual)
    assert gradients(z.tangent, [w]) == [1.0]


def test_it_has_the_manners_of_a_value() -> None:
    x, y = Dual(2.0, 1.0, 0), Dual(3.0, 1.0, 0)
    assert x < y <= 3 <= y > Value(2.5) > x >= 2
    assert x == x  # noqa: PLR0124
    assert x != y
    assert f"{x:.1f} {+x}" == "2.0 Dual(2.0, 1.0, level=0)"
    refused: list[tuple[Callable[[], object], type[Exception], str]] = [
        (lambda: x == 2.0, OperandError, r"v\.data == "),
        (lambda: bool(x), OperandError, "v > 0"),
        (lambda: math.exp(x), OperandError, r"v\.exp"),
        (lambda: x + "1", OperandError, "convert it first"),
        (lambda: x * object(), TypeError, "unsupported operand"),
        (lambda: x.log() if x.data < 0 else (x - 3).log(), DomainError, "x > 0"),
        (lambda: autograd.tanh(x, y), LengthError, "takes 1 operand"),
        (lambda: autograd.sum([Value(1.0), "1"]), OperandError, r"'1' \(str\)"),
    ]
    for f, error, words in refused:
        with pytest.raises(error, match=words):
            f()


def test_an_inner_derivative_takes_outer_tangents_for_constants() -> None:
    outer, inner = Dual(3.0, 1.0, 0), Dual(5.0, 1.0, 1)
    z = outer * inner
    assert (z.level, z.tangent.level, z.tangent.primal, z.tangent.tangent) == (1, 0, 3.0, 1.0)
    assert (z.primal.level, z.primal.tangent) == (0, 5.0)
    low = outer * outer
    assert (low.level, low.tangent) == (0, 6.0)


def test_slopes_may_be_infinite_at_any_order() -> None:
    x = Dual(0.0, 1.0, 0)
    assert x.sqrt().tangent == math.inf
    assert (x**0.5).tangent == math.inf
    assert autograd.hypot(x, 0.0).tangent == 0.0
    twice = Dual(Dual(0.0, 1.0, 0), 1.0, 1).sqrt()
    assert (twice.tangent.primal, twice.tangent.tangent) == (math.inf, -math.inf)


def test_a_constant_is_not_multiplied_by_an_infinite_partial() -> None:
    constant = Dual(0.0, None, 0)
    assert constant.sqrt().tangent is None
    assert (constant.sqrt() + Dual(1.0, 1.0, 0)).tangent == 1.0


def test_the_operand_that_where_does_not_take_is_no_edge() -> None:
    x = Dual(0.0, 1.0, 0)
    assert autograd.where(x > 0, x.sqrt(), 3 * x).tangent == 3.0
    assert autograd.where(x > 0, x.sqrt(), 0.0).tangent is None
    assert autograd.stop_gradient(x).tangent is None


def test_the_exponent_is_differentiated_only_when_it_varies() -> None:
    x = Dual(-2.0, 1.0, 0)
    assert (x**3).tangent == 12.0
    with pytest.raises(DomainError, match="exponent"):
        Dual(-2.0, None, 0) ** Dual(3.0, 1.0, 0)


def test_the_partial_of_a_user_is_used_forward_too() -> None:
    cube = autograd.primitive("cube", lambda x: x * x * x, (lambda z, x: 3 * x * x,))
    assert cube(Dual(2.0, 1.0, 0)).tangent == 12.0
    wide = autograd.primitive(
        "wide", lambda x, y, c: x * y + c, (lambda z, x, y, c: y, lambda z, x, y, c: x, lambda z, x, y, c: 1)
    )
    assert jvp(wide, [2, 3, 4], [1, 0, 10]) == (10.0, 13.0)
