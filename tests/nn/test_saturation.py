"""Where learning stalls: what is counted, what is said of it, and the experiment behind it."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest

from autograd import OperandError, relu
from nn import (
    MLP,
    Dataset,
    Module,
    NonFiniteError,
    SettingError,
    binary_cross_entropy,
    hinge,
    mse,
    normal,
    saturation,
    scale_curve,
    two_moons,
)

if TYPE_CHECKING:
    from autograd import Value


LARGER = "larger initial weights would help."


def planes() -> Dataset:
    """Draw 40 points in space, and on which side of two planes they lie."""
    x = np.random.default_rng(0).normal(size=(40, 3))
    return Dataset(x, np.column_stack([x[:, 0] + x[:, 1] > 0, x[:, 2] > x[:, 0]]).astype(float))


def network(scale: float, seed: int = 1) -> MLP:
    return MLP(3, [4, 4, 2], "sigmoid", "sigmoid", initializer=normal(scale), seed=seed)


def test_what_is_counted() -> None:
    model = MLP(1, [2, 1], "relu")
    model.set_parameters([1.0, 0.0, -3.0, 0.0, 2.0, 1.0, 0.5])
    v1, v2 = saturation(model, mse, ([[1.0], [2.0]], [0.0, 0.0]), lr=0.1).layers
    assert (v1.units, v2.units) == (2, 1)
    assert v1.weight_norm == math.sqrt(10)
    assert v1.mean_activation == (1 + 3 + 2 + 6) / 4
    assert (v1.mean_slope, v1.saturated, v1.dead) == (0.5, 0.5, 1)
    assert (v2.mean_slope, v2.saturated, v2.dead) == (1.0, 0.0, 0)
    # o = 2.5 and 4.5, so that ∂l/∂o = 5 and 9; by w_0 it is 2 x and 2 times that
    norms = [math.hypot(5 * 2 * 1, 5 * 2), math.hypot(9 * 2 * 2, 9 * 2)]
    assert v1.gradient_norm == pytest.approx(np.mean(norms), rel=1e-14)
    assert v1.update_ratio == pytest.approx(0.1 * np.mean(norms) / math.sqrt(10), rel=1e-14)


def test_small_weights_give_small_activations() -> None:
    layers = {scale: saturation(network(scale), mse, planes(), lr=1.0).layers for scale in (0.01, 0.1, 1.0)}
    for t in range(3):
        a = [layers[scale][t].mean_activation for scale in layers]
        assert a[0] < 0.02
        assert a[0] < a[1] < a[2]
    assert layers[0.01][0].mean_activation == pytest.approx(0.01 * layers[1.0][0].mean_activation, rel=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_with_saturation_the_update_to_weight_ratio_falls(seed: int) -> None:
    first = [saturation(network(scale, seed), mse, planes(), lr=1.0).layers[0] for scale in (1, 3, 10, 30)]
    shares = [layer.saturated for layer in first]
    ratios = [layer.update_ratio for layer in first]
    assert shares == sorted(shares)
    assert ratios == sorted(ratios, reverse=True)
    assert shares[-1] > 0.8
    assert ratios[-1] < 0.03 * ratios[0]


def test_the_gradient_is_small_at_both_ends_of_the_scales() -> None:
    curve = scale_curve(
        partial(network, seed=2), mse, planes(), lr=1.0, steps=1, scales=[0.001, 0.01, 1, 10, 30]
    )
    tiny, small, middle, large, huge = [point.gradient_norm for point in curve.points]
    assert tiny < 1e-3 * middle
    assert tiny < small < 1e-3 * middle
    assert huge < large < 1e-2 * middle
    assert huge < 1e-12


def test_a_middle_scale_learns_best() -> None:
    curves = [
        scale_curve(partial(network, seed=seed), mse, planes(), lr=1.0, steps=1000, scales=[0.01, 1.0, 10.0])
        for seed in range(3)
    ]
    small, middle, large = np.array([[point.loss_after for point in curve.points] for curve in curves]).T
    assert middle.max() < 0.025
    assert small.min() > 3 * middle.max()
    assert large.min() > 10 * middle.max()
    assert all(curve.best.scale == 1.0 for curve in curves)


@pytest.mark.parametrize(
    ("scale", "verdict"),
    [
        (0.0, f"The gradients fade: that of w0 is 0 times that of w2; {LARGER}"),
        (0.01, f"The gradients fade: that of w0 is 6e-05 times that of w2; {LARGER}"),
        (1.0, "No layer stalls: at most 0% of a layer's units are saturated."),
        (10.0, "V1 is saturated: 73% of its units have |σ′(a)| < 0.01; smaller initial weights would help."),
    ],
)
def test_the_verdict(scale: float, verdict: str) -> None:
    report = saturation(network(scale), mse, planes(), lr=1.0)
    assert report.verdict == verdict
    assert max(map(len, str(report).splitlines())) <= 80
    assert verdict in " ".join(str(report).splitlines())
    assert verdict in repr(report)


def test_the_verdict_on_a_dead_layer_and_on_nothing_to_learn() -> None:
    model = MLP(1, [2, 1], "relu")
    model.set_parameters([1.0, -9.0, -1.0, -9.0, 1.0, 1.0, 0.0])
    report = saturation(model, mse, ([[1.0], [2.0]], [1.0, 1.0]), lr=0.1)
    assert report.verdict.startswith("V1 is dead: 100% of its units")
    assert report.layers[0].dead == 2
    assert report.layers[0].update_ratio == 0.0
    right = MLP(1, [1])
    right.set_parameters([1.0, 0.0])
    assert saturation(right, mse, ([[2.0]], [2.0]), lr=0.1).verdict == (
        "Nothing is left to learn: every gradient is 0."
    )


def test_a_network_of_relus_is_not_called_saturated_for_its_half_of_zeros() -> None:
    report = saturation(MLP(2, [32, 1], "relu"), binary_cross_entropy, two_moons(30), lr=0.1)
    assert 0.3 < report.layers[0].saturated < 0.6
    assert report.verdict.startswith("No layer stalls")


def test_the_curve_is_drawn_in_80_columns_and_marks_the_best() -> None:
    curve = scale_curve(network, mse, planes(), lr=1.0, steps=100, scales=[0.001, 1, 30])
    lines = str(curve).splitlines()
    assert max(map(len, lines)) <= 80
    rows = lines[3:]
    assert len(rows) == 3
    assert [line.endswith("←") for line in rows] == [point is curve.best for point in curve.points]
    places = [line.index("●") for line in rows]
    norms = [point.gradient_norm for point in curve.points]
    assert np.argsort(places).tolist() == np.argsort(norms).tolist()
    assert repr(curve) == f"<ScaleCurve of 3 scales: best after 100 steps at {curve.best.scale:g}>"


def test_training_that_overflows_has_an_infinite_loss() -> None:
    def build(scale: float) -> MLP:
        return MLP(2, [8, 8, 1], "relu", initializer=normal(scale))

    curve = scale_curve(build, mse, two_moons(10), lr=10.0, steps=50, scales=[0.1, 100.0])
    assert [point.loss_after for point in curve.points] == [math.inf, math.inf]
    assert max(map(len, str(curve).splitlines())) <= 80
    assert "inf" in str(curve)


def test_an_interruption_while_training_ends_the_curve() -> None:
    calls = 0

    def stopped(outputs: Value, target: float) -> Value:
        nonlocal calls
        calls += 1
        if (
            calls > 35
        ):  # 10 for each look at the 10 samples: at the gradients, the loss before, and that of fit
            raise KeyboardInterrupt
        return mse(outputs, target)

    def build(scale: float) -> MLP:
        return MLP(2, [1], initializer=normal(scale))

    with pytest.raises(KeyboardInterrupt):
        scale_curve(build, stopped, two_moons(10), lr=0.1, steps=50, scales=[0.1, 1.0])
    assert calls == 36


def test_no_gradient_at_all_can_be_drawn() -> None:
    curve = scale_curve(network, mse, planes(), lr=1.0, steps=1, scales=[0.0])
    assert curve.points[0].gradient_norm == 0.0
    assert "0.0e+00" in str(curve)


def test_what_is_refused() -> None:
    with pytest.raises(OperandError, match="a layered graph is that of an MLP"):
        saturation(Module(), mse, planes(), lr=1.0)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="step size"):
        saturation(network(1.0), mse, planes(), lr=-1.0)
    with pytest.raises(SettingError, match="no scales"):
        scale_curve(network, mse, planes(), lr=1.0, steps=10, scales=[])
    with pytest.raises(SettingError, match="steps"):
        scale_curve(network, mse, planes(), lr=1.0, steps=0)
    steep = MLP(1, [1], output_activation="sqrt")
    steep.set_parameters([0.0, 0.0])
    with pytest.raises(NonFiniteError, match="the gradient on sample 0 is not finite"):
        saturation(steep, mse, ([[1.0]], [1.0]), lr=1.0)


def test_a_loss_and_an_activation_of_ones_own() -> None:
    def clipped(x: Value) -> Value:
        return relu(x) - relu(x - 1)

    model = MLP(2, [8, 1], clipped, initializer=normal(1.0))
    report = saturation(model, lambda s, y: hinge(s, 2 * y - 1), two_moons(10), lr=0.1)
    assert {0.0, 1.0} >= {layer.mean_slope for layer in report.layers[1:]}
    assert 0 < report.layers[0].mean_slope < 1
