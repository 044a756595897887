"""`Neuron`, `Layer` and `MLP`: the feed-forward network, one sample at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from autograd import TABLE, LengthError, OperandError, Value, dot
from nn.errors import SettingError, whole_setting
from nn.initializers import generator, he
from nn.module import Module, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import SupportsFloat

    from nn.initializers import Initializer, Seed

    Inputs: TypeAlias = Iterable[Value | SupportsFloat]

Activation: TypeAlias = str | Callable[[Any], Any] | None
"""A primitive of one operand, by name; or any function of a Value; or None, for none."""


class Neuron(Module):
    """One neuron, o = σ(w·x + b): a weight for each input, a bias, an activation.

    Parameters
    ----------
    inputs
        How many inputs it takes.
    activation
        The non-linearity σ: the name of a primitive of one operand, such as "relu" or
        "tanh", or a function. None is none: the neuron is linear.
    initializer
        Draws the weights; see `nn.initializers`. The bias starts at 0.
    bias
        Whether there is a bias.
    seed
        A seed, or a generator to draw on from.
    fan_out
        How many neurons its layer has, which the initializer may want to know.
    place
        Where it stands in its network: a part of the labels of its parameters.

    Raises
    ------
    SettingError
        If `inputs` is not 1 or more, or the activation is unknown.

    Notes
    -----
    Called on a sequence of `inputs` numbers or Values, it gives a Value. That takes
    two nodes, the pre-activation w·x + b being one of them.

    Examples
    --------
    The neuron of CS231n, with weights 2 and -3 and bias -3:

    >>> neuron = Neuron(2, "sigmoid")
    >>> neuron.set_parameters([2.0, -3.0, -3.0])
    >>> o = neuron([-1.0, -2.0])
    >>> o.backward()
    >>> f"{o:.4f}", [f"{w.grad:.4f}" for w in neuron.parameters()]
    ('0.7311', ['-0.1966', '-0.3932', '0.1966'])
    """

    def __init__(
        self,
        inputs: int,
        activation: Activation = None,
        *,
        initializer: Initializer = he,
        bias: bool = True,
        seed: Seed = 0,
        fan_out: int = 1,
        place: str = "",
    ) -> None:
        inputs = whole_setting("inputs", inputs, least=1)
        weights = list(initializer(generator(seed, "weights"), inputs, fan_out))
        if len(weights) != inputs:
            raise LengthError(f"the initializer drew {len(weights)} weights for a neuron of {inputs} inputs")
        self.weights = [Value(w, label=f"w{place}[{i}]") for i, w in enumerate(weights)]
        self.bias = Value(0.0, label=f"b{place}") if bias else None
        self.activation = activation_function(activation)

    def __call__(self, inputs: Inputs, /) -> Value:
        """Return the output for one sample.

        Raises
        ------
        LengthError
            If there are not as many inputs as weights.
        """
        output: Value = dot(self.weights, read_sample(inputs, len(self.weights), self), self.bias)
        if self.activation is not None:
            output = self.activation(output)
        return output

    def __repr__(self) -> str:
        return f"Neuron({len(self.weights)}{_shown(activation=self.activation)})"


class Layer(Module):
    """A fully connected layer: neurons side by side, on the same inputs.

    Parameters
    ----------
    inputs, outputs
        How many numbers it takes, and how many neurons it has.
    activation, initializer, bias, seed, place
        As for `Neuron`.

    Notes
    -----
    Called on one sample it gives a list of Values, one for each neuron, also if there
    is only one.

    Examples
    --------
    >>> layer = Layer(3, 2, "tanh")
    >>> layer, len(layer.parameters())
    (Layer(3, 2, activation='tanh'), 8)
    >>> [f"{o:.4f}" for o in layer([0.0, 0.0, 0.0])]
    ['0.0000', '0.0000']
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        activation: Activation = None,
        *,
        initializer: Initializer = he,
        bias: bool = True,
        seed: Seed = 0,
        place: str = "",
    ) -> None:
        random = generator(seed, "weights")
        outputs = whole_setting("outputs", outputs, least=1)
        self.neurons = [
            Neuron(
                inputs,
                activation,
                initializer=initializer,
                bias=bias,
                seed=random,
                fan_out=outputs,
                place=f"{place}[{j}]",
            )
            for j in range(outputs)
        ]

    @property
    def inputs(self) -> int:
        """How many numbers the layer takes."""
        return len(self.neurons[0].weights)

    def __call__(self, inputs: Inputs, /) -> list[Value]:
        """Return the outputs for one sample.

        Raises
        ------
        LengthError
            If the number of inputs is not the layer's.
        """
        numbers = read_sample(inputs, self.inputs, self)
        return [neuron(numbers) for neuron in self.neurons]

    def __repr__(self) -> str:
        shown = _shown(activation=self.neurons[0].activation)
        return f"Layer({self.inputs}, {len(self.neurons)}{shown})"


