"""Step sizes: each sequence is its formula, prints within 80 columns, and refuses bad settings."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import Value
from nn import SGD, Constant, Cosine, Inverse, InverseSqrt, Schedule, SettingError, Stairs, WarmUp
from nn.schedules import Function, Listed, schedule

FORMULAS: list[tuple[Schedule, Callable[[int], float]]] = [
    (Constant(0.3), lambda i: 0.3),
    (Inverse(0.3), lambda i: 0.3 / i),
    (InverseSqrt(0.3), lambda i: 0.3 / math.sqrt(i)),
    (Stairs(0.3, factor=0.5, every=10), lambda i: 0.3 * 0.5 ** ((i - 1) // 10)),
    (
        Cosine(0.3, iterations=50, least=0.1),
        lambda i: 0.1 + 0.1 * (1 + math.cos(math.pi * (i - 1) / 50)) if i <= 50 else 0.1,
    ),
    (WarmUp(0.3, iterations=5), lambda i: 0.3 * min(1, i / 5)),
    (WarmUp(Inverse(0.3), iterations=5), lambda i: 0.3 / i * min(1, i / 5)),
]


@pytest.mark.parametrize(("steps", "formula"), FORMULAS, ids=lambda part: str(part)[:12])
def test_each_is_its_formula(steps: Schedule, formula: Callable[[int], float]) -> None:
    for i in range(1, 101):
        assert steps(i) == pytest.approx(formula(i), rel=1e-14)


ALL = [
    *[steps for steps, _ in FORMULAS],
    WarmUp(Cosine(0.0123, iterations=123456), iterations=1234),
    Listed([0.1] * 1000),
    Listed([0.1, 0.2]),
    Function(lambda i: 0.1 / (1 + i)),
]


@pytest.mark.parametrize("steps", ALL, ids=repr)
def test_each_prints_in_80_columns(steps: Schedule) -> None:
    lines = f"{steps!r}\n{steps}".splitlines()
    assert max(map(len, lines)) <= 80


def test_one_that_was_printed_can_be_typed_in_again() -> None:
    for steps, _ in FORMULAS[:5]:
        assert eval(repr(steps)) == steps  # noqa: S307 - our own text


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Constant(-0.1), "lr, of the step sizes η, must be a finite number, 0 or more; got -0.1"),
        (lambda: Inverse(math.nan), "got nan"),
        (lambda: Stairs(0.1, factor=1.5, every=10), "factor must be a number from 0"),
        (lambda: Stairs(0.1, factor=0.5, every=0), "every must be a whole number, 1 or more"),
        (lambda: Cosine(0.1, iterations=2.5), "iterations must be a whole number"),  # type: ignore[arg-type]
        (lambda: Cosine(0.1, 10, least=-1), "least"),
        (lambda: WarmUp(-0.1, iterations=5), "lr"),
        (lambda: WarmUp(0.1, iterations=0), "iterations"),
        (lambda: WarmUp([0.1, 0.1], iterations=5)(3), "iteration 3 needs a step size η_3"),
        (lambda: Listed([]), "empty"),
    ],
)
def test_bad_settings(make: Callable[[], object], text: str) -> None:
    with pytest.raises(SettingError, match=text):
        make()


def test_the_end_of_a_list_is_known_also_under_a_warm_up() -> None:
    WarmUp([0.1] * 5, iterations=2).require(5)
    with pytest.raises(SettingError, match=r"iteration 6 .* sequence of T = 5"):
        WarmUp([0.1] * 5, iterations=2).require(6)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (0.1, Constant),
        (np.float64(0.1), Constant),
        (1, Constant),
        ([0.1], Listed),
        (np.array([0.1]), Listed),
        (lambda i: 0.1, Function),
        (Inverse(0.1), Inverse),
    ],
)
def test_what_will_do_as_step_sizes(given: Any, kind: type[Schedule]) -> None:
    steps = schedule(given)
    assert type(steps) is kind
    assert steps(1) == 0.1 or given == 1
    assert type(steps(1)) is float


def test_an_optimizer_keeps_the_schedule_it_is_given() -> None:
    steps = Inverse(0.5)
    assert SGD([Value(1.0)], steps).lr is steps


def test_a_schedule_without_step_sizes_says_so() -> None:
    with pytest.raises(NotImplementedError, match="define __call__"):
        Schedule()(1)
