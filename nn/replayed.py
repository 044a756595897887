"""The losses of `fit` by recorded programs: the same steps, without a graph for each sample.

The loss on one sample is recorded once, as a program over the weights, the inputs and, where
the loss lets it be a number like any other, the target; else there is a program for each
target, such as a class. While they are replayed the weights are in one array, which the
optimizer moves as a whole. The Values get them back whenever somebody looks.

Not every training can be replayed, and what cannot is refused with the reason: operations
that depend on the numbers, a model that changes when it is called, a sample on which
the program and eager evaluation differ.
"""

from __future__ import annotations

import math
import pickle
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd import AutogradError, Program, Value, gradients, record
from nn.errors import ReplayError
from nn.metrics import loss_on, mean_of
from nn.module import check_data, plain, set_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nn.metrics import Loss
    from nn.module import Module
    from nn.optim import Leaves, Optimizer, Rule

MANY = 100
"""Of more targets than these, each with a program of its own, none is recorded."""

CHECKED = 3
"""On so many samples of each program eager evaluation has to give the same."""

CLOSE = 1e-9
"""How near, relative to the largest slope."""


class Error(NamedTuple):
    """The mean loss on a batch, and its gradient, which `backward` hands to the weights."""

    data: float
    slopes: Any  # an array
    weights: FlatWeights

    def backward(self) -> None:
        """Let the weights have the gradient."""
        self.weights.slopes = self.slopes


class FlatWeights:
    """The weights of a model in one array, for an optimizer: what `nn.optim.Leaves` is with Values."""

    def __init__(self, model: Module, optimizer: Optimizer) -> None:
        self.named = model.named_parameters()
        self.values = [value for _, value in self.named]
        self.numbers = np.zeros(len(self.values))
        self.slopes: Any = None
        self.leaves: Leaves = optimizer.weights
        place = {value: k for k, value in enumerate(self.values)}
        self.moving = np.array([place[value] for value in optimizer.parameters])

    def read(self) -> None:
        """Take the numbers from the Values."""
        self.numbers[:] = [value.data for value in self.values]

    def write(self) -> None:
        """Give the numbers to the Values."""
        set_data(self.named, self.numbers.tolist())

    def get(self) -> Any:  # noqa: ANN401 - an array
        """Return the weights that the optimizer moves."""
        return self.numbers[self.moving]

    def gradients(self) -> Any:  # noqa: ANN401 - an array
        """Return their gradient, or None if there is none."""
        return None if self.slopes is None else self.slopes[self.moving]

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
        return np.concatenate(parts)


class Sample(NamedTuple):
    """A program for one sample, and arrays that it reads the sample from."""

    program: Program
    run: Any
    arrays: tuple[Any, ...]  # the inputs, and the target unless it is recorded


