"""Loss-to-go: one number from every layer, its derivatives, and the table of layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd import LengthError, Value, gradients
from nn import (
    MLP,
    SettingError,
    input_block_matrix,
    layered_form,
    loss_of_weights,
    loss_to_go,
    mse,
    normal,
    outputs_to_go,
)
from tests.nn.random_networks import LOSSES, random_networks

SAMPLES = list(random_networks(25, seed=7))


def norm(numbers: Any) -> float:
    return float(np.linalg.norm(numbers))


def test_every_loss_to_go_gives_the_loss() -> None:
    for model, x, y, loss in SAMPLES:
        to_go = loss_to_go(model, x, y, LOSSES[loss])
        assert len(to_go.functions) == len(model.layers) + 1
        expected = LOSSES[loss](model(x), y).data
        for function, o in zip(to_go.functions, to_go.outputs, strict=True):
            assert function(o).data == expected
            assert function([number.data for number in o]).data == expected


def test_delta_is_the_derivative_of_the_loss_to_go_and_the_adjoint_of_autodiff() -> None:
    for model, x, y, loss in SAMPLES:
        to_go = loss_to_go(model, x, y, LOSSES[loss])
        to_go.loss.backward()
        for delta, o in zip(to_go.deltas, to_go.outputs, strict=True):
            assert delta == [number.grad for number in o]


def test_delta_obeys_the_recursion() -> None:
    for model, x, y, loss in SAMPLES:
        to_go = loss_to_go(model, x, y, LOSSES[loss])
        matrices = to_go.graph.matrices(layered_form(model).w)
        for t, rows in enumerate(matrices):
            by_a = np.multiply(to_go.deltas[t + 1], to_go.slopes[t + 1])
            delta = (np.array(rows).T @ by_a)[: to_go.graph.sizes[t]]
            assert norm(delta - to_go.deltas[t]) <= 1e-12 * norm(delta)


def test_the_loss_of_the_outputs_to_go_is_the_loss() -> None:
    model = MLP(3, [4, 4, 2], "sigmoid", seed=2)
    to_go = loss_to_go(model, [0.1, 0.2, 0.3], [1.0, 0.0])
    for function, o in zip(outputs_to_go(model), to_go.outputs, strict=True):
        assert mse(function(o), [1.0, 0.0]).data == to_go.loss.data
    assert [o.data for o in outputs_to_go(model)[-1](to_go.outputs[-1])] == [
        o.data for o in model([0.1, 0.2, 0.3])
    ]


def test_the_loss_of_one_layers_weights_and_its_gradient_by_b() -> None:
    for model, x, y, loss in SAMPLES:
        to_go = loss_to_go(model, x, y, LOSSES[loss])
        w = iter(layered_form(model).w)
        for t, (rows, columns) in enumerate(to_go.graph.shapes):
            g = loss_of_weights(model, t, x, y, LOSSES[loss])
            w_t = [Value(next(w)) for _ in range(rows * columns)]
            assert g(w_t).data == g([v.data for v in w_t]).data == to_go.loss.data
            b = input_block_matrix([o.data for o in to_go.outputs[t]] + [1.0] * to_go.graph.bias, rows)
            by_b = b.T @ np.multiply(to_go.deltas[t + 1], to_go.slopes[t + 1])
            by_autodiff = gradients(g(w_t), w_t)
            assert norm(by_b - by_autodiff) <= 1e-12 * norm(by_autodiff)


def test_a_model_that_moves_on_leaves_what_was_recorded() -> None:
    model = MLP(2, [3, 1], "tanh", seed=1)
    before, after = (loss_to_go(model, [0.5, -1.0], 0.25) for _ in range(2))
    text, deltas, g = str(before), before.deltas, loss_of_weights(model, 1, [0.5, -1.0], 0.25)
    w_1 = layered_form(model).w[9:].tolist()
    model.set_parameters([0.0] * 13)
    assert str(after) == text
    assert after.deltas == deltas
    assert g(w_1).data == before.loss.data
    after.loss.backward()
    assert not any(w.has_grad for w in model.parameters())


def test_a_layer_of_weights_that_is_not_there() -> None:
    model = MLP(2, [3, 1])
    with pytest.raises(SettingError, match="there is no w_2"):
        loss_of_weights(model, 2, [0.0, 0.0], 0.0)
    with pytest.raises(LengthError, match="has 9 weights; got 2"):
        loss_of_weights(model, 0, [0.0, 0.0], 0.0)([1.0, 2.0])
    with pytest.raises(LengthError, match="takes 2 inputs, got 1"):
        loss_to_go(model, [0.0], 0.0)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
@pytest.mark.parametrize("bias", [True, False])
def test_the_table_fits_and_shows_every_layer(activation: str, bias: bool) -> None:  # noqa: FBT001 - a parametrised test
    model = MLP(30, [16, 4, 2], activation, bias=bias, initializer=normal(1e-5), seed=1)
    to_go = loss_to_go(model, np.random.default_rng(0).normal(size=30).tolist(), [1.0, 0.0])
    text = str(to_go)
    assert max(map(len, text.splitlines())) <= 80
    for t, k in enumerate([30, 16, 4, 2]):
        assert f"V{t}  k{t} = {k}" in text
    assert f"|E| = {len(model.parameters())}" in text
    assert f"{to_go.deltas[3][1]:.3g}" in text
    assert ("constant" in text) == bias
    assert repr(to_go).startswith("<LossToGo of <LayeredGraph 30-16-4-2")
