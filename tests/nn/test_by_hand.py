"""Backpropagation by hand and by autodiff, on the flat vector of weights."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from autograd import DomainError, LengthError, Value
from demos.by_hand import gradient_by_hand
from nn import (
    MLP,
    LayeredGraph,
    NonFiniteError,
    SettingError,
    TargetError,
    backpropagate_by_hand,
    backpropagation,
    hinge,
    layered_form,
    mse,
    softmax_cross_entropy,
    xavier,
)
from tests.nn.random_networks import ACTIVATIONS, LOSSES, Sample, difference, random_networks

NETWORKS = list(random_networks(100, seed=1))


def norm(numbers: Any) -> float:
    return float(np.linalg.norm(numbers))


def test_by_hand_and_autodiff_agree() -> None:
    for sample in NETWORKS:
        assert difference(sample) <= 1e-12


def test_the_random_networks_have_every_activation_and_loss() -> None:
    assert {
        neuron.activation for s in NETWORKS for layer in s.model.layers for neuron in layer.neurons
    } == set(ACTIVATIONS)
    assert {s.loss for s in NETWORKS} == set(LOSSES)
    assert {len(s.model.layers) for s in NETWORKS} == set(range(1, 7))


def test_a_wrong_derivation_by_hand_is_noticed() -> None:
    model, x, y, _ = Sample(MLP(2, [3, 1], "tanh", seed=1), [0.5, -1.0], 0.25, "mse")
    form = layered_form(model)
    right = backpropagation(x, y, *form)
    wrong = backpropagate_by_hand(x, y, *form, loss=partial(mse, half=True))
    assert norm(wrong - right) > 0.1 * norm(right)


def test_a_function_of_the_flat_vector() -> None:
    for model, x, y, loss in NETWORKS[:20]:
        model.zero_grad()
        LOSSES[loss](model(x), y).backward()
        v = backpropagation(x, y, *layered_form(model), loss=LOSSES[loss])
        assert v.tolist() == [w.grad for w in model.parameters()]


def test_biases_in_both_forms() -> None:
    x, y = np.array([0.5, -1.0, 2.0]), np.array([0.3, -0.7])
    model = MLP(3, [4, 2], "tanh", initializer=xavier, seed=1)
    model.set_parameters(np.random.default_rng(2).normal(size=26))
    w, graph, activation = layered_form(model)
    (w1, b1), (w2, b2) = [np.split(np.array(rows), [-1], axis=1) for rows in graph.matrices(w)]
    in_vectors = gradient_by_hand(x, y, w1, b1.ravel(), w2, b2.ravel())  # W o + b
    by_rows = [np.column_stack(pair).ravel() for pair in (in_vectors[:2], in_vectors[2:])]
    from_neurons = backpropagate_by_hand(x.tolist(), y.tolist(), w, graph, activation)  # [W b] (o, 1)
    assert norm(np.concatenate(by_rows) - from_neurons) <= 1e-14 * norm(from_neurons)


def test_a_constant_input_is_the_bias_of_a_layer_without_one() -> None:
    w = np.random.default_rng(3).normal(size=8)
    with_bias = backpropagation([0.5, -1.0, 2.0], [1.0, 0.0], w, LayeredGraph([3, 2]), "sigmoid")
    without = backpropagation(
        [0.5, -1.0, 2.0, 1.0], [1.0, 0.0], w, LayeredGraph([4, 2], bias=False), "sigmoid"
    )
    assert with_bias.tolist() == without.tolist()


def test_one_activation_for_all_or_one_for_each() -> None:
    graph = LayeredGraph([2, 3, 1])
    w = np.linspace(-1, 1, graph.dimension)
    for run in (backpropagation, backpropagate_by_hand):
        assert run([1.0, 2.0], 0.5, w, graph, "tanh").tolist() == (
            run([1.0, 2.0], 0.5, w, graph, ["tanh", tanh_of_a_value]).tolist()
        )
        with pytest.raises(LengthError, match="2 layers with activations; got 3"):
            run([1.0, 2.0], 0.5, w, graph, ["tanh", None, None])
        with pytest.raises(SettingError, match="no activation is called"):
            run([1.0, 2.0], 0.5, w, graph, "tanj")
        with pytest.raises(LengthError, match="takes 2 inputs, got 1"):
            run([1.0], 0.5, w, graph, "tanh")
        with pytest.raises(LengthError, match="has 13 weights; got 12"):
            run([1.0, 2.0], 0.5, w[:-1], graph, "tanh")


def tanh_of_a_value(x: Value) -> Value:
    return x.tanh()


def test_by_hand_refuses_what_it_does_not_know() -> None:
    graph = LayeredGraph([1, 1])
    with pytest.raises(SettingError, match="known by hand, only those of mse, hinge"):
        backpropagate_by_hand([1.0], 1.0, [1.0, 0.0], graph, "tanh", loss=lambda o, y: (o - y) ** 2)
    with pytest.raises(TargetError):
        backpropagate_by_hand([1.0], 0.5, [1.0, 0.0], graph, "tanh", loss=hinge)
    with pytest.raises(LengthError):
        backpropagate_by_hand([1.0], 0, [1.0, 0.0], graph, "tanh", loss=softmax_cross_entropy)
    with pytest.raises(DomainError, match="log is not defined at x = -1"):
        backpropagate_by_hand([1.0], 0.5, [-1.0, 0.0], graph, "log")


@pytest.mark.parametrize("run", [backpropagation, backpropagate_by_hand])
def test_a_gradient_that_is_not_finite_is_refused(run: Any) -> None:
    with pytest.raises(NonFiniteError, match="w_0, of the edge from neuron 0 of V_0 to neuron 0 of V_1, is"):
        run([1.0], 0.5, [0.0, 0.0], LayeredGraph([1, 1]), "sqrt")
