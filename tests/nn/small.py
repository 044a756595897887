"""The networks that the tests of training share: small enough to train in no time."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np

from nn import MLP, Module

if TYPE_CHECKING:
    from autograd import Value


def small_model(seed: int = 0) -> MLP:
    return MLP(2, [3, 1], "tanh", seed=seed)


def weights(model: Module) -> list[float]:
    return [w.data for w in model.parameters()]


# What cannot be replayed ----------------------------------------------------------------------------


class Branching(Module):
    def __init__(self) -> None:
        self.inner = small_model()

    def __call__(self, x: Any) -> Value:
        z: Value = self.inner(x)
        return z if z > 0 else z * 0.5


class Peeking(Branching):
    def __call__(self, x: Any) -> Value:
        z: Value = self.inner(x)
        return z * (1 + abs(z.data))


class Noisy(Branching):
    """Leaves out the input at random, though seldom, with random numbers of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.random = np.random.default_rng(0)

    def chance(self) -> float:
        return self.random.random()

    def __call__(self, x: Any) -> Value:
        found: Value = self.inner([0.0 if self.chance() < 0.001 else part for part in x])
        return found


class NoisyByPython(Noisy):
    def chance(self) -> float:
        return random.random()


class NoisyByNumpy(Noisy):
    def chance(self) -> float:
        return np.random.random()  # noqa: NPY002 - as many do


class Counting(Branching):
    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def __call__(self, x: Any) -> Value:
        self.calls += 1
        counted: Value = self.inner(x) * (1 + 0.01 * self.calls)
        return counted
