"""The layered graph of a network, and its mathematics in the notation of the lecture notes.

Glossary
--------
V_0 … V_T   the layers of neurons; V_0 holds the inputs, and V_t has k_t neurons
W_t         the matrix from V_t to V_{t+1}: k_{t+1} rows of k_t weights
a_t         the pre-activations of V_t: a_t = W_{t-1} o_{t-1}, for t = 1 … T
o_t         its outputs: o_0 = x, and o_t = σ(a_t)
w_t         the rows of W_t one after another; w is w_0 … w_{T-1} one after another
l_t         the loss-to-go: the loss as a function of o_t, through the later layers
δ_t         ∂l_t/∂o_t
g_t         the loss as a function of w_t alone

A bias is the weight of an edge from a constant neuron, which stands last in its layer
and always gives 1. Then o_t has that 1 at its end where W_t acts on it, every row of W_t
ends in a bias, and w is the vector ``model.parameters()`` of an `MLP`.
"""

from __future__ import annotations

from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from autograd import LengthError, OperandError, Primitive, Value, dot, gradients
from nn.errors import SettingError, whole_setting
from nn.layers import MLP
from nn.losses import mse
from nn.module import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

    Function: TypeAlias = Callable[[Any], Any] | None  # an activation, no longer by name
    Loss: TypeAlias = Callable[[Any, Any], Any]


# The graph (V, E) and its weights ----------------------------------------------------------------


class LayeredGraph:
    """A layered graph (V, E): every neuron has an edge to every neuron of the next layer.

    Parameters
    ----------
    sizes
        k_0 … k_T, how many neurons each layer has; the constant ones are not counted.
    bias
        Whether every layer but the last has a constant neuron.

    Raises
    ------
    SettingError
        If there are fewer than two layers, or one without neurons.

    Examples
    --------
    >>> graph = LayeredGraph([2, 3, 1])
    >>> graph
    <LayeredGraph 2-3-1: |V| = 8, |E| = 13>
    >>> graph.edges[:3]  # into the first neuron of V_1; the constant neuron is number 2 of V_0
    [((0, 0), (1, 0)), ((0, 1), (1, 0)), ((0, 2), (1, 0))]
    >>> graph.matrices(range(13))[1]
    [[9, 10, 11, 12]]
    """

    def __init__(self, sizes: Sequence[int], *, bias: bool = True) -> None:
        if not hasattr(sizes, "__len__") or len(sizes) < 2:  # noqa: PLR2004 - inputs and outputs
            raise SettingError(f"a layered graph has two layers or more, such as [2, 3, 1]; got {sizes!r}")
        self.sizes = tuple([whole_setting(f"k_{t}", k, least=1) for t, k in enumerate(sizes)])
        self.bias = bias

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """The shapes of W_0 … W_{T-1}; with biases these have a last column for them."""
        return [(after, before + self.bias) for before, after in pairwise(self.sizes)]

    @property
    def dimension(self) -> int:
        """|E|, which is the dimension of w."""
        return sum(rows * columns for rows, columns in self.shapes)

    @property
    def vertices(self) -> list[tuple[int, int]]:
        """V: neuron i of layer t as (t, i); the constant one is (t, k_t)."""
        last = len(self.sizes) - 1
        return [(t, i) for t, k in enumerate(self.sizes) for i in range(k + (self.bias and t < last))]

    @property
    def edges(self) -> list[tuple[tuple[int, int], tuple[int, int]]]:
        """E, in the order of w: the edge at place e has the weight w_e."""
        return [
            ((t, i), (t + 1, j))
            for t, (rows, columns) in enumerate(self.shapes)
            for j in range(rows)
            for i in range(columns)
        ]

    def matrices(self, w: Iterable[Any]) -> list[list[list[Any]]]:
        """Cut w into the rows of W_0 … W_{T-1}.

        Raises
        ------
        LengthError
            If w has not |E| numbers.
        """
        weights = list(plain(w))
        if len(weights) != self.dimension:
            raise LengthError(f"{self!r} has {self.dimension} weights; got {len(weights)}")
        matrices, start = [], 0
        for rows, columns in self.shapes:
            matrices.append([weights[start + j * columns : start + (j + 1) * columns] for j in range(rows)])
            start += rows * columns
        return matrices

    def __str__(self) -> str:
        return f"{'-'.join(map(str, self.sizes))}: |V| = {len(self.vertices)}, |E| = {self.dimension}"

    def __repr__(self) -> str:
        return f"<LayeredGraph {self}>"


