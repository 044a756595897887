"""Recorded programs: what eager evaluation gives, to the last bit, and nothing that it would not."""

from __future__ import annotations

import copy
import gc
import inspect
import math
import pickle
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pytest

import autograd
from autograd import (
    Domain,
    DomainError,
    LengthError,
    OperandError,
    PrimitiveError,
    RecordingError,
    StaleProgram,
    Value,
    grad,
    gradients,
    ieee,
    jvp,
    record,
    step,
    stop_gradient,
    where,
)
from autograd.replay.emit import FRAME, NAMESPACE, USED
from autograd.rows import RESERVED
from tests.autograd.random_programs import random_program
from tests.benchmarks import workloads

REFUSED = (ValueError, ArithmeticError)
"""What eager evaluation raises outside a domain, and a program then too."""


def bits(numbers: Any) -> bytes:
    numbers = [x if x == x else math.nan for x in numbers]  # noqa: PLR0124 - one nan is as good as another
    return struct.pack(f"{len(numbers)}d", *numbers)


def eagerly(f: Any, point: list[float]) -> tuple[float, list[float]]:
    leaves = [Value(x) for x in point]
    output = f(leaves)
    return output.data, gradients(output, leaves)


def test_readme_expression() -> None:
    program = record(workloads.readme_function, 1.0, 1.0)
    leaves = Value(-4.0), Value(2.0)
    output = workloads.readme_function(*leaves)
    value, slopes = program(-4.0, 2.0)
    assert bits([value, *slopes]) == bits([output.data, *gradients(output, leaves)])
    assert program.value(-4, 2) == value
    assert program.backend == "python"


@pytest.mark.parametrize("start", range(0, 1000, 100))
def test_random_programs_are_exact_to_the_last_bit(start: int) -> None:
    for seed in range(start, start + 100):
        f, point = random_program(seed, operations=12)
        try:
            expected = eagerly(f, point)
        except REFUSED:
            continue
        program = record(f, point, exact=True)
        for at in (point, [x * 1.01 for x in point], [x + 0.125 for x in point]):
            try:
                expected = eagerly(f, at)
            except REFUSED as error:
                with pytest.raises(type(error)):
                    program(at)
                continue
            value, (slopes,) = program(at)
            assert bits([value, *slopes]) == bits([expected[0], *expected[1]]), seed
            assert bits([program.value(at)]) == bits([value])


def test_an_adjoint_that_is_handed_on_unchanged_needs_no_line_of_its_own() -> None:
    program = record(lambda x, y: (x + y) * 3 - (x - y) + x.exp(), 1.0, 1.0)
    backward = program.source[program.source.index("v6_bar") :]
    assert backward.splitlines() == [
        "v6_bar = 1.0",
        "    x_bar = v6_bar * v5",
        "    v3_bar = -v6_bar",
        "    x_bar += v3_bar",
        "    y_bar = -v3_bar",
        "    v1_bar = v6_bar * 3.0",
        "    x_bar += v1_bar",
        "    y_bar += v1_bar",
        "    return v6, [0.0 + x_bar, 0.0 + y_bar]",
    ]
    assert "return v3, [0.0 + v3_bar, 0.0 + v3_bar]" in record(lambda x, y: 1 + (x + y) + 1, 1.0, 1.0).source


def test_arguments_come_back_in_their_structure() -> None:
    def f(p: Any, x: Any, shift: Any = 0.0) -> Any:
        return sum(w * v for w, v in zip(p["w"], x, strict=True)) + p["b"][0] * p["b"][1] + shift

    program = record(f, {"w": [1.0, 2.0], "b": (3.0, 4.0)}, np.array([5.0, 6.0]))
    value, (p, x) = program({"w": [1, 2], "b": (3, 4)}, np.array([5, 6]))
    assert value == 29.0
    assert p == {"w": [5.0, 6.0], "b": (4.0, 3.0)}
    assert isinstance(x, np.ndarray)
    assert x.tolist() == [1.0, 2.0]
    assert str(program).startswith("inputs p_w_0, p_w_1, p_b_0, p_b_1, x_0, x_1\nv1 = p_w_0 * x_0\n")
    matrix = record(lambda a, v: (a @ v).sum(), np.ones((2, 2)), np.ones(2))
    assert matrix(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([5.0, 6.0]))[1][0].tolist() == [[5, 6], [5, 6]]


