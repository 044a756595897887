"""Training by recorded programs: the steps of eager training, and a plain answer where it cannot be."""

from __future__ import annotations

import random
import re
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import nn.run
from autograd import Value, log_softmax
from nn import (
    MLP,
    SGD,
    Adam,
    AdamW,
    CheckpointError,
    Group,
    History,
    Momentum,
    NonFiniteError,
    ReplayError,
    RMSProp,
    SettingError,
    binary_cross_entropy,
    fit,
    hinge,
    mse,
    softmax_cross_entropy,
    split,
    two_moons,
)
from nn.data import samples
from nn.module import Module
from nn.optimizer import Leaves
from nn.replayed import Replay
from tests.nn.small import (
    Branching,
    Counting,
    Noisy,
    NoisyByNumpy,
    NoisyByPython,
    Peeking,
    small_model,
    weights,
)

if TYPE_CHECKING:
    from pathlib import Path

TRAIN, VALIDATION = split(two_moons(60), (0.7, 0.3))
RANDOM = np.random.default_rng(3)
LINE = (RANDOM.normal(size=(20, 2)), RANDOM.normal(size=(20, 2)))

OPTIMIZERS = [
    lambda w: SGD(w, 0.1, 0.01),
    lambda w: SGD(w, 0.1, max_norm=0.05),
    lambda w: SGD(w[3:5], 0.1),
    lambda w: Momentum([Group(w[6:], 0.5), Group(w[:6], weight_decay=0.1)], 0.05, 0.01, nesterov=True),
    lambda w: Momentum(w, 0.05),
    lambda w: RMSProp(w, 0.01, 0.01),
    lambda w: Adam(w, 0.01, 0.01),
    lambda w: AdamW(w, 0.01, 0.01),
]


def trained(
    model: Module,
    loss: Any = binary_cross_entropy,
    data: Any = (TRAIN, VALIDATION),
    optimizer: Any = lambda w: SGD(w, 0.1),
    **changes: Any,
) -> tuple[History, list[float]]:
    settings = {"iterations": 60, "validate_every": 10, "progress": False, **changes}
    history = fit(model, loss, *data, optimizer=optimizer(model.parameters()), **settings)
    return history, weights(model)


def everything(history: History) -> list[list[float]]:
    return [history.losses, history.validation_losses, history.gradient_norms, history.best_weights]


def same(one: History, other: History) -> None:
    for left, right in zip(everything(one), everything(other), strict=True):
        assert left == pytest.approx(right, rel=1e-9, abs=1e-12)
    assert one.best_iteration == other.best_iteration


@pytest.mark.parametrize("batch_size", [1, 5])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_steps_are_those_of_eager_training(optimizer: Any, batch_size: int) -> None:
    both = [
        trained(small_model(), optimizer=optimizer, batch_size=batch_size, replay=replay)[0]
        for replay in (None, False)
    ]
    same(*both)
    assert [history.path for history in both] == ["replayed", "eager: replay=False"]
    assert repr(both[0]).endswith(", replayed>")