class LayeredForm(NamedTuple):
    """A network as the notes have it, in the order in which `backpropagation` takes it.

    Attributes
    ----------
    w
        The weights: an array of |E| numbers.
    graph
        The layered graph (V, E).
    activation
        The non-linearity of each layer V_1 … V_T.
    """

    w: NDArray[np.float64]
    graph: LayeredGraph
    activation: list[Function]


def layered_form(model: MLP) -> LayeredForm:
    """Return the weights w of a network, its graph (V, E) and its non-linearities.

    Raises
    ------
    OperandError
        If `model` is not an `MLP`.
    SettingError
        If the neurons of a layer differ in activation, or only some have a bias.

    Examples
    --------
    >>> w, graph, activation = layered_form(MLP(2, [3, 1], activation="tanh"))
    >>> len(w), graph, activation
    (13, <LayeredGraph 2-3-1: |V| = 8, |E| = 13>, [<primitive tanh>, None])
    """
    weights, graph, activation = parts(model)
    return LayeredForm(np.array([w.data for w in weights]), graph, activation)


def input_block_matrix(o: ArrayLike, k: int) -> NDArray[np.float64]:
    """Return B, with which a layer's pre-activations are linear in its weights: W o = B w.

    Parameters
    ----------
    o
        The inputs of the layer, with the constant 1 at the end if it has biases.
    k
        How many neurons it has.

    Returns
    -------
    array
        Of shape (k, k n) for n inputs: block diagonal, o repeated k times, 0 elsewhere.

    Notes
    -----
    Proof. Place j n + i of w holds W_ji, and row j of B is 0 but for o in the places
    j n … j n + n - 1. So (B w)_j = Σ_i o_i W_ji = (W o)_j. Added up from left to right
    the two agree bit for bit (but for the sign of a zero), since the other terms are 0.

    As a = B w is linear in w, B is its Jacobian, and ∂l/∂w = Bᵀ ∂l/∂a.

    Examples
    --------
    >>> input_block_matrix([3.0, 5.0], 2)
    array([[3., 5., 0., 0.],
           [0., 0., 3., 5.]])
    >>> input_block_matrix([3.0, 5.0], 2) @ [1.0, 2.0, 10.0, 20.0]
    array([ 13., 130.])
    """
    inputs = np.asarray(o, dtype=np.float64)
    if inputs.ndim != 1 or not inputs.size:
        raise LengthError(f"o is a sequence of numbers, one for each input; got shape {inputs.shape}")
    blocks = np.zeros((whole_setting("k", k, least=1), k, inputs.size))
    blocks[range(k), range(k)] = inputs
    return blocks.reshape(k, -1)


def parts(model: MLP) -> tuple[list[Value], LayeredGraph, list[Function]]:
    """Return the weights of a network in the order of its edges, its graph and its non-linearities."""
    if not isinstance(model, MLP):
        raise OperandError(f"a layered graph is that of an MLP, not of {model!r}")
    neurons = [neuron for layer in model.layers for neuron in layer.neurons]
    if len({neuron.bias is None for neuron in neurons}) > 1:
        raise SettingError("some neurons have a bias and some have none; a layered graph has all or none")
    activation = [layer.neurons[0].activation for layer in model.layers]
    for t, layer in enumerate(model.layers):
        if any(neuron.activation is not activation[t] for neuron in layer.neurons):
            raise SettingError(
                f"the neurons of V_{t + 1} differ in activation; a layered graph has one a layer"
            )
    weights = [w for neuron in neurons for w in (*neuron.weights, neuron.bias) if w is not None]
    if len(set(weights)) < len(weights):
        raise SettingError("two edges share a weight; in a layered graph every edge has its own")
    sizes = [model.layers[0].inputs, *[len(layer.neurons) for layer in model.layers]]
    return weights, LayeredGraph(sizes, bias=neurons[0].bias is not None), activation


