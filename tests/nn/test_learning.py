"""Training is real: small experiments, each with its figures."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nn
from nn import (
    MLP,
    SGD,
    accuracy,
    binary_cross_entropy,
    breast_cancer,
    fit,
    normal,
    split,
    standardise,
    two_moons,
)
from nn.data import samples

MOONS, OTHER_MOONS = two_moons(400, noise=0.1, seed=0), two_moons(1000, noise=0.1, seed=1)


def train_on_moons(model: MLP, *, zero_hidden: bool = False) -> float:
    """Take 6,000 steps on single samples and return the accuracy on other samples."""
    optimizer = SGD(model.parameters(), lr=0.2)
    random, drawn_from = np.random.default_rng(0), samples(MOONS)
    for _ in range(6000):
        x, y = drawn_from[int(random.integers(len(drawn_from)))]
        optimizer.zero_grad()
        binary_cross_entropy(model(x), y).backward()
        if zero_hidden:
            for layer in model.layers[:-1]:
                layer.zero_grad()
        optimizer.step()
    return accuracy(model, OTHER_MOONS)


def test_two_moons_need_a_hidden_layer() -> None:
    assert train_on_moons(MLP(2, [1])) < 0.90
    assert train_on_moons(MLP(2, [16, 1], "tanh")) >= 0.99


def test_two_moons_need_the_gradients_of_the_hidden_layer() -> None:
    assert train_on_moons(MLP(2, [16, 1], "tanh"), zero_hidden=True) < 0.95


@pytest.mark.parametrize("seed", [0, 1])
def test_breast_cancer_by_sgd_from_near_zero(seed: int) -> None:
    train, validation, test = standardise(*split(breast_cancer(), seed=seed, stratified=True))
    model = MLP(30, [16, 1], "tanh", initializer=normal(0.01), seed=seed)
    epoch = len(train.inputs)
    history = fit(
        model,
        binary_cross_entropy,
        train,
        validation,
        iterations=3 * epoch,
        lr=[0.02 / (1 + 0.1 * i / epoch) for i in range(1, 3 * epoch + 1)],
        weight_decay=0.001,
        seed=seed,
    )
    assert history.validation_losses[0] == pytest.approx(np.log(2), abs=0.01)
    assert history.best_validation_loss is not None
    assert history.best_validation_loss < 0.12
    assert accuracy(model, test) >= 0.96


SAME_FIGURES = """
import json
from nn import MLP, binary_cross_entropy, breast_cancer, fit, split, standardise
train, validation, _ = standardise(*split(breast_cancer(), seed=1))
model = MLP(30, [4, 1], "tanh", seed=2)
history = fit(model, binary_cross_entropy, train, validation, iterations=60, lr=0.1, seed=3)
names = [name for name, _ in model.named_parameters()]
print(json.dumps([names, history.losses, history.validation_losses, history.best_weights]))
"""


def test_the_same_seed_gives_the_same_figures_in_every_process() -> None:
    said = {
        subprocess.run(
            [sys.executable, "-c", SAME_FIGURES],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(nn.__file__).parent.parent)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(said) == 1
    assert len(json.loads(said.pop())[1]) == 60
