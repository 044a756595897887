"""`fit`: stochastic gradient descent, keeping the weights that validate best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from autograd import OperandError
from nn.errors import SettingError
from nn.optim import SGD
from nn.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from os import PathLike

    from nn.data import Data
    from nn.history import History
    from nn.initializers import Seed
    from nn.metrics import Loss, Metric
    from nn.module import Module
    from nn.optimizer import Optimizer
    from nn.schedules import StepSizes


def fit(
    model: Module,
    loss: Loss,
    train: Data,
    validation: Data,
    *,
    iterations: int,
    lr: StepSizes | None = None,
    weight_decay: float = 0.0,
    optimizer: Optimizer | None = None,
    batch_size: int = 1,
    replacement: bool = True,
    validate_every: int | None = None,
    patience: int | None = None,
    metrics: Mapping[str, Metric] | None = None,
    callbacks: Iterable[Callable[[Module, History], object]] = (),
    checkpoint: str | PathLike[str] | None = None,
    every: int | None = None,
    seed: Seed = 0,
    progress: bool | None = None,
    replay: bool | None = None,
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
        The step sizes η: one number, a sequence η_1 … η_T, or a function of i alone, such as
        those in `nn.schedules`; it may be asked for them ahead of their steps.
    weight_decay
        λ, 0 or more.
    optimizer
        Moves the weights by another formula, with its own `lr` and `weight_decay`: any
        of `nn.optim`, made for parameters of this model.
    batch_size
        How many samples to draw at a time; v_i is then the gradient of their mean loss.
    replacement
        If false, draw each sample once in a pass over them, in an order new in each pass.
    validate_every
        Look at the validation set after every so many iterations; None is as many as
        a pass takes. It is always looked at at the start and at the end.
    patience
        Stop when so many looks in a row have found no lower validation loss.
    metrics
        What else to measure on the validation set, by name: functions of the model and
        the data, such as `accuracy`.
    callbacks
        Functions of the model and the history so far, called after each iteration; one
        that returns True ends the training.
    checkpoint
        A file to save the training in, and to go on from if it is there: the result is
        that of a run that was never stopped, to the bit.
    every
        Save the checkpoint after every so many iterations; None is at each look. It is
        always saved at the end.
    seed
        A seed for the draws, or a generator.
    progress
        Whether to show a line on standard error; None shows it on a terminal only.
    replay
        Whether to record the loss once and replay it, which is many times faster. A step is then
        equal to about a part in 1e9, and so is the training, unless it is one that magnifies
        every last bit, as with steps that are too large. None replays where it can tell that it
        may, and there are no callbacks: not if a comparison of numbers decides what is computed,
        or the model changes when it is called or draws random numbers. With numba installed (the
        extra "fast") a long training on one sample at a time is compiled: of a small network,
        from 200,000 iterations on. `History.path` says what was done, and why.

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
    CheckpointError
        If the checkpoint is damaged, or was saved with other data or settings.
    OSError
        If the checkpoint cannot be read or written; the last one saved is as it was.
    ReplayError
        If it was to replay, and cannot; or if the model or loss computes something else than
        when training began: found out at the end, and at each look where metrics, callbacks or a
        function of step sizes may have changed them.
    AutogradError
        For what a model or loss refuses, with a note of the iteration and samples.

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
    >>> history.validation_iterations, history.validation_losses[0] > history.best.loss
    ([0, 80, 160, 240, 320, 400], True)
    """
    _check(model, loss, metrics or {}, replay)
    if optimizer is None and lr is not None:
        optimizer = SGD(model.parameters(), lr, weight_decay)
    elif optimizer is None or lr is not None or weight_decay:
        raise SettingError("fit takes lr, or an optimizer, which has an lr and a weight_decay of its own")
    run = Run(
        model=model,
        loss=loss,
        train=train,
        validation=validation,
        iterations=iterations,
        optimizer=optimizer,
        batch_size=batch_size,
        replacement=replacement,
        validate_every=validate_every,
        patience=patience,
        metrics=metrics or {},
        callbacks=callbacks,
        checkpoint=checkpoint,
        every=every,
        seed=seed,
        progress=progress,
        replay=replay,
    )
    with run.keeping_best():
        for batch in run.batches():  # (x, y) ~ D
            optimizer.zero_grad()
            error = run.error(batch)  # its mean loss
            error.backward()  # v_i
            step_size = optimizer.step()  # w ← w - η_i (v_i + λ w)
            run.history.record_step(error.data, step_size, optimizer.gradient_norm)
    return run.history


def _check(model: object, loss: object, metrics: object, replay: object) -> None:
    """Refuse what is of another kind than it must be, before anything is computed."""
    if isinstance(model, type) or not hasattr(model, "parameters"):
        raise OperandError(f"fit takes a model first, such as MLP(2, [16, 1]); got {model!r}")
    if not callable(loss):
        raise OperandError(f"the loss is a function of outputs and target, such as nn.mse; got {loss!r}")
    if not isinstance(metrics, Mapping) or not all(map(callable, metrics.values())):
        raise OperandError(
            f'metrics are functions by name, such as {{"accuracy": accuracy}}; got {metrics!r}'
        )
    if replay not in {None, True, False}:
        raise SettingError(f"replay is True, False, or None to let fit decide; got {replay!r}")
