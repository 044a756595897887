"""SGD: w ← w - η_i (v_i + λ w), to the bit, and nothing at all after an error."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from autograd import OperandError, Value
from nn import MLP, SGD, NonFiniteError, SettingError

finite = st.floats(-1e6, 1e6)
small = st.floats(0, 10)


@given(finite, finite, small, small)
def test_a_step_is_the_formula_to_the_bit(weight: float, gradient: float, rate: float, decay: float) -> None:
    w = Value(weight)
    w.grad = gradient
    assert SGD([w], rate, decay).step() == rate
    assert w.data == weight - rate * (gradient + decay * weight)


@given(finite, finite, st.floats(0, 1), st.floats(0, 1))
def test_weight_decay_is_the_gradient_of_half_the_squared_norm(
    weight: float, factor: float, rate: float, decay: float
) -> None:
    plain, penalised = Value(weight), Value(weight)
    (factor * plain).backward()
    (factor * penalised + 0.5 * decay * penalised**2).backward()
    SGD([plain], rate, decay).step()
    SGD([penalised], rate).step()
    assert plain.data == pytest.approx(penalised.data, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize(
    "lr", [[0.5, 0.25, 0.125], (0.5, 0.25, 0.125), np.array([0.5, 0.25, 0.125]), lambda i: 0.5**i]
)
def test_step_sizes_count_from_one(lr: Any) -> None:
    w = Value(0.0)
    w.grad = 1.0
    optimizer = SGD([w], lr)
    assert [optimizer.step() for _ in range(3)] == [0.5, 0.25, 0.125]
    assert w.data == -0.875
    assert optimizer.iteration == 3


def test_a_sequence_that_is_too_short() -> None:
    w = Value(1.0)
    w.grad = 1.0
    optimizer = SGD([w], [0.5])
    optimizer.step()
    with pytest.raises(SettingError, match=r"iteration 2 needs a step size η_2, .* sequence of T = 1"):
        optimizer.step()
    assert (w.data, optimizer.iteration) == (0.5, 1)


@pytest.mark.parametrize(
    "lr", [-0.1, math.nan, math.inf, "0.1", None, [], [0.1, -0.1], [0.1, math.nan], [[0.1]], "a"]
)
def test_step_sizes_that_are_refused_at_once(lr: Any) -> None:
    with pytest.raises(SettingError, match=r"η|lr"):
        SGD([Value(1.0)], lr)


@pytest.mark.parametrize("rate", [-0.1, math.nan, math.inf, None, "0.1"])
def test_a_function_of_bad_step_sizes(rate: Any) -> None:
    w = Value(1.0)
    w.grad = 1.0
    optimizer = SGD([w], lambda _: rate)
    with pytest.raises(SettingError, match=r"lr\(1\), the step size η_1, must be"):
        optimizer.step()
    assert (w.data, optimizer.iteration) == (1.0, 0)


@pytest.mark.parametrize("decay", [-1e-9, math.nan, math.inf, "0", None])
def test_weight_decay_is_not_negative(decay: Any) -> None:
    with pytest.raises(SettingError, match=r"weight_decay \(λ\) must be a finite number, 0 or more"):
        SGD([Value(1.0)], 0.1, decay)


def test_what_is_no_parameter() -> None:
    with pytest.raises(SettingError, match="no parameters"):
        SGD([], 0.1)
    with pytest.raises(OperandError, match="given, not computed"):
        SGD([Value(1.0) * 2], 0.1)
    with pytest.raises(OperandError, match=r"given, not computed; got 1\.0"):
        SGD([1.0], 0.1)  # type: ignore[list-item]


def test_a_parameter_that_is_listed_twice_moves_once() -> None:
    w = Value(1.0)
    w.grad = 1.0
    SGD([w, w], 0.5).step()
    assert w.data == 0.5


def test_a_parameter_without_a_gradient_only_decays() -> None:
    used, unused = Value(1.0), Value(1.0)
    used.grad = 1.0
    SGD([used, unused], 0.5, 0.5).step()
    assert (used.data, unused.data) == (0.25, 0.75)


def test_forgetting_backward() -> None:
    with pytest.raises(SettingError, match=r"no parameter has a gradient; call backward\(\)"):
        SGD([Value(1.0)], 0.1).step()


def spoil_gradient(model: MLP) -> None:
    model.parameters()[3].grad = math.nan


def spoil_step(model: MLP) -> None:
    model.parameters()[3].grad = 1e308


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (spoil_gradient, r"gradient of parameter w0\[1\]\[0\] is nan"),
        (spoil_step, r"w0\[1\]\[0\] would become -inf"),
    ],
)
def test_nothing_changes_after_an_error(spoil: Callable[[MLP], None], text: str) -> None:
    model = MLP(2, [3, 1])
    optimizer = SGD(model.parameters(), 100.0, 0.1)
    model([1.0, 2.0]).backward()
    spoil(model)
    before = [(w.data, repr(w.grad)) for w in model.parameters()]
    with pytest.raises(NonFiniteError, match=text):
        optimizer.step()
    assert [(w.data, repr(w.grad)) for w in model.parameters()] == before
    assert optimizer.iteration == 0


def test_the_name_of_a_parameter_without_a_label() -> None:
    w = Value(1.0)
    w.grad = math.inf
    with pytest.raises(NonFiniteError, match="parameter 0, without a label, is inf"):
        SGD([w], 0.1).step()


def test_zero_grad() -> None:
    w = Value(1.0)
    w.grad = 2.0
    SGD([w], 0.1).zero_grad()
    assert not w.has_grad


def test_repr() -> None:
    assert repr(SGD([Value(1.0)], 0.1)) == "SGD(<1 parameter>, lr=0.1, weight_decay=0.0)"
    assert (
        repr(SGD([Value(1.0)], [0.1, 0.2], 0.5)) == "SGD(<1 parameter>, lr=<2 step sizes>, weight_decay=0.5)"
    )