class MLP(Module):
    """A multilayer perceptron: fully connected layers, one after another.

    Parameters
    ----------
    inputs
        How many numbers a sample has.
    outputs
        How many neurons each layer has, the last one being the output.
    activation
        The non-linearity of the hidden layers; see `Neuron`.
    output_activation
        That of the last layer; it is linear unless told otherwise, as losses on scores
        and logits want it.
    initializer, bias, seed
        As for `Neuron`.

    Raises
    ------
    SettingError
        If a number of neurons is not 1 or more, or an activation is unknown.

    Notes
    -----
    Called on one sample it gives a single Value if the last layer has one neuron, else
    a list of Values. Inputs may be numbers, a row of an array, or Values.

    The parameters are, layer by layer and neuron by neuron, the row of weights and then
    the bias. Layer t, counted from 0, labels them ``wt[neuron][input]``, ``bt[neuron]``.

    Examples
    --------
    >>> model = MLP(2, [4, 1], activation="tanh")
    >>> model, len(model.parameters())
    (MLP(2, [4, 1], activation='tanh'), 17)
    >>> model.named_parameters()[1][0], model.parameters()[1].label
    ('layers.0.neurons.0.weights.1', 'w0[0][1]')
    >>> model([1.0, 2.0, 3.0])
    Traceback (most recent call last):
    autograd.errors.LengthError: MLP(2, [4, 1], activation='tanh') takes 2 inputs, got 3
    """

    def __init__(
        self,
        inputs: int,
        outputs: Sequence[int],
        activation: Activation = "relu",
        output_activation: Activation = None,
        *,
        initializer: Initializer = he,
        bias: bool = True,
        seed: Seed = 0,
    ) -> None:
        if not hasattr(outputs, "__len__") or not len(outputs):
            raise SettingError(f"outputs lists the size of each layer, such as [16, 1]; got {outputs!r}")
        if isinstance(outputs, str):
            raise SettingError(f"outputs lists the size of each layer, such as [16, 1]; got {outputs!r}")
        activation = activation_function(activation)  # also where no hidden layer has it
        random = generator(seed, "weights")
        last = len(outputs) - 1
        self.layers = [
            Layer(
                fan_in,
                fan_out,
                output_activation if t == last else activation,
                initializer=initializer,
                bias=bias,
                seed=random,
                place=str(t),
            )
            for t, (fan_in, fan_out) in enumerate(zip((inputs, *outputs), outputs, strict=False))
        ]

    def __call__(self, inputs: Inputs, /) -> Any:  # noqa: ANN401 - a Value, or a list of them
        """Return the output for one sample: a Value from one last neuron, a list from more.

        Raises
        ------
        LengthError
            If the number of inputs is not the network's.
        """
        signals: Sequence[Any] = read_sample(inputs, self.layers[0].inputs, self)
        for layer in self.layers:
            signals = layer(signals)
        return signals[0] if len(signals) == 1 else signals

    def __repr__(self) -> str:
        sizes = [len(layer.neurons) for layer in self.layers]
        hidden, last = self.layers[0].neurons[0].activation, self.layers[-1].neurons[0].activation
        shown = _shown(activation=hidden if len(sizes) > 1 else None, output_activation=last)
        return f"MLP({self.layers[0].inputs}, {sizes}{shown})"


def activation_function(choice: Activation) -> Callable[[Any], Any] | None:
    """Return the function that a name stands for; a function, or None, stands for itself."""
    if choice is None or callable(choice):
        return choice
    unary = {
        name: row
        for name, row in TABLE.items()
        if not name.startswith("_") and not row.variadic and len(row.partials) == 1
    }
    if not isinstance(choice, str) or choice not in unary:
        raise SettingError(
            f"no activation is called {choice!r}; take a function, None, or one of {', '.join(unary)}"
        )
    return unary[choice]


def read_sample(inputs: Inputs, expected: int, owner: object) -> Sequence[Any]:
    """Return one sample as a sequence of the expected length; arrays become Python floats."""
    sample: Any = plain(inputs)
    if not hasattr(sample, "__iter__") or isinstance(sample, dict | set | frozenset):
        raise OperandError(f"{owner!r} takes a sequence of {expected} inputs, got {inputs!r}")
    numbers: tuple[Any, ...] = tuple(sample)
    if len(numbers) != expected:
        raise LengthError(f"{owner!r} takes {expected} input{'s' * (expected > 1)}, got {len(numbers)}")
    return numbers


def _shown(**activations: Callable[[Any], Any] | None) -> str:
    """Write activations as the arguments they were, None left out."""
    return "".join(f", {name}={getattr(f, '__name__', repr(f))!r}" for name, f in activations.items() if f)