def test_a_long_training_ends_the_same_unless_it_magnifies_every_last_bit() -> None:
    few, noisy = split(two_moons(60, noise=0.5, seed=2), (1 / 3, 2 / 3), seed=2)

    def ends(lr: float, *, nudge: float = 0.0, replay: bool = False) -> float:
        model = MLP(2, [12, 1], "tanh", seed=1)
        model.parameters()[0].data += nudge
        settings: dict[str, Any] = {"data": (few, noisy), "replay": replay, "iterations": 400}
        return trained(model, optimizer=lambda w: SGD(w, lr), **settings)[0].losses[-1]

    assert ends(0.2, replay=True) == pytest.approx(ends(0.2), rel=1e-9)
    assert ends(2.0, nudge=1e-15) != pytest.approx(ends(2.0), rel=1e-9)  # without replay, too


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_in_plain_python_they_are_to_the_last_bit(optimizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = trained(small_model(), optimizer=optimizer, replay=False)
    monkeypatch.setattr(nn.run, "Replay", partial(Replay, backend="python"))
    found = trained(small_model(), optimizer=optimizer)
    assert found[0].path == "replayed"
    assert (everything(found[0]), found[1]) == (everything(exact[0]), exact[1])


@pytest.mark.parametrize(
    ("sizes", "loss", "data"),
    [
        ([4, 2], mse, (LINE, LINE)),
        ([4, 1], partial(mse, half=True), ((LINE[0], LINE[1][:, 0]), (LINE[0], LINE[1][:, 1]))),
        ([3, 2], softmax_cross_entropy, (TRAIN, VALIDATION)),
        ([3, 1], hinge, ((TRAIN.inputs, 2 * TRAIN.targets - 1), (TRAIN.inputs, 2 * TRAIN.targets - 1))),
    ],
)
@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu", "elu"])
def test_every_loss_with_its_targets(sizes: list[int], loss: Any, data: Any, activation: str) -> None:
    both = [
        trained(MLP(2, sizes, activation), loss, data, batch_size=4, replay=replay)[0]
        for replay in (None, False)
    ]
    same(*both)
    assert both[0].path == "replayed"


THREE = (RANDOM.normal(size=(30, 2)), np.arange(30) % 3)


def replay_of(loss: Any, train: Any, model: Module | None = None, **settings: Any) -> Replay:
    model = model or MLP(2, [4, 3], "tanh")
    return Replay(model, loss, SGD(model.parameters(), 0.1), samples(train), samples(train), **settings)


def by_class(outputs: Any, target: int) -> Any:
    """Let the class decide what is computed, not only what of."""
    return softmax_cross_entropy(outputs, target) if target else outputs[0] * outputs[0] + outputs[1].exp()


def looked_up(outputs: Any, target: int) -> Any:
    return -log_softmax(outputs)[target]


@pytest.mark.parametrize("loss", [softmax_cross_entropy, by_class, looked_up])
def test_a_class_chooses_among_the_losses_in_one_program(loss: Any) -> None:
    same(
        *[trained(MLP(2, [4, 3]), loss, (THREE, THREE), batch_size=4, replay=how)[0] for how in (True, False)]
    )
    replay = replay_of(loss, THREE)
    assert [choice.tolist() for choice in replay.choices.values()] == np.eye(3).tolist()
    one, mean = replay.error([5]), replay.error(range(30))
    assert one
    assert mean
    assert one.data == pytest.approx(loss(replay.model(THREE[0][5]), 2).data, rel=1e-12)
    assert mean.data == pytest.approx(replay.mean_loss(), rel=1e-12)


def test_a_target_that_is_a_number_to_the_loss_is_no_choice() -> None:
    assert replay_of(mse, (LINE[0], LINE[1][:, 0]), MLP(2, [1])).choices == {}


def test_more_targets_than_a_program_should_choose_among_are_trained_eagerly() -> None:
    data = np.zeros((120, 2)), np.arange(120)
    with pytest.raises(ReplayError, match="needs a target of 0 to 119"):
        replay_of(softmax_cross_entropy, data, MLP(2, [120]))


def test_a_loss_that_is_another_one_when_it_is_called_again_with_one_of_the_classes() -> None:
    calls = [0, 0, 0]

    def loss(outputs: Any, target: int) -> Any:
        calls[target] += 1
        return softmax_cross_entropy(outputs, target) * (calls[2] if target == 2 else 1)

    in_order = THREE[0], np.sort(THREE[1])  # so that the first samples are of one class
    with pytest.raises(ReplayError, match="not the same at each call"):
        replay_of(loss, in_order, sure=True)


FACTORS = {1: 3.0}
RARE = {1}


@pytest.mark.parametrize(
    "loss",
    [
        lambda output, target: mse(output, target) * FACTORS.get(target, 1.0),
        lambda output, target: mse(output, target) * (3.0 if target in RARE else 1.0),
    ],
)
def test_a_target_that_comes_late_and_is_looked_up_is_not_overlooked(loss: Any) -> None:
    order = np.argsort(TRAIN.targets)
    in_order = TRAIN.inputs[order], TRAIN.targets[order]  # so that the first samples are of one class
    both = [
        trained(small_model(), loss, (in_order, VALIDATION), replay=replay)[0] for replay in (None, False)
    ]
    same(*both)
    assert "not the same" in both[0].path


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (Branching, "eager: what it computes depends on comparisons of numbers"),
        (Peeking, "eager: recording it fails: .* reads data"),
        (Noisy, "eager: the model or the loss changes when it is called"),
        (NoisyByPython, "eager: the model or the loss draws random numbers"),
        (NoisyByNumpy, "eager: the model or the loss draws random numbers"),
        (Counting, "eager: its loss is not the same at each call"),
    ],
)
def test_what_cannot_be_replayed_is_trained_eagerly_and_the_history_says_why(model: Any, reason: str) -> None:
    history, _ = trained(model())
    assert re.match(reason, history.path)
    assert ", eager" in repr(history)


