"""Programs over batches of samples."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

from autograd import (
    DomainError,
    LengthError,
    OperandError,
    StaleProgram,
    Value,
    ieee,
    logsumexp,
    max as largest,
    record,
)
from tests.autograd.random_programs import random_program, random_vector_program
from tests.autograd.test_replay import REFUSED

pytestmark = pytest.mark.usefixtures("nothing_hidden")


def one_by_one(
    program: Any, points: list[list[float]], shared: int
) -> tuple[float, list[float], list[list[float]]]:
    """Average over samples, of which the first inputs are the same."""
    value, total = 0.0, [0.0] * len(points[0])
    rows = []
    for point in points:
        one, (slopes,) = program(point)
        value += one / len(points)
        total = [x + y / len(points) for x, y in zip(total, slopes, strict=True)]
        rows.append([x / len(points) for x in slopes[shared:]])
    return value, total[:shared], rows


@pytest.mark.parametrize("make", [random_program, random_vector_program])
@pytest.mark.parametrize("shared", [1, 3])
def test_random_programs_over_a_batch(make: Any, shared: int) -> None:
    tried = 0
    for seed in range(60):
        f, point = make(seed)
        single = record(f, point)
        rng = random.Random(seed)
        points = [point[:shared] + [x * rng.uniform(0.999, 1.001) for x in point[shared:]] for _ in range(5)]
        try:
            expected = one_by_one(single, points, shared)
        except REFUSED:
            continue
        if not all(map(math.isfinite, [*expected[1], *(x for row in expected[2] for x in row)])):
            continue
        program = record(lambda p, x, f=f: f([*p, *x]), point[:shared], point[shared:])
        value, (common, rows) = program.map(point[:shared], [p[shared:] for p in points])
        size = 1 + max(abs(x) for x in expected[1])
        assert value == pytest.approx(expected[0], rel=1e-9)
        assert common == pytest.approx(expected[1], rel=1e-8, abs=1e-9 * size)
        for row, wanted in zip(rows, expected[2], strict=True):
            assert row == pytest.approx(wanted, rel=1e-8, abs=1e-9 * size)
        tried += 1
    assert tried > 20


def network(parameters: Any, x: Any, y: Any) -> Any:
    hidden = [(p[0] * x[0] + p[1] * x[1] + p[2]).tanh() for p in parameters]
    return (sum(h * h * 0.5 for h in hidden) - y) ** 2 + 0.01 * sum(w * w for p in parameters for w in p)


PARAMETERS = [[0.1 * i + 0.2 * j - 0.3 for j in range(3)] for i in range(6)]


def test_one_sample_is_recorded_and_a_batch_is_run() -> None:
    program = record(network, PARAMETERS, [1.0, 1.0], 1.0)
    xs = np.array([[0.1 * i, 0.3 - 0.05 * i] for i in range(10)])
    ys = np.array([float(i % 2) for i in range(10)])
    value, (by_parameters, by_x, by_y) = program.map(PARAMETERS, xs, ys, reduce="sum")
    singles = [program(PARAMETERS, list(x), y) for x, y in zip(xs.tolist(), ys.tolist(), strict=True)]
    assert value == pytest.approx(sum(single[0] for single in singles))
    assert by_parameters[3][1] == pytest.approx(sum(single[1][0][3][1] for single in singles))
    assert by_x == pytest.approx(np.array([single[1][1] for single in singles]))
    assert by_y == pytest.approx(np.array([single[1][2] for single in singles]))
    mean, (halved, _, _) = program.map(PARAMETERS, xs.tolist(), ys.tolist())
    assert mean == pytest.approx(value / 10)
    assert halved[3][1] == pytest.approx(by_parameters[3][1] / 10)
    assert program.map(PARAMETERS, xs[:3], ys[:3])[0] == pytest.approx(sum(s[0] for s in singles[:3]) / 3)


def test_arrays_and_values_are_arguments_too() -> None:
    program = record(lambda w, x: (w @ x).sum(), np.ones((2, 3)), np.ones(3))
    w = np.arange(6.0).reshape(2, 3)
    value, (by_w, by_x) = program.map(w, np.ones((4, 3)))
    assert value == 15.0
    assert by_w.tolist() == [[1, 1, 1], [1, 1, 1]]
    assert by_x.shape == (4, 3)
    assert record(lambda w, x: w * x, Value(1.0), 1.0).map(Value(2.0), [3.0, 5.0]) == (8.0, (4.0, [1.0, 1.0]))


def test_a_result_that_does_not_depend_on_the_batch() -> None:
    program = record(lambda w, x: w * w, 1.0, 1.0)
    assert program.map(3.0, [1.0, 2.0]) == (9.0, (6.0, [0.0, 0.0]))
    assert program.map(3.0, [1.0, 2.0], reduce="sum") == (18.0, (12.0, [0.0, 0.0]))


def test_rows_of_any_number_of_operands_and_where_numpy_has_no_formula() -> None:
    program = record(lambda x: logsumexp(x) + largest(x) * 2, [1.0, 2.0, 3.0])
    points = [[0.1, 0.2, 0.3], [3.0, 2.0, 1.0]]
    value, (rows,) = program.map(points, reduce="sum")
    singles = [program(point) for point in points]
    assert value == pytest.approx(sum(single[0] for single in singles))
    assert rows == [pytest.approx(single[1][0]) for single in singles]


def test_a_guard_is_checked_for_every_sample() -> None:
    program = record(lambda x, y: x * y if x > 0 else -x, 1.0, 2.0)
    assert program.map([1.0, 2.0], 2.0)[0] == 3.0
    with pytest.raises(StaleProgram, match="x > 0") as caught:
        program.map([1.0, 2.0, -1.0], 2.0)
    assert caught.value.__notes__ == ["in sample 2 of the batch"]
    below = record(lambda x: x * 2 if x > 0 else -x, -1.0)
    assert below.map([-1.0, -3.0])[0] == 2.0
    with pytest.raises(StaleProgram):
        below.map([-1.0, 3.0])


def test_a_domain_and_special_values_in_one_sample() -> None:
    program = record(lambda x: x.sqrt(), 1.0)
    with pytest.raises(DomainError, match=r"x = -4\.0") as caught:
        program.map([4.0, -4.0])
    assert caught.value.__notes__ == ["in sample 1 of the batch"]
    assert program.map([4.0, 0.0], reduce="sum") == (2.0, ([0.25, math.inf],))


def test_what_is_no_batch_is_refused() -> None:
    program = record(lambda w, x: w[0] * x[0] + w[1] * x[1], [1.0, 1.0], [1.0, 1.0])
    with pytest.raises(LengthError, match="no batch at all"):
        program.map([1.0, 1.0], [1.0, 1.0])
    with pytest.raises(LengthError, match="2 and 3"):
        program.map([[1.0, 1.0]] * 2, [[1.0, 1.0]] * 3)
    with pytest.raises(LengthError, match="argument 2 is neither a list of 2"):
        program.map([1.0, 1.0], [[1.0], [2.0]])
    with pytest.raises(LengthError, match="at least 1"):
        program.map([1.0, 1.0], np.ones((0, 2)))
    with pytest.raises(LengthError, match="takes 2 arguments"):
        program.map([[1.0, 1.0]])
    with pytest.raises(OperandError, match='"mean" or "sum"'):
        program.map([1.0, 1.0], [[1.0, 1.0]], reduce="max")


def sum_of_squares(w: Any, x: Any, y: Any) -> Any:
    return sum((a * b + y - a) ** 2 for row, b in zip(w, x, strict=True) for a in row).log()


@pytest.mark.parametrize("reduce", ["mean", "sum"])
def test_a_program_bound_to_batches_is_the_map_of_what_is_in_the_arrays(reduce: str) -> None:
    random = np.random.default_rng(0)
    w, x, y = random.normal(size=(2, 3)), random.normal(size=(5, 2)), random.normal(size=5)
    program = record(sum_of_squares, w, x[0], y[0])
    bound = program.bind_batch(w, x, y, reduce=reduce)
    for _ in range(3):
        value, gradients = program.map(w, x, y, reduce=reduce)
        assert bound() == value
        for found, expected in zip(bound.gradients, gradients, strict=True):
            assert found.tolist() == expected.tolist()
        w += 0.25
        x[...] = random.normal(size=(5, 2))
        y *= 2


def test_a_strided_array_can_be_bound() -> None:
    w, x, y = np.ones((3, 2)).T, np.ones((2, 8)).T[::2], np.arange(1.0, 9.0)[::2]
    program = record(sum_of_squares, w, x[0], y[0])
    bound = program.bind_batch(w, x, y)
    w[1, 2], x[3, 1], y[2] = 2.0, 3.0, 4.0
    value, gradients = program.map(w, x, y)
    assert bound() == value
    for found, expected in zip(bound.gradients, gradients, strict=True):
        assert found.tolist() == expected.tolist()


def test_a_program_bound_to_batches_is_eager_where_that_is_out_of_the_ordinary() -> None:
    program = record(lambda w, x: (w * x).log(), 1.0, 1.0)
    w, x = np.array(1.0), np.array([1.0, 2.0])
    bound = program.bind_batch(w, x)
    x[1] = 0.0
    with pytest.raises(DomainError) as caught:
        bound()
    assert caught.value.__notes__ == ["in sample 1 of the batch"]
    with ieee():
        assert bound() == -math.inf
    x[1] = 2.0
    assert bound() == pytest.approx(math.log(2) / 2)


def test_what_cannot_be_bound_as_a_batch_is_refused() -> None:
    program = record(lambda w, x: w * x, 1.0, 1.0)
    with pytest.raises(LengthError, match="takes a float64 array for each"):
        program.bind_batch(np.array(1.0), [1.0, 2.0])
    with pytest.raises(LengthError, match="takes a float64 array for each"):
        program.bind_batch(np.array(1.0), np.array([1, 2]))
    with pytest.raises(LengthError, match="takes 2 arguments, not 1"):
        program.bind_batch(np.array([1.0]))
    with pytest.raises(LengthError, match="no batch at all"):
        program.bind_batch(np.array(1.0), np.array(1.0))
    with pytest.raises(OperandError, match="reduce is"):
        program.bind_batch(np.array(1.0), np.ones(2), reduce="max")
