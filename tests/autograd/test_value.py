"""What a Value means: conversion, comparison, gradients, copying, numpy, and its manners."""

from __future__ import annotations

import copy
import gc
import inspect
import math
import pickle
import threading
import traceback
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

import autograd
from autograd import (
    AutogradError,
    DomainError,
    LengthError,
    OperandError,
    PrecisionError,
    ReadOnlyError,
    StaleGraphError,
    Value,
    gradients,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    "number",
    [
        3,
        3.0,
        True,
        Fraction(1, 4),
        np.float64(3),
        np.float32(0.5),
        np.int64(3),
        np.bool_(1),
        np.array(3.0),
        2**53,
    ],
)
def test_every_real_number_becomes_a_python_float(number: Any) -> None:
    v = Value(number)
    assert type(v.data) is float
    assert v.data == number


@pytest.mark.parametrize(
    ("wrong", "error", "advice"),
    [
        ("a", TypeError, r"float\('a'\)"),
        (b"1", TypeError, "decode"),
        (None, TypeError, "missing"),
        (1j, TypeError, r"\.real"),
        (np.complex128(1j), TypeError, r"\.real"),
        (np.array(1j), TypeError, "not a real number"),
        ([1.0], TypeError, "one number"),
        (np.array([1.0, 2.0]), TypeError, "one Value per element"),
        (Value(1.0), TypeError, "already"),
        (2**53 + 1, ValueError, "9007199254740992.0"),
        (10**400, ValueError, "bits"),
        (Fraction(10**400), ValueError, "too large"),
        (np.int64(2**53 + 1), ValueError, "exact"),
    ],
)
def test_anything_else_is_refused_with_advice(wrong: Any, error: type[Exception], advice: str) -> None:
    with pytest.raises(error, match=advice) as raised:
        Value(wrong)
    assert isinstance(raised.value, AutogradError)


def test_operators_refuse_what_is_not_a_number_and_change_nothing() -> None:
    v = Value(2.0, label="v")
    cases: list[tuple[Any, type[Exception]]] = [
        ("x", OperandError),
        (None, OperandError),
        (2**53 + 1, PrecisionError),
    ]
    operations: list[Callable[[Any], object]] = [
        lambda x: v + x,
        lambda x: x * v,
        lambda x: v**x,
        lambda x: v < x,
    ]
    for wrong, error in cases:
        for operate in operations:
            with pytest.raises(error):
                operate(wrong)
    with pytest.raises(TypeError, match="unsupported operand"):
        v * object()  # type: ignore[operator]
    assert repr(v) == "Value(2.0, label='v')"


def test_what_would_cut_the_graph_in_silence_is_refused() -> None:
    v = Value(1.0)
    with pytest.raises(OperandError, match=r"v\.exp\(\)"):
        math.exp(v)  # type: ignore[arg-type]
    with pytest.raises(OperandError, match=r"v\.data"):
        float(v)  # type: ignore[arg-type]
    with pytest.raises(OperandError, match="v > 0"):
        bool(v)
    for other in (1.0, 1, np.float64(1), 1j):
        with pytest.raises(OperandError, match=r"v\.data == "):
            v == other  # noqa: B015


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda: Value(-8) ** (1 / 3), ["pow", "x = -8.0", "y = 0.333"]),
        (lambda: Value(0, label="p").log(), ["log", "p = 0.0", "x > 0", "positive"]),
        (lambda: autograd.log(Value(-1, label="p")), ["log", "p = -1.0"]),
        (lambda: autograd.log(-1), ["log", "x = -1.0"]),
        (lambda: 1 / Value(0, label="q"), ["div", "q = 0.0", "y ≠ 0"]),
        (lambda: Value(1) / 0, ["div", "y = 0.0"]),
        (lambda: Value(-1.0).sqrt(), ["sqrt", "x ≥ 0"]),
        (lambda: Value(0.0) ** -1, ["pow", "x = 0.0", "y = -1.0"]),
        (lambda: Value(math.inf).sin(), ["sin", "finite"]),
    ],
)
def test_outside_the_domain_names_operation_operand_and_remedy(
    f: Callable[[], Value], words: list[str]
) -> None:
    with pytest.raises(DomainError) as raised:
        f()
    assert all(word in str(raised.value) for word in words), str(raised.value)
    assert isinstance(raised.value, ValueError)


