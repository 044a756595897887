"""Backpropagation as a function of the flat vector of weights: by autodiff, and by hand.

The notation is that of `nn.layered`. Both functions take the same arguments, in the
order of the notes, and each is a check of the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from autograd import LengthError, Value, gradients, logsumexp, relu, softplus
from nn.errors import NonFiniteError, SettingError
from nn.layered import composed, ending, steps_of, value_and_slope
from nn.layers import activation_function, read_sample
from nn.losses import binary_cross_entropy, hinge, mse, softmax_cross_entropy
from nn.module import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from nn.layered import Function, LayeredGraph, Loss
    from nn.layers import Activation

    Array: TypeAlias = NDArray[np.float64]


def backpropagation(
    x: Sequence[float],
    y: Any,  # noqa: ANN401 - the loss knows its targets
    w: Iterable[float],
    graph: LayeredGraph,
    activation: Activation | Sequence[Activation],
    *,
    loss: Loss = mse,
) -> Array:
    """Return v, the gradient by w of the loss on one sample, by autodiff.

    Parameters
    ----------
    x, y
        The sample.
    w
        The weights, a vector in R^|E|.
    graph
        The layered graph (V, E).
    activation
        The non-linearity σ of all layers, or a list with one for each of V_1 … V_T.
    loss
        A function of the outputs and y, such as those in `nn.losses`.

    Returns
    -------
    array
        |E| numbers, in the order of w.

    Raises
    ------
    LengthError
        If x, w or a list of activations has not the length that the graph demands.
    NonFiniteError
        If a derivative is inf or nan.
    SettingError
        If an activation is unknown.

    Examples
    --------
    >>> from nn import LayeredGraph
    >>> v = backpropagation([2.0], 1.0, [0.5, 0.0], LayeredGraph([1, 1]), "sigmoid")
    >>> [f"{number:.4f}" for number in v]
    ['-0.2115', '-0.1058']

    A step of SGD on the vector w is then ``w = w - step_size * (v + decay * w)``.
    """
    weights = [Value(number) for number in plain(w)]
    steps = steps_of(weights, graph, _functions(activation, graph))
    outputs = composed(steps)(read_sample(x, graph.sizes[0], graph))
    error: Value = loss(ending(outputs), y)
    return _finite(np.array(gradients(error, weights)), graph)


@np.errstate(all="ignore")  # what is not finite is refused at the end
def backpropagate_by_hand(
    x: Sequence[float],
    y: Any,  # noqa: ANN401 - the loss knows its targets
    w: Iterable[float],
    graph: LayeredGraph,
    activation: Activation | Sequence[Activation],
    *,
    loss: Loss = mse,
) -> Array:
    """Return v, the gradient by w of the loss on one sample, by matrices and the recursion for δ.

    Forward, for t = 1 … T:  a_t = W_{t-1} o_{t-1},  o_t = σ(a_t)
    At the end:              δ_T = ∂l/∂o_T
    Back, for t = T … 1:     ∂l/∂w_{t-1} = Bᵀ(δ_t ⊙ σ'(a_t)),  δ_{t-1} = W_{t-1}ᵀ(δ_t ⊙ σ'(a_t))

    Parameters
    ----------
    x, y, w, graph, activation
        As for `backpropagation`.
    loss
        One of those in `nn.losses`, or ``functools.partial(mse, half=True)``.

    Raises
    ------
    SettingError
        If it is another loss, or an activation is unknown.
    LengthError, NonFiniteError
        As for `backpropagation`.

    Notes
    -----
    No graph is recorded. The slope σ'(a) is the partial in the row of the activation,
    evaluated on floats (see `nn.layered.value_and_slope`).

    Examples
    --------
    >>> from nn import MLP, layered_form
    >>> model = MLP(3, [4, 2], "tanh", seed=1)
    >>> x, y = [0.5, -1.0, 2.0], [0.3, -0.7]
    >>> by_hand = backpropagate_by_hand(x, y, *layered_form(model))
    >>> bool(abs(by_hand - backpropagation(x, y, *layered_form(model))).max() < 1e-15)
    True
    """
    matrices = [np.array(rows, dtype=np.float64) for rows in graph.matrices(w)]
    o = list(map(float, read_sample(x, graph.sizes[0], graph)))
    inputs, slopes = [], []
    for matrix, function in zip(matrices, _functions(activation, graph), strict=True):
        inputs.append(np.array([*o, *[1.0] * graph.bias]))
        pairs = [value_and_slope(function, a) for a in (matrix @ inputs[-1]).tolist()]
        o = [output for output, _ in pairs]
        slopes.append(np.array([slope for _, slope in pairs]))
    delta = _loss_slopes(loss, o, y)
    parts: list[Array] = []
    for matrix, before, slope in zip(matrices[::-1], inputs[::-1], slopes[::-1], strict=True):
        by_a = delta * slope
        parts.append(np.outer(by_a, before).ravel())  # Bᵀ ∂l/∂a, without the zeros of B
        delta = (matrix.T @ by_a)[: len(before) - graph.bias]  # a constant neuron has no edges into it
    return _finite(np.concatenate(parts[::-1]), graph)


def _functions(activation: Activation | Sequence[Activation], graph: LayeredGraph) -> list[Function]:
    """Return the activation function of each layer V_1 … V_T."""
    layers = len(graph.shapes)
    choices: Any = activation
    if activation is None or isinstance(activation, str) or callable(activation):
        choices = [activation] * layers
    if len(choices) != layers:
        raise LengthError(f"{graph!r} has {layers} layers with activations; got {len(choices)} for them")
    return [activation_function(choice) for choice in choices]


def _finite(v: Array, graph: LayeredGraph) -> Array:
    """Return a gradient, or refuse one that is not finite, naming the first such edge."""
    bad = np.flatnonzero(~np.isfinite(v))
    if bad.size:
        (t, i), (_, j) = graph.edges[bad[0]]
        raise NonFiniteError(
            f"the derivative by w_{bad[0]}, of the edge from neuron {i} of V_{t} to neuron {j} of V_{t + 1}, "
            f"is {v[bad[0]]}; smaller weights, or inputs of the order of 1, may help",
        )
    return v


# ∂l/∂o_T: derivations by hand, in which the slopes of relu, softplus and logsumexp are those of their rows


def _loss_slopes(loss: Loss, o: list[float], y: Any) -> Array:  # noqa: ANN401 - the loss knows its targets
    """Return ∂l/∂o_T, after the loss itself has looked at its operands."""
    function, settings = getattr(loss, "func", loss), getattr(loss, "keywords", {})
    if function not in BY_HAND:
        known = ", ".join([known.__name__ for known in BY_HAND])
        raise SettingError(f"no derivative of {loss!r} is known by hand, only those of {known}")
    loss(ending(o), y)
    return np.array(BY_HAND[function](o, plain(y), **settings))


def _of_mse(o: list[float], y: Any, *, half: bool = False) -> list[float]:  # noqa: ANN401 - one number, or several
    targets = y if isinstance(y, list | tuple) else [y]
    return [
        (1 if half else 2) * (output - target) / len(o) for output, target in zip(o, targets, strict=True)
    ]


def _of_hinge(o: list[float], y: float) -> list[float]:
    _, slope = value_and_slope(relu, 1 - y * o[0])
    return [-y * slope]


def _of_binary_cross_entropy(o: list[float], y: float) -> list[float]:
    sign = -1 if y else 1
    _, slope = value_and_slope(softplus, sign * o[0])
    return [sign * slope]


def _of_softmax_cross_entropy(o: list[float], y: int) -> list[float]:
    shares = logsumexp.partials_at(logsumexp(o), o)
    return [share - (k == y) for k, share in enumerate(shares)]


BY_HAND: dict[Callable[..., Any], Callable[..., list[float]]] = {
    mse: _of_mse,
    hinge: _of_hinge,
    binary_cross_entropy: _of_binary_cross_entropy,
    softmax_cross_entropy: _of_softmax_cross_entropy,
}
