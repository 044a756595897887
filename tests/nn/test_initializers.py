"""Random weights: their size, and that the seed alone decides them."""

import math
from typing import Any

import numpy as np
import pytest

from nn import SettingError, he, normal, xavier
from nn.initializers import Initializer, generator


@pytest.mark.parametrize(
    ("initializer", "deviation"),
    [
        (normal(), 0.01),
        (normal(0.5), 0.5),
        (xavier, math.sqrt(2 / (10_000 + 30_000))),
        (he, math.sqrt(2 / 10_000)),
    ],
)
def test_mean_and_deviation(initializer: Initializer, deviation: float) -> None:
    weights = np.asarray(initializer(np.random.default_rng(0), 10_000, 30_000))
    assert weights.shape == (10_000,)
    assert weights.mean() == pytest.approx(0.0, abs=0.03 * deviation)
    assert weights.std() == pytest.approx(deviation, rel=0.03)


def test_one_seed_has_different_numbers_for_different_uses() -> None:
    assert generator(3, "weights").normal() != generator(3, "noise").normal()
    assert generator(3, "weights").normal() == generator(np.int64(3), "weights").normal()  # type: ignore[arg-type]


def test_a_generator_is_drawn_on_from() -> None:
    random = np.random.default_rng(0)
    assert generator(random, "weights") is random


@pytest.mark.parametrize("seed", [None, -1, 1.5, "1", True, [1]])
def test_a_seed_is_explicit(seed: Any) -> None:
    with pytest.raises(SettingError, match="a seed is a whole number, 0 or more"):
        generator(seed, "weights")


@pytest.mark.parametrize("scale", [-1.0, math.nan, math.inf, "1", None])
def test_a_scale_is_finite_and_not_negative(scale: Any) -> None:
    with pytest.raises(SettingError, match="scale must be a finite number, 0 or more"):
        normal(scale)
