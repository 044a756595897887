"""Calls of modules are scopes, drawn as boxes and folded, however modules are shared."""

from __future__ import annotations

import inspect
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

import pytest

from autograd import Value, draw, innermost_scope, scope, scopes, watches
from autograd.views.sheet import read
from nn import MLP, Layer, Module, Neuron, mse

if TYPE_CHECKING:
    from autograd.calls import Scopes
    from autograd.views.sheet import Sheet


class Twice(Module):
    """Applies one layer to its own output."""

    def __init__(self) -> None:
        self.cell = Layer(2, 2, "tanh")

    def __call__(self, inputs: Any, /) -> Any:
        return self.cell(self.cell(inputs))


class Recurrent(Module):
    """Keeps what it has computed in an attribute."""

    def __init__(self) -> None:
        self.cell = Twice()
        self.state: Any = [0.0, 0.0]

    def __call__(self, inputs: Any, /) -> Any:
        for x in inputs:
            self.state = self.cell([self.state[0] + x, self.state[1]])
        return self.state[0]


def network() -> tuple[Value, Scopes]:
    model, inputs = MLP(3, [4, 4, 1], "tanh"), [Value(0.5, label=f"x{i}") for i in range(3)]
    with scopes() as seen:
        loss = mse(model(inputs), 1.0)
    loss.label = "loss"
    return loss, seen


def sheet(value: Value, seen: Scopes, fold: str | tuple[str, ...] | None) -> Sheet:
    return read(value, depth=None, partials=None, highlight=None, scopes=seen, fold=fold)


def names(drawn: Sheet, kind: str = "folded") -> list[str]:
    return [card.name for card in drawn.cards if card.kind == kind]


def assert_no_circle(drawn: Sheet) -> None:
    order: TopologicalSorter[int] = TopologicalSorter()
    for edge in drawn.edges:
        assert edge.operand != edge.result
        order.add(edge.result, edge.operand)
    order.prepare()


def test_calls_are_named_by_the_attribute_of_the_caller() -> None:
    _, seen = network()
    names = [call.name for call in seen.calls]
    assert names[:3] == ["MLP", "layers.0", "neurons.0"]
    assert len(names) == 1 + 3 + 9
    assert [call.name for call in seen.calls if call.parent is seen.calls[0]] == [
        *("layers.0", "layers.1", "layers.2")
    ]


def test_an_mlp_is_drawn_in_boxes_and_folded_to_neurons_layers_and_one_card() -> None:
    loss, seen = network()
    whole = sheet(loss, seen, None)
    assert [box.path for box in whole.boxes][:3] == ["MLP", "MLP/layers.0", "MLP/layers.0/neurons.0"]
    assert len(whole.boxes) == 13
    home = {card.name: home for card, home in zip(whole.cards, whole.homes, strict=True)}
    assert home["x0"] == home["loss"] == -1
    assert whole.boxes[home["w1[2][3]"]].path == "MLP/layers.1/neurons.2"
    neurons = sheet(loss, seen, "neuron")
    assert len(names(neurons)) == 9
    assert len(neurons.boxes) == 4
    assert len(neurons.edges) == 3 * 4 + 4 * 4 + 4 + 1 + 2 + 1
    layers = sheet(loss, seen, "layer")
    assert names(layers) == ["layers.0", "layers.1", "layers.2"]
    assert sorted(names(layers, "leaf")) == ["x0", "x1", "x2"]
    assert names(sheet(loss, seen, "model")) == ["MLP"]
    for drawn in (whole, neurons, layers):
        assert_no_circle(drawn)
        assert drawn.values == len(whole.cards)


def test_a_folded_card_counts_and_shows_its_output() -> None:
    loss, seen = network()
    rows = {card.name: card.rows for card in sheet(loss, seen, "layer").cards}
    assert rows["layers.0"] == (("8 values, 16 parameters", ""), ("outputs", "4"), ("max |grad|", "–"))
    assert rows["layers.2"][0] == ("1 value, 5 parameters", "")
    assert rows["layers.2"][1][0] == "data"
    loss.backward()
    rows = {card.name: card.rows for card in sheet(loss, seen, "layer").cards}
    assert float(rows["layers.0"][2][1]) > 0
    assert rows["layers.2"][2][0] == "grad"
    assert rows["layers.2"][2][1] != "–"


@pytest.mark.parametrize("fold", ["MLP", "mlp", "Module", "model", "MLP/layers.0", "layers.0", ("layers.0",)])
def test_a_call_is_folded_by_class_name_or_path(fold: str | tuple[str, ...]) -> None:
    loss, seen = network()
    assert names(sheet(loss, seen, fold)) == ["layers.0" if "layers.0" in str(fold) else "MLP"]


def test_some_layers_can_be_folded_and_others_not() -> None:
    loss, seen = network()
    assert names(sheet(loss, seen, ("layers.0", "layers.1/neurons.2", "MLP/layers.2"))) == [
        "layers.0",
        "layers.2",
    ]


