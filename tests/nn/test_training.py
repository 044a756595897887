"""fit: the algorithm as it is written, and what is left behind however it ends."""

import gc
import io
import math
import re
import sys
import tracemalloc
from typing import Any

import numpy as np
import pytest

from autograd import DomainError, LengthError, OperandError, Value
from nn import (
    MLP,
    SGD,
    Adam,
    Draws,
    History,
    Module,
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
from tests.nn.small import small_model, weights

TRAIN, VALIDATION = split(two_moons(60), (0.7, 0.3))


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
        replay=False,
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


def test_ctrl_c_while_the_best_weights_are_put_in_place_does_not_divide_them() -> None:
    class Slow(MLP):
        waits = 2

        def set_parameters(self, numbers: Any) -> None:
            weights = list(numbers)
            if self.waits:
                self.waits -= 1
                self.parameters()[0].data = weights[0]
                raise KeyboardInterrupt
            super().set_parameters(weights)

    model = Slow(2, [3, 1], "tanh")
    history = fit(model, binary_cross_entropy, TRAIN, VALIDATION, **settings(validate_every=10))
    assert history.interrupted
    assert weights(model) == history.best_weights


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


# Mini-batches, other optimizers, stopping, metrics --------------------------------------------------


def test_a_batch_is_the_mean_of_its_samples() -> None:
    model, twin = small_model(), small_model()
    draws = Draws(len(TRAIN.inputs), 8, replacement=False, seed=5)
    history = fit(
        model,
        binary_cross_entropy,
        TRAIN,
        VALIDATION,
        **settings(iterations=12, batch_size=8, replacement=False, validate_every=12, seed=5, lr=0.3),
    )
    sample = samples(TRAIN)
    for i in range(12):
        batch = draws.draw()
        assert len(batch) == (2 if i in {5, 11} else 8)  # 42 samples
        twin.zero_grad()
        losses = [binary_cross_entropy(twin(x), y) for x, y in (sample[k] for k in batch)]
        for loss in losses:
            loss.backward()
        assert history.losses[i] == pytest.approx(sum(loss.data for loss in losses) / len(batch), rel=1e-14)
        norm = math.hypot(*[w.grad / len(batch) for w in twin.parameters()])
        assert history.gradient_norms[i] == pytest.approx(norm, rel=1e-13)
        for w in twin.parameters():
            w.data -= 0.3 * w.grad / len(batch)
    assert history.best_iteration == 12
    assert weights(model) == pytest.approx(weights(twin), rel=1e-12)


def test_without_replacement_each_sample_is_drawn_once_in_a_pass() -> None:
    draws = Draws(10, 3, replacement=False)
    passes = [[k for _ in range(4) for k in draws.draw()] for _ in range(5)]
    assert all(sorted(a_pass) == list(range(10)) for a_pass in passes)
    assert len({tuple(a_pass) for a_pass in passes}) == 5


def test_one_look_a_pass_unless_told_otherwise() -> None:
    history = fit(
        small_model(), binary_cross_entropy, TRAIN, VALIDATION, **settings(iterations=12, batch_size=8)
    )
    assert history.validation_iterations == [0, 6, 12]


def test_any_optimizer_can_be_used() -> None:
    model, twin = small_model(), small_model()
    chosen = fit(
        model,
        binary_cross_entropy,
        TRAIN,
        VALIDATION,
        **settings(lr=None, optimizer=SGD(model.parameters(), 0.1, 0.01)),
    )
    by_name = fit(twin, binary_cross_entropy, TRAIN, VALIDATION, **settings(lr=0.1, weight_decay=0.01))
    assert vars(chosen) == vars(by_name)
    adam = fit(
        twin,
        binary_cross_entropy,
        TRAIN,
        VALIDATION,
        **settings(lr=None, optimizer=Adam(twin.parameters(), 0.02)),
    )
    assert min(adam.validation_losses) < by_name.validation_losses[-1]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"lr": None}, "takes lr, or an optimizer"),
        ({"optimizer": SGD(small_model().parameters(), 0.1)}, "takes lr, or an optimizer"),
        ({"optimizer": SGD(small_model().parameters(), 0.1), "lr": None}, "not the model's"),
        ({"batch_size": 0}, "batch_size"),
        ({"patience": 0}, "patience"),
        ({"every": 0}, "every"),
    ],
)
def test_more_settings_are_checked(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(SettingError, match=text):
        fit(small_model(), binary_cross_entropy, TRAIN, VALIDATION, **settings(**changes))


def test_patience_counts_the_looks_without_a_lower_loss() -> None:
    def loss(output: Value, target: int) -> Value:
        return output * 0 + target

    history = fit(
        small_model(),
        loss,
        ([[0.0, 0.0]], [1]),
        ([[0.0, 0.0]], [2]),
        **settings(validate_every=5, patience=3),
    )
    assert history.validation_iterations == [0, 5, 10, 15]
    assert (history.iterations, history.ending) == (15, "out of patience")
    assert str(history).splitlines()[-1] == "out of patience after iteration 15"
    patient = fit(
        small_model(), binary_cross_entropy, TRAIN, VALIDATION, **settings(validate_every=5, patience=30)
    )
    assert (patient.iterations, patient.ending) == (30, "")


def test_metrics_are_measured_at_each_look() -> None:
    model = small_model()
    seen: list[float] = []

    def largest_weight(of: Module, _data: object) -> float:
        seen.append(max(abs(w.data) for w in of.parameters()))
        return seen[-1]

    history = fit(
        model,
        binary_cross_entropy,
        TRAIN,
        VALIDATION,
        **settings(
            validate_every=10,
            metrics={"accuracy": accuracy, "a very long name": largest_weight, "f1": accuracy},
        ),
    )
    assert history.metrics["a very long name"] == seen
    assert len(history.metrics["accuracy"]) == len(history.validation_losses) == 4
    assert history.best
    assert history.best.metrics["accuracy"] == accuracy(model, VALIDATION)
    lines = str(history).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "also in history.metrics: a very long name, f1"


def test_callbacks_see_each_iteration_and_can_end_the_training() -> None:
    seen: list[int] = []

    def watch(model: Module, history: History) -> bool:
        assert len(model.parameters()) == 13
        seen.append(history.iterations)
        return history.iterations == 7

    late: list[int] = []
    history = fit(
        small_model(),
        binary_cross_entropy,
        TRAIN,
        VALIDATION,
        **settings(callbacks=[watch, lambda _, history: late.append(history.iterations)]),
    )
    assert seen == late == list(range(1, 8))
    assert (history.iterations, history.ending) == (7, "stopped by a callback")


def test_an_error_in_a_batch_names_the_sample_the_parameter_and_the_iteration() -> None:
    def loss(output: Value, target: int) -> Value:
        return output * 0 + (math.inf if target == 3 else 1.0)

    data = ([[0.0, 0.0]] * 4, [0, 1, 2, 3])
    with pytest.raises(NonFiniteError, match="the loss is inf") as caught:
        fit(
            small_model(),
            loss,
            data,
            ([[0.0, 0.0]], [0]),
            **settings(batch_size=4, replacement=False),
        )
    assert caught.value.__notes__[0] == "on training sample 3"
    assert re.match(r"in iteration 1, on training samples \d, \d, \d, \d$", caught.value.__notes__[1])

    def steep(output: Value, _target: int) -> Value:
        return (output * 1e200) * 1e-200 * 1e200

    with pytest.raises(NonFiniteError, match=r"w0\[0\]\[0\] would become|gradient of parameter") as caught:
        fit(
            small_model(),
            steep,
            ([[1.0, 1.0]] * 20, [0] * 20),
            VALIDATION,
            **settings(batch_size=20, lr=1e200),
        )
    assert re.search(r"on training samples (\d+, ){8}…$", caught.value.__notes__[0])


def test_memory_does_not_grow_with_the_iterations() -> None:
    """Beside 24 bytes of history for each: objects are counted, and bytes."""
    data = ([[0.5, -0.5]], [1])

    def growth(iterations: int) -> tuple[int, int]:
        marks: list[tuple[int, int]] = []

        def mark(_model: Module, history: History) -> None:
            if history.iterations in {100, iterations}:
                gc.collect()
                marks.append((len(gc.get_objects()), tracemalloc.get_traced_memory()[0]))

        tracemalloc.start()
        fit(
            MLP(2, [1]),
            binary_cross_entropy,
            data,
            data,
            **settings(iterations=iterations, validate_every=iterations, callbacks=[mark]),
        )
        tracemalloc.stop()
        return marks[1][0] - marks[0][0], marks[1][1] - marks[0][1]

    objects, size = growth(2000)
    assert objects < 10
    assert size < 2000 * 24 * 1.25 + 5000


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"model": MLP}, "a model first, such as MLP"),
        ({"model": abs}, "a model first, such as MLP"),
        ({"loss": "mse"}, "the loss is a function .* got 'mse'"),
        ({"metrics": "accuracy"}, "metrics are functions by name"),
        ({"metrics": {"accuracy": 0.9}}, "metrics are functions by name"),
        ({"replay": "always"}, "replay is True, False, or None"),
    ],
)
def test_what_is_of_another_kind_is_refused(changes: dict[str, Any], text: str) -> None:
    given = {"model": small_model(), "loss": binary_cross_entropy, **changes}
    with pytest.raises((OperandError, SettingError), match=text):
        fit(given.pop("model"), given.pop("loss"), TRAIN, VALIDATION, **settings(**given))


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
    monkeypatch.setattr("nn.progress.monotonic", Clock())
    monkeypatch.setenv("COLUMNS", "80")
    fit(small_model(), binary_cross_entropy, TRAIN, VALIDATION, **settings(progress=progress, batch_size=2))
    return stream.getvalue()


def test_progress_on_a_terminal_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, Terminal(), progress=None)
    lines = text.removesuffix("\n").split("\r")
    assert "\n" not in text.removesuffix("\n")
    assert {len(line) for line in lines[1:]} == {79}
    assert re.match(r"\[ {12}\] 1/30  loss \d\.\d{4}  best \d\.\d{4} at 0  \d+ s left", lines[1])
    assert re.match(r"\[={12}\] 30/30  loss \d\.\d{4}  best \d\.\d{4} at \d+  \d+ s +$", lines[-1])


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
