"""grad, value_and_grad, vjp, jvp, hvp, jacobian, hessian: in any structure, in any nesting."""

from __future__ import annotations

import math
import threading
from collections import namedtuple
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import autograd
from autograd import (
    DomainError,
    LengthError,
    OperandError,
    Value,
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jvp,
    topological_order,
    value_and_grad,
    vjp,
)
from tests.autograd.test_cases import CASES, rosenbrock
from tests.random_graphs.graphs import random_program

if TYPE_CHECKING:
    from collections.abc import Callable

Pair = namedtuple("Pair", "left right")  # noqa: PYI024 - the untyped kind is to be kept as well


def slope(f: Callable[..., Any]) -> Callable[..., Any]:
    """The derivative of a function of one number, forward."""
    return lambda x: jvp(f, [x], [1.0])[1]


MODES: dict[str, Callable[..., Any]] = {"reverse": grad, "forward": slope}
EVERY_MODE = pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
TWO_MODES = pytest.mark.parametrize(("outer", "inner"), list(product(MODES.values(), repeat=2)))


# Published cases ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("f", "point", "value", "gradient", "tolerance"), CASES)
def test_published_cases_in_both_modes(
    f: Callable[..., Value],
    point: tuple[float, ...],
    value: float,
    gradient: tuple[float, ...],
    tolerance: float,
) -> None:
    count = len(point)
    found, reverse = value_and_grad(f, range(count))(*point)
    assert found == pytest.approx(value, rel=tolerance, abs=0)
    assert reverse == pytest.approx(gradient, rel=tolerance, abs=1e-15)
    forward = [jvp(f, point, [float(k == i) for k in range(count)])[1] for i in range(count)]
    assert forward == pytest.approx(list(gradient), rel=tolerance, abs=1e-15)
    assert jacobian(f, range(count))(*point) == reverse


@TWO_MODES
def test_siskind_and_pearlmutter_nested_derivative(
    outer: Callable[..., Any], inner: Callable[..., Any]
) -> None:
    """d/dx [x · d/dy (x + y)] is 1: the inner derivative knows nothing of the outer."""
    for x in (0.0, 1.0, -3.5):
        assert outer(lambda x: x * inner(lambda y: x + y)(2.0))(x) == 1.0
        assert outer(lambda x: x * inner(lambda y: x + y)(x))(x) == 1.0
        assert outer(lambda x: inner(lambda y: x * y * y)(x))(x) == 4 * x


@TWO_MODES
def test_second_derivatives_of_one_argument(outer: Callable[..., Any], inner: Callable[..., Any]) -> None:
    assert outer(inner(lambda x: x**4))(3.0) == 108.0
    assert outer(inner(autograd.tanh))(0.3) == pytest.approx(
        -2 * math.tanh(0.3) / math.cosh(0.3) ** 2, rel=1e-14
    )
    assert outer(inner(autograd.sqrt))(0.0) == -math.inf


@pytest.mark.parametrize("modes", list(product(MODES.values(), repeat=3)))
def test_third_derivative_of_tanh(modes: tuple[Callable[..., Any], ...]) -> None:
    f: Any = autograd.tanh
    for mode in modes:
        f = mode(f)
    assert f(0.3) == pytest.approx(-1.3643061061011232, rel=1e-13)
    assert f(0.0) == -2.0


def test_hessian_of_rosenbrock() -> None:
    expected = [[1330, 480], [480, 200]]
    assert hessian(lambda x: rosenbrock(*x))([-1.2, 1.0]) == [
        pytest.approx(row, rel=1e-12) for row in expected
    ]
    rows = hessian(rosenbrock, (0, 1))(-1.2, 1.0)
    assert np.allclose(rows, expected, rtol=1e-12, atol=0)
    assert hvp(rosenbrock, (-1.2, 1.0), (1.0, 0.0)) == pytest.approx((1330, 480), rel=1e-12)
    assert np.allclose(jacobian(grad(lambda x: rosenbrock(*x)))(np.array([-1.2, 1.0])), expected, rtol=1e-12)


