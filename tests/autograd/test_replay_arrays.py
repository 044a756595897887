"""Programs in numpy: the numbers of eager evaluation within rounding, and what is fused into what."""

from __future__ import annotations

import itertools
import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from autograd import (
    TABLE,
    Domain,
    DomainError,
    StaleProgram,
    Value,
    clip,
    gradients,
    ieee,
    logsumexp,
    primitive,
    record,
    sign,
    step,
    where,
)
from autograd.replay.arrays.calls import Call, call_in
from autograd.replay.arrays.rows import ArrayRows
from autograd.replay.arrays.sharing import shared
from autograd.replay.schedule import scheduled
from autograd.symbols import OPERATORS
from tests.autograd.random_programs import random_program, random_vector_program
from tests.autograd.test_replay import REFUSED, eagerly
from tests.benchmarks import workloads

pytestmark = pytest.mark.usefixtures("nothing_hidden")


def close(found: Any, expected: Any) -> None:
    """Compare to a part in 1e9 of the largest slope: sums are added up in another order."""
    value, (slopes,) = found
    size = 1 + max(map(abs, expected[1]))
    assert value == pytest.approx(expected[0], rel=1e-11, abs=1e-11)
    assert slopes == pytest.approx(expected[1], rel=1e-9, abs=1e-10 * size)


@pytest.mark.parametrize("start", range(0, 100, 25))
def test_random_vector_programs(start: int) -> None:
    for seed in range(start, start + 25):
        f, point = random_vector_program(seed)
        program = record(f, point, backend="numpy")
        for at in (point, [x * 1.001 for x in point]):
            try:
                expected = eagerly(f, at)
            except REFUSED as error:
                with pytest.raises(type(error)):
                    program(at)
                continue
            if all(map(math.isfinite, expected[1])):
                close(program(at), expected)
                assert program.value(at) == pytest.approx(expected[0], rel=1e-11, abs=1e-11)
                assert type(program.value(at)) is float


@pytest.mark.parametrize("start", range(0, 300, 100))
def test_random_programs_of_few_numbers(start: int) -> None:
    for seed in range(start, start + 100):
        f, point = random_program(seed, operations=12)
        try:
            expected = eagerly(f, point)
        except REFUSED:
            continue
        if all(map(math.isfinite, expected[1])):
            close(record(f, point, backend="numpy")(point), expected)


def perceptron() -> tuple[Any, list[float]]:
    return workloads.training_function(workloads.two_moons()), workloads.start()


def test_a_network_written_by_hand_becomes_matrix_products() -> None:
    f, point = perceptron()
    program = record(f, np.array(point))
    assert program.backend == "numpy"
    value, (slopes,) = program(np.array(point))
    exact, expected = eagerly(f, point)
    assert value == pytest.approx(exact, rel=1e-13)
    assert slopes == pytest.approx(expected, rel=1e-9, abs=1e-13)
    forward = program.source.partition("def program")[2].partition("_bar")[0]
    assert len(forward.splitlines()) < 20
    assert forward.count("np.matmul(") == 3
    assert ".take(" not in program.source
    assert "dot3: 1,600 × sum of 16 products and 1 term" in program.explain()


def test_the_exact_mode_is_exact_for_the_network_too() -> None:
    f, point = perceptron()
    value, (slopes,) = record(f, point, exact=True)(point)
    assert (value, slopes) == eagerly(f, point)


def layer(rows: Any, x: Any) -> Any:
    return sum(sum(a * b for a, b in zip(row, x, strict=True)).tanh() for row in rows)


ROWS = [[0.1 * i - 0.05 * j for j in range(9)] for i in range(9)]


def test_dots_by_hand_or_by_name_or_by_sum_are_the_same_program() -> None:
    from autograd import dot, sum as total

    def by_name(rows: Any, x: Any) -> Any:
        return total(dot(row, x).tanh() for row in rows)

    def by_sum(rows: Any, x: Any) -> Any:
        return total(total(a * b for a, b in zip(row, x, strict=True)).tanh() for row in rows)

    sources = [record(f, ROWS, [1.0] * 9, backend="numpy").source for f in (by_name, by_sum)]
    assert sources[0] == sources[1]
    assert "np.matmul(rows, x, out=dot1)" in sources[0]
    assert record(layer, ROWS, [1.0] * 9, backend="numpy").source == sources[0]


