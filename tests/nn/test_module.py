"""Parameters are found by themselves, each once, in an order that never changes."""

import copy
import math
import pickle

import numpy as np
import pytest

from autograd import LengthError, Value
from nn import MLP, Layer, Module, NonFiniteError, SettingError


class Everything(Module):
    def __init__(self) -> None:
        self.single = Value(1.0)
        self.several = [Value(2.0), (Value(3.0), "no parameter")]
        self.named = {"a": Value(4.0), "b": {"c": Value(5.0)}}
        self.layer = Layer(1, 1)
        self.twice = self.single
        self.layer_again = self.layer
        self.number = 7.0
        self.self = self


def test_every_parameter_is_found_once_by_its_first_name() -> None:
    assert [name for name, _ in Everything().named_parameters()] == [
        "single",
        "several.0",
        "several.1.0",
        "named.a",
        "named.b.c",
        "layer.neurons.0.weights.0",
        "layer.neurons.0.bias",
    ]


def test_parameters_are_in_the_order_of_their_names() -> None:
    model = Everything()
    assert model.parameters() == [parameter for _, parameter in model.named_parameters()]


def test_a_layer_shared_by_two_models_counts_once() -> None:
    first, second = MLP(2, [2, 2]), MLP(2, [2, 1])
    second.layers[0] = first.layers[0]

    class Both(Module):
        def __init__(self) -> None:
            self.models = [first, second]

    assert len(first.parameters()) == 12
    assert len(second.parameters()) == 9
    assert len(Both().parameters()) == 12 + 9 - 6


def test_zero_grad_forgets_every_gradient() -> None:
    model = MLP(2, [3, 1])
    model([1.0, 2.0]).backward()
    assert all(w.has_grad for w in model.parameters())
    model.zero_grad()
    assert not any(w.has_grad for w in model.parameters())


def test_set_parameters() -> None:
    model = MLP(2, [2, 1])
    model.set_parameters(range(9))
    assert [w.data for w in model.parameters()] == list(range(9))
    assert [w.data for w in model.layers[0].neurons[1].weights] == [3.0, 4.0]
    bias = model.layers[1].neurons[0].bias
    assert bias is not None
    assert bias.data == 8.0


@pytest.mark.parametrize(
    ("numbers", "error", "text"),
    [
        ([1.0] * 8, LengthError, "9 parameters; got 8"),
        ([1.0] * 10, LengthError, "9 parameters; got 10"),
        ([1.0] * 4 + [math.nan] * 5, NonFiniteError, r"layers.0.neurons.1.weights.1 would become nan"),
        (["one"] * 9, ValueError, "one"),
    ],
)
def test_set_parameters_changes_all_or_none(numbers: list[float], error: type[Exception], text: str) -> None:
    model = MLP(2, [2, 1])
    before = [w.data for w in model.parameters()]
    with pytest.raises(error, match=text):
        model.set_parameters(numbers)
    assert [w.data for w in model.parameters()] == before


def test_a_model_without_call_says_so() -> None:
    with pytest.raises(NotImplementedError, match="Module does not say what it computes; define __call__"):
        Module()([1.0])


def test_models_are_copied_and_pickled() -> None:
    model = MLP(2, [3, 2], "tanh")
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):  # noqa: S301 - our own bytes
        assert [o.data for o in twin([0.3, 0.4])] == [o.data for o in model([0.3, 0.4])]
        assert not set(twin.parameters()) & set(model.parameters())


def test_arrays_of_values_are_found_and_what_cannot_be_trained_is_refused() -> None:
    class Arrays(Module):
        def __init__(self) -> None:
            self.w = np.array([Value(1.0), Value(2.0)])

    assert [name for name, _ in Arrays().named_parameters()] == ["w.0", "w.1"]

    class Computed(Module):
        def __init__(self, held: object) -> None:
            self.held = held

    for held, words in ((Value(1.0) * 0.1, "computed Value"), ({Value(1.0)}, "arbitrary")):
        with pytest.raises(SettingError, match=f"held is a.*{words}"):
            Computed(held).parameters()


def test_parameters_in_several_arrays_are_all_found() -> None:
    class Arrays(Module):
        def __init__(self) -> None:
            self.rows = [np.array([Value(float(i))] * 2, dtype=object) for i in range(50)]

    assert len(Arrays().parameters()) == 50