def test_unused_inputs_constants_and_outputs_that_are_inputs() -> None:
    assert record(lambda x, y: x * 2, 1.0, 1.0)(3.0, 4.0) == (6.0, (2.0, 0.0))
    assert record(lambda x: 5, 1.0)(3.0) == (5.0, (0.0,))
    assert record(lambda x: x, 1.0)(3.0) == (3.0, (1.0,))
    assert record(lambda x: Value(2.0) * Value(3.0) + x, 1.0)(3.0) == (9.0, (1.0,))
    assert record(lambda x: Value(2.0).exp(), 1.0)(3.0) == (math.exp(2), (0.0,))
    assert record(lambda x: x * math.inf, 1.0)(3.0) == (math.inf, (math.inf,))


def test_names_that_mean_something_else_are_given_up() -> None:
    program = record(lambda v1, tanh, inputs, x_bar: (v1 + tanh.tanh()) * inputs - x_bar, 1.0, 1.0, 1.0, 1.0)
    assert program(1.0, 0.0, 3.0, 4.0) == (-1.0, (3.0, 3.0, 1.0, -1.0))


@pytest.mark.parametrize("backend", ["python", "numpy"])
@pytest.mark.parametrize("name", ["lambda_", "c1", "None_", "float", "v", "np", "inputs", "dot1", "x_bar"])
def test_an_argument_may_be_called_anything(name: str, backend: str) -> None:
    made: dict[str, Any] = {}
    exec(f"def f({name}): return sum(x.exp() * {name}[1] for x in {name}) + {name}[3]", made)  # noqa: S102 - ours
    point = [0.1 * i for i in range(20)]
    value, (slopes,) = record(made["f"], point, backend=backend)(point)
    expected, wanted = eagerly(made["f"], point)
    assert value == pytest.approx(expected, rel=1e-14)
    assert slopes == pytest.approx(wanted, rel=1e-13)


MEANT = {"v1", "v2_bar", "c", "argument1", "exp_array", *NAMESPACE, *FRAME, *USED} - RESERVED


@pytest.mark.usefixtures("nothing_hidden")
@pytest.mark.parametrize("backend", ["python", "numpy"])
@pytest.mark.parametrize("name", sorted(MEANT))
def test_a_row_may_be_called_what_programs_call_something_else(name: str, backend: str) -> None:
    double = autograd.primitive(name, lambda x: 2.0 * x, (lambda z, x: 2.0,))
    f = lambda v: double(sum(double(x) * v[1] + x.exp() * double(x).tanh() for x in v))  # noqa: E731
    point = [0.1 * i for i in range(20)]
    program = record(f, point, backend=backend)
    value, (slopes,) = program(point)
    array = np.array(point)
    bound = program.bind(array)
    expected, wanted = eagerly(f, point)
    assert (value, bound()) == pytest.approx((expected, expected), rel=1e-14)
    assert slopes == pytest.approx(wanted, rel=1e-13)
    assert bound.gradients[0] == pytest.approx(np.array(wanted), rel=1e-13)


def test_structure_is_checked() -> None:
    program = record(lambda x: x[0] + x[1], [1.0, 2.0])
    with pytest.raises(LengthError, match="a list of 3, each a number, but a list of 2"):
        program([1.0, 2.0, 3.0])
    with pytest.raises(LengthError, match="takes 1 arguments, not 2"):
        program([1.0, 2.0], 3.0)
    with pytest.raises(OperandError, match="not a real number"):
        program(["a", 2.0])
    with pytest.raises(OperandError, match='"record" or "raise"'):
        record(lambda x: x, stale="never")


def clamp(x: Any, limit: Any) -> Any:
    return limit * 1 if x > limit else x * x


