"""Checkpoints: nothing is lost, nothing damaged is loaded, nothing in a file is run."""

import gc
import json
import math
import os
import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn import (
    MLP,
    SGD,
    Adam,
    CheckpointError,
    Cosine,
    Draws,
    History,
    Inverse,
    Momentum,
    NonFiniteError,
    RMSProp,
    accuracy,
    binary_cross_entropy,
    fit,
    hinge,
    load_checkpoint,
    save_checkpoint,
    split,
    two_moons,
)
from nn.checkpoints import write_atomically
from tests.faults.faults import (
    KINDS,
    Kind,
    bits,
    disk_full,
    flips,
    interruptions,
    kills,
    signed_again,
    truncations,
)
from tests.nn.small import small_model, weights

TRAIN, VALIDATION = split(two_moons(40), (0.7, 0.3))


class StopHere(Exception):  # noqa: N818 - it stands for a power cut
    pass


OPTIMIZERS = [
    lambda model: SGD(model.parameters(), 0.1, 0.01),
    lambda model: Momentum(model.parameters(), [0.1] * 40, nesterov=True),
    lambda model: RMSProp(model.parameters(), Inverse(0.1)),
    lambda model: Adam(model.parameters(), Cosine(0.05, 40), max_norm=1.0),
]


GENERATORS = [np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64]


@pytest.mark.parametrize(("optimizer", "generator"), list(zip(OPTIMIZERS, GENERATORS, strict=True)))
@pytest.mark.parametrize("replacement", [True, False])
def test_a_run_goes_on_to_the_bit(tmp_path: Path, optimizer: Any, replacement: Any, generator: Any) -> None:
    def train(stop: int, name: str) -> tuple[History, MLP, Any]:
        model = small_model()
        chosen = optimizer(model)

        def cut(_model: object, history: History) -> None:
            if history.iterations == stop:
                raise StopHere

        history = fit(
            model,
            binary_cross_entropy,
            TRAIN,
            VALIDATION,
            iterations=40,
            optimizer=chosen,
            batch_size=3,
            replacement=replacement,
            validate_every=6,
            metrics={"accuracy": accuracy},
            callbacks=[cut],
            checkpoint=tmp_path / name,
            every=4,
            seed=np.random.Generator(generator(3)),
            progress=False,
        )
        return history, model, chosen

    whole, model, chosen = train(0, "whole")
    for stop in (3, 17, 38):
        with pytest.raises(StopHere):
            train(stop, "cut")
    again, other, resumed = train(0, "cut")
    assert vars(again) == vars(whole)
    assert weights(other) == weights(model)
    assert resumed.state() == chosen.state()
    assert (tmp_path / "cut").read_bytes() == (tmp_path / "whole").read_bytes()
    finished, third, _ = train(0, "cut")
    assert (vars(finished), weights(third)) == (vars(whole), weights(model))


def test_ctrl_c_and_going_on(tmp_path: Path) -> None:
    def train(stop: int) -> History:
        def cut(_model: object, history: History) -> None:
            if history.iterations == stop:
                raise KeyboardInterrupt

        return fit(
            small_model(),
            binary_cross_entropy,
            TRAIN,
            VALIDATION,
            iterations=30,
            lr=0.1,
            validate_every=5,
            callbacks=[cut],
            checkpoint=tmp_path / "run",
            patience=30,
            progress=False,
        )

    assert train(17).interrupted
    again = train(-1)
    assert (again.iterations, again.ending) == (30, "")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"lr": 0.2}, r"step sizes where η_1 = 0\.1, now 0\.2"),
        ({"weight_decay": 0.5}, r"another optimizer: SGD.*=0\.0\), not SGD.*=0\.5\)"),
        ({"loss": hinge}, "another loss: <function binary_cross_entropy>, not <function hinge>"),
        ({"batch_size": 2}, "another way to draw"),
        ({"replacement": False}, "another way to draw"),
        ({"seed": 1}, "another way to draw"),
        ({"validate_every": 3}, "another way to look"),
        ({"train": VALIDATION}, "another training set"),
        ({"validation": TRAIN}, "another validation set"),
        ({"model": MLP(2, [4, 1], "tanh")}, r"another model: MLP\(2, \[3, 1\].*, not MLP\(2, \[4, 1\]"),
        ({"model": MLP(2, [3, 1], "relu")}, "another model: .*tanh.*, not .*relu"),
        ({"iterations": 9}, "iteration 10, later than the last, T = 9"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path, changes: dict[str, Any], what: str) -> None:
    settings: dict[str, Any] = {
        "loss": binary_cross_entropy,
        "train": TRAIN,
        "validation": VALIDATION,
        "iterations": 10,
        "lr": 0.1,
        "validate_every": 5,
        "checkpoint": tmp_path / "run",
        "progress": False,
    }
    fit(small_model(), **settings)
    before = (tmp_path / "run").read_bytes()
    model = changes.pop("model", small_model(5))
    start = weights(model)
    with pytest.raises(CheckpointError, match=what):
        fit(model, **{**settings, **changes})
    assert (tmp_path / "run").read_bytes() == before
    assert weights(model) == start


