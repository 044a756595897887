"""Finding where a number first left the finite ones, forward and backward."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import pytest

from autograd import DomainError, OperandError, Value, first_nonfinite, ieee

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_finite_computation_has_none() -> None:
    x = Value(2.0)
    z = (x * 3).tanh()
    assert first_nonfinite(z) is None
    assert first_nonfinite(x) is None
    assert not x.has_grad


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (
            lambda x: (x * 500).exp() - 1,
            r"^exp gave inf at x = 1000\.0 \(x = 2\.0 → mul\): .* larger",
        ),
        (lambda x: (x * 500).exp() * 0, "^exp gave inf"),
        (lambda x: x * math.inf, "^mul gave inf at x = 2.0, y = inf: a constant operand is not finite"),
        (lambda x: (x - 2) * math.inf, "^mul gave nan at"),
        (lambda x: (x - 3).log() * 2, r"^log gave nan at x = -1\.0 .* outside its domain, x > 0; keep"),
        (lambda x: 1 / (x - 2), "^div gave inf at x = 1.0, y = 0.0"),
        (lambda x: x + Value(math.nan, label="bad"), "^bad was given as nan"),
        (lambda x: x + Value(math.inf), "^a leaf without a label was given as inf"),
    ],
)
def test_forward(f: Callable[[Value], Value], words: str) -> None:
    x = Value(2.0, label="x")
    with ieee():
        found = first_nonfinite(f(x))
    assert found is not None
    assert not found.backward
    assert not math.isfinite(found.value.data)
    assert re.search(words, str(found)), str(found)


def test_backward_zero_times_infinity() -> None:
    x = Value(0.0, label="x")
    root = x.sqrt()
    found = first_nonfinite(root * root)
    assert found is not None
    assert found.backward
    assert found.value is x
    assert "0.0 × inf" in str(found)


def test_backward_names_where_it_began_and_not_where_it_is_seen() -> None:
    x = Value(1.0, label="x")
    far = (x - 1).sqrt()
    found = first_nonfinite(far + x * 2)
    assert found is not None
    assert found.value is far.parents[0]
    assert str(found).startswith(
        "the gradient of the result of sub (x = 1.0 → sub) became inf: sqrt hands it 1.0"
    )


def test_backward_finite_shares_may_add_up_to_infinity() -> None:
    y = Value(1e-10)
    found = first_nonfinite(y * 1.5e308 + y * 1.5e308)
    assert found is not None
    assert found.value is y
    assert str(found) == "the gradient of a leaf became inf: the finite shares that it gets add up to that"


def test_errors_are_those_of_a_gradient() -> None:
    with pytest.raises(OperandError):
        first_nonfinite(2.0)  # type: ignore[arg-type]
    x, y = Value(-2.0), Value(3.0)
    with pytest.raises(DomainError):
        first_nonfinite(x**y)
    with ieee():
        found = first_nonfinite(x**y)
    assert found is not None
    assert found.value is y