def test_a_partial_divides_by_a_constant_zero_as_ieee_754_has_it() -> None:
    x = Value(-2.0)
    with autograd.ieee():
        z = x / 0.0
    assert gradients(z, [x]) == [math.inf]
    assert gradients(z, [x], create_graph=True)[0].data == math.inf


def test_overflow_is_infinity() -> None:
    assert Value(1000.0).exp().data == math.inf
    assert (Value(10.0) ** 400).data == math.inf
    assert (Value(-10.0) ** 401).data == -math.inf


def test_equality_and_hash_go_by_identity() -> None:
    v, w = Value(2.0), Value(2.0)
    assert v == v  # noqa: PLR0124
    assert v != w
    assert {v: 1, w: 2}[w] == 2
    assert v in [w, v]
    assert (v == "text") is False


def test_order_goes_by_data() -> None:
    v, w = Value(2.0), Value(3.0)
    assert v < w <= 3.0
    assert 4 > w >= v > 1
    assert max(v, w) is w
    assert sorted([w, v]) == [v, w]


def test_format_and_repr() -> None:
    x = Value(2.0, label="x")
    assert f"{x:.3f}" == "2.000"
    assert f"{x}" == "Value(2.0, label='x')"
    y = x * 3
    assert str([x, y]) == "[Value(2.0, label='x'), Value(6.0, op='mul')]"
    y.backward()
    assert str([x, y]) == "[Value(2.0, label='x', grad=3.0), Value(6.0, grad=1.0, op='mul')]"


def test_data_and_gradients_of_computed_values_are_read_only() -> None:
    x = Value(2.0)
    y = x * x
    with pytest.raises(ReadOnlyError, match="leaves"):
        y.data = 3.0
    with pytest.raises(ReadOnlyError, match="leaf"):
        y.grad = 3.0
    with pytest.raises(OperandError):
        x.data = "3"  # type: ignore[assignment]
    assert (x.data, y.data, y.grad) == (2.0, 4.0, 0.0)


def test_a_label_is_text() -> None:
    with pytest.raises(OperandError, match="label"):
        Value(1.0, label=3)  # type: ignore[arg-type]


def test_value_cannot_be_subclassed() -> None:
    with pytest.raises(OperandError, match="subclassed"):
        type("Parameter", (Value,), {})


def test_operands_parents_and_primitive() -> None:
    x = Value(2.0)
    y = 3 - x * x
    (square,) = y.parents
    assert y.operands == (3.0, square)
    assert square.parents == (x, x)
    assert y.primitive is autograd.TABLE["sub"]
    assert (x.primitive, x.operands, x.parents) == (None, (), ())
    assert autograd.sum([x, 1.0, y]).operands == (x, 1.0, y)


# Gradients ------------------------------------------------------------------------------------------


def test_backward_twice_gives_exactly_twice_the_leaf_gradients() -> None:
    a = Value(3.0)
    z = (a * a) ** 2
    z.backward()
    assert a.grad == 108.0
    z.backward()
    assert a.grad == 216.0
    assert z.parents[0].grad == 18.0


def test_a_hidden_node_shared_by_two_outputs_starts_from_nothing() -> None:
    x = Value(2.0)
    hidden = x * x
    (hidden * 1.0).backward()
    (hidden * 2.0).backward()
    assert x.grad == 12.0


def test_gradients_touch_nothing() -> None:
    x, y, outside = Value(2.0), Value(5.0), Value(1.0)
    outside.grad = 7.0
    inner = x * y
    z = inner.sin()
    z.backward()
    before = [v.grad for v in (x, y, inner, z, outside)]
    assert gradients(z, [y, outside, inner, z, y]) == [
        2 * math.cos(10.0),
        0.0,
        math.cos(10.0),
        1.0,
        2 * math.cos(10.0),
    ]
    assert [v.grad for v in (x, y, inner, z, outside)] == before
    fresh = x * 3
    gradients(fresh, [x])
    assert not fresh.has_grad


