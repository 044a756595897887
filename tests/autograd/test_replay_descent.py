"""Gradient steps in generated code: the formulas that were recorded, on arrays and in loops."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from autograd import LengthError, OperandError, PrimitiveError, clip, gradients, primitive, record
from autograd.replay import native
from autograd.value import Value

if TYPE_CHECKING:
    from autograd import Program

SAMPLES = np.random.default_rng(5).normal(size=(7, 4))
DRAWS = [3, 0, 0, 6, 1, 5, 2]
GROUPS = [[4, 2], [0, 1]]
"""The number at place 3 does not move."""


def interpreted(source: str) -> Any:
    """Make the function that would be compiled, in plain Python."""
    names: dict[str, Any] = {"math": math, "inf": math.inf, "nan": math.nan}
    exec(source, names)  # noqa: S102 - text printed from the table

    def program(*arrays: Any) -> None:
        with np.errstate(all="ignore"):
            try:
                names["program"](*arrays)
            except (ArithmeticError, ValueError):  # where compiled code goes on with inf or nan
                return

    return program


@pytest.fixture
def interpreting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "available", lambda: True)
    monkeypatch.setattr(native, "compiled", interpreted)


def loss(x: Any, sample: Any) -> Any:
    a = sum(u * v for u, v in zip(x, sample, strict=False)).tanh()
    return (a + x[4] - sample[3]) ** 2 + (x[0] * x[1]).exp()


def new_number(step: Any, group: Any, own: Any) -> Any:
    return own[0] - step[1] * group[0] * new_memory(step, group, own)


def new_memory(step: Any, group: Any, own: Any) -> Any:
    v = own[1] * clip(group[1] / step[0], 0.0, 1.0)
    return 0.5 * own[2] + (1 - 0.5 ** step[2]) * v


def example() -> tuple[Program, list[Program]]:
    program: Program = record(loss, np.full(5, 0.1), SAMPLES[0])
    return program, [record(f, [1.0] * 3, [1.0] * 2, [0.5] * 3) for f in (new_number, new_memory)]


def step_by_step(x: Any, steps: Any, settings: Any) -> list[Any]:
    """Take the steps eagerly."""
    x, memory, values, sizes = list(x), [0.0] * 5, [], []
    for sample, step in zip(SAMPLES[DRAWS], steps, strict=True):
        leaves = [Value(number) for number in x]
        output = loss(leaves, sample.tolist())
        slopes = gradients(output, leaves)
        values.append(output.data)
        sizes.append(math.hypot(*[slopes[place] for group in GROUPS for place in group]))
        for group, setting in zip(GROUPS, settings, strict=True):
            for place in group:
                own = [x[place], slopes[place], memory[place]]
                arguments = [sizes[-1], *step], setting, own
                x[place], memory[place] = new_number(*arguments), new_memory(*arguments)
    return [values, sizes, x, [memory[place] for group in GROUPS for place in group]]


@pytest.mark.usefixtures("interpreting")
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_the_steps_are_those_of_eager_evaluation(backend: str) -> None:
    program, rule = example()
    descent = program.descent(rule, SAMPLES, GROUPS, backend=backend)
    x, memory = np.linspace(-0.5, 0.5, 5), np.zeros((1, 4))
    steps = [[0.1 / i, float(i)] for i in range(1, 8)]
    settings = [[1.0, 0.3], [0.5, 9.0]]
    expected = step_by_step(x, steps, settings)
    found = [*descent.run(x, memory, DRAWS, steps, settings), x, memory[0]]
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, rel=1e-12)
    assert descent.backend == backend


@pytest.mark.usefixtures("interpreting")
@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize(
    ("bad", "rate"),
    [
        (-1.0, 0.1),  # outside the domain of the loss
        (1e-320, 0.1),  # the slope is inf
        (1e300, 1e300),  # the number that it would move to is
        (1e290, 0.1),  # the slope is so small that its square is 0
    ],
)
def test_a_step_out_of_the_ordinary_is_not_taken(backend: str, bad: float, rate: float) -> None:
    root = record(lambda x, y: (y[0].sqrt() + 1 / y[0]) * x[0], np.ones(1), np.ones(1))
    if bad == 1e290:
        root = record(lambda x, y: x[0] / y[0], np.ones(1), np.ones(1))
    rule = record(lambda step, _, own: own[0] - step[1] * own[1] * own[0] * 1e10, [0.0] * 2, [], [0.5] * 2)
    descent = root.descent([rule], np.array([[4.0], [bad]]), [[0]], backend=backend)
    x, memory = np.array([2.0]), np.zeros((0, 1))
    alone = x.copy()
    descent.run(alone, memory, [0, 0], [[1e-12]] * 2, [[]])
    values, _ = descent.run(x, memory, [0, 0, 1, 0], [[1e-12], [1e-12], [rate], [1e-12]], [[]])
    assert len(values) == 2
    assert x.tolist() == alone.tolist()


@pytest.mark.usefixtures("interpreting")
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_gradient_of_zero_is_an_ordinary_one(backend: str) -> None:
    flat = record(lambda x, y: (x[0] * y[0]).relu(), np.ones(1), np.ones(1))
    rule = record(lambda step, _, own: own[0] - step[1] * own[1], [0.0] * 2, [], [0.5] * 2)
    descent = flat.descent([rule], np.array([[-1.0], [1.0]]), [[0]], backend=backend)
    x = np.array([2.0])
    values, sizes = descent.run(x, np.zeros((0, 1)), [0, 1, 0], [[0.5]] * 3, [[]])
    assert (values.tolist(), sizes.tolist(), x.tolist()) == ([0.0, 2.0, 0.0], [0.0, 1.0, 0.0], [1.5])


def test_what_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    program, rule = example()
    with pytest.raises(OperandError, match=r"pip install 'glassgrad\[fast\]'"):
        program.descent(rule, SAMPLES, GROUPS, backend="numba")
    with pytest.raises(LengthError, match="a row of 3 numbers"):
        program.descent(rule, SAMPLES[:, :3], GROUPS)
    comparing = record(lambda step, _, own: own[0] if own[1] > 0 else step[1], [0.0] * 2, [], [0.5] * 2)
    with pytest.raises(OperandError, match="compares numbers"):
        program.descent([comparing], SAMPLES, GROUPS)
    monkeypatch.setattr(native, "available", lambda: True)
    odd = primitive("odd", lambda x: x if x < 0.5 else 0.7, (lambda z, x: 1.0,), "Somebody's own.")
    unwritten = record(lambda step, _, own: odd(own[0]) + step[1], [0.0] * 2, [], [0.5] * 2)
    with pytest.raises(PrimitiveError, match="not compiled"):
        program.descent([unwritten], SAMPLES, GROUPS, backend="numba")
    x = np.array([0.1, 0.9, 0.1, 0.9, 0.9])
    program.descent([unwritten], SAMPLES, GROUPS).run(x, np.zeros((0, 4)), [0], [[1.0]], [[], []])
    assert x.tolist() == pytest.approx([1.1, 1.7, 1.1, 0.9, 1.7])