def value_and_slope(function: Function, a: float) -> tuple[float, float]:
    """Return σ(a) and σ'(a): the value of an activation, and the partial in its row, on a float.

    A function that is no row of the table is differentiated by autodiff, by itself.

    Examples
    --------
    >>> from autograd import sigmoid
    >>> value_and_slope(sigmoid, 0.0), value_and_slope(None, 3.0)
    ((0.5, 0.25), (3.0, 1.0))
    """
    if function is None:
        return a, 1.0
    if isinstance(function, Primitive):
        z: float = function(a)
        try:
            return z, float(function.partials_at(z, [a])[0])
        except ZeroDivisionError:
            pass  # an infinite slope; the rules that autodiff makes from the row divide as IEEE 754 says
    x = Value(a)
    output: Value = function(x)
    return output.data, gradients(output, [x])[0]


# The network as a composition --------------------------------------------------------------------


class Step(NamedTuple):
    """One function of a composition, and its formula."""

    formula: str
    function: Callable[[Any], Any]


def composition(model: MLP, y: Any, loss: Loss = mse) -> list[Step]:  # noqa: ANN401 - the loss knows its targets
    """Return the loss on a target y as a composition: affine, non-linearity, …, loss.

    The steps stand in the order in which they are applied, affine ∘ non-linearity ∘ loss
    for the notes; in nested functions, loss(σ(W_0 x)), the same order is from the inside out.
    A step takes a list of numbers or Values and gives one; the loss gives a single one.

    Raises
    ------
    OperandError, SettingError
        As for `layered_form`.

    Examples
    --------
    >>> model = MLP(2, [3, 1], activation="tanh")
    >>> steps = composition(model, 0.25)
    >>> [step.formula for step in steps]
    ['a1 = W0 o0', 'o1 = tanh(a1)', 'a2 = W1 o1', 'o2 = a2', 'l = mse(o2, y)']
    >>> signals = [0.5, -1.0]
    >>> for step in steps:
    ...     signals = step.function(signals)
    >>> signals.data == mse(model([0.5, -1.0]), 0.25).data
    True
    """
    steps = steps_of(*parts(model))
    return [*steps, loss_step(loss, y, len(steps) // 2)]


def composed(steps: Sequence[Step]) -> Callable[[Sequence[Any]], Any]:
    """Return steps as one function of a list of numbers or Values; the first step acts first."""
    return lambda numbers: reduce(lambda signals, step: step.function(signals), steps, values(numbers))


def ending(outputs: Sequence[Any]) -> Any:  # noqa: ANN401 - a number, or a list of them
    """Return outputs as a loss takes them: that of a single neuron by itself."""
    return outputs[0] if len(outputs) == 1 else outputs


def steps_of(weights: Sequence[Any], graph: LayeredGraph, activation: Sequence[Function]) -> list[Step]:
    """Return the steps from x to o_T: an affine one and a non-linearity for each layer."""
    steps = []
    for t, (rows, function) in enumerate(zip(graph.matrices(weights), activation, strict=True)):
        name = "{}" if function is None else f"{getattr(function, '__name__', 'σ')}({{}})"
        steps.append(Step(f"a{t + 1} = W{t} o{t}", _affine(rows, bias=graph.bias)))
        steps.append(Step(f"o{t + 1} = {name.format(f'a{t + 1}')}", _on_each(function)))
    return steps


def loss_step(loss: Loss, y: Any, last: int) -> Step:  # noqa: ANN401 - as for `composition`
    """Return the step from o_T to the loss, where T is `last`."""
    name = getattr(getattr(loss, "func", loss), "__name__", repr(loss))
    return Step(f"l = {name}(o{last}, y)", lambda o: loss(ending(o), y))


def _affine(rows: list[list[Any]], *, bias: bool) -> Callable[[Sequence[Any]], list[Any]]:
    constant = [1.0] * bias
    return lambda o: [dot(row, [*o, *constant]) for row in rows]


def _on_each(function: Function) -> Callable[[Sequence[Any]], list[Any]]:
    return lambda numbers: list(numbers) if function is None else [function(a) for a in numbers]


def values(numbers: Sequence[Any]) -> list[Value]:
    """Return numbers as Values, those that are Values already as they are."""
    return [x if isinstance(x, Value) else Value(x) for x in numbers]