def test_gradient_of_a_leaf_by_itself() -> None:
    x, y = Value(2.0), Value(3.0)
    assert gradients(x, [x, y]) == [1.0, 0.0]
    x.backward()
    assert x.grad == 1.0


def test_gradients_refuse_what_is_not_a_value() -> None:
    x = Value(1.0)
    with pytest.raises(OperandError, match="by Values"):
        gradients(x, [2.0])  # type: ignore[list-item]
    with pytest.raises(OperandError, match=r"gradients\(z, \[x\]\)"):
        gradients(x * x, x)  # type: ignore[arg-type]
    with pytest.raises(OperandError, match="through a Value"):
        autograd.topological_order(2.0)  # type: ignore[type-var]


def test_a_gradient_that_was_not_computed_is_known_as_such() -> None:
    x = Value(1.0)
    y = x * 0.0
    assert (x.grad, x.has_grad, y.has_grad) == (0.0, False, False)
    y.backward()
    assert (x.grad, x.has_grad, y.has_grad) == (0.0, True, True)
    x.zero_grad()
    assert (x.grad, x.has_grad) == (0.0, False)
    x.grad = 2
    assert (x.grad, x.has_grad) == (2.0, True)


def test_a_changed_leaf_never_gives_a_mixed_gradient() -> None:
    x, y = Value(2.0, label="x"), Value(3.0)
    z = x * y
    late = z * 2
    x.data = 10.0
    for stale in (z, late, z + 1):
        with pytest.raises(StaleGraphError, match=r"leaf x was set to 10\.0"):
            stale.backward()
        with pytest.raises(StaleGraphError):
            gradients(stale, [y])
    assert (x.grad, y.grad) == (0.0, 0.0)
    again = x * y
    again.backward()
    assert (x.grad, y.grad) == (3.0, 10.0)


def test_changing_an_unrelated_leaf_is_no_obstacle() -> None:
    x, other = Value(2.0), Value(1.0)
    z = x * x
    other.data = 5.0
    z.backward()
    z.backward()
    x_before = x.grad
    x.data = 3.0
    with pytest.raises(StaleGraphError):
        z.backward()
    assert x.grad == x_before == 8.0


def test_a_graph_that_spans_a_change_is_refused_and_stays_refused() -> None:
    x = Value(2.0)
    a = x * 3
    x.data = 5.0
    b = a + x
    for _ in range(2):
        with pytest.raises(StaleGraphError):
            b.backward()
    assert gradients(x * 2, [x]) == [2.0]


def test_higher_derivatives_by_recording_the_gradient() -> None:
    x = Value(2.0)
    derivative = x**3
    found = []
    for _ in range(4):
        (derivative,) = gradients(derivative, [x], create_graph=True)
        found.append(derivative.data)
    assert found == [12.0, 12.0, 6.0, 0.0]
    zero = Value(0.0)
    (slope,) = gradients(zero**2, [zero], create_graph=True)
    assert gradients(slope, [zero]) == [2.0]


def test_a_zero_adjoint_is_not_skipped() -> None:
    y, u = Value(0.0), Value(3.0)
    (by_u,) = gradients(y * u, [u], create_graph=True)
    assert gradients(by_u, [y]) == [1.0]