def test_a_comparison_becomes_a_guard() -> None:
    program = record(clamp, 1.0, 2.0)
    assert program(-1.5, 2.0) == (2.25, (-3.0, 0.0))
    with pytest.raises(
        StaleProgram, match=r"x > limit to be False was recorded \(.*test_replay.py:\d+\).*3\.0"
    ):
        program(3.0, 2.0)
    with pytest.raises(StaleProgram):
        program.value(3.0, 2.0)
    assert str(program).endswith("expects x > limit to be False")
    assert "if x > limit: raise StaleProgram(0)" in program.source


def test_a_comparison_with_nan_is_false_as_it_is_eagerly() -> None:
    program = record(clamp, 1.0, 2.0)
    assert math.isnan(program(math.nan, 2.0)[0])


def test_a_decorated_function_records_each_way_once() -> None:
    calls = []

    @record
    def f(x: Any) -> Any:
        """Say nothing."""
        calls.append(x)
        return x * 2 if x > 0 else -x

    assert [f(x) for x in (1.0, -1.0, 3.0, -4.0)] == [(2, (2,)), (1, (-1,)), (6, (2,)), (4, (-1,))]
    assert len(calls) == 2
    assert f.__doc__ == "Say nothing."
    assert f.value(5.0) == 10.0
    assert f.program(-5.0).value(-6.0) == 6.0
    once = record(f._f, stale="raise")
    once(1.0)
    with pytest.raises(StaleProgram):
        once(-1.0)


def test_a_guard_speaks_before_a_domain_is_left() -> None:
    @record
    def f(x: Any) -> Any:
        return x.log() if x > 0 else x * 3

    assert f(1.0) == (0.0, (1.0,))
    assert f(-1.0) == (-3.0, (3.0,))