def test_a_row_that_numpy_has_not_is_evaluated_number_by_number() -> None:
    odd = primitive("odd", lambda x: float(f"{x:.3f}"), (lambda z, x: 1,))
    f = lambda v: sum(odd(x * 1.0001) for x in v)  # noqa: E731
    point = [0.1 * i for i in range(20)]
    close(record(f, point, backend="numpy")(point), eagerly(f, point))


def test_a_guard_and_a_domain_hold_in_arrays_too() -> None:
    def f(v: Any) -> Any:
        return sum(x.log() for x in v) if v[0] > v[1] else v[0]

    point = [20.0 - i for i in range(20)]
    program = record(f, point, backend="numpy")
    close(program(point), eagerly(f, point))
    with pytest.raises(StaleProgram):
        program(point[::-1])
    with pytest.raises(DomainError, match=r"log is not defined at v_19 = -1\.0"):
        program([*point[:-1], -1.0])


EDGES = (-math.inf, -2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.0, math.inf)


@pytest.mark.parametrize("row", [row for row in TABLE.values() if row.domain is not None])
def test_operands_outside_a_domain_are_told_by_the_results(row: Any) -> None:
    outside = [xs for xs in itertools.product(EDGES, repeat=len(row.partials)) if row.domain.outside(*xs)]
    names = [f"x{k}" for k in range(len(row.partials))]
    dialect = ArrayRows("values", "<=>?")
    text = str(dialect.value(row, [dialect.term(name) for name in names]))
    assert outside
    finite = [xs for xs in outside if all(map(math.isfinite, xs))]
    if finite and (isinstance(call_in(text), Call) or row.function in OPERATORS):
        columns = np.array(finite).T
        with np.errstate(all="ignore"):
            found = eval(text, {"np": np, **dict(zip(names, columns, strict=True))})  # noqa: S307 - from the table
        assert not np.isfinite(found).any()
    f = lambda v: sum(row(*v[k : k + len(names)]) for k in range(0, len(v), len(names)))  # noqa: E731
    inside = next(
        xs
        for xs in itertools.product((0.5, 1.0, 1.5), repeat=len(names))
        if not row.domain.outside(*xs) and math.isfinite(row.of_floats(*xs))
    )
    program = record(f, [*inside] * 20, backend="numpy")
    for xs in outside[:: 1 + len(outside) // 8]:
        with pytest.raises(DomainError, match="is not defined"):
            program.value([*inside * 10, *xs, *inside * 9])


def test_a_row_of_ones_own_may_be_narrower_than_numpy() -> None:
    narrow = primitive("narrow", math.sqrt, (lambda z, x: 0.5 / z,), domain=Domain("x ≥ 1", lambda x: x < 1))
    f = lambda v: sum(narrow(x) for x in v)  # noqa: E731
    program = record(f, [2.0] * 20, backend="numpy")
    assert "np.sqrt(" in program.source
    with pytest.raises(DomainError, match="narrow is not defined"):
        program([2.0] * 19 + [0.5])


def test_where_only_a_sum_of_all_results_overflows_is_no_reason_to_run_eagerly() -> None:
    f = lambda v: sum(x.log() + x / 1e-308 * 1e-308 for x in v)  # noqa: E731
    program = record(f, [1.0] * 20, backend="numpy")
    assert "finite(v)" in program.source
    program._runner.eagerly = None
    assert program.value([1.0] * 20) == pytest.approx(20.0)


def test_special_values_are_those_of_eager_evaluation() -> None:
    f = lambda v: sum(x.sqrt() for x in v)  # noqa: E731
    point = [float(i) for i in range(20)]
    program = record(f, point, backend="numpy")
    assert program(point) == (eagerly(f, point)[0], (eagerly(f, point)[1],))
    assert program(point)[1][0][0] == math.inf
    assert program.value([math.inf] * 20) == math.inf


def test_nan_on_the_way_is_not_lost_where_a_result_is_flat() -> None:
    for flat in (step, sign, lambda x: where(x, 1, 2), lambda x: clip(1, x - 1, x)):
        f = lambda v: sum(flat(x.exp() - x.exp()) for x in v)  # noqa: B023, E731
        program = record(f, [1.0] * 20, backend="numpy")
        with ieee():
            assert math.isnan(program.value([1000.0] * 20))


def test_what_runs_number_by_number_is_named() -> None:
    point = [0.1 * i for i in range(1, 21)]
    program = record(lambda v: sum(x.erf() + x.elu() for x in v), point, backend="numpy")
    close(program(point), eagerly(lambda v: sum(x.erf() + x.elu() for x in v), point))
    assert program.explain().endswith("number by number, for want of a form for arrays: erf")


def test_threads_share_an_array_program() -> None:
    program = record(layer, ROWS, [1.0] * 9, backend="numpy")
    points = [[0.01 * k * i for i in range(9)] for k in range(300)]
    alone = [program(ROWS, point) for point in points]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda point: program(ROWS, point), points)) == alone