def test_an_interrupted_backward_leaves_gradients_as_they_were() -> None:
    def interrupt(_z: float, *xs: float) -> list[float]:
        if armed:
            raise KeyboardInterrupt
        return [1.0] * len(xs)

    trap = autograd.primitive("trap", lambda *xs: xs[0], interrupt)
    a, b = Value(2.0), Value(5.0)
    z = trap(a * b, b) * a + b
    armed = False
    z.backward()
    once = (a.grad, b.grad)
    armed = True
    with pytest.raises(KeyboardInterrupt):
        z.backward()
    assert (a.grad, b.grad) == once
    with pytest.raises(KeyboardInterrupt):
        gradients(z, [a])
    armed = False
    z.backward()
    assert (a.grad, b.grad) == (2 * once[0], 2 * once[1])


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=6), st.integers(0, 2**31))
def test_random_shared_graphs_agree_with_numeric_derivatives(point: list[float], seed: int) -> None:
    def f(*leaves: Value) -> Value:
        rng = np.random.default_rng(seed)
        nodes = list(leaves)
        for _ in range(12):
            i, j, kind = (int(k) for k in (*rng.integers(len(nodes), size=2), rng.integers(5)))
            x, y = nodes[i], nodes[j]
            nodes.append(
                [x + y, x * y * 0.1, x.tanh(), (x - y).sigmoid(), autograd.dot([x, y], [y, 0.5])][kind]
            )
        return autograd.mean(nodes)

    report = autograd.check_gradients(f, point)
    assert report, str(report)


def test_gradients_take_any_iterable_of_inputs() -> None:
    x, y = Value(2.0), Value(3.0)
    assert gradients(x * y, (v for v in (x, y))) == [3.0, 2.0]  # type: ignore[arg-type]


def test_recorded_gradients_leave_no_cycle_behind() -> None:
    gc.collect()
    gc.disable()
    try:
        before = sum(type(thing) is Value for thing in gc.get_objects())
        for _ in range(100):
            x, w = Value(3.0), Value(2.0)
            gradients(w * w * x, [x], create_graph=True)
        del x, w
        assert sum(type(thing) is Value for thing in gc.get_objects()) == before
    finally:
        gc.enable()


def test_a_leaf_set_by_another_thread_gives_no_mixture() -> None:
    x = Value(0.0)
    stop = threading.Event()

    def keep_setting() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            x.data = number % 1000

    thread = threading.Thread(target=keep_setting)
    thread.start()
    mixed, right = [], 0
    try:
        for _ in range(30_000):
            z = x * x
            try:
                (slope,) = gradients(z, [x])
            except StaleGraphError:
                continue
            right += 1
            if (slope / 2) ** 2 != z.data:
                mixed.append((slope, z.data))
    finally:
        stop.set()
        thread.join()
    assert not mixed
    assert right


# Copying --------------------------------------------------------------------------------------------


def test_deepcopy_keeps_sharing_and_gradients() -> None:
    x = Value(2.0, label="x")
    y = x * x
    z = autograd.sum([y, y * x, 1.0])
    z.backward()
    z2, x2 = copy.deepcopy((z, x))
    assert (z2.data, x2.grad, x2.label) == (z.data, x.grad, "x")
    assert x2 is not x
    z2.backward()
    assert x2.grad == 2 * x.grad
    assert gradients(z2, [x]) == [0.0]


def test_deepcopy_of_100_000_nodes_does_not_recurse_and_pickle_refuses() -> None:
    x = z = Value(1.0)
    for _ in range(100_000):
        z = z + x
    z.backward()
    twin = copy.deepcopy(z)
    assert gradients(twin, [twin.parents[1]]) == [100_001.0]
    with pytest.raises(AutogradError, match="pickle the leaves"):
        pickle.dumps(z)


def test_leaves_are_copied_and_pickled() -> None:
    x = Value(2.0, label="x")
    x.grad = 3.0
    for twin in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):  # noqa: S301 - our own
        assert twin is not x
        assert repr(twin) == repr(x)
    assert repr(copy.copy(x * 2)) == repr(x * 2)


# numpy ----------------------------------------------------------------------------------------------

