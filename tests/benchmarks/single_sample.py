"""W5: stochastic gradient descent as `nn.fit` does it, one sample at a time.

For i = 1, 2, …: draw a sample (x, y); let v be the gradient of its loss; w ← w - η (v + λ w).
The network is 30-16-1 with tanh, the loss binary cross-entropy, the data breast cancer.
The draws are made beforehand and are the same for every engine.
"""

from __future__ import annotations

from itertools import cycle, pairwise
from typing import TYPE_CHECKING, Any

from nn import MLP, SGD, binary_cross_entropy, breast_cancer, normal, standardise
from nn.initializers import generator
from tests.benchmarks.workloads import dot_by_hand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SIZES = (30, 16, 1)
RATE = 0.02
WEIGHT_DECAY = 0.001


def model() -> MLP:
    """Return the network before training."""
    return MLP(SIZES[0], SIZES[1:], activation="tanh", initializer=normal(0.3))


def start() -> list[float]:
    """Return its parameters: for each unit its weights, then its bias."""
    return [w.data for w in model().parameters()]


def samples() -> list[tuple[list[float], int]]:
    """Return the inputs and targets, 0 or 1."""
    (data,) = standardise(breast_cancer())
    return list(zip(data.inputs.tolist(), data.targets.tolist(), strict=True))


def sign(target: int) -> float:
    """Return -1 for the class 1: the loss is softplus(sign · logit)."""
    return -1.0 if target else 1.0


def draws() -> Iterator[int]:
    """Return numbers of samples, 1,000 at random and over again."""
    return cycle(generator(0, "draws").integers(len(samples()), size=1_000).tolist())


def loss(parameters: Sequence[Any], inputs: Sequence[Any], side: Any) -> Any:
    """The loss on one sample, for any class of Values with `tanh` and `softplus`."""
    rest = iter(parameters)
    signals = list(inputs)
    for fan_in, fan_out in pairwise(SIZES):
        last = fan_out == 1
        units = [
            dot_by_hand([next(rest) for _ in range(fan_in)], signals, next(rest)) for _ in range(fan_out)
        ]
        signals = units if last else [a.tanh() for a in units]
    return (side * signals[0]).softplus()


def eagerly() -> tuple[Callable[[], float], Callable[[], list[float]]]:
    """Return a step as `nn` does it, which returns the loss; and what gives the weights."""
    network, drawn_from, draw = model(), samples(), draws()
    optimizer = SGD(network.parameters(), RATE, WEIGHT_DECAY)

    def step() -> float:
        inputs, target = drawn_from[next(draw)]
        optimizer.zero_grad()
        error = binary_cross_entropy(network(inputs), target)
        error.backward()
        optimizer.step()
        loss: float = error.data
        return loss

    return step, lambda: [w.data for w in optimizer.parameters]
