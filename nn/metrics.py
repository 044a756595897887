"""How well a model does on samples: the mean of a loss, and accuracy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

from autograd import AutogradError, OperandError, Value
from nn.data import samples
from nn.errors import NonFiniteError, TargetError
from nn.outputs import scores_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nn.data import Data
    from nn.module import Module

    Loss: TypeAlias = Callable[[Any, Any], Value]
    Metric: TypeAlias = Callable[[Module, Data], float]


def loss_on(model: Module, loss: Loss, x: list[float], y: Any) -> Value:  # noqa: ANN401 - the loss knows its targets
    """Return the loss on one sample, a finite Value."""
    error = loss(model(x), y)
    if not isinstance(error, Value):
        raise OperandError(f"the loss must be a Value, computed from the model's output; got {error!r}")
    if not math.isfinite(error.data):
        raise NonFiniteError(
            f"the loss is {error.data!r}; smaller steps or initial weights, or standardised inputs, may help",
        )
    return error


def mean_loss(model: Module, loss: Loss, data: Data) -> float:
    """Return the mean of the loss over samples.

    Raises
    ------
    NonFiniteError
        If the loss on a sample is inf or nan.

    Examples
    --------
    >>> from nn import MLP, mse
    >>> mean_loss(MLP(1, [1]), mse, ([[0.0], [0.0]], [1.0, 3.0]))
    5.0
    """
    losses = []
    for k, (x, y) in enumerate(samples(data)):
        try:
            losses.append(loss_on(model, loss, x, y).data)
        except AutogradError as problem:
            problem.add_note(f"on sample {k} of those to average over")
            raise
    return mean_of(losses)


def mean_of(losses: Sequence[float]) -> float:
    """Return a mean that is rounded once."""
    return math.fsum(losses) / len(losses)


def accuracy(model: Module, data: Data, *, threshold: float = 0.0) -> float:
    """Return the share of samples whose class the model gets right.

    Of several outputs the largest is the predicted class, the first of equals. A
    single output above the threshold predicts a target above 0 (so 1 of 0 and 1, or of
    -1 and +1); for a sigmoid output the threshold is 0.5. On many samples the model is recorded
    and replayed, which does not change a prediction.

    Raises
    ------
    TargetError
        If a target is not the number of a class.
    NonFiniteError
        If an output is nan.

    Examples
    --------
    >>> from nn import MLP
    >>> model = MLP(1, [1])
    >>> model.set_parameters([1.0, -0.5])
    >>> accuracy(model, ([[0.0], [1.0], [2.0]], [0, 1, 0]))
    0.6666666666666666
    """
    right = 0
    drawn_from = samples(data)
    found = scores_of(model, [x for x, _ in drawn_from], threshold)
    for k, ((_, y), scores) in enumerate(zip(drawn_from, found, strict=True)):
        if any(map(math.isnan, [scores] if isinstance(scores, float) else scores)):
            raise NonFiniteError(f"the output for sample {k} is nan; there is no class in it")
        if isinstance(scores, float):
            right += (scores > threshold) == (_class(y, k) > 0)
        elif 0 <= _class(y, k) < len(scores):
            right += scores.index(max(scores)) == y
        else:
            raise TargetError(
                f"the target of sample {k} is {y!r}; with {len(scores)} outputs it is 0 to {len(scores) - 1}"
            )
    return right / len(drawn_from)


def _class(target: Any, k: int) -> float:  # noqa: ANN401 - whatever stands among the targets
    """Return a target that is a number, or refuse a list of them."""
    if isinstance(target, list) and len(target) == 1:
        target = target[0]
    if isinstance(target, list):
        raise TargetError(f"the target of sample {k} is {target!r}; accuracy needs the number of a class")
    return float(target)
