"""Neurons, layers and networks: what they compute, and what they refuse."""

import math
from typing import Any

import numpy as np
import pytest

from autograd import TABLE, LengthError, OperandError, Value, tanh
from nn import MLP, Layer, Neuron, SettingError, mse, normal, xavier

UNARY = [
    name for name, row in TABLE.items() if not row.variadic and len(row.partials) == 1 and name[0] != "_"
]


def by_hand(model: MLP, x: list[float]) -> list[float]:
    """Compute a tanh network in numpy, from its weights."""
    o = np.array(x)
    for t, layer in enumerate(model.layers):
        weights = np.array([[w.data for w in neuron.weights] for neuron in layer.neurons])
        biases = np.array([neuron.bias.data if neuron.bias is not None else 0.0 for neuron in layer.neurons])
        a = weights @ o + biases
        o = np.tanh(a) if t < len(model.layers) - 1 else a
    return list(map(float, o))


@pytest.mark.parametrize("sizes", [[1], [1, 1], [3, 2], [4, 5, 3]])
@pytest.mark.parametrize("bias", [True, False])
def test_the_network_is_matrices_and_non_linearities(sizes: list[int], bias: bool) -> None:  # noqa: FBT001 - a parametrised test
    model = MLP(2, sizes, "tanh", bias=bias, seed=1)
    model.set_parameters(np.random.default_rng(0).normal(size=len(model.parameters())))
    output = model([0.3, -0.7])
    numbers = [o.data for o in (output if isinstance(output, list) else [output])]
    assert numbers == pytest.approx(by_hand(model, [0.3, -0.7]), rel=1e-14)


def test_mlp_with_one_neuron_in_every_layer() -> None:
    model = MLP(2, [1, 1])
    assert isinstance(model([1.0, 2.0]), Value)


def test_one_last_neuron_gives_a_value_more_give_a_list() -> None:
    assert isinstance(MLP(2, [3, 1])([1.0, 2.0]), Value)
    assert [type(o) for o in MLP(2, [3, 2])([1.0, 2.0])] == [Value, Value]
    assert [type(o) for o in Layer(2, 1)([1.0, 2.0])] == [Value]


def test_the_number_of_parameters() -> None:
    assert len(MLP(30, [16, 1]).parameters()) == 513
    assert len(MLP(30, [16, 1], bias=False).parameters()) == 496


def test_mazurs_network_takes_one_step() -> None:
    model = MLP(2, [2, 2], "sigmoid", "sigmoid")
    model.set_parameters([0.15, 0.20, 0.35, 0.25, 0.30, 0.35, 0.40, 0.45, 0.60, 0.50, 0.55, 0.60])
    error = mse(model([0.05, 0.10]), [0.01, 0.99])  # Σ ½ (y - o)² over two outputs is their mean square
    error.backward()
    assert error.data == pytest.approx(0.2983711088, abs=1e-10)
    weights = [w for layer in model.layers for neuron in layer.neurons for w in neuron.weights]
    assert [w.data - 0.5 * w.grad for w in weights] == pytest.approx(
        [0.149780716, 0.19956143, 0.24975114, 0.29950229, 0.35891648, 0.408666186, 0.511301270, 0.561370121],
        abs=5e-9,
    )


def test_the_tanh_neuron() -> None:
    neuron = Neuron(2, "tanh")
    neuron.set_parameters([-3.0, 1.0, 6.8813735870195432])
    x = [Value(2.0), Value(0.0)]
    o = neuron(x)
    o.backward()
    assert o.data == pytest.approx(math.sqrt(0.5), rel=1e-12)
    assert [v.grad for v in (*x, *neuron.parameters())] == pytest.approx(
        [-1.5, 0.5, 1.0, 0.0, 0.5], rel=1e-12
    )


@pytest.mark.parametrize("name", UNARY)
def test_every_unary_primitive_is_an_activation(name: str) -> None:
    neuron = Neuron(2, name)
    neuron.set_parameters([0.5, 0.25, 0.1 if name == "acosh" else -0.75])
    a = 1.1 if name == "acosh" else 0.25
    assert neuron([1.0, 2.0]).data == TABLE[name](a)
    assert repr(neuron) == f"Neuron(2, activation='{name}')"


def test_an_activation_may_be_any_function() -> None:
    def swish(a: Value) -> Value:
        return a * a.sigmoid()

    neuron = Neuron(1, swish)
    neuron.set_parameters([2.0, 0.0])
    assert neuron([1.0]).data == pytest.approx(2.0 / (1 + math.exp(-2.0)))
    assert repr(MLP(2, [2, 1], swish, tanh)) == "MLP(2, [2, 1], activation='swish', output_activation='tanh')"


