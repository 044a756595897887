"""`SGD`: stochastic gradient descent with a sequence of step sizes and weight decay."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from autograd import OperandError, Value
from nn.errors import NonFiniteError, SettingError, finite_setting
from nn.module import plain, set_data

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    StepSizes: TypeAlias = float | Sequence[float] | Callable[[int], float]


class SGD:
    """Stochastic gradient descent: step i, from 1, is w ← w - η_i (v_i + λ w).

    Here v_i is the gradient that the parameters hold. The term λ w is the gradient of
    ½ λ ‖w‖²; it acts on all parameters, biases included.

    Parameters
    ----------
    parameters
        Leaf Values, such as ``model.parameters()``; each counts once.
    lr
        The step sizes η: one number, a sequence η_1 … η_T, or a function of i.
    weight_decay
        λ, 0 or more.

    Attributes
    ----------
    iteration : int
        How many steps have been taken.

    Raises
    ------
    SettingError
        If λ or a step size is negative or not finite, or there are no parameters.
    OperandError
        If something among the parameters is not a leaf Value.

    Examples
    --------
    >>> w = Value(3.0, label="w")
    >>> optimizer = SGD([w], lr=[0.5, 0.25], weight_decay=0.5)
    >>> (w * w).backward()
    >>> optimizer.step()
    0.5
    >>> w.data
    -0.75
    """

    def __init__(self, parameters: Iterable[Value], lr: StepSizes, weight_decay: float = 0.0) -> None:
        if not isinstance(parameters, Iterable):
            raise OperandError(f"SGD takes a list of Values, such as model.parameters(); got {parameters!r}")
        self.parameters = list(parameters)
        if not self.parameters:
            raise SettingError("there are no parameters to optimise; pass model.parameters()")
        for parameter in self.parameters:
            if not isinstance(parameter, Value) or parameter.primitive is not None:
                raise OperandError(f"a parameter is a Value that was given, not computed; got {parameter!r}")
        self.parameters = list(dict.fromkeys(self.parameters))
        self._named = [
            (parameter.label or f"{k}, without a label,", parameter)
            for k, parameter in enumerate(self.parameters)
        ]
        self.lr = _step_sizes(lr)
        self.weight_decay = finite_setting("weight_decay (λ)", weight_decay)
        self.iteration = 0

    def step_size(self, i: int) -> float:
        """Return η_i, the step size of iteration i, counted from 1.

        Raises
        ------
        SettingError
            If the sequence of step sizes ends before i, or η_i is not a finite number,
            0 or more.
        """
        if callable(self.lr):
            return finite_setting(f"lr({i}), the step size η_{i},", self.lr(i))
        if isinstance(self.lr, float):
            return self.lr
        if i > len(self.lr):
            raise SettingError(
                f"iteration {i} needs a step size η_{i}, but lr is a sequence of T = {len(self.lr)}; "
                "make it longer, or pass a number or a function of i",
            )
        return self.lr[i - 1]

    def step(self) -> float:
        """Move every parameter against its gradient, and return the step size taken.

        A parameter without a gradient has v = 0.

        Raises
        ------
        NonFiniteError
            If a gradient or a new weight is inf or nan.
        SettingError
            If there is no step size, or no parameter has a gradient.

        Notes
        -----
        Everything is checked first: whatever is raised, nothing has changed.
        """
        rate = self.step_size(self.iteration + 1)
        if not any(parameter.has_grad for parameter in self.parameters):
            raise SettingError(
                "no parameter has a gradient; call backward() on a loss that depends on them first"
            )
        gradients = [parameter.grad for parameter in self.parameters]
        for (name, _), v in zip(self._named, gradients, strict=True):
            if not math.isfinite(v):
                raise NonFiniteError(
                    f"the gradient of parameter {name} is {v!r}; no parameter was changed. "
                    "Smaller steps or initial weights, or standardised inputs, may help",
                )
        weights = [parameter.data for parameter in self.parameters]
        moved = [w - rate * (v + self.weight_decay * w) for w, v in zip(weights, gradients, strict=True)]
        set_data(self._named, moved)
        self.iteration += 1
        return rate

    def zero_grad(self) -> None:
        """Forget the gradient of every parameter."""
        for parameter in self.parameters:
            parameter.zero_grad()

    def __repr__(self) -> str:
        lr = f"<{len(self.lr)} step sizes>" if isinstance(self.lr, tuple) else repr(self.lr)
        count = len(self.parameters)
        shown = f"<{count} parameter{'s' * (count != 1)}>"
        return f"SGD({shown}, lr={lr}, weight_decay={self.weight_decay})"


def _step_sizes(lr: StepSizes) -> float | tuple[float, ...] | Callable[[int], float]:
    """Return step sizes that were checked, as far as that can be done before asking for them."""
    if callable(lr):
        return lr
    numbers = plain(lr)
    if isinstance(numbers, str | dict) or not hasattr(numbers, "__len__"):
        return finite_setting("lr, the step size η,", numbers)
    sizes = tuple([finite_setting(f"the step size η_{i}", size) for i, size in enumerate(numbers, start=1)])
    if not sizes:
        raise SettingError("lr is an empty sequence; it needs a step size η_i for each iteration i")
    return sizes