@EVERY_MODE
def test_black_scholes_call_and_its_greeks(mode: Callable[..., Any]) -> None:
    """Hull's example, one argument after the other."""

    def call(spot: Any, rate: Any, volatility: Any, time: Any) -> Any:
        spread = volatility * time**0.5
        d1 = (autograd.log(spot / 50) + (rate + volatility**2 / 2) * time) / spread
        normal = [0.5 * autograd.erfc(-d / math.sqrt(2)) for d in (d1, d1 - spread)]
        return spot * normal[0] - 50 * autograd.exp(-rate * time) * normal[1]

    point = [49, 0.05, 0.2, 20 / 52]

    def along(i: int) -> Callable[..., Any]:
        return lambda x: call(*[x if k == i else number for k, number in enumerate(point)])

    delta, rho, vega, decay = [mode(along(i))(x) for i, x in enumerate(point)]
    gamma = mode(mode(along(0)))(49)
    assert round(call(*point), 4) == 2.4005
    assert [round(x, 4) for x in (delta, gamma)] == [0.5216, 0.0655]
    assert [round(x, 3) for x in (vega, rho, -decay)] == [12.105, 8.907, -4.305]


# Structures -----------------------------------------------------------------------------------------


def test_a_gradient_has_the_structure_of_its_argument() -> None:
    def f(tree: Any) -> Any:
        return tree["w"][0] * tree["w"][1] + tree["pair"].left * tree["b"] + tree["deep"][0][0]["x"]

    tree = {"w": [2.0, 3], "pair": Pair(4.0, 5.0), "b": True, "deep": (({"x": 1.0},),), "none": []}
    expected = {"w": [3.0, 2.0], "pair": Pair(1.0, 0.0), "b": 4.0, "deep": (({"x": 1.0},),), "none": []}
    found = grad(f)(tree)
    assert found == expected
    assert type(found["pair"]) is Pair
    assert list(found) == list(tree)
    assert tree["w"] == [2.0, 3]
    (second,) = hvp(f, [tree], [{**expected, "w": [1.0, 0.0], "b": 2.0}])
    assert (second["w"], second["pair"], second["b"]) == ([0.0, 1.0], Pair(2.0, 0.0), 1.0)


def test_argnums_choose_arguments() -> None:
    def f(x: Any, y: Any, z: Any = 1.0, *, power: int = 1) -> Any:
        return x * y**power * z

    assert grad(f)(2.0, 3.0) == 3.0
    assert grad(f, 1)(2.0, 3.0, power=2) == 12.0
    assert grad(f, -1)(2.0, 3.0, 4.0) == 6.0
    assert grad(f, (2, 0))(2.0, 3.0, 4.0) == (6.0, 12.0)
    assert grad(f, [0])(2.0, 3.0) == (3.0,)
    assert grad(lambda x, name: x * len(name))(2.0, "four") == 4.0
    assert jacobian(f, (0, 1))(2.0, 3.0) == (3.0, 2.0)
    assert hessian(f, (0, 1))(2.0, 3.0) == ((0.0, 1.0), (1.0, 0.0))
    for missing in (2, -3):
        with pytest.raises(LengthError, match="no argument"):
            grad(f, missing)(2.0, 3.0)


def test_arrays_go_in_and_come_out() -> None:
    matrix = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    x = np.array([1, -1])
    found = grad(lambda x: np.sum((matrix @ x) ** 2))(x)
    assert found.dtype == float
    assert np.array_equal(found, 2 * matrix.T @ matrix @ x)
    assert np.array_equal(jacobian(matrix.__matmul__)(x), matrix)
    assert np.array_equal(hessian(lambda x: (matrix @ x) @ (matrix @ x))(x), 2 * matrix.T @ matrix)
    assert np.array_equal(grad(lambda m: (m @ x) @ (m @ x))(matrix), 2 * np.outer(matrix @ x, x))
    value, pullback = vjp(lambda x: np.tanh(matrix @ x), x)
    assert np.allclose(value, np.tanh(matrix @ x))
    assert np.allclose(pullback([1, 0, 0])[0], matrix[0] / np.cosh(1) ** 2)
    value, tangent = jvp(lambda x: matrix @ x, [x], [x])
    assert np.array_equal(tangent, value)
    assert grad(lambda x: x * x)(np.float64(3)) == grad(lambda x: x * x)(np.array(3)) == 6.0
    assert jacobian(lambda x: np.array([x, 2 * x]))(1.0).shape == (2,)
    assert jacobian(lambda pair: np.array([pair[0], pair[1]]))([1.0, 2.0]).tolist() == [
        [1.0, 0.0],
        [0.0, 1.0],
    ]
    assert grad(np.sum)(np.zeros((0, 3))).size == 0
    assert np.array_equal(hvp(np.prod, [np.array([2.0, 3.0])], [np.array([0.0, 1.0])])[0], [1.0, 0.0])


