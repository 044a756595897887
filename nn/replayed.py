"""The losses of `fit` by recorded programs: the same steps, without a graph for each sample.

The loss on one sample is recorded once, as a program over the weights, the inputs and the
target. Where the loss does not let the target be a number like any other, such as the number of a
class, the program is Σ c_k · loss(outputs, target k), and a sample has c_k = 1 for its own target
and 0 for the others: products and sums that are exact. While it is replayed the weights are in one
array, which the optimizer moves as a whole. The Values get them back whenever somebody looks.

Not every training can be replayed, and what cannot is refused with the reason: operations
that depend on the numbers, a model that changes when it is called or draws random numbers, a sample
or a target on which the program and eager evaluation differ.
"""

from __future__ import annotations

import math
from functools import cached_property
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd import AutogradError, Program, Value, dot, gradients, record
from nn.errors import ReplayError
from nn.metrics import loss_on, mean_of
from nn.module import check_data, plain, set_data
from nn.remembered import no_chance, what_is_remembered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nn.metrics import Loss
    from nn.module import Module
    from nn.optimizer import Leaves, Optimizer, Rule

MANY = 100
"""Of more targets than these none is chosen among, and no more are checked."""

CHECKED = 3
"""On so many samples eager evaluation has to give the same loss and gradient."""

CLOSE = 1e-9
"""How near, relative to the largest slope."""

SMALLEST = 1e-200
"""A sum of squares that is smaller may have lost some of them."""


class Error(NamedTuple):
    """The mean loss on a batch, and its gradient, which `backward` hands to the weights."""

    data: float
    slopes: Any  # an array
    weights: FlatWeights

    def backward(self) -> None:
        """Let the weights have the gradient."""
        self.weights.slopes = self.slopes


class FlatWeights:
    """The weights of a model in one array, for an optimizer: what `nn.optimizer.Leaves` is with Values."""

    def __init__(self, model: Module, optimizer: Optimizer, *, exact: bool = False) -> None:
        self.named = model.named_parameters()
        self.values = [value for _, value in self.named]
        self.numbers = np.zeros(len(self.values))
        self.slopes: Any = None
        self.leaves: Leaves = optimizer.weights
        self.exact = exact  # whether each number is to be that of an optimizer on Values, to the last bit
        self.moving: Any = slice(None)
        if optimizer.parameters != self.values:
            place = {value: k for k, value in enumerate(self.values)}
            self.moving = np.array([place[value] for value in optimizer.parameters])

    def read(self) -> None:
        """Take the numbers from the Values."""
        self.numbers[:] = [value.data for value in self.values]

    def write(self) -> None:
        """Give the numbers to the Values, unless they have them."""
        numbers = self.numbers.tolist()
        if [value.data for value in self.values] != numbers:
            set_data(self.named, numbers)

    def get(self) -> Any:  # noqa: ANN401 - an array
        """Return the weights that the optimizer moves."""
        return self.numbers[self.moving]

    def gradients(self) -> Any:  # noqa: ANN401 - an array
        """Return their gradient, or None if there is none."""
        return None if self.slopes is None else self.slopes[self.moving]

    def norm(self, gradients: Any) -> float:  # noqa: ANN401 - an array
        """Return the norm of a gradient."""
        square = float(np.vdot(gradients, gradients))
        if self.exact or not SMALLEST < square < math.inf:
            return math.hypot(*gradients.tolist())
        return math.sqrt(square)

    def set(self, numbers: Any) -> None:  # noqa: ANN401 - an array
        """Move them, or none if a number will not do."""
        check_data(self.leaves.named, numbers)
        self.numbers[self.moving] = numbers

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self.slopes = None

    def moved(self, rule: Rule, columns: Sequence[Any], *, elementwise: bool) -> tuple[Any, ...]:
        """Apply a formula to columns of numbers: to whole arrays, if its operations are elementwise."""
        if elementwise:
            with np.errstate(all="ignore"):  # the optimizer looks for inf and nan
                return rule(*[np.array(column) for column in columns])  # copies, which it may change
        return tuple(np.array([*map(rule, *[plain(column) for column in columns])]).T)

    @staticmethod
    def joined(parts: Sequence[Any]) -> Any:  # noqa: ANN401 - an array
        """Put the columns of groups one after another."""
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


class Columns(NamedTuple):
    """Samples as a program takes them, in arrays, a row for each."""

    inputs: Any
    targets: Any

    def rows(self, chosen: Any) -> Columns:  # noqa: ANN401 - numbers of samples
        """Return some of the samples."""
        return Columns(self.inputs[chosen], self.targets[chosen])