@pytest.mark.parametrize("fold", [None, "layer", "neuron", "twice", "cell", "model", "cell #2"])
def test_a_shared_module_is_one_card_for_each_call_and_makes_no_circle(fold: str | None) -> None:
    model = Twice()
    with scopes() as seen:
        first = model([Value(1.0, label="a"), Value(2.0, label="b")])
        second = model(first)
        output = second[0] * first[1]
    drawn = sheet(output, seen, fold)
    assert_no_circle(drawn)
    draw(output, scopes=seen, fold=fold, engine="builtin")
    if fold == "layer":
        assert sorted(names(drawn)) == ["cell", "cell", "cell #2", "cell #2"]
        assert sorted(names(drawn, "leaf")) == ["a", "b"]  # the parameters are in the cards, in each
        kept = [card.rows[0][0].split(", ")[1] for card in drawn.cards if card.kind == "folded"]
        assert kept == [*["6 parameters"] * 3, "3 parameters"]  # of the last call one neuron is used


@pytest.mark.parametrize("fold", [None, "layer", "twice", "model"])
def test_a_recurrent_module_that_keeps_its_state_is_drawn(fold: str | None) -> None:
    model = Recurrent()
    with scopes() as seen:
        output = model([Value(1.0, label="x1"), Value(2.0, label="x2"), Value(3.0, label="x3")])
    drawn = sheet(output, seen, fold)
    assert_no_circle(drawn)
    draw(output, scopes=seen, fold=fold, engine="builtin")
    if fold == "twice":
        assert sorted(names(drawn)) == ["cell", "cell #2", "cell #3"]
        assert {"x1", "x2", "x3"} == set(names(drawn, "leaf"))


def test_a_parameter_used_outside_its_module_stays_to_be_seen() -> None:
    neuron = Neuron(1)
    with scopes() as seen:
        output = neuron([2.0]) + 0.1 * neuron.weights[0] ** 2
    drawn = sheet(output, seen, "neuron")
    assert names(drawn, "leaf") == ["w[0]"]
    assert (
        "1 parameter"
        in drawn.cards[next(i for i, c in enumerate(drawn.cards) if c.kind == "folded")].rows[0][0]
    )
    assert_no_circle(drawn)


def test_parameters_of_a_module_that_is_no_attribute_fold_with_its_call() -> None:
    inner = Neuron(1, "tanh")

    class Outer(Module):
        def __call__(self, inputs: Any, /) -> Any:
            return inner(inputs) * 2

    with scopes() as seen:
        output = Outer()([Value(1.0, label="x")])
    drawn = sheet(output, seen, "outer")
    assert [(card.kind, card.name) for card in drawn.cards] == [("leaf", "x"), ("folded", "Outer")]
    assert drawn.boxes == []
    assert [call.name for call in seen.calls] == ["Outer", "Neuron"]


def test_super_is_no_call_of_its_own_and_recursion_is() -> None:
    class Louder(Neuron):
        def __call__(self, inputs: Any, /) -> Any:
            return super().__call__(inputs) * 2

    class Tree(Module):
        def __init__(self) -> None:
            self.leaf = Neuron(1)

        def __call__(self, depth: int, /) -> Any:
            return self(depth - 1) + self(depth - 1) if depth else self.leaf([1.0])

    with scopes() as seen:
        Louder(1)([1.0])
    assert [call.name for call in seen.calls] == ["Louder"]
    with scopes() as seen:
        output = Tree()(2)
    assert sum(call.name == "Tree" for call in seen.calls) == 7
    assert_no_circle(sheet(output, seen, "neuron"))


def test_a_block_in_a_module_holds_the_parameters_it_uses() -> None:
    class Block(Module):
        def __init__(self) -> None:
            self.first, self.weight = Neuron(1), Value(2.0, label="weight")

        def __call__(self, inputs: Any, /) -> Any:
            with scope("inner"):
                return self.first(inputs) * self.weight

    with scopes() as seen:
        output = Block()([Value(3.0, label="x")])
    assert [call.name for call in seen.calls] == ["Block", "inner", "first"]
    drawn = sheet(output, seen, "inner")
    assert [(card.kind, card.name) for card in drawn.cards] == [("leaf", "x"), ("folded", "inner")]
    assert drawn.cards[1].rows[0][0] == "2 values, 3 leaves"
    whole = sheet(output, seen, None)
    home = {card.name: home for card, home in zip(whole.cards, whole.homes, strict=True)}
    assert whole.boxes[home["weight"]].path == "Block/inner"


def test_an_exception_in_a_module_leaves_nothing_open() -> None:
    with pytest.raises(ValueError, match="takes 3 inputs"), scopes() as seen:
        MLP(3, [1])([1.0])
    assert [call.name for call in seen.calls] == ["MLP"]
    assert innermost_scope() is None
    assert watches == []


def test_watching_changes_no_number_and_no_gradient() -> None:
    results = []
    for watch in (False, True):
        model = MLP(2, [3, 1], "tanh", seed=1)
        if watch:
            with scopes():
                output = model([0.5, -1.0])
        else:
            output = model([0.5, -1.0])
        output.backward()
        results.append([output.data, *[w.grad for w in model.parameters()]])
    assert results[0] == results[1]


def test_a_module_keeps_its_signature_and_documentation() -> None:
    assert list(inspect.signature(Neuron.__call__).parameters) == ["self", "inputs"]
    assert (Neuron.__call__.__doc__ or "").startswith("Return the output")