@pytest.mark.parametrize("outputs", [1, 3, 500])
def test_a_jacobian_is_the_same_by_either_mode(outputs: int) -> None:
    def f(x: Any) -> Any:
        return [autograd.sin(k * x[0]) * x[1] for k in range(outputs)]

    expected = [[k * math.cos(k * 0.5) * 2, math.sin(k * 0.5)] for k in range(outputs)]
    assert jacobian(f)([0.5, 2.0]) == [pytest.approx(row, rel=1e-14) for row in expected]


def test_what_does_not_depend_has_derivative_zero() -> None:
    assert grad(lambda x, y: y)(1.0, 2.0) == 0.0
    assert grad(lambda x: 5)([1.0, 2.0]) == [0.0, 0.0]
    assert value_and_grad(lambda x: True)(1.0) == (1.0, 0.0)
    assert jvp(lambda x: 5, [1.0], [1.0]) == (5.0, 0.0)
    assert hvp(lambda x: 5, [1.0], [1.0]) == (0.0,)
    assert hessian(lambda x: 3 * x[0])([1.0, 2.0]) == [[0.0, 0.0], [0.0, 0.0]]
    assert jacobian(lambda x: [])([1.0]) == []
    assert jacobian(lambda x: [x[0]])([1.0, 2.0]) == [[1.0, 0.0]]
    assert grad(grad(lambda x: x))(1.0) == 0.0
    assert slope(slope(lambda x: 3 * x))(1.0) == 0.0
    assert type(grad(autograd.step)(1.0)) is float
    value, pullback = vjp(dict)
    assert (value, pullback({})) == ({}, ())


def test_an_argument_returned_as_it_is_has_derivative_one() -> None:
    assert value_and_grad(lambda x: x)(3.0) == (3.0, 1.0)
    assert jvp(lambda x: x, [3.0], [2.0]) == (3.0, 2.0)
    assert jacobian(lambda x: x)([1.0, 2.0]) == [[1.0, 0.0], [0.0, 1.0]]
    assert grad(lambda x: x * grad(lambda y: y)(x))(3.0) == 1.0


