"""The programs that are timed: the same text for every engine.

Each function takes an engine's `Value` class and returns a step to repeat. A step
records, differentiates and drops its graph, and returns numbers that must agree.
"""

from __future__ import annotations

import math
import random
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

SAMPLES = 100
SIZES = (2, 16, 16, 1)
CHAIN = 1_000_000


def readme_function(a: Any, b: Any) -> Any:
    """W1: the expression of micrograd's README."""
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


def readme_expression(value: Any) -> Callable[[], list[float]]:
    """W1, to record and differentiate."""

    def step() -> list[float]:
        a = value(-4.0)
        b = value(2.0)
        g = readme_function(a, b)
        g.backward()
        return [g.data, a.grad, b.grad]

    return step


def sum_by_hand(terms: Iterable[Any], start: Any) -> Any:
    """Add with `+`, one node an addition."""
    total = start
    for term in terms:
        total = total + term
    return total


def dot_by_hand(weights: list[Any], inputs: list[Any], bias: Any) -> Any:
    """Σ w x + b with `*` and `+`, one node an operation."""
    return sum_by_hand((w * x for w, x in zip(weights, inputs, strict=True)), bias)


def start(seed: int = 0) -> list[float]:
    """Draw the parameters of W2's network: for each unit its weights, then its bias."""
    rng = random.Random(seed)
    return [
        x
        for fan_in, fan_out in pairwise(SIZES)
        for _ in range(fan_out)
        for x in (*(rng.uniform(-1, 1) for _ in range(fan_in)), 0.0)
    ]


def two_moons(count: int = SAMPLES, seed: int = 1) -> list[tuple[list[float], int]]:
    """Draw the samples of W2: points on two half circles, with targets -1 and 1."""
    rng = random.Random(seed)
    samples = []
    for i in range(count):
        angle, side = rng.uniform(0, math.pi), i % 2
        point = [math.cos(angle) + side, (1 - 2 * side) * math.sin(angle) + 0.5 * side]
        samples.append(([x + rng.gauss(0, 0.1) for x in point], 2 * side - 1))
    return samples


def training_function(
    samples: Sequence[tuple[Sequence[Any], Any]],
    dot: Callable[..., Any] = dot_by_hand,
    add_up: Callable[..., Any] = sum_by_hand,
) -> Callable[[Sequence[Any]], Any]:
    """W2's loss as a function of the parameters: an MLP 2-16-16-1, hinge loss and squared weights."""

    def loss(parameters: Sequence[Any]) -> Any:
        rest = iter(parameters)
        layers = [
            [([next(rest) for _ in range(fan_in)], next(rest)) for _ in range(fan_out)]
            for fan_in, fan_out in pairwise(SIZES)
        ]
        losses = []
        for inputs, target in samples:
            outputs = list(inputs)
            for layer in layers[:-1]:
                outputs = [dot(weights, outputs, bias).relu() for weights, bias in layer]
            ((weights, bias),) = layers[-1]
            losses.append((1 + -target * dot(weights, outputs, bias)).relu())
        data_loss = add_up(losses[1:], losses[0]) * (1 / len(losses))
        squares = [p * p for p in parameters]
        return data_loss + 1e-4 * add_up(squares[1:], squares[0])

    return loss


def training_step(
    value: Any,
    dot: Callable[..., Any] = dot_by_hand,
    add_up: Callable[..., Any] = sum_by_hand,
) -> tuple[Callable[[], list[float]], Callable[[], Any]]:
    """W2: one full-batch gradient and update."""
    parameters = [value(x) for x in start()]
    function = training_function(two_moons(), dot, add_up)

    def record() -> Any:
        return function(parameters)

    def step() -> list[float]:
        for p in parameters:
            p.grad = 0.0
        loss = record()
        loss.backward()
        for p in parameters:
            p.data -= 0.01 * p.grad
        return [loss.data, *(p.grad for p in parameters)]

    return step, record


def chain_function(x: Any, operations: int) -> Any:
    """W4: one operation after another."""
    for _ in range(operations // 2):
        x = x * 1.0000001
        x = x + 1e-9
    return x


def chain(value: Any) -> Callable[[], list[float]]:
    """W4, a million operations to record and differentiate."""

    def step() -> list[float]:
        x = value(1.0)
        z = chain_function(x, CHAIN)
        z.backward()
        return [z.data, x.grad]

    return step
