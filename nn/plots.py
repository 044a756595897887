"""Plots of training and of networks, drawn by matplotlib: ``pip install "glassgrad[plots]"``.

A `Plot` can be saved, shows itself in a notebook, and needs no display.
"""

from __future__ import annotations

import io
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import LengthError, Value
from nn.data import dataset, samples
from nn.errors import MissingExtraError, SettingError, whole_setting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nn.data import Data
    from nn.history import History
    from nn.layers import MLP
    from nn.module import Module

INK, FAINT = "#2b2f36", "#d5d9df"
COLOURS = ("#2464a4", "#c8501e", "#3b8447", "#8457a8", "#a8862a", "#3d8b8b", "#b04a78", "#6b6f76")
"""Of lines and classes, in their order; beyond these they repeat."""

BINS = 200
"""The most points that a line of many iterations is drawn with."""

GRID = 100
"""How many points along each side a plane of inputs is looked at."""


class Plot:
    """A drawn plot.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        The drawing, for changes of one's own.
    """

    def __init__(self, figure: Figure) -> None:
        self.figure = figure

    def save(self, path: str | PathLike[str]) -> None:
        """Write the plot to a file; its ending says how: ``.png``, ``.svg`` or ``.pdf``."""
        self.figure.savefig(path, dpi=150)

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.figure.savefig(file, format="png", dpi=110)
        return file.getvalue()

    def __repr__(self) -> str:
        panels = len(self.figure.axes)
        return f"<Plot of {panels} panel{'s' * (panels != 1)}; save(path) writes it>"


def plot_history(history: History) -> Plot:
    """Plot what happened in training: losses, metrics, gradient norms, and step sizes if they vary.

    Losses of single samples are means from look to look. Of gradient norms there are the
    median and, as a band, the middle four fifths.

    Raises
    ------
    SettingError
        If there was no iteration yet.
    MissingExtraError
        If matplotlib is not installed.
    """
    if not history.iterations or not history.best:
        raise SettingError("the history has no iterations to plot yet")
    steps = np.arange(1, history.iterations + 1)
    vary = len(set(history.step_sizes)) > 1
    panels = ["loss", *["metrics"] * bool(history.metrics), "norm", *["step size"] * vary]
    figure = _figure(7.0, 1.0 + 1.9 * len(panels))
    grid = figure.subplots(
        len(panels), 1, sharex=True, squeeze=False, height_ratios=[1.5, *[1] * (len(panels) - 1)]
    )
    axes = dict(zip(panels, grid[:, 0], strict=True))
    at = history.validation_iterations

    axes["loss"].plot(at[1:], history.training_losses, color=COLOURS[0], label="training")
    axes["loss"].plot(at, history.validation_losses, color=COLOURS[1], label="validation")
    axes["loss"].plot(
        *(history.best.iteration, history.best.loss),
        "o",
        color=COLOURS[1],
        label=f"w*, at {history.best.iteration}",
    )
    for (name, measured), colour in zip(history.metrics.items(), cycle(COLOURS[2:]), strict=False):
        axes["metrics"].plot(at, measured, color=colour, label=name)
    middle, low, high = _binned(np.array(history.gradient_norms))
    places = _binned(steps)[0]
    axes["norm"].fill_between(places, low, high, color=COLOURS[3], alpha=0.2, linewidth=0)
    axes["norm"].plot(places, middle, color=COLOURS[3], label="gradient norm")
    if (middle > 0).any():
        axes["norm"].set_yscale("log")
    if vary:
        axes["step size"].plot(steps, history.step_sizes, color=COLOURS[4], label="step size η")
        axes["step size"].set_ylim(bottom=0)
    for panel in axes.values():
        _dress(panel)
        panel.legend(frameon=False, labelcolor=INK, fontsize=9)
    grid[-1, 0].set_xlabel("iteration", color=INK)
    return Plot(figure)