class Replay:
    """The loss of a model on samples, recorded, at weights in one array.

    Parameters
    ----------
    model, loss, optimizer
        What is trained, on what, and by what.
    train, validation
        The samples (x, y) to train on, and those to look at.
    single
        Whether there is one sample at a time to train on.
    sure
        Whether it is said that neither model nor loss changes from call to call. Else it is looked
        whether they do, and a training where that cannot be seen is refused.
    backend
        What runs the program: see `autograd.record`. With "python", one sample at a time, every
        number is that of eager evaluation to the last bit, if the loss goes through the outputs in
        the same order for every target.

    Raises
    ------
    ReplayError
        If the training cannot be replayed.
    """

    def __init__(
        self,
        model: Module,
        loss: Loss,
        optimizer: Optimizer,
        train: Sequence[tuple[Any, Any]],
        validation: Sequence[tuple[Any, Any]],
        *,
        single: bool = False,
        sure: bool = False,
        backend: str = "numpy",
    ) -> None:
        if not optimizer.follows_its_rule:
            raise ReplayError(f"{type(optimizer).__name__} takes its steps in a way of its own")
        if not hasattr(model, "named_parameters"):
            raise ReplayError(f"{type(model).__name__} is no Module, whose parameters are found by name")
        self.model, self.loss, self.optimizer, self.backend = model, loss, optimizer, backend
        self.single = single or backend == "python"
        self.samples = train
        self.weights = FlatWeights(model, optimizer, exact=backend == "python")
        self.weights.read()
        distinct = {repr(y): y for _, y in [*train, *validation]}
        keys = sorted(distinct, key=lambda key: (len(key), key))  # classes as their outputs are
        self.targets = {key: distinct[key] for key in keys}
        self.choices: dict[str, Any] = {}  # of targets that are not numbers like any other: c_1, c_2, …
        self._batches: dict[int, Any] = {}  # what the program is bound to, by the number of samples
        before = None if sure else _state(model, loss)
        try:
            with no_chance():
                self.program = self._recorded(*train[0])
                self.train, self.validation = self._columns(train), self._columns(validation)
                for k in range(min(CHECKED, len(train))):
                    self._check(k)
                self._check_targets(train[0][0])
        except ReplayError:
            raise
        except Exception as problem:  # a model is anybody's code, and eager evaluation will judge it
            raise ReplayError(f"recording it fails: {problem}") from problem
        if not sure and _state(model, loss) != before:
            raise ReplayError("the model or the loss changes when it is called")

    # Recording ------------------------------------------------------------------------------------

    def _recorded(self, x: Any, y: Any) -> Program:  # noqa: ANN401 - of any structure
        """Record the loss on one sample, by the target as a number, or by a choice among all targets."""
        try:
            return self._program(self._loss_on, x, y)
        except Exception:  # a loss is anybody's code, and may refuse a Value, or look something up by it
            if len(self.targets) > MANY:
                raise
        self.choices = dict(zip(self.targets, np.eye(len(self.targets)), strict=True))

        def chosen(outputs: Any, choice: Sequence[Value]) -> Value:  # noqa: ANN401 - what the model gives
            return dot([self._loss_on(outputs, y) for y in self.targets.values()], choice)

        return self._program(chosen, x, self.choices[repr(y)])

    def _program(self, loss: Loss, x: Any, y: Any) -> Program:  # noqa: ANN401 - of any structure
        """Record a loss."""
        values = np.array(self.weights.values, dtype=object)
        program: Program = record(
            lambda _, x, y: loss(self.model(plain(x)), plain(y)),
            values,
            *[np.array(part, dtype=float)[()] for part in (x, y)],
            backend=self.backend,
        )
        if program.wengert.guards:
            raise ReplayError("what it computes depends on comparisons of numbers")
        used = {slot for operands in program.wengert.operands for slot in operands if isinstance(slot, int)}
        if used.isdisjoint(np.arange(len(values))[self.weights.moving].tolist()):
            raise ReplayError("it does not depend on a parameter that is trained")
        return program

    def _loss_on(self, outputs: Any, y: Any) -> Value:  # noqa: ANN401 - the loss knows
        error = self.loss(outputs, y)
        if not isinstance(error, Value):
            raise ReplayError(f"the loss is {error!r}, not a Value")
        if error.primitive is None:
            raise ReplayError("the loss is not computed")
        return error

    def _columns(self, samples: Sequence[tuple[Any, Any]]) -> Columns:
        """Put samples into arrays."""
        inputs, targets = zip(*samples, strict=True)
        rows = [self.choices[repr(y)] for y in targets] if self.choices else targets
        return Columns(np.array(inputs, dtype=float), np.array(rows, dtype=float))

    def _check(self, k: int) -> None:
        """Compare the program with eager evaluation, on a training sample."""
        error = loss_on(self.model, self.loss, *self.samples[k])
        slopes = np.array(gradients(error, self.weights.values))
        if not np.isfinite(slopes).all():
            return  # then nothing is replayed either
        value, found = self._sum([k])
        _compare([value, *found], [error.data, *slopes])

    def _check_targets(self, x: Any) -> None:  # noqa: ANN401 - of any structure
        """Compare the losses of one sample with many targets, one of which the loss may treat otherwise."""
        targets, outputs = [*self.targets.values()][:MANY], self.model(x)
        samples = self._columns([(x, y) for y in targets])
        found = [
            self.program.map(self.weights.numbers, *samples.rows(slice(k, k + 1)))[0]
            for k in range(len(targets))
        ]
        _compare(found, [self._loss_on(outputs, y).data for y in targets])

    # Replaying ------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Take the weights over from the Values."""
        self.weights.read()
        self.optimizer.weights = self.weights

    def end(self) -> None:
        """Let the Values be the weights again."""
        self.optimizer.weights = self.weights.leaves
        self._write_memory()

    def show(self) -> None:
        """Let the Values, and what the optimizer remembers, be what they would be without replay."""
        self.weights.write()
        self._write_memory()

    def _write_memory(self) -> None:
        self.optimizer.memory = {name: plain(column) for name, column in self.optimizer.memory.items()}

    def error(self, batch: Sequence[int]) -> Error | None:
        """Return the mean loss on training samples and its gradient; None if they are out of the ordinary.

        Eager evaluation has to say then what happens.
        """
        try:
            total, slopes = self._sum(batch)
        except AutogradError:
            return None
        error = Error(total / len(batch), slopes / len(batch), self.weights)
        return error if math.isfinite(total) and np.isfinite(slopes).all() else None

    def eagerly(self, error: Value) -> Error:
        """Return a mean loss that was evaluated eagerly, and its gradient."""
        return Error(error.data, np.array(gradients(error, self.weights.values)), self.weights)

    def mean_loss(self) -> float | None:
        """Return the mean loss on the validation samples; None if it is out of the ordinary."""
        try:
            if self.backend == "python":
                return mean_of([self._one(*sample)[0] for sample in zip(*self.validation, strict=True)])
            total, _ = self.program.map(self.weights.numbers, *self.validation, reduce="sum")
        except AutogradError:
            return None
        return total / len(self.validation.inputs) if math.isfinite(total) else None

    def check(self) -> None:
        """Make sure that the loss is still the one that was recorded, with the weights in the Values.

        Raises
        ------
        ReplayError
            If it is not.
        """
        try:
            self._check(0)
        except ReplayError as problem:
            problem.add_note("It was when training began; pass replay=False to fit.")
            raise
        except AutogradError:
            pass  # out of range: training itself will meet it, and say so

    def _sum(self, batch: Sequence[int]) -> tuple[float, Any]:
        """Return the sum of the losses on training samples, and its gradient."""
        if not self.single:
            return self._many(batch)
        parts = [self._one(self.train.inputs[k], self.train.targets[k]) for k in batch]
        values, slopes = zip(*parts, strict=True)
        return sum(values), sum(slopes)

    def _one(self, x: Any, y: Any) -> tuple[float, Any]:  # noqa: ANN401 - of any structure
        _, inputs, target = self._bound.arrays
        inputs[...], target[...] = x, y
        return self._bound(), self._bound.gradients[0].copy()

    def _many(self, batch: Sequence[int]) -> tuple[float, Any]:
        if len(batch) not in self._batches:
            inputs, targets = self.train.rows(batch)
            self._batches[len(batch)] = self.program.bind_batch(
                self.weights.numbers, inputs, targets, reduce="sum"
            )
        bound = self._batches[len(batch)]
        for array, column in zip(bound.arrays[1:], self.train, strict=True):
            np.take(column, batch, axis=0, out=array, mode="clip")  # which needs no buffer; all are in range
        return bound(), bound.gradients[0]

    @cached_property
    def _bound(self) -> Any:  # noqa: ANN401 - what a program is bound to
        x, y = self.train.rows(0)
        return self.program.bind(self.weights.numbers, x.copy(), np.array(y))


def _compare(found: Sequence[float], expected: Sequence[float]) -> None:
    """Refuse numbers of a program that are not those of eager evaluation."""
    if not np.allclose(found, expected, rtol=0, atol=CLOSE * (1 + float(np.abs(expected).max()))):
        raise ReplayError("its loss is not the same at each call, or for Values as for numbers")


def _state(model: Module, loss: Loss) -> tuple[bytes, list[float]]:
    """Return all that a model and a loss remember."""
    if getattr(loss, "__closure__", None):
        raise ReplayError(
            "the loss uses variables of the function around it, which may change; "
            "pass replay=True if they do not"
        )
    try:
        remembered, values = what_is_remembered((model, None if isinstance(loss, FunctionType) else loss))
    except Exception as problem:  # a model may hold anything
        raise ReplayError(
            "it cannot be seen whether the model changes when it is called, since it "
            f"cannot be pickled ({problem}); pass replay=True if it does not"
        ) from problem
    return remembered, [value.data for value in values]
