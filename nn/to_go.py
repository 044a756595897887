"""Loss-to-go: the loss as a function of the outputs, or of the weights, of one layer alone.

The notation is that of `nn.layered`.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from autograd import Value, gradients
from nn.errors import SettingError, whole_setting
from nn.layered import LayeredGraph, composed, loss_step, parts, steps_of, value_and_slope, values
from nn.layers import read_sample
from nn.losses import mse
from nn.module import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nn.layered import Loss
    from nn.layers import MLP

SHOWN = 8
"""The most neurons of a layer in a table; of more, one less is shown, and how many there are."""


class LossToGo:
    """The loss on one sample as a function of the outputs of every layer; made by `loss_to_go`.

    Printed, it is a table of the layers and their numbers.

    Attributes
    ----------
    graph
        The layered graph (V, E).
    weights
        w, as Values of its own, so that training the model later changes nothing here.
    functions
        l_0 … l_T: `functions[t]` takes o_t, a list of numbers or Values, and gives the loss.
    pre_activations, outputs
        a_t and o_t for t = 0 … T, lists of Values, as recorded; a_0 is empty.
    slopes
        σ'(a_t), lists of floats; the first is empty.
    loss
        The loss as recorded, a Value.
    """

    def __init__(self, model: MLP, x: Sequence[float], y: Any, loss: Loss) -> None:  # noqa: ANN401 - as for `composition`
        weights, self.graph, activation = parts(model)
        self.weights = [Value(w.data, w.label) for w in weights]
        steps = steps_of(self.weights, self.graph, activation)
        steps.append(loss_step(loss, y, len(self.graph.shapes)))
        signals: list[Any] = [values(read_sample(x, self.graph.sizes[0], self.graph))]
        for step in steps:
            signals.append(step.function(signals[-1]))
        self.functions = [composed(steps[2 * t :]) for t in range(len(self.graph.sizes))]
        self.pre_activations: list[list[Value]] = [[], *signals[1:-1:2]]
        self.outputs: list[list[Value]] = signals[:-1:2]
        self.slopes = [
            [value_and_slope(function, a.data)[1] for a in numbers]
            for function, numbers in zip([None, *activation], self.pre_activations, strict=True)
        ]
        self.loss: Value = signals[-1]
        self._formulas = [step.formula for step in steps]
        self._target = y

    @cached_property
    def deltas(self) -> list[list[float]]:
        """δ_t = ∂l_t/∂o_t for t = 0 … T, each the derivative of `functions[t]` at o_t."""
        points = [[Value(o.data) for o in outputs] for outputs in self.outputs]
        return [gradients(to_go(o), o) for to_go, o in zip(self.functions, points, strict=True)]

    def __str__(self) -> str:
        lines = [
            f"Layered graph {self.graph}",
            f"{self._formulas[-1]} = {self.loss.data:.6g}  for y = {_target(self._target)}",
            "",
            f"  neuron{'a':>10}{'o':>10}{'σ′(a)':>10}{'δ':>10}    weights of edges into it",
            "─" * 80,
        ]
        matrices = [[], *self.graph.matrices([w.data for w in self.weights])]
        for t, deltas in enumerate(self.deltas):
            lines += [*[""] * (t > 0), f"V{t}  {self._layer(t)}"]
            a = [f"{v:.3g}" for v in self.pre_activations[t]] or [""] * len(deltas)
            slopes = [f"{slope:.3g}" for slope in self.slopes[t]] or [""] * len(deltas)
            o = [f"{v:.3g}" for v in self.outputs[t]]
            rows = matrices[t] or [[]] * len(deltas)
            shown = len(o) if len(o) <= SHOWN else SHOWN - 1
            for i in range(shown):
                cells = f"{a[i]:>10}{o[i]:>10}{slopes[i]:>10}{deltas[i]:>10.3g}"
                lines.append(f"{i:>8}{cells}  {_weights(rows[i])}".rstrip())
            if shown < len(o):
                lines.append(f"{'…':>8}   {len(o) - shown} more")
            if self.graph.bias and t < len(self.outputs) - 1:
                lines.append(f"{'constant':>8}{1:>20}")
        return "\n".join(lines)

    def _layer(self, t: int) -> str:
        """Say what a layer computes."""
        if t == 0:
            return f"k0 = {len(self.outputs[0])}   o0 = x"
        rows, columns = self.graph.shapes[t - 1]
        affine, non_linearity = self._formulas[2 * t - 2 : 2 * t]
        return f"k{t} = {rows}   {affine}   {non_linearity}   W{t - 1} is {rows}×{columns}"

    def __repr__(self) -> str:
        return f"<LossToGo of {self.graph!r}: loss {self.loss.data:.6g}>"


def _target(y: Any) -> str:  # noqa: ANN401 - as for `composition`
    """Write a target, or the first few of many."""
    numbers = plain(y)
    if not isinstance(numbers, list | tuple):
        return f"{numbers:g}"
    return f"[{', '.join([f'{number:.3g}' for number in numbers[:3]])}{', …' * (len(numbers) > 3)}]"  # noqa: PLR2004 - for 80 columns


def _weights(row: Sequence[float]) -> str:
    """Write a row of W, a long one without its middle."""
    numbers = [f"{w:>9.2g}" for w in row]
    return "".join(numbers if len(numbers) <= 3 else [*numbers[:2], "  …", numbers[-1]])  # noqa: PLR2004 - for 80 columns


def loss_to_go(model: MLP, x: Sequence[float], y: Any, loss: Loss = mse) -> LossToGo:  # noqa: ANN401 - as for `composition`
    """Return the loss-to-go of every layer: l_t maps the outputs o_t to the loss.

    By construction loss = l_T(o_T) = … = l_{t+1}(o_{t+1}) = l_t(o_t) = … = l_0(x), and
    δ_t = ∂l_t/∂o_t is what backpropagation carries from layer to layer.

    Parameters
    ----------
    model
        The network.
    x, y
        The sample.
    loss
        A function of the outputs and y, such as those in `nn.losses`.

    Raises
    ------
    LengthError
        If x has not k_0 numbers.
    OperandError, SettingError
        As for `layered_form`.

    See Also
    --------
    outputs_to_go : the other reading of l_t, without the loss.

    Examples
    --------
    >>> from nn import MLP
    >>> to_go = loss_to_go(MLP(2, [3, 1], activation="tanh"), [0.5, -1.0], 0.25)
    >>> len({l(o).data for l, o in zip(to_go.functions, to_go.outputs)})
    1
    >>> to_go.loss.backward()
    >>> to_go.deltas[1] == [o.grad for o in to_go.outputs[1]]
    True
    """
    return LossToGo(model, x, y, loss)


def outputs_to_go(model: MLP) -> list[Callable[[Sequence[Any]], list[Value]]]:
    """Return the outputs of the network as functions of those of every layer, without the loss.

    Some lines of the notes call these l_t, so that loss = MSE(l_t(o_t)).

    Returns
    -------
    list
        T + 1 functions: number t takes o_t, a list of numbers or Values, and gives o_T.

    Examples
    --------
    >>> from nn import MLP
    >>> model = MLP(2, [3, 1], activation="tanh")
    >>> to_go = loss_to_go(model, [0.5, -1.0], 0.25)
    >>> [mse(l(o), [0.25]).data == to_go.loss.data for l, o in zip(outputs_to_go(model), to_go.outputs)]
    [True, True, True]
    """
    steps = steps_of(*parts(model))
    return [composed(steps[start:]) for start in range(0, len(steps) + 1, 2)]


def loss_of_weights(
    model: MLP,
    t: int,
    x: Sequence[float],
    y: Any,  # noqa: ANN401 - as for `composition`
    loss: Loss = mse,
) -> Callable[[Sequence[Any]], Value]:
    """Return g_t, the loss on a sample as a function of the weights w_t alone.

    It is the affine a = B w_t with the B of o_t, then the non-linearity, then the
    loss-to-go l_{t+1}. Hence ∂g_t/∂w = Bᵀ(δ_{t+1} ⊙ σ'(a_{t+1})).

    Parameters
    ----------
    model, x, y, loss
        As for `loss_to_go`.
    t
        Which weights: 0 … T-1.

    Returns
    -------
    function
        It takes w_t, the rows of W_t one after another: numbers or Values.

    Raises
    ------
    SettingError
        If there is no w_t.
    LengthError
        As for `loss_to_go`; and by g_t, if it is called with another number of weights.

    Examples
    --------
    >>> import numpy as np
    >>> from nn import MLP, input_block_matrix
    >>> model = MLP(2, [3, 1], activation="tanh", bias=False, seed=1)
    >>> to_go = loss_to_go(model, [0.5, -1.0], 0.25)
    >>> w = [Value(w.data) for w in model.parameters()[:6]]
    >>> by_autodiff = gradients(loss_of_weights(model, 0, [0.5, -1.0], 0.25)(w), w)
    >>> by_matrix = input_block_matrix([0.5, -1.0], 3).T @ np.multiply(to_go.deltas[1], to_go.slopes[1])
    >>> bool(abs(by_matrix - by_autodiff).max() < 1e-15)
    True
    """
    _, graph, activation = parts(model)
    if whole_setting("t", t, least=0) >= len(graph.shapes):
        raise SettingError(f"there is no w_{t}: those of {graph!r} are w_0 … w_{len(graph.shapes) - 1}")
    to_go = LossToGo(model, x, y, loss)
    o = [number.data for number in to_go.outputs[t]]
    pair = LayeredGraph(graph.sizes[t : t + 2], bias=graph.bias)

    def loss_of(w: Sequence[Any]) -> Value:
        steps = steps_of(values(w), pair, [activation[t]])
        error: Value = to_go.functions[t + 1](composed(steps)(o))
        return error

    return loss_of
