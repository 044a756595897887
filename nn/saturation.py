"""Where learning stalls: how saturated each layer is, and what the scale of the first weights does.

Large w → large activations → saturated non-linearities → small gradients → small updates
→ slow learning. Weights near zero are slow as well: what goes back through them is small.
The notation is that of `nn.layered`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from autograd import gradients
from nn.data import samples
from nn.errors import NonFiniteError, SettingError, finite_setting, whole_setting
from nn.layered import parts
from nn.layers import MLP
from nn.metrics import mean_loss
from nn.to_go import loss_to_go
from nn.training import fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nn.data import Data
    from nn.layered import Loss

Build: TypeAlias = Callable[[float], MLP]
"""Makes a fresh network whose first weights have the given scale."""

FLAT = 0.01
"""A unit counts as saturated where |σ'(a)| is below this: sigmoid beyond |a| = 4.6, tanh beyond 3."""

MOSTLY = 0.6
"""From this share of saturated units on a layer is called saturated; half of relu's units are as a rule."""

FADED = 0.01
"""The part of the largest gradient of a layer below which that of another is called faded."""

SCALES = (0.001, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


class LayerState(NamedTuple):
    """How one layer V_t does, over all samples; its weights are w_{t-1}, biases included.

    Attributes
    ----------
    units
        k_t, how many neurons it has.
    weight_norm
        ‖w_{t-1}‖.
    mean_activation, mean_slope
        The means of |a_t| and of |σ'(a_t)|.
    saturated
        The share of units, over all samples, where |σ'(a_t)| is below 0.01.
    dead
        How many units are saturated on every sample: none of them can learn.
    gradient_norm
        The mean over the samples of ‖∂l/∂w_{t-1}‖, what a step on one sample has to go by.
    update_ratio
        The step size times that, divided by ‖w_{t-1}‖; inf for weights that are all 0
        and have a gradient.
    """

    units: int
    weight_norm: float
    mean_activation: float
    mean_slope: float
    saturated: float
    dead: int
    gradient_norm: float
    update_ratio: float


class Saturation:
    """How the layers of a network do; made by `saturation`. Printed, it is a table.

    Attributes
    ----------
    layers : list of LayerState
        V_1 … V_T.
    verdict : str
        A sentence: whether learning stalls, where and why.
    """

    def __init__(self, layers: list[LayerState]) -> None:
        self.layers = layers
        self.verdict = _verdict(layers)

    def __str__(self) -> str:
        heading = (
            f"{'layer':<6}{'units':>6}{'‖w‖':>9}{'mean |a|':>10}{'mean |σ′|':>11}"
            f"{'saturated':>11}{'dead':>6}{'gradient':>10}{'update/‖w‖':>11}"
        )
        lines = [
            f"{f'V{t}':<6}{layer.units:>6}{layer.weight_norm:>9.3g}{layer.mean_activation:>10.3g}"
            f"{layer.mean_slope:>11.3g}{layer.saturated:>11.0%}{layer.dead:>6}"
            f"{layer.gradient_norm:>10.2g}{layer.update_ratio:>11.2g}"
            for t, layer in enumerate(self.layers, start=1)
        ]
        return "\n".join([heading, "─" * 80, *lines, "", *wrap(self.verdict, 80)])

    def __repr__(self) -> str:
        return f"<Saturation of {len(self.layers)} layers: {self.verdict}>"


def saturation(model: MLP, loss: Loss, data: Data, *, lr: float) -> Saturation:
    """Say, layer by layer, how saturated a network is, and what that leaves of its gradients.

    Parameters
    ----------
    model
        The network.
    loss
        A function of the outputs and the target.
    data
        Samples: a Dataset, or a pair (inputs, targets).
    lr
        The step size η with which it is to learn.

    Raises
    ------
    NonFiniteError
        If a gradient is inf or nan.
    OperandError, SettingError
        If the model has no layered graph; see `layered_form`.

    Examples
    --------
    >>> from nn import mse, normal, two_moons
    >>> model = MLP(2, [8, 8, 1], "sigmoid", initializer=normal(30.0))
    >>> report = saturation(model, mse, two_moons(20), lr=0.1)
    >>> print(report.verdict)
    V2 is saturated: ... of its units have |σ′(a)| < 0.01; smaller initial weights would help.
    """
    lr = finite_setting("lr, the step size η,", lr)
    weights, graph, _ = parts(model)
    cuts = np.cumsum([rows * columns for rows, columns in graph.shapes])[:-1]
    rows = []
    for k, (x, y) in enumerate(samples(data)):
        to_go = loss_to_go(model, x, y, loss)
        v = np.split(np.array(gradients(to_go.loss, to_go.weights)), cuts)
        norms = [float(np.linalg.norm(part)) for part in v]
        if not np.isfinite(norms).all():
            raise NonFiniteError(f"the gradient on sample {k} is not finite; smaller weights may help")
        a = [[number.data for number in numbers] for numbers in to_go.pre_activations[1:]]
        rows.append(list(zip(a, to_go.slopes[1:], norms, strict=True)))
    of_layers = zip(np.split(np.array([w.data for w in weights]), cuts), zip(*rows, strict=True), strict=True)
    return Saturation([_state(w, *zip(*row, strict=True), lr=lr) for w, row in of_layers])


def _state(
    w: NDArray[np.float64],
    pre_activations: Sequence[Sequence[float]],
    slopes: Sequence[Sequence[float]],
    gradient_norms: Sequence[float],
    *,
    lr: float,
) -> LayerState:
    """Sum up one layer, of which there is a row of numbers for every sample."""
    size, steepness = np.abs(pre_activations), np.abs(slopes)
    flat = steepness < FLAT
    norm, gradient_norm = float(np.linalg.norm(w)), float(np.mean(gradient_norms))
    return LayerState(
        units=flat.shape[1],
        weight_norm=norm,
        mean_activation=float(size.mean()),
        mean_slope=float(steepness.mean()),
        saturated=float(flat.mean()),
        dead=int(flat.all(axis=0).sum()),
        gradient_norm=gradient_norm,
        update_ratio=lr * gradient_norm / norm if norm else math.inf if gradient_norm else 0.0,
    )


def _verdict(layers: Sequence[LayerState]) -> str:
    """Say in a sentence whether learning stalls."""
    most = max(layers, key=lambda layer: layer.saturated)
    t = layers.index(most) + 1
    share = f"{most.saturated:.0%} of its units have |σ′(a)| < {FLAT}"
    if most.dead == most.units:
        return f"V{t} is dead: {share} on every sample; smaller initial weights would help."
    if most.saturated >= MOSTLY:
        return f"V{t} is saturated: {share}; smaller initial weights would help."
    norms = [layer.gradient_norm for layer in layers]
    least, largest = min(norms), max(norms)
    if largest == 0:
        return "Nothing is left to learn: every gradient is 0."
    if least < FADED * largest:
        faint, strong = f"w{norms.index(least)}", f"w{norms.index(largest)}"
        small = all(layer.mean_activation < 1 for layer in layers)
        return (
            f"The gradients fade: that of {faint} is {least / largest:.1g} times that of {strong}; "
            f"{'larger' if small else 'smaller'} initial weights would help."
        )
    return f"No layer stalls: at most {most.saturated:.0%} of a layer's units are saturated."


class ScalePoint(NamedTuple):
    """A network whose first weights had one scale: at the start, and after N steps."""

    scale: float
    gradient_norm: float  # of the first layer, see LayerState
    saturated: float  # of all units of all layers
    loss_before: float
    loss_after: float  # inf if training overflowed


class ScaleCurve:
    """What the scale of the first weights does to learning; made by `scale_curve`.

    Printed, it is a table with the two curves drawn beside it.

    Attributes
    ----------
    points : list of ScalePoint
        In the order of the scales.
    steps : int
        N, how many steps were taken.
    """

    def __init__(self, points: list[ScalePoint], steps: int) -> None:
        self.points = points
        self.steps = steps

    @property
    def best(self) -> ScalePoint:
        """The point with the lowest loss after N steps, the first of equals."""
        return min(self.points, key=lambda point: point.loss_after)

    def __str__(self) -> str:
        exponents = [math.log10(point.gradient_norm) for point in self.points if point.gradient_norm]
        low, high = math.floor(min(exponents, default=0)), math.ceil(max(exponents, default=0))
        finite = [point.loss_after for point in self.points if math.isfinite(point.loss_after)]
        top = max(finite, default=0.0) or 1.0
        lines = [
            f"scale of    units{'gradient of the first layer':^37}{f'loss after {self.steps} steps':^25}",
            f"weights saturated{'':>12}{f'1e{low}':<12}{f'1e{high}':>12} {'0':<13}{top:>12.2g}",
            "─" * 80,
        ]
        for point in self.points:
            exponent = math.log10(point.gradient_norm) if point.gradient_norm else low
            place = round(23 * (exponent - low) / max(high - low, 1))
            bar = "█" * round(14 * min(point.loss_after / top, 1))
            lines.append(
                f"{point.scale:>7g}{point.saturated:>10.0%}{point.gradient_norm:>10.1e}  "
                f"{'·' * place}●{'·' * (23 - place)} {bar:<14}{point.loss_after:>9.4f}"
                f"{' ←' * (point is self.best)}",
            )
        return "\n".join(map(str.rstrip, lines))

    def __repr__(self) -> str:
        best = f"best after {self.steps} steps at {self.best.scale:g}"
        return f"<ScaleCurve of {len(self.points)} scales: {best}>"


def scale_curve(
    build: Build,
    loss: Loss,
    data: Data,
    *,
    lr: float,
    steps: int,
    scales: Sequence[float] = SCALES,
    seed: int = 0,
) -> ScaleCurve:
    """Train networks that differ only in the scale of their first weights, and compare.

    Parameters
    ----------
    build
        A function of the scale that makes a fresh network, the same but for the scale.
    loss
        A function of the outputs and the target.
    data
        The samples to train on; the losses are means over them.
    lr, steps
        The step size η, and how many steps of SGD on single samples to take.
    scales
        The scales to try.
    seed
        A seed for the draws of samples, the same for every scale.

    Raises
    ------
    SettingError
        If there are no scales or steps.

    Examples
    --------
    >>> from nn import mse, normal, two_moons
    >>> def build(scale):
    ...     return MLP(2, [4, 4, 1], "sigmoid", initializer=normal(scale), seed=1)
    >>> curve = scale_curve(build, mse, two_moons(20), lr=0.3, steps=50, scales=[0.01, 1, 100])
    >>> small, middle, large = curve.points
    >>> small.gradient_norm < middle.gradient_norm > large.gradient_norm
    True
    """
    steps = whole_setting("steps (N)", steps, least=1)
    if not len(scales):
        raise SettingError("there are no scales to try; pass some, such as [0.01, 1, 10]")
    points = []
    for scale in scales:
        model = build(scale)
        layers = saturation(model, loss, data, lr=lr).layers
        units = sum(layer.units for layer in layers)
        before = mean_loss(model, loss, data)
        points.append(
            ScalePoint(
                scale=float(scale),
                gradient_norm=layers[0].gradient_norm,
                saturated=sum(layer.saturated * layer.units for layer in layers) / units,
                loss_before=before,
                loss_after=_loss_after(model, loss, data, lr=lr, steps=steps, seed=seed),
            ),
        )
    return ScaleCurve(points, steps)


def _loss_after(model: MLP, loss: Loss, data: Data, *, lr: float, steps: int, seed: int) -> float:
    """Train, and return the mean loss after the last step; inf where training overflows."""
    try:
        history = fit(
            model,
            loss,
            data,
            data,
            iterations=steps,
            lr=lr,
            validate_every=steps,
            seed=seed,
            progress=False,
        )
    except NonFiniteError:
        return math.inf
    if history.interrupted:
        raise KeyboardInterrupt
    return history.validation_losses[-1]
