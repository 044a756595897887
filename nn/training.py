"""`fit`: stochastic gradient descent on single samples, keeping the weights that validate best."""

from __future__ import annotations

import math
import shutil
import sys
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeAlias

from autograd import AutogradError, OperandError, Value
from nn.data import samples
from nn.errors import NonFiniteError, TargetError, whole_setting
from nn.history import History
from nn.initializers import generator
from nn.optim import SGD

if TYPE_CHECKING:
    from collections.abc import Callable

    from nn.data import Data
    from nn.initializers import Seed
    from nn.module import Module
    from nn.schedules import StepSizes

    Loss: TypeAlias = Callable[[Any, Any], Value]


def fit(
    model: Module,
    loss: Loss,
    train: Data,
    validation: Data,
    *,
    iterations: int,
    lr: StepSizes,
    weight_decay: float = 0.0,
    validate_every: int | None = None,
    seed: Seed = 0,
    progress: bool | None = None,
) -> History:
    """Train a model by SGD(T; η_1 … η_T; λ), and leave w* in it.

    Starting from the weights w¹ that the model has, repeat for i = 1 … T: draw (x, y)
    uniformly from the training samples, with replacement; let v_i be the gradient of
    the loss on that sample; w ← w - η_i (v_i + λ w). Of the weights that were looked
    at, w* has the lowest mean loss on the validation samples, the first of equals.

    Parameters
    ----------
    model
        Called on the inputs x of a sample; its parameters are trained.
    loss
        A function of the model's output and the target y that gives a Value, such as
        those in `nn.losses`.
    train, validation
        Samples: a Dataset, or a pair (inputs, targets).
    iterations
        T, how many steps to take.
    lr
        The step sizes η: one number, a sequence η_1 … η_T, or a function of i.
    weight_decay
        λ, 0 or more.
    validate_every
        Look at the validation set after every so many iterations; None is as many as
        there are training samples. It is always looked at at the start and at the end.
    seed
        A seed for the draws, or a generator.
    progress
        Whether to show a line on standard error; None shows it on a terminal only.

    Returns
    -------
    History
        The losses, the step sizes, the best iteration and w*. After Ctrl-C, which
        stops training and is not raised, those so far.

    Raises
    ------
    SettingError
        If a setting is out of range, or there are fewer than T step sizes: before
        the first step.
    NonFiniteError
        If a loss, a gradient or a weight becomes inf or nan.
    AutogradError
        For what a model or loss refuses, with a note of the iteration and sample.

    Notes
    -----
    Whatever ends the training, the model has the best weights so far. A look at n
    validation samples costs about as much as n/5 iterations.

    Source: Shalev-Shwartz and Ben-David, "Understanding Machine Learning" (2014),
    section 20.6.

    Examples
    --------
    >>> from nn import MLP, binary_cross_entropy, normal, split, two_moons
    >>> train, validation = split(two_moons(100), (0.8, 0.2))
    >>> model = MLP(2, [1], initializer=normal(0.01))
    >>> history = fit(model, binary_cross_entropy, train, validation, iterations=400, lr=0.1)
    >>> history.validation_iterations, accuracy(model, validation) > 0.7
    ([0, 80, 160, 240, 320, 400], True)
    """
    iterations = whole_setting("iterations (T)", iterations, least=1)
    drawn_from = samples(train)
    every = (
        len(drawn_from)
        if validate_every is None
        else whole_setting("validate_every", validate_every, least=1)
    )
    random = generator(seed, "training")
    optimizer = SGD(model.parameters(), lr, weight_decay)
    optimizer.lr.require(iterations)  # a sequence that is too short is refused before the first step
    history, line = History(), _ProgressLine(progress, iterations)

    def validate(i: int) -> None:
        weights = [w.data for w in optimizer.parameters]
        history.record_validation(i, mean_loss(model, loss, validation), weights)

    try:
        validate(0)
        for i in range(1, iterations + 1):
            k = int(random.integers(len(drawn_from)))
            optimizer.zero_grad()
            try:
                error = _loss_on(model, loss, *drawn_from[k])
                error.backward()
                step_size = optimizer.step()
            except AutogradError as problem:
                problem.add_note(f"in iteration {i}, on training sample {k}")
                raise
            history.record_step(error.data, step_size)
            if i % every == 0 or i == iterations:
                validate(i)
            line.update(history)
    except KeyboardInterrupt:
        history.interrupted = True
    finally:
        optimizer.zero_grad()
        if history.best_weights:
            model.set_parameters(history.best_weights)
        line.end(history)
    return history


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
            losses.append(_loss_on(model, loss, x, y).data)
        except AutogradError as problem:
            problem.add_note(f"on sample {k} of those to average over")
            raise
    return math.fsum(losses) / len(losses)