class Replay:
    """The loss of a model on samples, recorded, at weights in one array.

    Parameters
    ----------
    model, loss, optimizer
        What is trained, on what, and by what.
    samples
        All samples (x, y) that there will be.
    sure
        Whether it is said that neither model nor loss changes from call to call. Else it is looked
        whether they do, and a training where that cannot be seen is refused.
    backend
        What runs the programs: see `autograd.record`. With "python" every number is that of eager
        evaluation, to the last bit, if there is one sample at a time.

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
        samples: Sequence[tuple[Any, Any]],
        *,
        sure: bool = False,
        backend: str = "numpy",
    ) -> None:
        if not optimizer.follows_its_rule:
            raise ReplayError(f"{type(optimizer).__name__} takes its steps in a way of its own")
        self.model, self.loss, self.optimizer, self.backend = model, loss, optimizer, backend
        self.weights = FlatWeights(model, optimizer)
        self.weights.read()
        self.programs: dict[str, Sample] = {}
        before = b"" if sure else _state(model, loss)
        try:
            self._record(samples)
            for y, chosen in self._by_program(samples).items():
                for x, target in chosen[:CHECKED]:
                    self._check(self.programs[y], x, target)
        except ReplayError:
            raise
        except Exception as problem:  # a model is anybody's code, and eager evaluation will judge it
            raise ReplayError(f"recording it fails: {problem}") from problem
        if not sure and _state(model, loss) != before:
            raise ReplayError("the model or the loss changes when it is called")

    # Recording ------------------------------------------------------------------------------------

    def _record(self, samples: Sequence[tuple[Any, Any]]) -> None:
        """Record one program for all targets, or one for each."""
        x, y = samples[0]
        try:
            self.programs[""] = self._sample(x, y, fixed=False)
        except AutogradError:
            targets = {repr(y): (x, y) for x, y in samples}
            if len(targets) > MANY:
                raise
            self.programs = {key: self._sample(x, y, fixed=True) for key, (x, y) in targets.items()}

    def _sample(self, x: Any, y: Any, *, fixed: bool) -> Sample:  # noqa: ANN401 - of any structure
        """Record the loss on one sample, whose target is fixed or a number like any other."""

        def one(_: Any, x: Any, *target: Any) -> Value:  # noqa: ANN401 - arrays of Values, or Values
            error = self.loss(self.model(plain(x)), plain(target[0]) if target else y)
            if not isinstance(error, Value):
                raise ReplayError(f"the loss is {error!r}, not a Value")
            return error

        arrays = tuple([np.array(part, dtype=float) for part in ((x,) if fixed else (x, y))])
        values = np.array(self.weights.values, dtype=object)
        program: Program = record(one, values, *[array[()] for array in arrays], backend=self.backend)
        if program.wengert.guards:
            raise ReplayError("what it computes depends on comparisons of numbers")
        if not isinstance(program.wengert.output, int):
            raise ReplayError("the loss is a constant")
        return Sample(program, program.bind(self.weights.numbers, *arrays), arrays)

    def _check(self, sample: Sample, x: Any, y: Any) -> None:  # noqa: ANN401 - of any structure
        """Compare a program with eager evaluation, on one sample."""
        error = loss_on(self.model, self.loss, x, y)
        slopes = np.array(gradients(error, self.weights.values))
        if not np.isfinite(slopes).all():
            return  # then nothing is replayed either
        value, found = self._one(sample, x, y)
        near = CLOSE * (1 + float(np.abs(slopes).max()))
        if not (abs(value - error.data) <= near and np.allclose(found, slopes, rtol=0, atol=near)):
            raise ReplayError("its loss is not the same at each call, or for Values as for numbers")

    def _by_program(self, samples: Sequence[tuple[Any, Any]]) -> dict[str, list[tuple[Any, Any]]]:
        """Sort samples by the program for their target."""
        if "" in self.programs:
            return {"": list(samples)}
        found: dict[str, list[tuple[Any, Any]]] = {}
        for x, y in samples:
            found.setdefault(repr(y), []).append((x, y))
        return found

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

    def error(self, samples: Sequence[tuple[Any, Any]]) -> Error | None:
        """Return the mean loss and its gradient; None if they are out of the ordinary.

        Eager evaluation has to say then what happens.
        """
        total, slopes = 0.0, 0.0
        try:
            if len(samples) == 1:
                ((x, y),) = samples
                total, slopes = self._one(self.programs[self._key(y)], x, y)
            else:
                for key, chosen in self._by_program(samples).items():
                    value, found = self._many(self.programs[key], chosen)
                    total, slopes = total + value, slopes + found / len(samples)
                total /= len(samples)
        except AutogradError:
            return None
        if not (math.isfinite(total) and np.isfinite(slopes).all()):
            return None
        return Error(total, slopes, self.weights)

    def eagerly(self, error: Value) -> Error:
        """Return a mean loss that was evaluated eagerly, and its gradient."""
        return Error(error.data, np.array(gradients(error, self.weights.values)), self.weights)

    def mean_loss(self, samples: Sequence[tuple[Any, Any]]) -> float | None:
        """Return the mean loss; None if it is out of the ordinary."""
        try:
            if self.backend == "python":
                losses = [self._one(self.programs[self._key(y)], x, y)[0] for x, y in samples]
                return mean_of(losses)
            sums = [
                self._many(self.programs[y], chosen)[0] for y, chosen in self._by_program(samples).items()
            ]
        except AutogradError:
            return None
        total = math.fsum(sums) / len(samples)
        return total if math.isfinite(total) else None

    def check(self, x: Any, y: Any) -> None:  # noqa: ANN401 - of any structure
        """Make sure that the loss is still the one that was recorded, with the weights in the Values.

        Raises
        ------
        ReplayError
            If it is not.
        """
        try:
            self._check(self.programs[self._key(y)], x, y)
        except ReplayError as problem:
            problem.add_note("It was when training began; pass replay=False to fit.")
            raise
        except AutogradError:
            pass  # out of range: training itself will meet it, and say so

    def _key(self, y: Any) -> str:  # noqa: ANN401 - of any structure
        return "" if "" in self.programs else repr(y)

    @staticmethod
    def _one(sample: Sample, *numbers: Any) -> tuple[float, Any]:  # noqa: ANN401 - of any structure
        for array, given in zip(sample.arrays, numbers, strict=False):
            array[...] = given
        value: float = sample.run()
        return value, sample.run.gradients[0].copy()

    def _many(self, sample: Sample, chosen: Sequence[tuple[Any, Any]]) -> tuple[float, Any]:
        columns = [np.array(column, dtype=float) for column in zip(*chosen, strict=True)]
        value, (slopes, *_) = sample.program.map(
            self.weights.numbers, *columns[: len(sample.arrays)], reduce="sum"
        )
        return value, slopes


def _state(model: Module, loss: Loss) -> bytes:
    """Return all that a model and a loss remember."""
    if getattr(loss, "__closure__", None):
        raise ReplayError(
            "the loss uses variables of the function around it, which may change; "
            "pass replay=True if they do not"
        )
    remembered = None if isinstance(loss, FunctionType) else loss
    try:
        return pickle.dumps((model, remembered))
    except Exception as problem:  # a model may hold anything
        raise ReplayError(
            "it cannot be seen whether the model changes when it is called, since it "
            f"cannot be pickled ({problem}); pass replay=True if it does not"
        ) from problem
