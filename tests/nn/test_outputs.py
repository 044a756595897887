"""Outputs on many samples by a recorded program: no decision differs from that of eager evaluation."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest

from autograd import DomainError, Value
from nn import MLP, Module, NonFiniteError, TargetError, accuracy
from nn.outputs import FEW, TOGETHER, outputs_of, recordings, replayed_outputs, scores_of
from tests.nn.small import Branching, Noisy, NoisyByNumpy, NoisyByPython, Peeking

RANDOM = np.random.default_rng(4)
INPUTS = RANDOM.normal(size=(TOGETHER + FEW, 2))


def eagerly(model: Module, inputs: Any = INPUTS) -> list[Any]:
    return [outputs_of(model, x) for x in inputs.tolist()]


def program_of(model: Module) -> Any:
    return recordings[model].program


@pytest.mark.parametrize("sizes", [[5, 1], [5, 3], [1]])
@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
def test_replayed_outputs_are_those_of_eager_evaluation(sizes: list[int], activation: str) -> None:
    model = MLP(2, sizes, activation)
    assert replayed_outputs(model, INPUTS.tolist()) == pytest.approx(np.array(eagerly(model)), rel=1e-12)
    program = program_of(model)
    model.set_parameters([2 * w.data + 0.1 for w in model.parameters()])
    assert replayed_outputs(model, INPUTS.tolist()) == pytest.approx(np.array(eagerly(model)), rel=1e-12)
    assert program_of(model) is program


class Layered(Module):
    """Gives its outputs as a list of one, a tuple, or whatever else it is told to."""

    def __init__(self, make: Any, sizes: list[int]) -> None:
        self.inner, self.make = MLP(2, sizes), make

    def __call__(self, x: Any) -> Any:
        return self.make(self.inner(x))


def in_a_list(output: Any) -> list[Any]:
    return [output]


def doubled(outputs: list[Any]) -> tuple[Any, ...]:
    return (*outputs, *outputs)


@pytest.mark.parametrize(("make", "sizes"), [(in_a_list, [3, 1]), (tuple, [3, 2]), (np.array, [3, 2])])
def test_outputs_may_be_in_any_sequence(make: Any, sizes: list[int]) -> None:
    model = Layered(make, sizes)
    assert replayed_outputs(model, INPUTS.tolist()) == pytest.approx(np.array(eagerly(model)), rel=1e-12)


def test_where_outputs_are_equal_or_at_the_threshold_eager_evaluation_decides() -> None:
    inputs = INPUTS.tolist()
    twins = Layered(doubled, [4, 2])
    assert replayed_outputs(twins, inputs) is not None
    assert [*scores_of(twins, inputs, 0.0)] == eagerly(twins)  # to the last bit, since all are equal
    line = MLP(2, [1])
    thresholds = [outputs_of(line, x) for x in inputs[:3]]
    for k, threshold in enumerate(thresholds):
        assert [*scores_of(line, inputs, threshold)][k] == threshold
        assert accuracy(line, (INPUTS, np.zeros(len(inputs))), threshold=threshold) == sum(
            score <= threshold for score in eagerly(line)
        ) / len(inputs)


def test_few_samples_are_evaluated_eagerly() -> None:
    model = MLP(2, [1])
    assert replayed_outputs(model, INPUTS[: FEW - 1].tolist()) is None
    assert model not in recordings


def test_a_model_that_is_changed_is_recorded_again() -> None:
    model = MLP(2, [4, 2], "tanh")
    replayed_outputs(model, INPUTS.tolist())
    program = program_of(model)
    for neuron in model.layers[0].neurons:
        neuron.activation = Value.relu
    assert replayed_outputs(model, INPUTS.tolist()) == pytest.approx(np.array(eagerly(model)), rel=1e-12)
    assert program_of(model) is not program


class Forgetting(Branching):
    """Remembers nothing that could be seen, and still does otherwise from call to call."""

    calls = 0

    def __call__(self, x: Any) -> Any:
        Forgetting.calls += 1
        return self.inner(x) * (1 + 0.01 * Forgetting.calls)


class Closed(Branching):
    def __init__(self) -> None:
        super().__init__()
        self.factor = lambda z: 2 * z  # cannot be pickled


@pytest.mark.parametrize("kind", [Branching, Peeking, Noisy, NoisyByPython, NoisyByNumpy, Forgetting, Closed])
def test_what_cannot_be_replayed_is_evaluated_eagerly(kind: Any) -> None:
    model = kind()
    for _ in range(2):
        assert replayed_outputs(model, INPUTS.tolist()) is None
    assert model not in recordings or program_of(model) is None


def test_errors_name_the_sample_as_without_replay() -> None:
    far = np.array([*INPUTS[:FEW], [1e300, 1e300]])
    model = MLP(2, [2, 2], "tanh")
    model.set_parameters([1e300] * 6 + [1.0, -1.0] * 3)
    with pytest.raises(TargetError, match="target of sample 3 is 2; with 2 outputs it is 0 to 1"):
        accuracy(model, (INPUTS, [0, 1, 0] + [2] * (len(INPUTS) - 3)))
    flat = MLP(2, [2])
    flat.set_parameters([1e300, 0.0, 0.0, 1e300, -1e300, 0.0])
    with pytest.raises(NonFiniteError, match=f"output for sample {FEW} is nan"):
        accuracy(flat, (far, np.zeros(len(far))))

    class Logarithm(Branching):
        def __call__(self, x: Any) -> Any:
            return (self.inner(x) * 0 + x[0]).log()

    with pytest.raises(DomainError):
        accuracy(Logarithm(), (INPUTS, np.zeros(len(INPUTS))))


def test_a_recording_goes_with_its_model() -> None:
    model = MLP(2, [3, 1])
    replayed_outputs(model, INPUTS.tolist())
    before = len(recordings)
    del model
    gc.collect()
    assert len(recordings) == before - 1