def test_other_step_sizes_by_a_function_are_noticed(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"iterations": 10, "checkpoint": tmp_path / "run", "progress": False}
    fit(small_model(), binary_cross_entropy, TRAIN, VALIDATION, lr=lambda i: 0.1 / i, **settings)
    with pytest.raises(CheckpointError, match=r"η_2 = 0\.05, now 0\.025"):
        fit(small_model(), binary_cross_entropy, TRAIN, VALIDATION, lr=lambda i: 0.1 / i**2, **settings)


def checkpoint_of(path: Path) -> tuple[MLP, Adam, Draws, History]:
    model = small_model(1)
    optimizer = Adam(model.parameters(), 0.1)
    history = fit(
        model, binary_cross_entropy, TRAIN, VALIDATION, iterations=5, optimizer=optimizer, progress=False
    )
    draws = Draws(28, 2, replacement=False)
    draws.draw()
    save_checkpoint(path, model, optimizer=optimizer, draws=draws, history=history, about={"run": "first"})
    return model, optimizer, draws, history


def test_what_is_saved_by_hand_is_restored_by_hand(tmp_path: Path) -> None:
    model, optimizer, draws, history = checkpoint_of(tmp_path / "run")
    twin = small_model(2)
    second, others, empty = Adam(twin.parameters(), 0.1), Draws(28, 2, replacement=False), History()
    load_checkpoint(
        tmp_path / "run", twin, optimizer=second, draws=others, history=empty, about={"run": "first"}
    )
    assert weights(twin) == weights(model)
    assert second.state() == optimizer.state()
    assert vars(empty) == vars(history)
    assert [others.draw() for _ in range(20)] == [draws.draw() for _ in range(20)]
    for about in ({"run": "second"}, {"city": "first"}):
        with pytest.raises(CheckpointError, match=r"another run|says nothing of the city"):
            load_checkpoint(tmp_path / "run", twin, about=about)


def test_all_is_restored_or_nothing(tmp_path: Path) -> None:
    checkpoint_of(tmp_path / "run")
    text = (tmp_path / "run").read_bytes()
    model = small_model(2)
    optimizer, draws, history = Adam(model.parameters(), 0.1), Draws(28, 2, replacement=False), History()
    before = (weights(model), bits(optimizer, draws, history))
    spoiled = [
        text.replace(b"layers.0.neurons.0.weights.0", b"layers.0.neurons.0.weights.9"),
        text.replace(b'"waiting"', b'"wasting"'),
        text.replace(b'"bit_generator": "PCG64"', b'"bit_generator": "PCG65"'),
        text.replace(b'"m": {', b'"n": {'),
        text.replace(b'"floats": 13', b'"floats": 12'),
        text[:-8] + np.float64(math.nan).tobytes(),
        text.replace(b'"looks": [[0, ', b'"looks": [[0, 0, 0, 0, '),
        text.replace(b'"state": {', b'"state": 7, "more": {'),
        text.replace(b'{"facts"', b'["facts"'),
    ]
    for body in spoiled:
        assert body != text
        (tmp_path / "run").write_bytes(signed_again(body))
        with pytest.raises(CheckpointError):
            load_checkpoint(tmp_path / "run", model, optimizer=optimizer, draws=draws, history=history)
        assert (weights(model), bits(optimizer, draws, history)) == before


def test_a_checkpoint_rescues_a_model_that_has_become_nan(tmp_path: Path) -> None:
    model = small_model()
    start = weights(model)
    save_checkpoint(tmp_path / "run", model)
    model.parameters()[2].data = math.nan
    with pytest.raises(NonFiniteError, match=r"layers\.0\.neurons\.0\.bias is nan; nothing was saved"):
        save_checkpoint(tmp_path / "run", model)
    load_checkpoint(tmp_path / "run", model)
    assert weights(model) == start