def test_guards_on_what_is_not_part_of_the_result() -> None:
    program = record(lambda x: x * 2 if (x * x + 1).sqrt() < 3 else x, 1.0)
    assert program(2.0) == (4.0, (2.0,))
    with pytest.raises(StaleProgram, match="v4 < 3 to be True"):
        program(4.0)
    ordered = record(lambda x: sorted(x)[1] * 2, [3.0, 1.0, 2.0])
    assert ordered([6.0, 4.0, 5.0]) == (10.0, ([0.0, 0.0, 2.0],))
    with pytest.raises(StaleProgram):
        ordered([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    "peek",
    [
        lambda x: x * x.data,
        lambda x: x * (x * 2).data,
        lambda x: x + gradients(x * x, [x])[0],
        lambda x: x * x.grad,
    ],
)
def test_reading_a_number_while_recording_is_refused_with_the_line(peek: Any) -> None:
    with pytest.raises(RecordingError, match=r"test_replay.py:\d+ reads (data|grad).*autograd.where"):
        record(peek, 1.0)
    assert peek(Value(1.0)).data == peek(Value(1.0)).data


def test_a_number_that_does_not_depend_on_an_argument_may_be_read() -> None:
    scale = Value(2.0) * 3
    assert record(lambda x: x * scale.data, 1.0)(2.0) == (12.0, (6.0,))


def test_values_from_outside_are_arguments_or_refused() -> None:
    w = Value(3.0, label="w")
    with pytest.raises(RecordingError, match=r"label='w'.*not among its arguments"):
        record(lambda x: x * w, 1.0)
    program = record(lambda _, x: x * w, w, 1.0)
    assert program(w, 2.0) == (6.0, (2.0, 3.0))
    w.data = 5.0
    assert program(w, 2.0) == (10.0, (2.0, 5.0))
    assert record(lambda x, y: x * y, w, w)(2.0, 3.0) == (6.0, (3.0, 2.0))


def test_what_is_not_a_value_cannot_be_recorded() -> None:
    with pytest.raises(RecordingError, match="returns one Value"):
        record(lambda x: [x], 1.0)
    with pytest.raises(RecordingError, match="cannot record another"):
        record(lambda x: record(lambda y: y * 2, x).value(x), 1.0)
    with pytest.raises(ZeroDivisionError):
        record(lambda x: 1 / 0, 1.0)
    assert Value(1.0).data == 1.0  # nobody watches any more


def test_an_operand_that_is_not_chosen_is_no_edge_whatever_is_chosen_later() -> None:
    def f(x: Any) -> Any:
        return where(step(x[0]), x[1].sqrt(), x[1] * x[1]) + stop_gradient(x[0].exp()) * x[0]

    points = [[1.0, 4.0], [-1.0, 4.0], [-1.0, 0.0], [1.0, 0.25]]
    for recorded_at in points:
        for backend in ("python", "numpy"):
            program = record(f, recorded_at, backend=backend)
            for point in points:
                value, (slopes,) = program(point)
                assert (value, list(slopes)) == eagerly(f, point)
    value, (slopes,) = record(lambda x: f(x[0]) + f(x[1]), [[1.0, 4.0]] * 2).map([points[:2], points[2:]])
    expected = [eagerly(f, point) for point in points]
    assert value == pytest.approx(sum(v for v, _ in expected) / 2)


def test_a_choice_inside_a_derivative_that_is_recorded_is_refused_if_it_may_change() -> None:
    def inner(x: Any) -> Any:
        return where(step(x), x * x, x)

    for derivative in (grad(inner), lambda x: jvp(inner, [x], [1.0])[1]):
        with pytest.raises(RecordingError, match=r"takes the derivative of .*\(v > 0 becomes a guard"):
            record(derivative, 2.0)
    assert record(grad(lambda x: x * stop_gradient(x)), 2.0)(3.0) == (3.0, (0.0,))
    assert record(grad(lambda x: x * x if x > 1 else x), 2.0)(3.0) == (6.0, (2.0,))


def test_a_comparison_in_forward_mode_becomes_a_guard_too() -> None:
    program = record(lambda x: jvp(lambda t: t * t if t > 1 else t, [x], [1.0])[1], 2.0)
    assert program.value(3.0) == 6.0
    with pytest.raises(StaleProgram):
        program.value(0.5)


@pytest.mark.parametrize("backend", ["python", "numpy"])
def test_in_ieee_mode_programs_answer_as_eager_evaluation_does(backend: str) -> None:
    f = lambda v: sum(x.log() / y for x, y in zip(v[:8], v[8:], strict=True))  # noqa: E731
    program = record(f, [2.0] * 16, backend=backend)
    point = [0.0, *[2.0] * 15]
    with pytest.raises(DomainError):
        program(point)
    with ieee():
        value, (slopes,) = program(point)
        assert bits([value, *slopes]) == bits([eagerly(f, point)[0], *eagerly(f, point)[1]])
        assert value == -math.inf


def test_programs_within_programs_and_in_eager_code() -> None:
    square = record(lambda x: x * x * x, 1.0)
    twice = record(lambda x: square.value(x) * 2, 1.0)
    assert twice(2.0) == (16.0, (24.0,))
    x = Value(2.0)
    y = square.value(x)
    assert len(autograd.topological_order(y)[0]) == 1
    (slope,) = gradients(y, [x], create_graph=True)
    (second,) = gradients(slope, [x], create_graph=True)
    assert (slope.data, second.data, gradients(second, [x])) == (12.0, 12.0, [6.0])


def test_what_is_out_of_the_ordinary_is_what_it_is_eagerly() -> None:
    root = record(lambda x: x.sqrt(), 1.0)
    assert root(0.0) == (0.0, (math.inf,))
    with pytest.raises(DomainError, match=r"sqrt is not defined at x = -1\.0"):
        root(-1.0)
    assert record(lambda x: x.exp(), 1.0)(1000.0) == (math.inf, (math.inf,))
    assert record(lambda x: x**2, 1.0)(1e200) == (math.inf, (2e200,))


def test_the_first_statement_that_is_not_finite_is_named() -> None:
    program = record(lambda x, y: (x * y).exp() * y, 1.0, 1.0)
    assert program.first_nonfinite(1.0, 1.0) == ""
    assert program.first_nonfinite(100.0, 100.0) == "v2 = exp(v1) is inf, at v1 = 10000.0"
    root = record(lambda x: x.sqrt() * 0, 1.0)
    assert root.first_nonfinite(0.0) == "v1 = sqrt(x) makes the adjoint of x nan, at x = 0.0"


def test_the_source_is_shown_to_inspectors_and_the_eager_graph_to_views() -> None:
    program = record(lambda x, y: x * y, 2.0, 3.0)
    program(2.0, 3.0)
    assert inspect.getsource(program._runner.executor.gradient) == program.source
    output, (x, _) = program.eager(4.0, 5.0)
    assert (output.data, x.label) == (20.0, "x")
    assert repr(program) == "<program of 2 inputs and 1 statements, backend python>"


def test_a_row_of_ones_own_is_called_as_it_is() -> None:
    sly = autograd.primitive("sly", lambda x: x * x if isinstance(x, float) else 0.0, (lambda z, x: 2 * x,))
    program = record(lambda x: sly(x) + sly(x) * x, 1.0)
    assert program(3.0) == (36.0, (33.0,))
    assert "sly(x)" in program.source
    del autograd.TABLE["sly"]
    other = autograd.primitive("sly", lambda x: -x, (lambda z, x: -1,))
    with pytest.raises(PrimitiveError, match="two primitives called 'sly'"):
        record(lambda x: sly(x) + other(x), 1.0)(1.0)


def test_a_partial_with_operators_of_its_own_and_a_domain_with_constants() -> None:
    ratio = autograd.primitive(
        "ratio",
        lambda x, y: x / y,
        (lambda z, x, y: y**-1, lambda z, x, y: -x * y**-2),
        domain=Domain("y > 0, x ≥ 0", lambda x, y: (x < 0) | (y <= 0)),
    )
    f = lambda v: ratio(v[0], 2.0) + ratio(2.0, v[0]) + ratio(v[1], v[0])  # noqa: E731
    assert record(f, [1.0, 1.0])([3.0, 4.0]) == (eagerly(f, [3.0, 4.0])[0], (eagerly(f, [3.0, 4.0])[1],))
    with pytest.raises(DomainError):
        record(f, [1.0, 1.0])([3.0, -4.0])


def test_what_is_asked_for_is_checked_and_what_is_given_described() -> None:
    with pytest.raises(OperandError, match="backend is one of python, numpy, numba"):
        record(lambda x: x, 1.0, backend="fortran")
    with pytest.raises(LengthError, match=r"an array of shape \(3,\), but a dict with the keys 'a'"):
        record(lambda x: x["a"], {"a": 1.0})(np.ones(3))
    assert record(lambda x: x + 1, 1.0).explain() == "1 statements, one by one"
    many = record(exact=True)(lambda *xs: sum(xs))
    assert many(*map(float, range(100)))[0] == 4950.0
    assert "… 40 statements …" in str(many.program(*map(float, range(100))))


def test_recording_leaves_the_garbage_collector_as_it_was() -> None:
    seen = []

    def f(x: Any) -> Any:
        seen.append(gc.isenabled())
        return x * 2

    record(f, 1.0)
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError):
        record(lambda x: x * (1 / 0), 1.0)
    assert gc.isenabled()
    gc.disable()
    try:
        record(lambda x: x * 2, 1.0)
        assert not gc.isenabled()
    finally:
        gc.enable()
    assert seen == [False]