@pytest.mark.parametrize(
    ("f", "error", "words"),
    [
        (lambda: grad(lambda x: [x, x])(1.0), OperandError, "one number.*jacobian or vjp"),
        (lambda: grad(lambda x: None)(1.0), OperandError, r"the result: None .*missing"),
        (lambda: jvp(lambda x: "x", [1.0], [1.0]), OperandError, r"the result: 'x' \(str\)"),
        (lambda: jacobian(lambda x: {"a": [1j]})(1.0), OperandError, r"the result\['a'\]\[0\]: 1j"),
        (lambda: grad(lambda x: x)("1"), OperandError, r"convert it first"),
        (lambda: grad(lambda x: x[0])([1.0, {"a": None}]), OperandError, r"\[1\]\['a'\]: None"),
        (lambda: grad(lambda x: x)(2**53 + 1), ValueError, "no exact float"),
        (lambda: grad(lambda x: x)(x=1.0), LengthError, "by position"),
        (lambda: jvp(lambda x: x[0], [[1.0, 2.0]], [[1.0]]), LengthError, "same structure"),
        (lambda: jvp(lambda x: x, [1.0], []), LengthError, "same structure"),
        (lambda: jvp(lambda x: x["a"], [{"a": 1.0}], [{"b": 1.0}]), LengthError, "same structure"),
        (lambda: jvp(lambda x: x, [1.0], [[1.0]]), OperandError, "one number"),
        (lambda: vjp(lambda x: [x, x], 1.0)[1]([1.0]), LengthError, "same structure"),
        (lambda: grad(math.exp)(1.0), OperandError, r"v\.exp"),
        (lambda: jvp(math.exp, [1.0], [1.0]), OperandError, r"v\.exp"),
        (lambda: grad(autograd.log)(-1.0), DomainError, "x > 0"),
    ],
)
def test_what_cannot_be_differentiated_is_refused(
    f: Callable[[], Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        f()


# Values of one's own ----------------------------------------------------------------------------------


def test_values_used_by_the_function_keep_their_part_in_the_result() -> None:
    w = Value(3.0)
    found = grad(lambda x: w * x * x)(2.0)
    assert found.data == 12.0
    assert gradients(found, [w]) == [4.0]
    value, tangent = jvp(lambda x: w * x * x, [2.0], [1.0])
    assert (value.data, tangent.data, gradients(tangent, [w])) == (12.0, 12.0, [4.0])
    assert w.grad == 0.0


@EVERY_MODE
def test_a_value_as_argument_is_differentiated_again_from_outside(mode: Callable[..., Any]) -> None:
    x = Value(2.0)
    y = x * x
    found = mode(lambda t: t**3)(y)
    assert found.data == 48.0
    assert gradients(found, [x]) == [6 * 4 * 4.0]
    found.backward()
    assert x.grad == 96.0


@EVERY_MODE
def test_a_derivative_that_is_constant_is_a_plain_number(mode: Callable[..., Any]) -> None:
    assert mode(lambda x: x * mode(lambda y: x + y)(1.0))(3.0) == 1.0
    assert type(mode(lambda x: x * mode(lambda y: x + y)(1.0))(3.0)) is float
    assert mode(lambda x: mode(lambda y: x * y * y)(2.0))(3.0) == 4.0


@pytest.mark.parametrize("outer", MODES.values(), ids=MODES)
@pytest.mark.parametrize("inner", MODES.values(), ids=MODES)
def test_through_a_loop_of_descent(outer: Callable[..., Any], inner: Callable[..., Any]) -> None:
    """x - x/8 per step, by the gradient of x²/2: after n steps, x (7/8)^n."""

    def descent(x: Any) -> Any:
        for _ in range(12):
            x = x - 0.125 * inner(lambda t: t * t / 2)(x)
        return x

    assert outer(descent)(3.0) == 0.875**12


def test_a_sweep_ends_at_the_arguments() -> None:
    x = Value(2.0)
    y = x * x
    z = (y + 1) * x
    interior, leaves = topological_order(z, stop=[y])
    assert (len(interior), leaves) == (2, [x])
    assert [len(part) for part in topological_order(z)] == [3, 1]
    assert topological_order(y, stop=[y]) == ([], [])


def test_vjp_of_vjp_and_cotangents_that_vary() -> None:
    def f(c: Any) -> Any:
        return vjp(lambda x, y: [x * y, x + y], 2.0, 3.0)[1]([c, c * c])

    assert jacobian(f)(5.0) == (3.0 + 10.0, 2.0 + 10.0)
    assert jvp(f, [5.0], [1.0])[1] == (13.0, 12.0)
    value, pullback = vjp(lambda x: {"a": [x * x], "b": 3 * x}, 2.0)
    assert value == {"a": [4.0], "b": 6.0}
    assert [pullback({"a": [k], "b": 1 - k}) for k in (0, 1)] == [(3.0,), (4.0,)]


def test_infinite_slopes_of_other_arguments_do_no_harm() -> None:
    def f(x: Any, y: Any) -> Any:
        return autograd.sqrt(x) + y * y

    assert jvp(f, (0.0, 3.0), (0.0, 1.0)) == (9.0, 6.0)
    assert jacobian(lambda x: [f(*x)] * 50)([0.0, 3.0])[0] == [math.inf, 6.0]
    assert jacobian(lambda x: [autograd.sqrt(x[0]), x[1]])([0.0, 3.0]) == [[math.inf, 0.0], [0.0, 1.0]]


def test_a_function_that_raises_leaves_nothing_behind() -> None:
    class StopError(Exception):
        pass

    def fails(x: Any) -> Any:
        grad(lambda y: x * y)(2.0)
        raise StopError(x)

    w = Value(3.0)
    w.grad = 0.5
    for transform in (grad, jacobian, hessian, value_and_grad, slope, lambda f: lambda x: vjp(f, x)):
        inner = transform(fails)
        with pytest.raises(StopError):
            transform(lambda x, inner=inner: inner(x * w))(1.0)
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(3.0) == 1.0
    assert slope(lambda x: x * slope(lambda y: x + y)(1.0))(3.0) == 1.0
    assert (w.grad, repr(w)) == (0.5, "Value(3.0, grad=0.5)")


# Laws ---------------------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.integers(0, 2**32), st.floats(-3, 3), st.floats(-3, 3))
def test_the_laws_of_derivatives_hold_for_random_functions(m: int, n: int, a: float, b: float) -> None:
    first, second = random_program(m, 0), random_program(n, 1)
    point = first.leaves + second.leaves
    split = len(first.leaves)

    def f(*xs: Any) -> Any:
        return first.run(*xs[:split])

    def g(*xs: Any) -> Any:
        return second.run(*xs[split:])

    every = range(len(point))
    y, f_x = value_and_grad(f, every)(*point)
    z, g_x = value_and_grad(g, every)(*point)
    laws: list[tuple[Callable[..., Any], list[float]]] = [
        (lambda *x: a * f(*x) + b * g(*x), [a * p + b * q for p, q in zip(f_x, g_x, strict=True)]),
        (lambda *x: f(*x) * g(*x), [p * z + y * q for p, q in zip(f_x, g_x, strict=True)]),
        (lambda *x: autograd.tanh(f(*x)), [p * grad(autograd.tanh)(y) for p in f_x]),
        (lambda *x: f(*x) - f(*x), [0.0 for _ in every]),
    ]
    for h, expected in laws:
        found = grad(h, every)(*point)
        size = 1e-13 * (1 + max(map(abs, (*f_x, *g_x)))) * (1 + abs(y) + abs(z) + abs(a) + abs(b))
        assert found == pytest.approx(expected, rel=1e-12, abs=size)
        forward = [jvp(h, point, [float(k == i) for k in every])[1] for i in every]
        assert forward == pytest.approx(found, rel=1e-12, abs=size)


@given(st.permutations(range(5)), st.lists(st.floats(0.5, 3), min_size=5, max_size=5, unique=True))
def test_permuted_operands_have_permuted_derivatives(order: list[int], xs: list[float]) -> None:
    for f in (
        autograd.sum,
        autograd.mean,
        autograd.max,
        autograd.min,
        autograd.logsumexp,
        autograd.prod,
        autograd.norm,
    ):
        straight = grad(f)(xs)
        permuted = grad(f)([xs[i] for i in order])
        assert permuted == pytest.approx([straight[i] for i in order], rel=1e-14)
    x, y = xs[:2]
    for symmetric in (autograd.add, autograd.mul, autograd.hypot):
        assert grad(symmetric, (0, 1))(x, y) == grad(symmetric, (1, 0))(y, x)


# Threads ------------------------------------------------------------------------------------------------


def test_eight_threads_over_shared_leaves_give_the_bits_of_one() -> None:
    shared = [Value(0.1 * k + 0.3, label=f"w{k}") for k in range(6)]

    def f(x: Any) -> Any:
        return autograd.tanh(autograd.dot(shared[:3], [x, x * x, 1.0])) * shared[3] + autograd.exp(
            shared[4] * x
        )

    def answers(k: int) -> list[float]:
        x = k % 25 / 16
        slopes = gradients(f(x), shared)
        again = grad(grad(lambda t: autograd.sin(t) * t))(x)
        return [
            *slopes,
            grad(f)(x).data,
            again,
            *jvp(lambda t: t**3, [x], [1.0]),
            *hvp(lambda t: t**4, [x], [1.0]),
        ]

    expected = [answers(k) for k in range(25)]
    wrong: list[int] = []
    done: list[int] = []

    def work(start: int) -> None:
        for k in range(start, 2000, 8):
            (done if answers(k) == expected[k % 25] else wrong).append(k)

    threads = [threading.Thread(target=work, args=(start,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(done), wrong) == (2000, [])  # five derivatives each: 10,000 in all
    assert all(not w.has_grad for w in shared)
