"""Rows of any number of operands, written for many at once: every such row of the table, in every backend."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

from autograd import TABLE, Domain, DomainError, Primitive, Value, gradients, ieee, primitive, record
from autograd.replay.folds import foldable
from autograd.replay.runner import Runner
from autograd.replay.schedule import scheduled

pytestmark = pytest.mark.usefixtures("nothing_hidden")

ROWS = [row for row in TABLE.values() if row.variadic]
FOLDED = [row for row in ROWS if row.name not in {"sum", "mean", "dot", "prod"}]  # those are sums of products

MIXTURES: dict[str, Any] = {
    "one": lambda w, x, c: [x[0]],
    "many": lambda w, x, c: [*x],
    "in another order": lambda w, x, c: [x[3], x[0], x[2]],
    "repeated": lambda w, x, c: [x[1], x[1], x[1]],
    "repeated and another": lambda w, x, c: [x[1], x[1], x[1], x[0]],
    "a constant among": lambda w, x, c: [x[0], c, *x[1:]],
    "equal constants": lambda w, x, c: [x[0], c, c],
    "constants among": lambda w, x, c: [c, *x, 0.25, -3.0],
    "a shared one among": lambda w, x, c: [*x, w[1]],
    "shared ones among": lambda w, x, c: [w[0], *x, w[1], w[2]],
    "shared and constant": lambda w, x, c: [w[0], x[0], c],
    "all": lambda w, x, c: [w[2], *x, c, w[0], 1.0],
}


def rows_of(row: Primitive, mixture: str) -> Any:
    """Return a function that applies a row to a mixture of shared numbers and some of a sample, twice."""

    def f(w: Any, x: Any) -> Any:
        halves = [row(MIXTURES[mixture](w, half, c)) for half, c in ((x[:4], 0.5), (x[4:], 0.75))]
        return halves[0].tanh() - 2 * halves[1]

    return f


def numbers(seed: int, *, ties: bool) -> tuple[list[float], list[list[float]]]:
    rng = random.Random(seed)
    few = [-0.5, 0.5, 1.5]
    shared, *samples = [[rng.choice(few) if ties else rng.gauss(0, 1) for _ in range(8)] for _ in range(6)]
    return shared[:3], samples


def eagerly(f: Any, w: list[float], samples: list[list[float]]) -> Any:
    """Add up values over samples, and slopes by what is shared; slopes by each sample."""
    total, shared, rows = 0.0, np.zeros(len(w)), []
    for sample in samples:
        ws, xs = [Value(x) for x in w], [Value(x) for x in sample]
        output = f(ws, xs)
        slopes = gradients(output, [*ws, *xs])
        total += output.data
        shared += slopes[: len(w)]
        rows.append(slopes[len(w) :])
    return total, shared, np.array(rows)


def agree(found: Any, expected: Any) -> None:
    for x, y in zip(found, expected, strict=True):
        assert x == pytest.approx(y, rel=1e-12, abs=1e-14)


@pytest.fixture
def no_help(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let eager evaluation stand in for nothing."""
    monkeypatch.setattr(Runner, "sample_by_sample", None)
    monkeypatch.setattr(Runner, "eagerly", None)


every_mixture = pytest.mark.parametrize("mixture", MIXTURES)
ties_or_none = pytest.mark.parametrize("ties", [False, True])


@ties_or_none
@every_mixture
@pytest.mark.parametrize("row", ROWS, ids=str)
@pytest.mark.usefixtures("no_help")
def test_rows_of_many_over_a_batch(row: Primitive, mixture: str, ties: bool) -> None:  # noqa: FBT001
    f = rows_of(row, mixture)
    w, samples = numbers(len(mixture), ties=ties)
    program = record(f, w, samples[0], backend="numpy")
    value, (shared, rows) = program.map(w, np.array(samples), reduce="sum")
    agree((value, shared, rows), eagerly(f, w, samples))


@ties_or_none
@every_mixture
@pytest.mark.parametrize("row", ROWS, ids=str)
@pytest.mark.usefixtures("no_help")
def test_rows_of_many_on_one_sample(row: Primitive, mixture: str, ties: bool) -> None:  # noqa: FBT001
    w, samples = numbers(len(mixture), ties=ties)
    lists = samples * 4
    f = lambda w, xs: sum(rows_of(row, mixture)(w, x) for x in xs)  # noqa: E731
    program = record(f, w, lists, backend="numpy")
    value, (shared, rows) = program(w, lists)
    agree((value, shared, np.array(rows)), eagerly(rows_of(row, mixture), w, lists))


@pytest.mark.parametrize("row", FOLDED, ids=str)
def test_a_batch_of_rows_of_many_is_a_few_lines(row: Primitive) -> None:
    assert foldable(row)
    program = record(row, [1.0] * 100, backend="numpy")
    (group,) = scheduled(program.wengert, range(100)).groups
    assert [part.sizes for part in group.parts] == [(100,)]
    assert f"float({row.name}_values(" in program.source
    assert "np.take" not in program.source


@pytest.mark.parametrize("row", FOLDED, ids=str)
@pytest.mark.parametrize("odd", [-1e3, 1e3, -1e308, 1e308, -math.inf, math.inf, math.nan, 0.0])
def test_numbers_out_of_the_ordinary_are_as_in_eager_evaluation(row: Primitive, odd: float) -> None:
    program = record(row, [1.0, 2.0, 3.0], backend="numpy")
    samples = [[0.5, odd, 0.25], [odd, odd, odd], [1.0, 2.0, 3.0]]
    with ieee():
        value, (rows,) = program.map(samples, reduce="sum")
        expected, _, slopes = eagerly(lambda _, x: row(x), [], samples)
    assert value == pytest.approx(expected, rel=1e-13, nan_ok=True)
    assert np.array(rows) == pytest.approx(slopes, rel=1e-12, nan_ok=True)


def test_rows_that_users_add_are_run_operand_by_operand() -> None:
    horner = primitive("horner", lambda *xs: xs[0] + 2 * xs[1] + 4 * xs[2], lambda z, *xs: [1, 2, 4])
    assert not foldable(horner)
    f = rows_of(horner, "in another order")
    w, samples = numbers(0, ties=False)
    for backend in ("python", "numpy"):
        value, (_, rows) = record(f, w, samples[0], backend=backend).map(w, samples, reduce="sum")
        expected = eagerly(f, w, samples)
        agree((value, np.array(rows)), (expected[0], expected[2]))


@pytest.mark.parametrize("backend", ["python", "numpy"])
def test_the_domain_of_a_row_that_a_user_adds_holds(backend: str) -> None:
    positive = Domain("positive numbers", lambda *xs: any(x <= 0 for x in xs))
    least = primitive("least", min, lambda z, *xs: [1.0 * (x == z) for x in xs], domain=positive)
    program = record(lambda x: least(x) * 2, [1.0, 2.0, 3.0], backend=backend)
    assert program([3.0, 1.0, 2.0]) == (2.0, ([0.0, 2.0, 0.0],))
    assert program.map([[3.0, 1.0, 2.0]] * 2, reduce="sum") == (4.0, ([[0.0, 2.0, 0.0]] * 2,))
    with pytest.raises(DomainError, match="positive numbers"):
        program([3.0, -1.0, 2.0])
    with pytest.raises(DomainError, match="positive numbers"):
        program.map([[3.0, 1.0, 2.0], [3.0, -1.0, 2.0]])