def test_constants_and_the_mean_are_fused_and_the_table_is_followed() -> None:
    from autograd import mean

    f = lambda v: mean([x * 2 + 1 for x in v]) * 3  # noqa: E731
    point = [float(i) for i in range(20)]
    program = record(f, point, backend="numpy")
    assert program(point) == (60.0, ([pytest.approx(0.3)] * 20,))
    assert len(scheduled(program.wengert).groups) == 3
    kept = TABLE["mul"].partials
    TABLE["mul"].partials = (lambda z, x, y: x, lambda z, x, y: y)  # wrong, and so is the program then
    try:
        assert record(f, point, backend="numpy")(point)[1][0][5] == 5.0
    finally:
        TABLE["mul"].partials = kept


def test_a_value_on_the_way_may_be_shared_by_many() -> None:
    def f(v: Any) -> Any:
        total = sum(v)
        return sum((x / total).exp() for x in v) + total

    point = [1.0 + 0.1 * i for i in range(30)]
    close(record(f, point, backend="numpy")(point), eagerly(f, point))
    leaves = [Value(x) for x in point]
    assert gradients(f(leaves), leaves) == eagerly(f, point)[1]


def test_equal_rows_on_equal_operands_are_computed_once() -> None:
    # 21.0 is no slot, and 0.0 is not -0.0
    def f(xs: list[Any]) -> Any:
        total = logsumexp(xs)
        again, shifted = logsumexp(xs), [logsumexp([*xs, constant]) for constant in (0.0, -0.0, 1.0)]
        return sum((total - x) * (again * x) for x in xs) + sum(shifted) + 1.0 / (again - total - 21.0)

    point = [0.1 * k for k in range(20)]
    program = record(f, point, backend="numpy")
    close(program(point), eagerly(f, point))
    statements = scheduled(program.wengert).statements.values()
    assert [statement.row for statement in statements].count(TABLE["logsumexp"]) == 4


def test_what_a_comparison_needs_is_kept_beside_its_equal() -> None:
    def f(xs: list[Any]) -> Any:
        total = logsumexp(xs)
        return total * sum(xs) if logsumexp(xs) > 0.0 else total

    point = [0.1 * k for k in range(20)]
    program = record(f, point, backend="numpy")
    close(program(point), eagerly(f, point))
    with pytest.raises(StaleProgram):
        program([-10.0] * 20)


def test_what_a_row_computes_twice_has_a_line() -> None:
    lines = [("t1", "np.exp(x + y)"), ("", "t1 * (x + y) + np.log(x + y)")]
    assert shared(lines) == [("s1", "x + y"), ("t1", "np.exp(s1)"), ("", "t1 * s1 + np.log(s1)")]
    nested = "np.sin(np.cos(x)) * np.sin(np.cos(x))"
    assert shared([("", nested)]) == [("s1", "np.sin(np.cos(x))"), ("", "s1 * s1")]


def test_choices_are_joined_only_if_they_agree_otherwise() -> None:
    text = "np.where(x < y, np.where(y < z, x, {}), z)"
    assert shared([("", text.format("z"))]) == [("", "np.where((x < y) & (y < z), x, z)")]
    assert shared([("", text.format("x"))]) == [("", text.format("x"))]


def test_powers_are_written_for_arrays_and_not_called_number_by_number() -> None:
    point = [0.5 + 0.1 * i for i in range(40)]
    f = lambda v: sum(x**y for x, y in zip(v[:20], v[20:], strict=True)) + sum(x**-0.5 for x in v)  # noqa: E731
    program = record(f, point, backend="numpy")
    close(program(point), eagerly(f, point))
    alone = program.explain().partition("number by number")[2]
    assert "_power" not in alone.replace("_power_log", "").split(", ")
    assert "def power_array(" in program.source