V, W = Value(3.0), Value(-2.0)
A = np.array([[1.0, 2.0], [3.0, 4.0]])


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda: np.float64(2) * V, 6.0),
        (lambda: V * np.float64(2), 6.0),
        (lambda: V - np.int64(1), 2.0),
        (lambda: np.array(2.0) / V, 2 / 3),
        (lambda: np.array([1.0, 2.0]) * V, [3.0, 6.0]),
        (lambda: V * np.array([1.0, 2.0]), [3.0, 6.0]),
        (lambda: V ** np.array([1.0, 2.0]), [3.0, 9.0]),
        (lambda: A @ np.array([V, W]), [-1.0, 1.0]),
        (lambda: A @ [V, W], [-1.0, 1.0]),
        (lambda: np.sum([V, W]), 1.0),
        (lambda: np.mean([V, W]), 0.5),
        (lambda: np.exp(V), math.exp(3)),  # type: ignore[call-overload]
        (lambda: np.tanh(np.array([V, W])), [math.tanh(3), math.tanh(-2)]),
        (lambda: np.arctan(V), math.atan(3)),  # type: ignore[call-overload]
        (lambda: np.arctan2(V, W), math.atan2(3, -2)),  # type: ignore[call-overload]
        (lambda: np.hypot(np.array([V]), W), [math.hypot(3, 2)]),  # type: ignore[call-overload]
        (lambda: np.abs(W), 2.0),  # type: ignore[call-overload]
        (lambda: np.maximum(V, W), 3.0),  # type: ignore[call-overload]
        (lambda: np.minimum(V, W), -2.0),  # type: ignore[call-overload]
        (lambda: sum([V, W]), 1.0),
        (lambda: max(V, W), 3.0),
    ],
)
def test_numpy_expressions(f: Callable[[], Any], expected: Any) -> None:
    found = f()
    values = found if isinstance(found, np.ndarray) else np.array([found])
    assert all(type(v) is Value and type(v.data) is float for v in values)
    assert [v.data for v in values] == pytest.approx(np.atleast_1d(expected))
    assert gradients(values[0], [V, W]) != [0.0, 0.0]


# The first five minutes -----------------------------------------------------------------------------


def test_methods_and_table_agree() -> None:
    """The declarations in value.py name exactly what the table binds."""
    source = inspect.getsource(Value).split("if TYPE_CHECKING:  # bound from the table")[1]
    declared = {
        line.split("(")[0].removeprefix("def ")
        for line in map(str.strip, source.splitlines())
        if "def " in line
    }
    bound = {
        name
        for name in list(vars(Value))
        if "<autograd" in getattr(getattr(getattr(Value, name), "__code__", None), "co_filename", "")
    }
    assert declared == bound


def test_help_shows_the_mathematics() -> None:
    text = inspect.getdoc(Value.tanh) or ""
    assert text == inspect.getdoc(autograd.tanh)
    assert "One row of the table" in (inspect.getdoc(autograd.Primitive) or "")
    assert "Hyperbolic tangent" in text
    assert "z = tanh(x)" in text
    assert "∂z/∂x" in text
    assert {"tanh", "exp", "backward", "grad", "label"} <= set(dir(Value(1.0)))


def test_generated_rules_can_be_read_and_traced() -> None:
    assert "x._data * y._data" in inspect.getsource(Value.__mul__)
    try:
        Value(0.0, label="p").log()
    except DomainError as error:
        text = "".join(traceback.format_exception(error))
    assert "row.beyond" in text
    assert "in log" in text


def test_functions_take_numbers_too() -> None:
    assert autograd.tanh(0) == 0.0
    assert type(autograd.sum([1, 2])) is float
    assert autograd.max(1, np.float64(2)) == 2.0
    assert autograd.dot([1, 2], [3, 4], 5) == 16.0
    with pytest.raises(OperandError):
        autograd.tanh("a")
    with pytest.raises(LengthError, match="2 operands, not 1"):
        autograd.pow(Value(2.0))
    nothing: list[Value] = []
    with pytest.raises(LengthError):
        autograd.sum(nothing)
    for weights, inputs in ((nothing, nothing), ([V], [V, W])):
        with pytest.raises(LengthError):
            autograd.dot(weights, inputs)


def test_functions_take_a_number_before_a_value() -> None:
    x = Value(2.0)
    assert gradients(autograd.pow(3.0, x), [x]) == [9 * math.log(3)]
    assert gradients(autograd.TABLE["sub"](3.0, x), [x]) == [-1.0]
    unknown: Any = object()
    with pytest.raises(OperandError):
        autograd.pow(x, unknown)
