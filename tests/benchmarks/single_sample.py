"""W5: stochastic gradient descent as `nn.fit` does it, one sample at a time.

For i = 1, 2, …: draw a sample (x, y); let v be the gradient of its loss; w ← w - η (v + λ w).
The network is 30-16-1 with tanh, the loss binary cross-entropy, the data breast cancer.
The draws are made beforehand and are the same for every engine.
"""

from __future__ import annotations

from itertools import cycle, pairwise
from threading import Semaphore, Thread
from typing import TYPE_CHECKING, Any

from nn import MLP, SGD, binary_cross_entropy, breast_cancer, fit, normal, standardise
from nn.initializers import generator
from nn.schedules import Schedule
from tests.benchmarks.workloads import dot_by_hand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from nn import History

SIZES = (30, 16, 1)
RATE = 0.02
WEIGHT_DECAY = 0.001
PAUSE = 5_000
"""After so many iterations `fit` pauses and is timed; so often it looks at the validation set, too."""


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


def fitted(network: MLP, lr: Any = RATE, **settings: Any) -> History:
    """Train the network by `fit`, on the same draws, as far as they are not drawn over again."""
    (data,) = standardise(breast_cancer())
    return fit(
        network,
        binary_cross_entropy,
        (data.inputs, data.targets),
        (data.inputs[:100], data.targets[:100]),
        optimizer=SGD(network.parameters(), lr, WEIGHT_DECAY),
        seed=generator(0, "draws"),
        progress=False,
        **settings,
    )


def first_steps() -> tuple[list[float], list[float]]:
    """Return the losses of 100 iterations by `fit`, and the weights after them."""
    network = model()
    weights: list[float] = []

    def after(*_: object) -> float:
        weights[:] = [w.data for w in network.parameters()]
        return 0.0

    losses = fitted(network, iterations=100, metrics={"weights": after}).losses
    return losses, weights


class Pausing(Schedule):
    """A step size that is always the same; a training that asks for it pauses now and then."""

    def __init__(self) -> None:
        self.go, self.paused = Semaphore(0), Semaphore(0)

    def __call__(self, i: int) -> float:
        """Return η_i, after a pause if it is time for one."""
        if i % PAUSE == 0:
            self.paused.release()
            self.go.acquire()
        return RATE


def trained_in_pieces() -> Callable[[], object]:
    """Return what trains by `fit` for `PAUSE` iterations, and goes on when it is called again."""
    lr = Pausing()
    training = Thread(
        target=fitted, args=(model(), lr), kwargs={"iterations": 10**12, "validate_every": PAUSE}
    )
    training.daemon = True

    def go_on() -> None:
        if training.ident is None:
            training.start()
        else:
            lr.go.release()
        lr.paused.acquire()

    return go_on
