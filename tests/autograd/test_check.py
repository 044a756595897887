"""The gradient check itself: what it lets pass, what it catches, what it says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

import autograd
from autograd import DomainError, OperandError, Value, check_gradients
from autograd.check import numeric_derivative

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("f", "x", "derivative"),
    [
        (math.sin, 1.0, math.cos(1.0)),
        (math.exp, -30.0, math.exp(-30.0)),
        (autograd.log, 1e-8, 1e8),
        (autograd.sqrt, 1e-6, 500.0),
        (lambda x: x**3, 1e-200, 3e-400),
        (lambda x: 1e9 * x, 1e9, 1e9),
        (abs, 2.0, 1.0),
    ],
)
def test_the_numeric_derivative_knows_its_error(
    f: Callable[[float], float],
    x: float,
    derivative: float,
) -> None:
    numeric, error = numeric_derivative(f, x)
    assert abs(numeric - derivative) <= 10 * error
    assert error < 1e-6 * max(1.0, abs(derivative))


def test_a_sum_that_cancels_is_known_to_be_rough() -> None:
    report = check_gradients(lambda *xs: autograd.mean(xs), [0.0, 0.0, 1.75e6, -1.75e6])
    assert report, str(report)
    assert max(row.error for row in report.comparisons) < 1e-6


@given(st.floats(-3, 3), st.floats(1e-9, 1e-3), st.sampled_from([-1, 1]))
def test_a_rule_wrong_by_one_part_in_a_thousand_million_is_caught(x: float, off: float, sign: int) -> None:
    name = "slightly_wrong"
    autograd.TABLE.pop(name, None)
    wrong = autograd.primitive(name, math.sin, (lambda z, t: (1 + sign * off) * autograd.cos(t),))
    assert check_gradients(autograd.sin, [x])
    if abs(math.cos(x)) > 0.1:
        assert not check_gradients(wrong, [x])


def test_the_report_names_arguments_verdicts_and_kinks() -> None:
    report = check_gradients(lambda x, y: x.relu() * y, [0.0, 2.0])
    assert not report
    assert [row.agrees for row in report.comparisons] == [False, True]
    lines = str(report).splitlines()
    assert lines[0].startswith("x0: autodiff 0, numeric 1 ")
    assert lines[0].endswith("DIFFER by 1")
    assert lines[1].endswith("agree")
    assert lines[2] == "kink: relu at 0.0; convention: x = 0: derivative 0"


@pytest.mark.parametrize("x", [0.37, 1.0, -2.25])
@pytest.mark.parametrize("frequency", [10, 20, 30, 1000 / (2 * math.pi)])
def test_a_fast_oscillation_is_not_mistaken(frequency: float, x: float) -> None:
    report = check_gradients(lambda t: autograd.sin(2 * math.pi * frequency * t), [x])
    assert report, str(report)
    assert report.comparisons[0].error < 1e-3 * frequency


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda t: (-((1000 * t) ** 2)).exp(), 1e-3),
        (lambda t: abs(t) + 1000, 1e-4),
        (lambda t: (t - 1).relu(), 1 + 1e-5),
        (lambda t: (1 - t).relu(), 1 + 1e-5),
    ],
)
def test_a_peak_or_kink_nearby_is_not_mistaken(f: Callable[[Value], Value], x: float) -> None:
    report = check_gradients(f, [x])
    assert report, str(report)


@pytest.mark.parametrize(("f", "x"), [(lambda t: t**1.5, 0.0), (lambda t: t * 1e-300, 1.7e308)])
def test_what_cannot_be_determined_is_said(f: Callable[[Value], Value], x: float) -> None:
    report = check_gradients(f, [x])
    assert report
    assert not report.comparisons[0].agrees
    assert "could be determined" in str(report)


def test_an_infinite_derivative_does_not_pass() -> None:
    infinite = autograd.primitive("infinite", lambda x: x * x, (lambda z, x: 1 / (0 * x),))
    assert not check_gradients(infinite, [2.0])


def test_arguments_that_are_not_used_do_not_blur_the_check() -> None:
    wrong = autograd.primitive("off_by_little", math.sin, (lambda z, x: 1.000005 * autograd.cos(x),))

    def ignores_its_first(_a: Value, b: Value) -> Value:
        return wrong(b)

    assert not check_gradients(ignores_its_first, [1e10, 0.5])


def test_what_cannot_be_checked_is_refused() -> None:
    number: Any = lambda x: x.data  # noqa: E731 - a function that does not return a Value
    with pytest.raises(OperandError, match="must return a Value"):
        check_gradients(number, [1.0])
    with pytest.raises(DomainError):
        check_gradients(autograd.log, [-1.0])


def test_the_arguments_are_left_alone() -> None:
    point = [Value(1.0).data, 2]
    assert check_gradients(lambda x, y: x / y, point)
    assert point == [1.0, 2]
