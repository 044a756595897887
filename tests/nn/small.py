"""The network that the tests of training share: small enough to train in no time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nn import MLP

if TYPE_CHECKING:
    from nn import Module


def small_model(seed: int = 0) -> MLP:
    return MLP(2, [3, 1], "tanh", seed=seed)


def weights(model: Module) -> list[float]:
    return [w.data for w in model.parameters()]