@pytest.mark.parametrize("model", [NoisyByPython, NoisyByNumpy])
def test_trying_to_record_draws_no_random_number_of_others(model: Any) -> None:
    def seeded(replay: Any) -> tuple[History, float, float]:
        random.seed(1)
        np.random.seed(2)  # noqa: NPY002 - what the model draws on
        return trained(model(), replay=replay)[0], random.random(), np.random.random()  # noqa: NPY002

    (tried, *left), (eager, *expected) = map(seeded, (None, False))
    assert everything(tried) == everything(eager)
    assert left == expected


class WithUnused(Module):
    def __init__(self) -> None:
        self.inner, self.unused = small_model(), Value(1.0)

    def __call__(self, x: Any) -> Value:
        output: Value = self.inner(x) + 13.0  # as many as there are weights before the unused one
        return output


def test_training_what_the_loss_does_not_depend_on_is_refused_as_without_replay() -> None:
    for replay in (None, False):
        with pytest.raises(SettingError, match="no parameter has a gradient"):
            trained(WithUnused(), optimizer=lambda w: SGD(w[-1:], 0.1), replay=replay)
    with pytest.raises(ReplayError, match="does not depend on a parameter that is trained"):
        trained(WithUnused(), optimizer=lambda w: SGD(w[-1:], 0.1), replay=True)
    same(
        *[trained(WithUnused(), optimizer=lambda w: SGD(w, 0.1, 0.1), replay=how)[0] for how in (True, False)]
    )


def test_a_model_that_is_no_module_is_trained_eagerly() -> None:
    class Wrapped:
        def __init__(self) -> None:
            inner = small_model()
            self.parameters, self.set_parameters = inner.parameters, inner.set_parameters
            self.zero_grad, self.call = inner.zero_grad, inner

        def __call__(self, x: Any) -> Any:
            return self.call(x)

    history, _ = trained(Wrapped())  # type: ignore[arg-type]
    assert history.path == "eager: Wrapped is no Module, whose parameters are found by name"


def test_an_optimizer_with_a_step_of_its_own_takes_it() -> None:
    model = small_model()
    optimizer, steps = SGD(model.parameters(), 0.1), list[float]()
    step = optimizer.step

    def counted() -> float:
        steps.append(step())
        return steps[-1]

    optimizer.step = counted  # type: ignore[method-assign]
    history, _ = trained(model, optimizer=lambda _: optimizer)
    assert (len(steps), history.path) == (60, "eager: SGD takes its steps in a way of its own")


def test_a_metric_may_change_the_weights() -> None:
    def halved(model: Module, _: Any) -> float:
        model.set_parameters([w / 2 for w in weights(model)])
        return 0.0

    both = [trained(small_model(), metrics={"halved": halved}, replay=replay) for replay in (None, False)]
    same(both[0][0], both[1][0])
    assert both[0][0].path == "replayed"


@pytest.mark.parametrize("size", [1e-160, 1.0, 1e160])
def test_the_norm_of_a_gradient_in_an_array_neither_overflows_nor_vanishes(size: float) -> None:
    replay = replay_of(softmax_cross_entropy, THREE)
    assert replay.weights.norm(np.array([3.0, -4.0]) * size) == pytest.approx(5 * size, rel=1e-15)


