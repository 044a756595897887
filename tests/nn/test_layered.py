"""The layered graph, its vector of weights, the matrix B, and the network as a composition."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from autograd import LengthError, OperandError, Value, dot, gradients
from nn import (
    MLP,
    LayeredGraph,
    Module,
    SettingError,
    composition,
    input_block_matrix,
    layered_form,
    loss_to_go,
)
from nn.layered import value_and_slope
from tests.nn.random_networks import ACTIVATIONS, LOSSES, random_networks
from tests.points import numbers_inside

SAMPLES = list(random_networks(25, seed=7))


def norm(numbers: Any) -> float:
    return float(np.linalg.norm(numbers))


@pytest.mark.parametrize("bias", [True, False])
def test_an_edge_stands_where_its_weight_does(bias: bool) -> None:  # noqa: FBT001 - a parametrised test
    model = MLP(3, [4, 2, 1], bias=bias)
    form = layered_form(model)
    k = form.graph.sizes
    for ((t, i), (after, j)), parameter in zip(form.graph.edges, model.parameters(), strict=True):
        assert after == t + 1
        assert parameter.label == (f"b{t}[{j}]" if i == k[t] else f"w{t}[{j}][{i}]")
    assert len(form.w) == form.graph.dimension == len(model.parameters())
    assert sum(k[t + 1] * k[t] for t in range(3)) + bias * sum(k[1:]) == form.graph.dimension
    assert {vertex for edge in form.graph.edges for vertex in edge} == set(form.graph.vertices)


def test_the_rows_of_each_matrix_stand_one_after_another() -> None:
    model = MLP(2, [3, 2], bias=False, seed=1)
    w, graph, _ = layered_form(model)
    for matrix, layer in zip(graph.matrices(w), model.layers, strict=True):
        assert matrix == [[w.data for w in neuron.weights] for neuron in layer.neurons]
    assert np.concatenate([np.ravel(matrix) for matrix in graph.matrices(w)]).tolist() == w.tolist()


@given(st.data(), st.integers(1, 8), st.integers(1, 8))
def test_b_times_w_is_w_times_o_bit_for_bit(data: st.DataObject, k: int, n: int) -> None:
    numbers = st.floats(-1e100, 1e100, allow_subnormal=False)
    matrix = data.draw(st.lists(st.lists(numbers, min_size=n, max_size=n), min_size=k, max_size=k))
    o = data.draw(st.lists(numbers, min_size=n, max_size=n))
    w = [number for row in matrix for number in row]
    by_block_matrix = [dot(row, w) for row in input_block_matrix(o, k).tolist()]
    assert by_block_matrix == [dot(row, o) for row in matrix]


def test_b_is_block_diagonal() -> None:
    o = np.array([2.0, -3.0, 5.0])
    assert np.array_equal(input_block_matrix(o, 4), np.kron(np.eye(4), o))


def test_the_gradient_by_w_is_b_transposed_times_that_by_a() -> None:
    for model, x, y, loss in SAMPLES:
        to_go = loss_to_go(model, x, y, LOSSES[loss])
        weights = iter(model.parameters())
        for t, (rows, columns) in enumerate(to_go.graph.shapes):
            by_a = gradients(to_go.loss, to_go.pre_activations[t + 1])
            b = input_block_matrix([o.data for o in to_go.outputs[t]] + [1.0] * to_go.graph.bias, rows)
            loss_value = LOSSES[loss](model(x), y)
            by_w = gradients(loss_value, [next(weights) for _ in range(rows * columns)])
            assert norm(b.T @ by_a - by_w) <= 1e-12 * norm(by_w)


@pytest.mark.parametrize("bad", [[], [3], [2, 0], [2, 1.5], 3])
def test_a_graph_has_two_layers_with_neurons(bad: Any) -> None:
    with pytest.raises(SettingError):
        LayeredGraph(bad)


def test_what_is_no_layered_graph_is_refused() -> None:
    with pytest.raises(OperandError, match="a layered graph is that of an MLP"):
        layered_form(Module())  # type: ignore[arg-type]
    mixed = MLP(2, [2])
    mixed.layers[0].neurons[0].bias = None
    with pytest.raises(SettingError, match="some neurons have a bias"):
        layered_form(mixed)
    differing = MLP(2, [2], output_activation="tanh")
    differing.layers[0].neurons[1].activation = None
    with pytest.raises(SettingError, match="neurons of V_1 differ in activation"):
        layered_form(differing)
    shared = MLP(2, [2])
    shared.layers[0].neurons[1].weights = shared.layers[0].neurons[0].weights
    with pytest.raises(SettingError, match="two edges share a weight"):
        layered_form(shared)
    with pytest.raises(LengthError, match="has 9 weights; got 3"):
        LayeredGraph([2, 2, 1]).matrices([1.0, 2.0, 3.0])
    with pytest.raises(LengthError, match="got shape"):
        input_block_matrix([[1.0]], 2)


def test_affine_and_non_linear_steps_and_the_loss_compose_to_the_network() -> None:
    for model, x, y, loss in SAMPLES:
        steps = composition(model, y, LOSSES[loss])
        assert len(steps) == 2 * len(model.layers) + 1
        numbers: Any = x
        for step in steps:
            numbers = step.function(numbers)
        assert numbers.data == LOSSES[loss](model(x), y).data


def test_slopes_come_from_the_table() -> None:
    for row in ACTIVATIONS:
        x = Value(0.7 if row is None else numbers_inside(row, random.Random(1))[0])
        z = x * 1 if row is None else row(x)
        assert value_and_slope(row, x.data) == (z.data, gradients(z, [x])[0])
    assert value_and_slope(ACTIVATIONS[[str(row) for row in ACTIVATIONS].index("<primitive sqrt>")], 0.0) == (
        0.0,
        math.inf,
    )
