"""Random networks of every activation and loss, and how far two ways of backpropagation part on them.

python -m tests.nn.random_networks [how many] [seed]
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from functools import partial
from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd import TABLE, DomainError, Primitive
from nn import (
    MLP,
    backpropagate_by_hand,
    binary_cross_entropy,
    hinge,
    layered_form,
    mse,
    softmax_cross_entropy,
)
from nn.layered import value_and_slope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ACTIVATIONS: list[Primitive | None] = [
    None,
    *[row for row in TABLE.values() if not row.variadic and len(row.partials) == 1 and row.name[0] != "_"],
]
LOSSES: dict[str, Callable[..., Any]] = {
    "mse": mse,
    "half mse": partial(mse, half=True),
    "hinge": hinge,
    "binary_cross_entropy": binary_cross_entropy,
    "softmax_cross_entropy": softmax_cross_entropy,
}
LARGEST = 10.0
"""The largest output and slope of a neuron. Six layers of steeper ones amplify the rounding of their
numbers: with slopes up to 100 the two gradients part by up to 2.5e-11 of the norm, with these by 1e-13."""


class Sample(NamedTuple):
    """A network and a sample to differentiate it on."""

    model: MLP
    x: list[float]
    y: Any
    loss: str


def random_networks(count: int, seed: int = 0) -> Iterator[Sample]:
    """Draw networks of up to 6 layers and 32 neurons in each, an activation for each layer."""
    random = np.random.default_rng(seed)
    for k in range(count):
        sample = None
        while sample is None:
            sample = drawn(random, list(LOSSES)[k % len(LOSSES)])
        yield sample


def drawn(random: np.random.Generator, loss: str) -> Sample | None:
    """Draw one, with weights that keep every pre-activation inside its domain; None if they are not found."""
    sizes = [int(k) for k in random.integers(1, 33, size=random.integers(1, 7))]
    if loss in {"hinge", "binary_cross_entropy"}:
        sizes[-1] = 1
    elif loss == "softmax_cross_entropy":
        sizes[-1] = max(2, sizes[-1])
    model = MLP(int(random.integers(1, 33)), sizes, None, bias=bool(random.integers(2)))
    x = random.normal(size=model.layers[0].inputs).tolist()
    o = np.array(x)
    for layer in model.layers:
        activation = ACTIVATIONS[random.integers(len(ACTIVATIONS))]
        outputs = []
        for neuron in layer.neurons:
            neuron.activation = activation
            for _ in range(100):
                weights = random.normal(scale=1 / math.sqrt(len(o)), size=len(o))
                bias = random.normal() if neuron.bias is not None else 0.0
                output = inside(activation, float(weights @ o + bias))
                if output is not None:
                    break
            else:
                return None
            outputs.append(output)
            for w, number in zip(neuron.weights, weights, strict=True):
                w.data = number
            if neuron.bias is not None:
                neuron.bias.data = bias
        o = np.array(outputs)
    targets = {"mse": random.normal(size=len(o)).tolist(), "hinge": int(random.choice([-1, 1]))}
    targets["half mse"] = targets["mse"]
    targets["binary_cross_entropy"] = int(random.integers(2))
    targets["softmax_cross_entropy"] = int(random.integers(len(o)))
    return Sample(model, x, targets[loss], loss)


def inside(activation: Primitive | None, a: float) -> float | None:
    """Return the output for a pre-activation; None outside the domain, or where σ or σ' is too large."""
    try:
        output, slope = value_and_slope(activation, a)
    except DomainError:
        return None
    return output if max(abs(output), abs(slope)) <= LARGEST else None


def difference(sample: Sample) -> float:
    """Return how far the gradients by hand and by autodiff part, as a share of their norm."""
    model, x, y, loss = sample
    output = model(x)
    model.zero_grad()
    LOSSES[loss](output, y).backward()
    autodiff = np.array([w.grad for w in model.parameters()])
    by_hand = backpropagate_by_hand(x, y, *layered_form(model), loss=LOSSES[loss])
    apart = float(np.linalg.norm(by_hand - autodiff))
    return apart / float(np.linalg.norm(autodiff)) if apart else 0.0


def main(count: int = 1000, seed: int = 0) -> None:
    """Say how far the two part at most."""
    seen: Counter[str] = Counter()
    apart, zeros = [], 0
    for sample in random_networks(count, seed):
        apart.append(difference(sample))
        zeros += not any(w.grad for w in sample.model.parameters())
        forms = {neuron.activation for layer in sample.model.layers for neuron in layer.neurons}
        seen.update({sample.loss, *[f.name if f else "none" for f in forms]})  # type: ignore[attr-defined]
    lines = [
        f"{count} networks: by hand and by autodiff differ by at most {max(apart):.1e} of the norm,",
        f"by {np.median(apart):.1e} in the median; {zeros} gradients are 0 both ways.",
        "How many of them have each activation and loss:",
        *wrap(",  ".join(f"{name} {times}" for name, times in sorted(seen.items())), 80),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
