"""The gradient check itself: what it lets pass, what it catches, what it says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

import autograd
from autograd import DomainError, OperandError, OptionError, Value, check_gradients
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
    assert report
    assert [row.agrees for row in report.comparisons] == [False, True]
    assert [row.at_kink for row in report.comparisons] == [True, False]
    lines = str(report).splitlines()
    assert lines[0].startswith("x0: autodiff 0, numeric 1 ")
    assert lines[0].endswith("differ, at a kink, by 1")
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


# Higher orders, modes and culprits ------------------------------------------------------------------


def test_all_orders_and_mixtures_of_modes_are_compared() -> None:
    def f(x: Value, y: Value) -> Value:
        return (x * y + x.sin()).tanh() / y

    report = check_gradients(f, [0.3, 0.7], order=4, modes=("reverse", "forward"))
    assert report, str(report)
    assert len(report.comparisons) == 2 * 2 + 3 * 4 + 4 * 8 + 5 * 16
    assert all(row.determined for row in report.comparisons)
    names = [row.name for row in report.comparisons]
    assert names[:3] == ["x0, reverse", "x0, forward", "x1, reverse"]
    assert "x0 x1, forward over reverse" in names
    assert len(set(names)) == len(names)
    assert max(map(len, str(report).splitlines())) <= 80


def test_one_mode_needs_no_name() -> None:
    report = check_gradients(lambda x: x**3, [2.0], order=2, modes=["forward"])
    assert [(row.name, row.autodiff) for row in report.comparisons] == [("x0", 12.0), ("x0 x0", 12.0)]


def test_a_wrong_partial_is_named_with_its_primitive_and_operand() -> None:
    wrong = autograd.primitive(
        "wrong", lambda x, y: x * y * y, (lambda z, x, y: y * y, lambda z, x, y: 1.9 * x * y)
    )
    report = check_gradients(lambda a, b: wrong(a.sin(), b.exp()) * a, [0.3, 0.2])
    assert not report
    assert [row.agrees for row in report.comparisons] == [True, False]
    (culprit,) = report.wrong_partials
    assert culprit.name == "partial of wrong by y, at 0.29552, 1.2214"
    assert culprit.autodiff == pytest.approx(0.95 * culprit.numeric, rel=1e-9)
    assert "partial of wrong by y, at 0.29552, 1.2214:\n    autodiff 0.685" in str(report)


def test_a_wrong_partial_of_many_operands_is_named_by_its_number() -> None:
    wrong = autograd.primitive("wrong", lambda *xs: sum(xs), lambda z, *xs: [1, 1.001, 1])
    (culprit,) = check_gradients(wrong, [1.0, 2.0, 3.0]).wrong_partials
    assert culprit.name == "partial of wrong by operand 2, at 1, 2, 3"


def test_a_wrong_derivative_of_a_partial_shows_at_its_order() -> None:
    helper = autograd.primitive("_helper", math.cos, (lambda z, x: autograd.sin(x),))
    mine = autograd.primitive("mine", math.sin, (lambda z, x: helper(x),))
    assert check_gradients(mine, [0.5])
    report = check_gradients(mine, [0.5], order=2)
    assert not report
    assert [culprit.name for culprit in report.wrong_partials] == ["partial of _helper by x, at 0.5"]


@pytest.mark.parametrize("modes", [("reverse",), ("forward",)])
def test_a_wrong_partial_is_found_in_either_mode(modes: tuple[str, ...]) -> None:
    wrong = autograd.primitive("wrong", math.tanh, (lambda z, x: 1.0004 * (1 - z * z),))
    assert not check_gradients(wrong, [0.3], modes=modes)


def test_a_difference_at_a_kink_does_not_count_but_a_wrong_partial_beside_it_does() -> None:
    assert check_gradients(lambda x: x.relu() + abs(x) + autograd.max(x, 0.0), [0.0])
    wrong = autograd.primitive("wrong", math.sin, (lambda z, x: 2 * autograd.cos(x),))
    report = check_gradients(lambda x: x.relu() + wrong(x), [0.0])
    assert not report
    assert [culprit.name for culprit in report.wrong_partials] == ["partial of wrong by x, at 0"]
    assert not check_gradients(lambda x, y: x.relu() + wrong(y), [0.0, 1.0])


@pytest.mark.parametrize(
    "options", [{"order": 0}, {"order": 5}, {"modes": ()}, {"modes": "reverse"}, {"modes": ("up",)}]
)
def test_orders_and_modes_that_do_not_exist_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=r"order is 1|modes is a list"):
        check_gradients(lambda x: x, [1.0], **options)
