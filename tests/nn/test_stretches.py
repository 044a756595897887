"""Many steps at a time: those that are taken one by one, whether on arrays or in loops."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import nn.run
import nn.stretches
from autograd.replay import native
from nn import (
    MLP,
    SGD,
    Adam,
    CheckpointError,
    History,
    Momentum,
    NonFiniteError,
    SettingError,
    hinge,
    load_checkpoint,
    mse,
    softmax_cross_entropy,
)
from nn.data import Draws
from nn.module import Module
from nn.stretches import Stretches
from tests.autograd.test_replay_descent import interpreted
from tests.nn.small import small_model, weights
from tests.nn.test_replayed import LINE, OPTIMIZERS, TRAIN, everything, same, trained

if TYPE_CHECKING:
    from pathlib import Path

    from autograd import Value
    from nn.optimizer import Optimizer

PATHS = {"numpy": "replayed", "numba": "replayed, compiled"}


@pytest.fixture(params=PATHS)
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let every training be compiled, or none; what is compiled is run as plain Python."""
    compiling = request.param == "numba"
    monkeypatch.setattr(native, "available", lambda: compiling)
    monkeypatch.setattr(native, "compiled", interpreted)
    monkeypatch.setattr(nn.run, "WORTHWHILE", 0)
    return PATHS[request.param]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_steps_are_those_of_eager_training(
    optimizer: Any, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = trained(small_model(), optimizer=optimizer, replay=False)
    monkeypatch.setattr(nn.run.Run, "error", None)  # which a step alone would call
    found = trained(small_model(), optimizer=optimizer)
    assert found[0].path == path
    assert found[0].step_sizes == expected[0].step_sizes
    same(found[0], expected[0])
    assert found[1] == pytest.approx(expected[1], rel=1e-9)


@pytest.mark.parametrize(
    ("sizes", "loss", "data"),
    [
        ([4, 2], mse, LINE),
        ([3, 1], hinge, (TRAIN.inputs, 2 * TRAIN.targets - 1)),
        ([3, 2], softmax_cross_entropy, TRAIN),
    ],
)
def test_every_kind_of_target(sizes: list[int], loss: Any, data: Any, path: str) -> None:
    both = [
        trained(MLP(2, sizes, "relu"), loss, (data, data), replacement=False, replay=replay)[0]
        for replay in (None, False)
    ]
    assert both[0].path in {path, "replayed"}  # not every operation can be compiled
    same(*both)


@pytest.mark.parametrize("seconds", [0.0, math.inf])
def test_how_long_a_stretch_is_makes_no_difference(
    seconds: float, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(small_model(), optimizer=lambda w: Adam(w, 0.05), replacement=False)
    monkeypatch.setattr(nn.stretches, "SECONDS", seconds)
    found = trained(small_model(), optimizer=lambda w: Adam(w, 0.05), replacement=False)
    assert found[0].path == path
    assert (everything(found[0]), found[1]) == (everything(whole[0]), whole[1])


@pytest.mark.parametrize("replacement", [True, False])
def test_several_draws_are_those_drawn_one_by_one(replacement: bool) -> None:  # noqa: FBT001 - a parameter
    several, single = (Draws(5, replacement=replacement, seed=3) for _ in range(2))
    for count in (1, 4, 9, 2):
        assert several.several(count).tolist() == [k for _ in range(count) for k in single.draw()]
        assert several.state() == single.state()


def test_an_optimizer_goes_on_by_itself(path: str) -> None:
    kept: list[list[Any]] = []
    for replay in (None, False):
        model = small_model()
        chosen = Adam(model.parameters(), 0.05)
        history, _ = trained(model, optimizer=lambda _, chosen=chosen: chosen, replay=replay)
        assert history.path in {path, "eager: replay=False"}
        memory = chosen.state()["memory"]
        kept.append([chosen.iteration, chosen.gradient_norm, *memory["m"], *memory["s"]])
    assert kept[0] == pytest.approx(kept[1], rel=1e-9)


@pytest.mark.parametrize(
    "change",
    [
        lambda optimizer: setattr(optimizer, "momentum", 0.1),
        lambda optimizer: setattr(optimizer, "nesterov", True),
        lambda optimizer: setattr(optimizer, "max_norm", 0.01),
        lambda optimizer: setattr(optimizer, "weight_decay", 0.3),
    ],
)
@pytest.mark.usefixtures("path")
def test_settings_that_a_metric_changes_hold_from_then_on(change: Any) -> None:
    histories = []
    for replay in (None, False):
        model = small_model()
        chosen = Momentum(model.parameters(), 0.05, 0.01)
        looks: list[int] = []

        def metric(*_: Any, chosen: Any = chosen, looks: Any = looks) -> float:
            looks.append(0)
            if len(looks) == 3:
                change(chosen)
            return 0.0

        histories.append(
            trained(model, optimizer=lambda _, chosen=chosen: chosen, metrics={"m": metric}, replay=replay)[0]
        )
    same(*histories)


@pytest.mark.usefixtures("path")
def test_a_number_out_of_range_is_the_error_of_eager_training() -> None:
    def leaping(i: int) -> float:
        return 1e300 if i == 37 else 0.01

    told = []
    for replay in (None, False):
        model = small_model()
        with pytest.raises(NonFiniteError) as caught:
            trained(
                model, mse, optimizer=lambda w: SGD(w, lambda i: 1e300 if i == 37 else 0.01), replay=replay
            )
        told.append((str(caught.value), caught.value.__notes__, np.round(weights(model), 9).tolist()))
    assert told[0] == told[1]
    assert "in iteration 3" in told[0][1][0]


@pytest.mark.usefixtures("path")
def test_step_sizes_that_fail_do_so_in_their_iteration() -> None:
    with pytest.raises(SettingError, match="η_25") as caught:
        trained(small_model(), optimizer=lambda w: SGD(w, lambda i: 0.1 if i < 25 else -1.0))
    assert "in iteration 25" in caught.value.__notes__[0]


@pytest.mark.usefixtures("path")
def test_step_sizes_with_a_bug_fail_in_their_iteration() -> None:
    model = small_model()
    optimizer = SGD(model.parameters(), lambda i: 0.1 / (25 - i))
    with pytest.raises(ZeroDivisionError):
        trained(model, optimizer=lambda _: optimizer)
    assert optimizer.iteration == 24


class Faint(Module):
    """A model whose gradient is too small to be squared."""

    def __init__(self) -> None:
        self.inner = small_model()

    def __call__(self, x: Any) -> Value:
        scaled: Value = self.inner(x) * 1e-170
        return scaled


@pytest.mark.usefixtures("path")
def test_the_norm_of_a_tiny_gradient_keeps_its_digits() -> None:
    def optimizer(w: Any) -> Optimizer:
        return SGD(w, 1e160)

    both = [
        trained(Faint(), mse, ((LINE[0], LINE[1][:, 0]),) * 2, optimizer=optimizer, replay=replay)[0]
        for replay in (None, False)
    ]
    assert 0 < max(both[1].gradient_norms) < 1e-160
    assert both[0].gradient_norms == pytest.approx(both[1].gradient_norms, rel=1e-9, abs=0)


def test_ctrl_c_within_a_stretch_leaves_all_as_it_was_before(path: str) -> None:
    def interrupting(i: int) -> float:
        if i == 47:
            raise KeyboardInterrupt
        return 0.1

    model = small_model()
    optimizer = Adam(model.parameters(), interrupting)
    history, found = trained(model, optimizer=lambda _: optimizer)
    assert (history.path, history.ending) == (path, "interrupted")
    assert history.iterations == optimizer.iteration < 47
    assert found == history.best_weights


def test_a_resumed_training_is_the_same_to_the_bit_and_takes_the_same_path(
    tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: dict[str, Any] = {"optimizer": lambda w: Adam(w, 0.05), "every": 7}
    whole = trained(small_model(), **settings)
    file = tmp_path / "checkpoint"
    trained(small_model(), checkpoint=file, iterations=30, **settings)
    kept = History()
    load_checkpoint(file, history=kept)
    assert kept.path == path
    monkeypatch.setattr(nn.run, "WORTHWHILE", 0 if path == "replayed" else 10**9)
    history, found = trained(small_model(), checkpoint=file, iterations=60, **settings)
    assert history.path == path
    assert (everything(history), found) == (everything(whole[0]), whole[1])


def test_a_compiled_training_cannot_go_on_without_a_compiler(
    tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "checkpoint"
    trained(small_model(), checkpoint=file, iterations=30)
    monkeypatch.setattr(native, "available", lambda: False)
    if path == "replayed":
        assert trained(small_model(), checkpoint=file)[0].iterations == 60
    else:
        with pytest.raises(CheckpointError, match=r"was replayed, compiled; this one would be replayed,"):
            trained(small_model(), checkpoint=file)


@pytest.mark.parametrize("changes", [{"batch_size": 2}, {"callbacks": [lambda *_: None], "replay": True}])
def test_where_somebody_looks_or_draws_more_the_steps_are_taken_one_by_one(
    changes: Any, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stretches, "take", None)
    assert path.startswith("replayed")
    assert trained(small_model(), **changes)[0].path == "replayed"


def test_few_steps_are_not_worth_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "available", lambda: True)
    monkeypatch.setattr(native, "compiled", None)
    assert trained(small_model())[0].path == "replayed"
