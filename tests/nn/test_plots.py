"""Plots: they show the numbers they are given, need no display, and say what is missing."""

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import LengthError
from nn import (
    MLP,
    Cosine,
    History,
    MissingExtraError,
    Plot,
    SettingError,
    accuracy,
    binary_cross_entropy,
    fit,
    normal,
    plot_decisions,
    plot_saturation,
    split,
    two_moons,
)

pytest.importorskip("matplotlib")

TRAIN, VALIDATION = split(two_moons(60), (0.7, 0.3))


def panels(plot: Plot) -> list[Any]:
    return list(plot.figure.axes)


def xs(line: Any) -> list[float]:
    return list(line.get_xdata())


def ys(line: Any) -> list[float]:
    return list(line.get_ydata())


def history_of(**settings: object) -> tuple[MLP, History]:
    model = MLP(2, [3, 2, 1], "tanh")
    history = fit(
        model,
        binary_cross_entropy,
        TRAIN,
        VALIDATION,
        iterations=50,
        validate_every=10,
        progress=False,
        **{"lr": 0.1, **settings},  # type: ignore[arg-type]
    )
    return model, history


def test_a_history_shows_its_numbers() -> None:
    _, history = history_of(metrics={"accuracy": accuracy}, lr=Cosine(0.1, 50))
    losses, metrics, norms, step_sizes = panels(history.plot())
    training, validation, best = losses.lines
    assert ys(training) == history.training_losses
    assert xs(validation) == history.validation_iterations
    assert ys(validation) == history.validation_losses
    assert ys(best) == [history.best_validation_loss]
    assert ys(metrics.lines[0]) == history.metrics["accuracy"]
    assert ys(norms.lines[0]) == history.gradient_norms
    assert ys(step_sizes.lines[0]) == history.step_sizes


def test_panels_that_would_say_nothing_are_left_out() -> None:
    _, history = history_of()
    assert repr(history.plot()) == "<Plot of 2 panels; save(path) writes it>"


def test_a_long_history_is_drawn_with_few_points() -> None:
    history = History()
    history.record_validation(0, 1.0, [0.0])
    for i in range(1, 10_001):
        history.record_step(1.0, 0.1, float(i))
    history.record_validation(10_000, 0.5, [0.0])
    norms = panels(history.plot())[1].lines[0]
    assert len(xs(norms)) == 200
    assert ys(norms)[0] == pytest.approx(25.5)
    assert xs(norms)[0] == pytest.approx(25.5)


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_plots_are_saved_without_a_display(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    _, history = history_of()
    history.plot().save(tmp_path / f"history.{suffix}")
    start = (tmp_path / f"history.{suffix}").read_bytes()[:80]
    assert {"png": b"\x89PNG", "svg": b"<?xml"}[suffix] in start
    assert "matplotlib.pyplot" not in sys.modules
    assert history.plot()._repr_png_().startswith(b"\x89PNG")


def test_the_line_between_classes_is_where_the_score_is_the_threshold() -> None:
    model = MLP(2, [1])
    model.set_parameters([1.0, 0.0, -0.25])  # score x1 - 0.25
    axes = panels(plot_decisions(model, TRAIN, threshold=0.5))[0]
    shades, line = axes.collections
    points = np.concatenate([path.vertices for path in line.get_paths()])
    assert points[:, 0] == pytest.approx(np.full(len(points), 0.75))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["upper", "lower"]
    assert shades.norm.vmin == -shades.norm.vmax


def test_of_several_outputs_the_largest_decides() -> None:
    model = MLP(2, [3])
    inputs, targets = [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]], [0, 1, 2]
    axes = panels(plot_decisions(model, (inputs, targets)))[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["class 0", "class 1", "class 2"]
    with pytest.raises(LengthError, match="these samples have 3"):
        plot_decisions(MLP(3, [1]), ([[0.0, 0.0, 0.0]], [0]))


def test_saturated_outputs_pile_up_at_the_ends() -> None:
    shares = []
    for scale in (0.1, 30.0):
        model = MLP(2, [20, 20, 1], "tanh", initializer=normal(scale))
        of_layers = panels(plot_saturation(model, TRAIN))
        heights = [[bar.get_height() for bar in axes.patches] for axes in of_layers]
        assert all(sum(of_layer) == pytest.approx(100) for of_layer in heights)
        shares.append([of_layer[0] + of_layer[-1] for of_layer in heights])
    assert max(shares[0]) < 20
    assert min(shares[1]) > 80
    with pytest.raises(SettingError, match="no hidden layers"):
        plot_saturation(MLP(2, [1]), TRAIN)


def test_step_sizes() -> None:
    line = panels(Cosine(0.1, 20).plot(30))[0].lines[0]
    assert xs(line) == list(range(1, 31))
    assert ys(line)[10] == pytest.approx(0.05)
    assert math.isclose(ys(line)[-1], 0, abs_tol=1e-15)


def test_an_empty_history_has_nothing_to_plot() -> None:
    with pytest.raises(SettingError, match="no iterations"):
        History().plot()


def test_without_matplotlib_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r'^plots need matplotlib: pip install "glassgrad\[plots\]"$'):
        Cosine(0.1, 20).plot(30)


def test_importing_nn_does_not_import_matplotlib() -> None:
    program = "import nn, sys; print([m for m in sys.modules if m.startswith(('matplotlib', 'safetensors'))])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