@pytest.mark.parametrize("name", ["swish", "add", "dot", "_sech2", "max", ""])
def test_an_unknown_activation(name: str) -> None:
    with pytest.raises(SettingError, match=r"no activation is called .* one of .*tanh.*relu"):
        MLP(2, [2, 1], name)


@pytest.mark.parametrize("inputs", [[1.0], [1.0, 2.0, 3.0], [], np.zeros(3), "abc"])
def test_a_wrong_number_of_inputs(inputs: Any) -> None:
    count = len(inputs)
    with pytest.raises(
        LengthError, match=rf"^MLP\(2, \[3, 1\], activation='relu'\) takes 2 inputs, got {count}$"
    ):
        MLP(2, [3, 1])(inputs)
    with pytest.raises(LengthError, match=rf"^Layer\(2, 3\) takes 2 inputs, got {count}$"):
        Layer(2, 3)(inputs)
    with pytest.raises(LengthError, match=rf"^Neuron\(2\) takes 2 inputs, got {count}$"):
        Neuron(2)(inputs)


def test_inputs_that_are_no_sequence() -> None:
    with pytest.raises(OperandError, match=r"takes a sequence of 2 inputs, got 3.0"):
        MLP(2, [1])(3.0)  # type: ignore[arg-type]
    for unordered in ({0: 1.0, 1: 2.0}, {1.0, 2.0}):  # whose keys, or order, are not meant
        inputs: Any = unordered
        with pytest.raises(OperandError, match=r"takes a sequence of 2 inputs"):
            MLP(2, [1])(inputs)
    with pytest.raises(OperandError):
        MLP(2, [1])(np.zeros((2, 2)))
    with pytest.raises(OperandError):
        MLP(2, [1])(["1", "2"])  # type: ignore[list-item]


@pytest.mark.parametrize("outputs", [[], 3, None, [0], [3, -1], [2.5], [True], "12"])
def test_wrong_sizes(outputs: Any) -> None:
    with pytest.raises(SettingError):
        MLP(2, outputs)


def test_an_initializer_that_draws_too_few() -> None:
    with pytest.raises(LengthError, match="drew 1 weights for a neuron of 2 inputs"):
        Neuron(2, initializer=lambda _random, _fan_in, _fan_out: [0.0])


@pytest.mark.parametrize(
    "row",
    [[0.5, -0.25], (0.5, -0.25), np.array([0.5, -0.25]), [Value(0.5), Value(-0.25)], iter([0.5, -0.25])],
)
def test_inputs_of_every_kind_give_the_same(row: Any) -> None:
    assert MLP(2, [3, 1], seed=4)(row).data == MLP(2, [3, 1], seed=4)([0.5, -0.25]).data


def test_the_seed_decides_every_weight() -> None:
    def weights(**settings: Any) -> list[float]:
        return [w.data for w in MLP(2, [3, 1], **settings).parameters()]

    assert weights(seed=1) == weights(seed=1)
    assert weights(seed=1) != weights(seed=2)
    assert weights(seed=1, initializer=xavier) != weights(seed=1)
    random = np.random.default_rng(0)
    assert weights(seed=random) != weights(seed=random)
    assert max(map(abs, weights(initializer=normal(0.01)))) < 0.05


def test_labels_say_where_a_parameter_stands() -> None:
    labels = [w.label for w in MLP(2, [1, 2]).parameters()]
    assert labels == ["w0[0][0]", "w0[0][1]", "b0[0]", "w1[0][0]", "b1[0]", "w1[1][0]", "b1[1]"]
    assert [w.label for w in Neuron(2).parameters()] == ["w[0]", "w[1]", "b"]


def test_the_gradient_by_inputs_and_weights() -> None:
    model = MLP(2, [3, 1], "tanh", seed=5)
    x = [Value(0.3), Value(-0.6)]
    numbers = [v.data for v in (*x, *model.parameters())]
    model(x).backward()
    for k, v in enumerate((*x, *model.parameters())):
        results = []
        for shift in (1e-5, -1e-5):
            moved = [*numbers[:k], numbers[k] + shift, *numbers[k + 1 :]]
            model.set_parameters(moved[2:])
            results.append(model(moved[:2]).data)
        model.set_parameters(numbers[2:])
        assert v.grad == pytest.approx((results[0] - results[1]) / 2e-5, abs=1e-9)