def test_threads_share_a_program() -> None:
    program = record(workloads.readme_function, 1.0, 1.0)
    points = [(x / 10, 2.0) for x in range(-50, -30)] * 50
    alone = [program(*point) for point in points]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda point: program(*point), points)) == alone


def test_a_chain_longer_than_any_recursion() -> None:
    def chain(x: Any) -> Any:
        z = x
        for _ in range(3000):
            z = z * 1.0001 + 1e-6
        return z

    value, (slope,) = record(chain, 1.0)(1.0)
    assert (value, [slope]) == eagerly(lambda x: chain(x[0]), [1.0])


def sets(x: Value) -> Value:
    x.data = 3.0
    return x * 2


def catches(x: Value) -> Value:
    try:
        scale = x.data
    except RecordingError:
        scale = 0.0
    return x * scale


@pytest.mark.parametrize(("f", "what"), [(sets, "sets data of"), (catches, "reads data of")])
def test_what_no_replay_would_repeat_is_refused_even_if_the_refusal_is_caught(f: Any, what: str) -> None:
    with pytest.raises(RecordingError, match=what):
        record(f, 2.0)
    assert record(lambda x: x * 2, 1.0)(2.0) == (4.0, (2.0,))


def test_what_is_no_function_or_has_no_arguments_is_refused() -> None:
    no_function: Any = 3
    for example in ((), (1.0,)):
        with pytest.raises(OperandError, match="record takes a function first; got 3"):
            record(no_function, *example)
    with pytest.raises(RecordingError, match="nothing to record"):
        record(lambda: Value(2.0))()