def accuracy(model: Module, data: Data, *, threshold: float = 0.0) -> float:
    """Return the share of samples whose class the model gets right.

    Of several outputs the largest is the predicted class, the first of equals. A
    single output above the threshold predicts a target above 0 (so 1 of 0 and 1, or of
    -1 and +1); for a sigmoid output the threshold is 0.5.

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
    for k, (x, y) in enumerate(drawn_from):
        output = model(x)
        scores = [o.data for o in ([output] if isinstance(output, Value) else output)]
        if any(math.isnan(score) for score in scores):
            raise NonFiniteError(f"the output for sample {k} is nan; there is no class in it")
        if isinstance(output, Value):
            right += (scores[0] > threshold) == (_class(y, k) > 0)
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


def _loss_on(model: Module, loss: Loss, x: list[float], y: Any) -> Value:  # noqa: ANN401 - the loss knows its targets
    """Return the loss on one sample, a finite Value."""
    error = loss(model(x), y)
    if not isinstance(error, Value):
        raise OperandError(f"the loss must be a Value, computed from the model's output; got {error!r}")
    if not math.isfinite(error.data):
        raise NonFiniteError(
            f"the loss is {error.data!r}; smaller steps or initial weights, or standardised inputs, may help",
        )
    return error


class _ProgressLine:
    """One line on standard error: rewritten in place on a terminal, now and then a new one elsewhere."""

    def __init__(self, wanted: bool | None, iterations: int) -> None:  # noqa: FBT001 - passed on from `fit`
        self.stream = sys.stderr  # None where there is no console
        self.terminal = self.stream is not None and self.stream.isatty()
        self.wanted = self.stream is not None and (self.terminal if wanted is None else wanted)
        self.iterations = iterations
        self.pause = 0.1 if self.terminal else 10.0
        self.begun = monotonic()
        self.due = self.begun + self.pause

    def update(self, history: History) -> None:
        """Show how far training is, if it is time to."""
        now = monotonic()
        if self.wanted and now >= self.due:
            self.due = now + self.pause
            left = (now - self.begun) * (self.iterations / history.iterations - 1)
            self.write(history, f"{left:.0f} s left", end="" if self.terminal else "\n")

    def end(self, history: History) -> None:
        """Show where training ended."""
        if self.wanted:
            self.write(
                history,
                "interrupted" if history.interrupted else f"{monotonic() - self.begun:.0f} s",
                end="\n",
            )

    def write(self, history: History, note: str, end: str) -> None:
        """Write the line: what was done, the mean of the last losses, the best on validation."""
        recent = history.losses[-100:]
        parts = [f"iteration {history.iterations}/{self.iterations}"]
        if recent:
            parts.append(f"loss {math.fsum(recent) / len(recent):.4f}")
        if history.best_validation_loss is not None:
            parts.append(f"best validation {history.best_validation_loss:.4f} at {history.best_iteration}")
        text = "   ".join([*parts, note])
        width = min(80, shutil.get_terminal_size().columns) - 1
        self.stream.write(f"\r{text[:width]:<{width}}{end}" if self.terminal else text + end)
        self.stream.flush()
