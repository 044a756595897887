"""Where training starts: random weights, every one of them from an explicit seed.

An initializer is a function of (generator, fan_in, fan_out) that draws the weights of
one neuron: `fan_in` numbers, for a neuron in a layer of `fan_out`. Biases start at 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from numbers import Integral
from typing import SupportsFloat, TypeAlias

import numpy as np

from nn.errors import SettingError, finite_setting

Initializer: TypeAlias = Callable[[np.random.Generator, int, int], Iterable[SupportsFloat]]
"""Draws the weights of one neuron."""

Seed: TypeAlias = int | np.random.Generator
"""A whole number that fixes every draw, or a generator to draw on from."""


def generator(seed: Seed, use: str) -> np.random.Generator:
    """Return the generator of random numbers for one use of a seed.

    The use is part of the seed: weights and noise drawn with one seed would
    otherwise be the same numbers. A `numpy.random.Generator` is returned as it is.

    Raises
    ------
    SettingError
        If `seed` is neither; None too, since no result could then be repeated.

    Examples
    --------
    >>> generator(0, "noise").normal() == generator(0, "noise").normal()
    True
    >>> generator(0, "noise").normal() == generator(0, "weights").normal()
    False
    """
    if isinstance(seed, np.random.Generator):
        return seed
    if not isinstance(seed, Integral) or isinstance(seed, bool) or seed < 0:
        raise SettingError(
            f"a seed is a whole number, 0 or more, or a numpy.random.Generator; got {seed!r}",
        )
    return np.random.default_rng([int(seed), *use.encode()])


def normal(scale: float = 0.01) -> Initializer:
    """Return an initializer that draws from N(0, scale²): near zero, as SGD's w¹ is.

    Raises
    ------
    SettingError
        If `scale` is negative or not finite.

    Examples
    --------
    >>> weights = normal(0.01)(generator(0, "example"), 1000, 1)
    >>> f"{weights.std():.3f}"
    '0.010'
    """
    scale = finite_setting("scale", scale)

    def normal_near_zero(random: np.random.Generator, fan_in: int, _fan_out: int) -> np.ndarray:
        return random.normal(0.0, scale, fan_in)

    return normal_near_zero


def xavier(random: np.random.Generator, fan_in: int, fan_out: int) -> np.ndarray:
    """Draw from N(0, 2 / (fan_in + fan_out)), which suits tanh and sigmoid.

    Signals and gradients then keep their size from layer to layer (Glorot and
    Bengio, 2010, whose distribution is uniform with the same variance).
    """
    return random.normal(0.0, math.sqrt(2 / (fan_in + fan_out)), fan_in)


def he(random: np.random.Generator, fan_in: int, _fan_out: int) -> np.ndarray:
    """Draw from N(0, 2 / fan_in), which suits relu: half its inputs are lost (He et al., 2015)."""
    return random.normal(0.0, math.sqrt(2 / fan_in), fan_in)