def test_weights_that_somebody_changed_are_written_again() -> None:
    replay = replay_of(softmax_cross_entropy, THREE)
    first = replay.weights.values[0]
    for number in (replay.weights.numbers[0], 0.25):
        replay.weights.numbers[0] = number
        first.data = 7.0
        replay.weights.write()
        assert first.data == number


def test_what_was_asked_for_and_cannot_be_is_an_error() -> None:
    model = Branching()
    before = weights(model)
    with pytest.raises(ReplayError, match="comparisons"):
        trained(model, replay=True)
    assert weights(model) == before


def test_what_may_change_unseen_is_replayed_only_if_asked() -> None:
    factor = 2.0

    def loss(output: Value, target: int) -> Value:
        return factor * binary_cross_entropy(output, target)

    for changes in ({"loss": loss}, {"callbacks": [lambda model, history: None]}):
        eager, _ = trained(small_model(), **changes)
        assert "replay=True" in eager.path
        replayed, _ = trained(small_model(), replay=True, **changes)
        assert replayed.path == "replayed"
        same(replayed, eager)


def test_a_callback_sees_the_weights_and_may_change_them() -> None:
    seen: dict[bool, list[list[float]]] = {True: [], False: []}

    def callback(replay: bool, model: Module, history: History) -> None:  # noqa: FBT001 - as it is passed
        seen[replay].append(weights(model))
        if history.iterations == 20:
            model.set_parameters([0.1] * 13)

    same(
        *[
            trained(small_model(), callbacks=[partial(callback, replay)], replay=replay)[0]
            for replay in (True, False)
        ]
    )
    assert np.allclose(seen[True], seen[False], rtol=1e-9, atol=1e-12)


def test_a_loss_that_changes_in_the_middle_is_noticed_at_the_next_look() -> None:
    factor = 1.0

    def loss(output: Value, target: int) -> Value:
        return factor * binary_cross_entropy(output, target)

    def callback(_: Module, history: History) -> None:
        nonlocal factor
        factor = 2.0 if history.iterations == 15 else factor

    with pytest.raises(ReplayError, match="not the same") as caught:
        trained(small_model(), loss, callbacks=[callback], replay=True)
    assert "pass replay=False" in caught.value.__notes__[0]


def test_ctrl_c_leaves_the_best_weights_and_an_optimizer_that_goes_on() -> None:
    class Interrupting(Adam):
        def rule(self, rate: float, decay: float) -> Any:
            if self.iteration == 24:
                raise KeyboardInterrupt
            return super().rule(rate, decay)

    model = small_model()
    optimizer = Interrupting(model.parameters(), 0.1)
    settings: dict[str, Any] = {"iterations": 60, "validate_every": 10, "progress": False}
    history = fit(model, binary_cross_entropy, TRAIN, VALIDATION, optimizer=optimizer, **settings)
    assert (history.path, history.ending, history.iterations) == ("replayed", "interrupted", 24)
    assert weights(model) == history.best_weights
    assert type(optimizer.weights) is Leaves
    assert all(type(column) is list for column in optimizer.memory.values())


def test_a_number_out_of_range_is_the_error_of_eager_training() -> None:
    told = []
    for replay in (True, False):
        model = small_model()
        with pytest.raises(NonFiniteError) as caught:
            trained(model, mse, optimizer=lambda w: SGD(w, 1e200), replay=replay)
        told.append((str(caught.value), caught.value.__notes__))
    assert told[0] == told[1]


def test_a_resumed_training_is_the_same_to_the_bit(tmp_path: Path) -> None:
    whole = trained(small_model(), optimizer=lambda w: Adam(w, 0.05), batch_size=3)
    path = tmp_path / "checkpoint"
    trained(small_model(), optimizer=lambda w: Adam(w, 0.05), batch_size=3, checkpoint=path, iterations=30)
    history, found = trained(
        small_model(), optimizer=lambda w: Adam(w, 0.05), batch_size=3, checkpoint=path, iterations=60
    )
    assert (everything(history), found) == (everything(whole[0]), whole[1])
    with pytest.raises(CheckpointError, match="training that was replayed; this one would be eager"):
        trained(small_model(), optimizer=lambda w: Adam(w, 0.05), batch_size=3, checkpoint=path, replay=False)