def test_other_files_are_refused(tmp_path: Path) -> None:
    model = small_model()
    path = tmp_path / "run"
    with pytest.raises(FileNotFoundError):
        load_checkpoint(path, model)
    save_checkpoint(path, model)
    with pytest.raises(CheckpointError, match="says nothing of the"):
        load_checkpoint(path, model, history=History())
    text = path.read_bytes()
    path.write_bytes(text.replace(b"checkpoint 1\n", b"checkpoint 2\n"))
    with pytest.raises(CheckpointError, match="version '2', and this glassgrad reads version 1"):
        load_checkpoint(path, model)
    for other in (b"", b"PK\x03\x04", b"\x80\x04]", signed_again(b"a\nb\n" + b"[" * 100_000)):
        path.write_bytes(other)
        with pytest.raises(CheckpointError, match="is not a checkpoint of glassgrad"):
            load_checkpoint(path, model)


def test_a_pickle_in_disguise_runs_nothing(tmp_path: Path) -> None:
    witness = tmp_path / "it ran"

    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(witness),)

    bomb = pickle.dumps(Bomb())
    whole = tmp_path / "whole"
    save_checkpoint(whole, small_model())
    first_lines = whole.read_bytes().split(b"\n")[:2]
    for disguise in (bomb, b"\n".join([*first_lines, bomb]), signed_again(b"a\nb\n" + bomb)):
        (tmp_path / "run").write_bytes(disguise)
        with pytest.raises(CheckpointError):
            load_checkpoint(tmp_path / "run", small_model())
    assert not witness.exists()
    pickle.loads(bomb)  # noqa: S301 - to see that it would have worked
    assert witness.exists()


def test_the_file_is_readable_text_and_numbers(tmp_path: Path) -> None:
    model = small_model()
    save_checkpoint(tmp_path / "run", model, about={"run": "№ 1"})
    title, digest, text, _ = (tmp_path / "run").read_bytes().split(b"\n", 3)
    assert title == b"glassgrad checkpoint 1"
    assert re.fullmatch(rb"[0-9a-f]{64}", digest)
    assert json.loads(text)["facts"]["run"] == "№ 1"


def test_writing_goes_through_a_link_and_respects_the_umask(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    link.symlink_to(real)
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    reference = tmp_path / "reference"
    reference.touch()
    assert real.stat().st_mode == reference.stat().st_mode


def test_orphans_are_cleared_and_nothing_else(tmp_path: Path) -> None:
    orphans = [tmp_path / f".run.{name}.part" for name in ("0123abcd", "deadbeef")]
    others = [
        tmp_path / name for name in (".run.part", ".run2.0123abcd.part", "run.0123abcd.part", ".run.x.part")
    ]
    for file in (*orphans, *others):
        file.write_bytes(b"half")
    fit(
        small_model(),
        binary_cross_entropy,
        TRAIN,
        VALIDATION,
        iterations=1,
        lr=0.1,
        checkpoint=tmp_path / "run",
        progress=False,
    )
    assert sorted(tmp_path.iterdir()) == sorted([*others, tmp_path / "run"])


def test_a_checkpoint_that_cannot_be_written_is_an_error_before_the_first_step(tmp_path: Path) -> None:
    model = small_model()
    start = weights(model)
    with pytest.raises(FileNotFoundError) as caught:
        fit(
            model,
            binary_cross_entropy,
            TRAIN,
            VALIDATION,
            iterations=10,
            lr=0.1,
            checkpoint=tmp_path / "no" / "folder",
            progress=False,
        )
    assert "which is as it was" in caught.value.__notes__[0]
    assert weights(model) == start


# The experiments of `python -m tests.faults`, in small ----------------------------------------------


@pytest.mark.parametrize("kind", KINDS[1:])
def test_killed_runs_go_on_to_the_bit(kind: Kind, tmp_path: Path) -> None:
    assert kills(tmp_path, count=1, seed=0, kind=kind).bad == 0


@pytest.fixture
def no_callbacks() -> Iterator[None]:
    """An interrupt inside a callback of the collector, such as hypothesis has, would be lost."""
    callbacks = gc.callbacks[:]
    gc.callbacks.clear()
    yield
    gc.callbacks.extend(callbacks)


@pytest.mark.usefixtures("no_callbacks")
@pytest.mark.parametrize("kind", KINDS)
def test_ctrl_c_at_any_moment_returns_what_fits_together(kind: Kind) -> None:
    assert interruptions(count=10, seed=0, kind=kind).bad == 0


def test_no_flipped_bit_is_loaded(tmp_path: Path) -> None:
    assert flips(tmp_path, count=300, seed=0).bad == 0


def test_no_truncation_is_loaded(tmp_path: Path) -> None:
    assert truncations(tmp_path, every=23).bad == 0


def test_a_full_disk_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    assert disk_full(tmp_path, count=3).bad == 0