@record
def doubled(x: Any) -> Any:
    return x * 2


def test_programs_and_recorded_functions_can_be_pickled_after_they_ran() -> None:
    program = record(lambda v: v[0] * v[1].sin(), [1.0, 2.0])
    expected = program([3.0, 0.5]), program.map([[3.0, 0.5], [1.0, 1.0]])
    unpickled = pickle.loads(pickle.dumps(program))  # noqa: S301 - written here
    for again in (unpickled, copy.deepcopy(program)):
        assert (again([3.0, 0.5]), again.map([[3.0, 0.5], [1.0, 1.0]])) == expected
    assert doubled(1.0) == (2.0, (2.0,))
    assert copy.deepcopy(doubled) is doubled


MASKED = np.ma.masked_array([1.0, 2.0], [True, False])


@pytest.mark.parametrize(
    "array", [MASKED, np.ones(2, complex), np.array(["1", "2"]), np.array([None, 1.0], dtype=object)]
)
@pytest.mark.parametrize("backend", ["python", "numpy"])
def test_an_array_of_what_are_no_real_numbers_is_refused(array: Any, backend: str) -> None:
    program = record(lambda x: x[0] * x[1], np.ones(2), backend=backend)
    with pytest.raises(OperandError, match="is not a real number"):
        program(array)
    with pytest.raises(OperandError, match="is not a real number"):
        program.map(np.ma.stack([array, array]))
    single = record(lambda x: x * 2.0, 1.0, backend=backend)
    with pytest.raises(OperandError, match="is not a real number"):
        single.map(array)


def test_numbers_of_more_digits_than_a_float_are_rounded() -> None:
    value, (slopes,) = record(lambda x: x[0] * x[1], np.ones(2))(np.array([0.1, 2], dtype=np.longdouble))
    assert type(value) is float
    assert slopes.dtype == "float64"


def test_a_structure_of_unlike_parts_is_described_by_them() -> None:
    program = record(lambda v: v[0] * v[1], [1.0, 2.0])
    with pytest.raises(
        LengthError, match="a list of 2: a list of 1, each a number; a number; …, but a list of"
    ):
        program([[1.0], 2.0])


class Point(NamedTuple):
    x: Any
    y: Any


def test_a_named_tuple_stays_one() -> None:
    program = record(lambda p: p.x * p.y.sin(), Point(1.0, 2.0))
    assert program(Point(2.0, 0.0)) == (0.0, (Point(0.0, 2.0),))
    assert program.wengert.inputs == ("p_x", "p_y")
    assert program.map([Point(2.0, 0.0)])[1] == ([Point(0.0, 2.0)],)
    with pytest.raises(LengthError, match="a tuple of 2, each a number, but a Point of 2"):
        program((2.0, 0.0))


def test_a_long_line_of_names_is_folded_where_python_allows_it() -> None:
    for count in range(10, 60):
        inputs = [0.5] * count
        assert record(lambda v: v[0] * v[1], inputs, exact=True).value(inputs) == 0.25