def plot_step_sizes(steps: Callable[[int], float], iterations: int) -> Plot:
    """Plot the step sizes η_1 … η_T of a schedule.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    places = range(1, whole_setting("iterations (T)", iterations, least=1) + 1)
    figure = _figure(6.0, 3.0)
    axes = figure.subplots()
    axes.plot(places, [steps(i) for i in places], color=COLOURS[4])
    axes.set(xlabel="iteration i", ylabel="step size η")
    axes.set_title(repr(steps), fontsize=9, color=INK)
    axes.set_ylim(bottom=0)
    _dress(axes)
    return Plot(figure)


def plot_decisions(model: Module, data: Data, *, threshold: float = 0.0) -> Plot:
    """Plot how a model of two inputs divides their plane into classes, and the samples on it.

    A single output is drawn in shades, with a line where it is the threshold; of several,
    the largest decides.

    Raises
    ------
    LengthError
        If the samples do not have two features.
    MissingExtraError
        If matplotlib is not installed.
    """
    inputs, targets, names, classes, _ = dataset(data)
    if inputs.shape[1] != 2:  # noqa: PLR2004 - a plane
        raise LengthError(f"decisions are plotted over two inputs; these samples have {inputs.shape[1]}")
    margin = 0.08 * np.ptp(inputs, axis=0) + 1e-9
    xs, ys = np.linspace(inputs.min(axis=0) - margin, inputs.max(axis=0) + margin, GRID).T
    scores = np.array([[_scores(model([x, y])) for x in xs.tolist()] for y in ys.tolist()])
    figure = _figure(5.5, 5.0)
    from matplotlib.colors import LinearSegmentedColormap

    axes = figure.subplots()
    found = np.unique(targets)
    colours = [colour for _, colour in zip(found, cycle(COLOURS), strict=False)]
    if scores.shape[2] == 1:
        away = scores[:, :, 0] - threshold
        reach = float(np.abs(away).max()) or 1.0
        blend = LinearSegmentedColormap.from_list("scores", (COLOURS[0], "white", COLOURS[1]))
        axes.contourf(xs, ys, away, levels=np.linspace(-reach, reach, 21), cmap=blend, alpha=0.5)
        axes.contour(xs, ys, away, levels=[0.0], colors=INK, linewidths=1.5)
    else:
        regions = scores.argmax(axis=2)
        kinds = scores.shape[2]
        shades = [colour for _, colour in zip(range(kinds), cycle(COLOURS), strict=False)]
        axes.contourf(xs, ys, regions, levels=np.arange(kinds + 1) - 0.5, colors=shades, alpha=0.25)
    for target, colour in zip(found, colours, strict=True):
        of_class = inputs[targets == target]
        index = int(target)
        label = classes[index] if 0 <= index < len(classes) else f"class {target}"
        axes.plot(*of_class.T, "o", color=colour, markeredgecolor="white", markersize=5, label=label)
    xlabel, ylabel = names or ("first input", "second input")
    axes.set(xlabel=xlabel, ylabel=ylabel)
    _dress(axes, grid=False)
    axes.legend(frameon=True, facecolor="white", edgecolor="none", labelcolor=INK, fontsize=9)
    return Plot(figure)


def plot_saturation(model: MLP, data: Data) -> Plot:
    """Plot how the outputs of each hidden layer are spread: saturated neurons pile up at the ends.

    Glorot and Bengio (2010), figure 4, show such histograms layer by layer.

    Raises
    ------
    SettingError
        If the model has no hidden layer.
    MissingExtraError
        If matplotlib is not installed.
    """
    layers = list(getattr(model, "layers", []))[:-1]
    if not layers:
        raise SettingError(f"{model!r} has no hidden layers, whose outputs could be plotted")
    outputs: list[list[float]] = [[] for _ in layers]
    for x, _ in samples(data):
        signals: Sequence[Any] = x
        for layer, seen in zip(layers, outputs, strict=True):
            signals = [o.data for o in layer(signals)]
            seen.extend(signals)
    figure = _figure(2.6 * len(layers) + 0.6, 2.8)
    panels = figure.subplots(1, len(layers), sharey=True, squeeze=False)[0]
    for t, (axes, seen) in enumerate(zip(panels, outputs, strict=True)):
        axes.hist(seen, bins=40, weights=np.full(len(seen), 100 / len(seen)), color=COLOURS[0])
        axes.set(xlabel="output o", ylabel="" if t else "share, %")
        axes.set_title(f"layer {t}", fontsize=10, color=INK)
        _dress(axes)
    return Plot(figure)


def _figure(width: float, height: float) -> Figure:
    """Return an empty figure, bound to no display."""
    try:
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError as problem:
        raise MissingExtraError('plots need matplotlib: pip install "glassgrad[plots]"') from problem
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1)
    return Figure(figsize=(width, height), layout=layout, facecolor="white")


def _dress(axes: Axes, *, grid: bool = True) -> None:
    """Give axes their looks."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=9)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(color=FAINT, linewidth=0.6)


def _binned(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return median, tenth and ninetieth percentile of consecutive numbers."""
    parts = np.array_split(numbers, min(BINS, len(numbers)))
    low, middle, high = np.array([np.percentile(part, (10, 50, 90)) for part in parts]).T
    return middle, low, high


def _scores(outputs: Value | list[Value]) -> list[float]:
    return [outputs.data] if isinstance(outputs, Value) else [o.data for o in outputs]
