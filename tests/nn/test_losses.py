"""Losses: their values, their gradients, and their refusals."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from autograd import LengthError, OperandError, Value
from nn import TargetError, binary_cross_entropy, hinge, mse, softmax_cross_entropy

numbers = st.floats(-30, 30)


def test_mse_is_the_mean_over_outputs() -> None:
    o = [Value(1.0), Value(2.0), Value(4.0)]
    loss = mse(o, [0.0, 2.0, 1.0])
    loss.backward()
    assert loss.data == pytest.approx(10 / 3)
    assert [v.grad for v in o] == pytest.approx([2 / 3, 0.0, 2.0])


def test_half_the_mse() -> None:
    o = Value(1.5)
    loss = mse(o, 1.0, half=True)
    loss.backward()
    assert (loss.data, o.grad) == (0.125, 0.5)


def test_mse_takes_arrays_and_single_numbers() -> None:
    assert mse([Value(1.0), Value(2.0)], np.array([0.0, 0.0])).data == 2.5  # type: ignore[arg-type]
    assert mse(Value(1.0), np.float64(0.0)).data == 1.0
    assert mse([Value(1.0)], 0.0).data == 1.0
    assert mse(Value(1e200), 0.0).data == math.inf


@pytest.mark.parametrize(("outputs", "targets"), [([1.0], [1.0, 2.0]), ([1.0, 2.0], 1.0), ([], [])])
def test_mse_of_different_lengths(outputs: list[float], targets: Any) -> None:
    with pytest.raises(LengthError):
        mse([Value(o) for o in outputs], targets)


@given(numbers, st.sampled_from([-1, 1]))
def test_hinge(score: float, target: int) -> None:
    s = Value(score)
    loss = hinge(s, target)
    loss.backward()
    assert loss.data == max(0.0, 1 - target * score)
    assert s.grad == (-target if loss.data > 0 else 0.0)


@given(numbers, st.sampled_from([0, 1, True, False, 1.0, np.int64(1)]))
def test_binary_cross_entropy(logit: float, target: int) -> None:
    x = Value(logit)
    loss = binary_cross_entropy(x, target)
    loss.backward()
    toward = logit if target else -logit
    assert loss.data == pytest.approx(math.log1p(math.exp(-toward)), rel=1e-12)
    slope = 1 / (1 + math.exp(toward))
    assert x.grad == pytest.approx(-slope if target else slope, rel=1e-12)


@given(st.lists(numbers, min_size=2, max_size=6), st.data())
def test_softmax_cross_entropy(logits: list[float], data: st.DataObject) -> None:
    target = data.draw(st.integers(0, len(logits) - 1))
    scores = [Value(x) for x in logits]
    loss = softmax_cross_entropy(scores, target)
    loss.backward()
    total = math.fsum(math.exp(x) for x in logits)
    assert loss.data == pytest.approx(math.log(total) - logits[target], abs=1e-12)
    slopes = [math.exp(x) / total - (k == target) for k, x in enumerate(logits)]
    assert [v.grad for v in scores] == pytest.approx(slopes, abs=1e-12)


@pytest.mark.parametrize(
    ("logit", "target", "loss"), [(1000.0, 1, 0.0), (1000.0, 0, 1000.0), (-1000.0, 1, 1000.0)]
)
def test_far_logits_are_finite_and_right(logit: float, target: int, loss: float) -> None:
    x = Value(logit)
    error = binary_cross_entropy(x, target)
    error.backward()
    assert error.data == loss
    assert x.grad == (math.copysign(1.0, logit) if loss else 0.0)
    pair = [Value(0.0), Value(logit)]
    error = softmax_cross_entropy(pair, target)
    error.backward()
    assert error.data == loss
    assert pair[1].grad == (math.copysign(1.0, logit) if loss else 0.0)


def test_a_small_loss_keeps_its_digits() -> None:
    assert binary_cross_entropy(Value(40.0), 1).data == pytest.approx(math.exp(-40), rel=1e-12)


@pytest.mark.parametrize("target", [0, 2, 0.5, math.nan, "1", None, np.array([1, 1]), -1.5])
def test_hinge_refuses_other_targets(target: Any) -> None:
    with pytest.raises((TargetError), match=r"hinge needs a target of -1 or 1.*2 \* y - 1"):
        hinge(Value(0.3), target)


@pytest.mark.parametrize("target", [-1, 2, 0.5, math.nan, "1", None])
def test_binary_cross_entropy_refuses_other_targets(target: Any) -> None:
    with pytest.raises(TargetError, match=r"binary_cross_entropy needs a target of 0 or 1"):
        binary_cross_entropy(Value(0.3), target)


@pytest.mark.parametrize("target", [-1, 3, 0.5, math.nan, "1", None])
def test_softmax_cross_entropy_refuses_other_targets(target: Any) -> None:
    with pytest.raises(TargetError, match=r"softmax_cross_entropy needs a target of 0 to 2"):
        softmax_cross_entropy([Value(0.3), Value(0.2), Value(0.1)], target)


def test_one_or_several_outputs() -> None:
    with pytest.raises(OperandError, match="hinge takes one number, not a list of 2"):
        hinge([Value(1.0), Value(2.0)], 1)  # type: ignore[type-var]
    with pytest.raises(OperandError, match="binary_cross_entropy takes one number"):
        binary_cross_entropy([Value(1.0)], 1)  # type: ignore[type-var]
    with pytest.raises(LengthError, match="take binary_cross_entropy"):
        softmax_cross_entropy(Value(1.0), 0)  # type: ignore[arg-type]
    with pytest.raises(LengthError, match="two logits or more"):
        softmax_cross_entropy([Value(1.0)], 0)


def test_of_plain_numbers_a_float() -> None:
    results = [
        mse([1.0], 0.0),
        hinge(0.5, 1),
        binary_cross_entropy(0.5, 1),
        softmax_cross_entropy([0.5, 1.0], 1),
    ]
    assert [type(x) for x in results] == [float] * 4
