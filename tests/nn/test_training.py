"""fit: the algorithm as it is written, and what is left behind however it ends."""

import io
import math
import re
import sys
from typing import Any

import numpy as np
import pytest

from autograd import DomainError, LengthError, OperandError, Value
from nn import (
    MLP,
    NonFiniteError,
    SettingError,
    TargetError,
    accuracy,
    binary_cross_entropy,
    fit,
    mean_loss,
    mse,
    normal,
    split,
    two_moons,
)
from nn.data import samples
from nn.initializers import generator

TRAIN, VALIDATION = split(two_moons(60), (0.7, 0.3))


def small_model(seed: int = 0) -> MLP:
    return MLP(2, [3, 1], "tanh", seed=seed)


def weights(model: MLP) -> list[float]:
    return [w.data for w in model.parameters()]


def settings(**changes: Any) -> dict[str, Any]:
    return {"iterations": 30, "lr": 0.1, "progress": False, **changes}


def test_fit_is_the_algorithm_to_the_bit() -> None:
    model = small_model()
    history = fit(
        model,
        binary_cross_entropy,
        TRAIN,
        VALIDATION,
        iterations=40,
        lr=lambda i: 0.5 / i,
        weight_decay=0.01,
        validate_every=1,
        seed=7,
        progress=False,
    )
    twin = small_model()
    random, drawn_from = generator(7, "training"), samples(TRAIN)
    seen = [weights(twin)]
    losses = [mean_loss(twin, binary_cross_entropy, VALIDATION)]
    for i in range(1, 41):
        x, y = drawn_from[int(random.integers(len(drawn_from)))]
        twin.zero_grad()
        loss = binary_cross_entropy(twin(x), y)
        loss.backward()
        assert history.losses[i - 1] == loss.data
        for w in twin.parameters():
            w.data = w.data - (0.5 / i) * (w.grad + 0.01 * w.data)
        seen.append(weights(twin))
        losses.append(mean_loss(twin, binary_cross_entropy, VALIDATION))
    best = losses.index(min(losses))
    assert history.validation_losses == losses
    assert history.best_iteration == best
    assert history.best_weights == weights(model) == seen[best]
    assert history.step_sizes == [0.5 / i for i in range(1, 41)]


@pytest.mark.parametrize(
    ("every", "looks"),
    [(None, [0, 42, 84, 100]), (1000, [0, 100]), (50, [0, 50, 100]), (30, [0, 30, 60, 90, 100])],
)
def test_when_the_validation_set_is_looked_at(every: int | None, looks: list[int]) -> None:
    history = fit(
        small_model(),
        binary_cross_entropy,
        TRAIN,
        VALIDATION,
        **settings(iterations=100, validate_every=every),
    )
    assert history.validation_iterations == looks


def test_of_equals_the_first_is_kept() -> None:
    model = small_model()
    before = weights(model)
    history = fit(model, binary_cross_entropy, TRAIN, VALIDATION, **settings(lr=0.0, validate_every=1))
    assert history.best_iteration == 0
    assert weights(model) == before


def test_draws_are_uniform_and_with_replacement() -> None:
    drawn: list[int] = []

    def loss(output: Value, target: int) -> Value:
        drawn.append(target)
        return mse(output, float(target % 2))

    data = ([[0.1 * k, 0.0] for k in range(4)], list(range(4)))
    fit(small_model(), loss, data, ([[0.0, 0.0]], [9]), **settings(iterations=2000, validate_every=2000))
    counts = np.bincount([target for target in drawn if target < 4])
    assert counts.sum() == 2000
    assert counts == pytest.approx([500] * 4, abs=100)
    assert any(drawn[i] == drawn[i + 1] for i in range(10))


def test_the_seed_decides_everything() -> None:
    runs = [
        fit(small_model(1), binary_cross_entropy, TRAIN, VALIDATION, **settings(seed=seed))
        for seed in (3, 3, 4)
    ]
    assert vars(runs[0]) == vars(runs[1])
    assert runs[0].losses != runs[2].losses


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"iterations": 0}, r"iterations \(T\) must be a whole number, 1 or more; got 0"),
        ({"iterations": 2.5}, r"iterations \(T\)"),
        ({"validate_every": 0}, "validate_every"),
        ({"lr": [0.1] * 29}, r"iteration 30 needs a step size η_30, but lr is a sequence of T = 29"),
        ({"lr": -0.1}, "lr"),
        ({"weight_decay": -0.1}, r"weight_decay \(λ\)"),
        ({"seed": None}, "seed"),
    ],
)
def test_settings_are_checked_before_the_first_step(changes: dict[str, Any], text: str) -> None:
    model = small_model()
    before = weights(model)
    with pytest.raises(SettingError, match=text):
        fit(model, binary_cross_entropy, TRAIN, VALIDATION, **settings(**changes))
    assert weights(model) == before


def test_ctrl_c_returns_the_history_with_the_best_weights_in_place() -> None:
    calls = 0

    def loss(output: Value, target: int) -> Value:
        nonlocal calls
        calls += 1
        if calls == len(VALIDATION.inputs) * 3 + 20 + 5:
            raise KeyboardInterrupt
        return binary_cross_entropy(output, target)

    model = small_model()
    history = fit(model, loss, TRAIN, VALIDATION, **settings(validate_every=10))
    assert history.interrupted
    assert history.iterations == 24
    assert history.validation_iterations == [0, 10, 20]
    assert weights(model) == history.best_weights
    assert not any(w.has_grad for w in model.parameters())


