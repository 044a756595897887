"""Groups of statements in numpy that are no rectangles: rows that begin late, or end early."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from autograd import exp, primitive, record, relu, sigmoid, tanh
from autograd.replay.schedule import scheduled
from tests.autograd.test_replay import eagerly
from tests.autograd.test_replay_arrays import close
from tests.autograd.test_replay_native import interpreted
from tests.benchmarks import gpt

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("nothing_hidden")


def attention(rng: random.Random) -> tuple[Callable[[Any], Any], list[float]]:
    """Make a causal mixture of vectors: each row looks at itself and what came before, or after."""
    steps, size = rng.choice([3, 4, 5, 7]), rng.choice([1, 2, 3])
    backwards, at_first, shared = rng.random() < 0.3, rng.randrange(2), rng.random() < 0.3
    row: Any = rng.choice([exp, tanh, sigmoid, relu, lambda x: x])
    point = [rng.uniform(-1, 1) for _ in range(3 * steps * size)]

    def program(v: Any) -> Any:
        vectors = [list(v[k * size : (k + 1) * size]) for k in range(3 * steps)]
        queries, keys, values = (vectors[k::3] for k in range(3))
        results = []
        for i in range(steps):
            seen = range(i, steps) if backwards else range(i + at_first)
            fits = [row(gpt.dot(queries[i], keys[j]) * 0.5) + 1.5 for j in seen]
            if not fits:
                continue
            total = gpt.total(fits)
            shares = fits if shared else [fit / total for fit in fits]
            results += [gpt.dot(shares, [values[j][k] for j in seen]).tanh() for k in range(size)]
        return gpt.total(results)

    return program, point


@pytest.mark.parametrize("seed", range(25))
def test_causal_mixtures(seed: int) -> None:
    f, point = attention(random.Random(seed))
    program = record(f, point, backend="numpy")
    for at in (point, [x * 1.1 for x in point]):
        close(program(at), eagerly(f, at))
    assert program.value(point) == pytest.approx(eagerly(f, point)[0], rel=1e-11)
    value, slopes, _ = interpreted(program.wengert, point)
    close((value, (slopes.tolist(),)), eagerly(f, point))


@pytest.mark.parametrize("seed", range(6))
def test_causal_mixtures_over_a_batch(seed: int) -> None:
    f, point = attention(random.Random(seed))
    shifts = [0.0, 0.05, -0.1]
    program = record(lambda v, shift: f([x + shift for x in v]) + f(v), point, 0.0, backend="numpy")
    value, (slopes, by_shift) = program.map(point, shifts, reduce="sum")
    alone = [program(point, shift) for shift in shifts]
    assert value == pytest.approx(sum(found for found, _ in alone), rel=1e-12)
    assert by_shift == pytest.approx([each[1] for _, each in alone], rel=1e-9, abs=1e-11)
    expected = [math.fsum(each[0][k] for _, each in alone) for k in range(len(point))]
    assert slopes == pytest.approx(expected, rel=1e-9, abs=1e-11)


def test_a_gpt_in_plain_values_becomes_the_lines_that_one_would_write() -> None:
    tokens = gpt.encode(gpt.EXAMPLE)
    parameters = gpt.start()
    program = record(lambda q: gpt.loss(q, tokens), parameters, backend="numpy")
    value, (slopes,) = program(parameters)
    exact, expected = record(lambda q: gpt.loss(q, tokens), parameters, exact=True)(parameters)
    assert value == pytest.approx(exact, rel=1e-13)
    assert gpt.flat(slopes) == pytest.approx(gpt.flat(expected[0]), rel=1e-9, abs=1e-13)
    text = program.source.partition("def program")[2]
    assert len(text.splitlines()) < 100
    assert "np.add.at" not in text
    assert "np.einsum" not in text
    assert "144 × sum of 4 products among 256" in program.explain()
    assert not scheduled(program.wengert).statements_alone > 1


def test_what_nobody_asked_for_may_overflow() -> None:
    def f(v: Any) -> Any:
        rows = [[(v[i] * v[8 + j]).exp() for j in range(i + 1)] for i in range(8)]
        return gpt.total([gpt.total(row).log() for row in rows])

    point = [0.1] * 16
    program = record(f, point, backend="numpy")
    assert "among" in program.explain()
    close(program(point), eagerly(f, point))
    far = [1.0, *[0.1] * 14, 1000.0]  # the last key is for the last query alone: exp(1000) is not asked for
    value, (slopes,) = program(far)
    assert (value, slopes) == eagerly(f, far)
    close(program(point), eagerly(f, point))


@pytest.mark.parametrize("row", [lambda x: x.log(), lambda x: x.sqrt(), lambda x: 1 / x, lambda x: x**-1.5])
def test_what_nobody_asked_for_is_in_no_domain(row: Any) -> None:
    f = lambda v: gpt.total([row(v[i] - v[j]) for i in range(12) for j in range(i)])  # noqa: E731
    point = [1.0 * i for i in range(12)]
    program = record(f, point, backend="numpy")
    program._runner.eagerly = None  # no help is needed: xⱼ - xᵢ has no logarithm, but is not asked for
    close(program(point), eagerly(f, point))


def test_what_nobody_asked_for_is_not_asked_of_a_row_that_a_user_adds() -> None:
    def demanding(x: float) -> float:
        if x < 0:
            raise KeyError(x)
        return 2.0 * x

    row = primitive("demanding", demanding, (lambda z, x: 2.0,))
    f = lambda v: gpt.total([row(v[i] - v[j]) for i in range(9) for j in range(i + 1)])  # noqa: E731
    point = [1.0 * i for i in range(9)]
    close(record(f, point, backend="numpy")(point), eagerly(f, point))
    assert record(f, point, backend="numpy").map([point] * 2)[0] == eagerly(f, point)[0]


def test_rows_of_a_group_are_taken_in_the_order_of_memory() -> None:
    rng = random.Random(5)
    order = [(i, j) for i in range(6) for j in range(7)]
    rng.shuffle(order)

    def f(w: Any, x: Any) -> Any:
        found = {(i, j): gpt.dot(w[j], x[i]) for i, j in order}
        return gpt.total([found[i, j].tanh() for i in range(6) for j in range(7)])

    w = [[rng.uniform(-1, 1) for _ in range(5)] for _ in range(7)]
    x = [[rng.uniform(-1, 1) for _ in range(5)] for _ in range(6)]
    program = record(f, w, x, backend="numpy")
    assert ".take(" not in program.source
    assert program.source.count("np.matmul(") == 3
    value, slopes = program(w, x)
    exact, expected = record(f, w, x, exact=True)(w, x)
    assert value == pytest.approx(exact, rel=1e-12)
    for found, known in zip(slopes, expected, strict=True):
        assert np.array(found) == pytest.approx(np.array(known), rel=1e-9, abs=1e-12)


def test_rows_that_begin_a_step_apart_are_computed_together() -> None:
    def f(v: Any) -> Any:
        rows = [v[k : k + 3] for k in range(0, 60, 3)]
        heads = [rows[0][0], *(row[0] * row[1] for row in rows[1:])]  # the first has a step less
        return gpt.total([(head * row[2]).tanh().exp() for head, row in zip(heads, rows, strict=True)])

    point = [0.01 * k for k in range(60)]
    program = record(f, point, backend="numpy")
    close(program(point), eagerly(f, point))
    tanhs = [
        group
        for group in scheduled(program.wengert).groups
        if group.row is not None and group.row.name == "tanh"
    ]
    assert [len(group.slots) for group in tanhs] == [20]


def test_powers_out_of_range_are_those_of_the_row() -> None:
    f = lambda v: gpt.total([x**-1.5 * 1e-200 for x in v])  # noqa: E731
    point = [1.0 + 0.1 * k for k in range(20)]
    program = record(f, point, backend="numpy")
    assert ").any(): return " in program.source
    close(program(point), eagerly(f, point))
    for small in (1e-150, 1e150):
        at = [small, *point[1:]]
        close(program(at), eagerly(f, at))
        assert program(at)[1][0][0] == pytest.approx(eagerly(f, at)[1][0], rel=1e-12)
