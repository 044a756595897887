"""Losses: how far outputs are from their target, as one Value to differentiate.

Each is for one sample, and gives a float if no operand is a Value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from autograd import LengthError, OperandError, Value, logsumexp, mean, relu, softplus
from nn.errors import TargetError
from nn.module import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

S = TypeVar("S", Value, float)


def mse(outputs: S | Sequence[S], targets: float | Sequence[float], *, half: bool = False) -> S:
    """Mean squared error, the mean over the outputs of (y - o)².

    Parameters
    ----------
    outputs, targets
        The outputs o and the targets y: equally many, or one number each.
    half
        If true, half of that, ½ mean (y - o)²: some texts put the ½ there, so that the
        derivative has no 2.

    Raises
    ------
    LengthError
        If there are not as many targets as outputs, or none.

    Examples
    --------
    >>> o = Value(0.5)
    >>> loss = mse([o, Value(3.0)], [1.0, 1.0])
    >>> loss.backward()
    >>> loss.data, o.grad
    (2.125, -0.5)
    >>> mse(o, 1.0, half=True).data
    0.125
    """
    o, y = _sequence(outputs), _sequence(targets)
    if len(o) != len(y):
        raise LengthError(f"mse needs a target for each output; got {len(o)} outputs and {len(y)} targets")
    differences = [target - output for output, target in zip(o, y, strict=True)]
    error: S = mean([difference * difference for difference in differences])
    return 0.5 * error if half else error


def hinge(score: S, target: float) -> S:
    """Hinge loss, max(0, 1 - y s), of a score s and a target y of -1 or +1.

    Raises
    ------
    TargetError
        If `target` is neither.

    Examples
    --------
    >>> hinge(Value(0.25), +1).data, hinge(Value(0.25), -1).data
    (0.75, 1.25)
    """
    sign = _one_of(target, (-1, 1), "hinge", "labels of 0 and 1 become -1 and +1 by 2 * y - 1")
    margin: S = sign * _single(score, "hinge")
    return relu(1.0 - margin)


def binary_cross_entropy(logit: S, target: float) -> S:
    """Minus the log of the probability that a logit gives to its target, 0 or 1.

    The probability of 1 is p = sigmoid(logit). The loss, -log p or -log(1 - p), is
    computed as softplus(-logit) or softplus(logit): finite, and accurate for any logit.

    Raises
    ------
    TargetError
        If `target` is neither 0 nor 1.

    Examples
    --------
    >>> binary_cross_entropy(Value(0.0), 1).data
    0.6931471805599453
    >>> binary_cross_entropy(Value(-1000.0), 1).data
    1000.0
    """
    name = "binary_cross_entropy"
    is_one = _one_of(target, (0, 1), name, "labels of -1 and +1 become 0 and 1 by (y + 1) // 2")
    number: S = _single(logit, name)
    return softplus(-number if is_one else number)


def softmax_cross_entropy(logits: Sequence[S], target: int) -> S:
    """Minus the log of the probability that k logits give to the target class.

    The probabilities are softmax(logits)_j = exp(l_j) / Σ exp(l_i). The loss is
    computed as logsumexp(l) - l_target: finite for any logits.

    Raises
    ------
    TargetError
        If `target` is not a class, 0 to k-1.
    LengthError
        If there are fewer than two logits; for one, see `binary_cross_entropy`.

    Examples
    --------
    >>> softmax_cross_entropy([Value(0.0), Value(0.0)], 1).data
    0.6931471805599453
    >>> softmax_cross_entropy([Value(1000.0), Value(-1000.0)], 1).data
    2000.0
    """
    scores = _sequence(logits)
    if len(scores) < 2:  # noqa: PLR2004 - two classes are the least there is to choose between
        raise LengthError("softmax_cross_entropy needs two logits or more; for one take binary_cross_entropy")
    classes = range(len(scores))
    chosen = _one_of(target, classes, "softmax_cross_entropy", "number the classes from 0")
    total: S = logsumexp(scores)
    score: S = scores[int(chosen)]
    return total - score


def _sequence(numbers: Any) -> Sequence[Any]:  # noqa: ANN401 - one number, or a list or array of them
    """Return numbers as a sequence: an array as Python floats, one number as a sequence of one."""
    numbers = plain(numbers)
    return numbers if isinstance(numbers, list | tuple) else [numbers]


def _single(score: Any, loss: str) -> Any:  # noqa: ANN401 - a Value or a float
    """Return the score, or refuse a list of them."""
    if hasattr(score, "__len__"):
        raise OperandError(
            f"{loss} takes one number, not a list of {len(score)}: end the model with a layer of one neuron, "
            "or pass the one element",
        )
    return score


def _one_of(target: float, choices: Sequence[int], loss: str, remedy: str) -> float:
    """Return a target, or refuse one that is not among the choices."""
    number = plain(target)
    if isinstance(number, int | float) and number in choices:
        return float(number)
    shown = f"0 to {len(choices) - 1}" if isinstance(choices, range) else " or ".join(map(str, choices))
    raise TargetError(f"{loss} needs a target of {shown}, not {target!r}; {remedy}")