def test_ctrl_c_before_the_first_look() -> None:
    def loss(_output: Value, _target: int) -> Value:
        raise KeyboardInterrupt

    model = small_model()
    before = weights(model)
    history = fit(model, loss, TRAIN, VALIDATION, **settings())
    assert (history.interrupted, history.iterations, history.best_iteration) == (True, 0, None)
    assert weights(model) == before


def test_divergence_is_an_error_and_leaves_the_best_weights() -> None:
    model = MLP(2, [1], initializer=normal(1.0))
    with pytest.raises(NonFiniteError) as caught:
        fit(model, mse, TRAIN, VALIDATION, **settings(iterations=3000, lr=100.0, validate_every=10))
    assert re.search(r"in iteration \d+, on training sample \d+", caught.value.__notes__[0])
    assert all(math.isfinite(w) and abs(w) < 100 for w in weights(model))


def test_an_error_says_which_sample() -> None:
    with pytest.raises(TargetError) as caught:
        fit(small_model(), binary_cross_entropy, (TRAIN.inputs, TRAIN.targets + 5), VALIDATION, **settings())
    assert re.match(r"in iteration 1, on training sample \d+", caught.value.__notes__[0])
    with pytest.raises(DomainError) as in_loss:
        mean_loss(small_model(), lambda output, _: (output * 0).log(), VALIDATION)
    assert in_loss.value.__notes__ == ["on sample 0 of those to average over"]
    with pytest.raises(NonFiniteError, match="the loss is inf"):
        mean_loss(small_model(), lambda output, _: (output * 0 + 1000).exp(), VALIDATION)


def test_a_loss_that_is_no_value() -> None:
    with pytest.raises(OperandError, match="the loss must be a Value"):
        fit(small_model(), lambda *_: 0.5, TRAIN, VALIDATION, **settings())  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="no parameter has a gradient"):
        fit(small_model(), lambda *_: Value(0.5), TRAIN, VALIDATION, **settings())


def test_samples_that_do_not_fit_the_model() -> None:
    with pytest.raises(LengthError, match="takes 2 inputs, got 3"):
        fit(small_model(), mse, ([[1.0, 2.0, 3.0]], [0.0]), VALIDATION, **settings())
    with pytest.raises(LengthError, match="each sample needs one"):
        fit(small_model(), mse, ([[1.0, 2.0]], [0.0, 1.0]), VALIDATION, **settings())


def test_accuracy_of_one_output_and_of_several() -> None:
    model = MLP(1, [1])
    model.set_parameters([1.0, 0.0])
    assert accuracy(model, ([[-1.0], [0.0], [1.0]], [-1, -1, 1])) == 1.0
    assert accuracy(model, ([[0.4], [0.6]], [0, 1]), threshold=0.5) == 1.0
    model = MLP(1, [3])
    model.set_parameters([1.0, 0.0, 0.0, 0.5, 0.0, 0.5])
    assert accuracy(model, ([[1.0], [0.0], [0.5], [0.0]], [0, 1, 0, 2])) == 0.75


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that goes on by a second each time it is read."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def shown(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, *, progress: bool | None) -> str:
    """Train with a standard error of our own, and return what was written."""
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr("nn.training.monotonic", Clock())
    monkeypatch.setenv("COLUMNS", "80")
    fit(small_model(), binary_cross_entropy, TRAIN, VALIDATION, **settings(progress=progress))
    return stream.getvalue()


def test_progress_on_a_terminal_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, Terminal(), progress=None)
    lines = text.removesuffix("\n").split("\r")
    assert "\n" not in text.removesuffix("\n")
    assert {len(line) for line in lines[1:]} == {79}
    assert re.match(r"iteration 1/30   loss \d\.\d+   best validation \d\.\d+ at 0   \d+ s left", lines[1])
    assert lines[-1].startswith("iteration 30/30")


def test_progress_elsewhere_is_silent_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, io.StringIO(), progress=None) == ""
    assert shown(monkeypatch, Terminal(), progress=False) == ""
    lines = shown(monkeypatch, io.StringIO(), progress=True).splitlines()
    assert len(lines) == 4
    assert max(map(len, lines)) <= 80
    assert not any("\r" in line for line in lines)


def test_progress_without_a_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    fit(small_model(), binary_cross_entropy, TRAIN, VALIDATION, **settings(progress=True))


def test_accuracy_refuses_what_it_cannot_judge() -> None:
    three, one = MLP(1, [3]), MLP(1, [1])
    inputs = [[0.0], [1.0]]
    assert accuracy(one, (inputs, [[0], [1]])) in {0.0, 0.5, 1.0}
    for model, targets in ((three, [[1, 0, 0], [0, 1, 0]]), (three, [5, 6]), (one, [[0, 1], [1, 0]])):
        with pytest.raises(TargetError, match="sample 0"):
            accuracy(model, (inputs, targets))
    one.layers[0].neurons[0].weights[0].data = math.nan
    with pytest.raises(NonFiniteError, match="sample 0 is nan"):
        accuracy(one, (inputs, [0, 1]))
