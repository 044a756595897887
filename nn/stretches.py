"""Many steps of `fit` at a time, where nobody looks in between: the same steps, in generated code.

The optimizer's own formula is recorded, like the loss, and both are printed as one program. With
numba a step takes about as long as in a loop written in C.
"""

from __future__ import annotations

from contextlib import suppress
from copy import copy
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import AutogradError, Program, record
from nn.errors import ReplayError

if TYPE_CHECKING:
    from nn.data import Draws
    from nn.optimizer import Optimizer
    from nn.replayed import Replay

SECONDS = 0.02
"""About so long a stretch takes at most: Ctrl-C waits for its end, and so does the progress line."""

LONGEST = 1 << 16
"""Of so many steps a stretch is at most."""


class Stretches:
    """Takes the steps of a replayed training, several at a time.

    Parameters
    ----------
    replay
        The recorded loss, and the weights.
    optimizer, draws
        What moves the weights, and what draws the samples.
    backend
        "numpy" or "numba".

    Raises
    ------
    ReplayError
        If these steps cannot be taken so.
    """

    def __init__(self, replay: Replay, optimizer: Optimizer, draws: Draws, *, backend: str) -> None:
        if draws.size > 1 or replay.backend == "python" or not optimizer.elementwise:
            raise ReplayError("its steps are not on one sample at a time, or not by a formula of nn.optim")
        self.optimizer, self.draws, self.weights = optimizer, draws, replay.weights
        self.fixed = _fixed(optimizer)
        place = {value: k for k, value in enumerate(self.weights.values)}
        groups = [[place[value] for value in group.parameters] for group in optimizer.groups]
        inputs, targets = [part.reshape(len(part), -1) for part in replay.train]
        try:
            rule = recorded_rule(optimizer)
            self.descent = replay.program.descent(
                rule, np.column_stack([inputs, targets]), groups, backend=backend
            )
        except AutogradError as problem:
            raise ReplayError(f"its steps cannot be put into one program: {problem}") from problem
        self.most = 1

    def take(self, most: int) -> Any:  # noqa: ANN401 - an array
        """Take up to so many steps, and return a row (loss, step size, gradient norm) for each.

        The first step that is out of the ordinary is left, to be taken alone: that says what it is.
        """
        optimizer, weights, before = self.optimizer, self.weights, self.draws.state()
        if _fixed(optimizer) != self.fixed:
            return np.zeros((0, 3))
        rates = self._step_sizes(min(most, self.most))
        steps = np.column_stack([rates, optimizer.iteration + np.arange(len(rates))])
        memory = np.array([*optimizer.memory.values()]).reshape(-1, len(optimizer.parameters))
        numbers = weights.numbers.copy()
        begun = perf_counter()
        losses, norms = self.descent.run(
            numbers, memory, self.draws.several(len(rates)), steps, settings(optimizer)
        )
        taken, seconds = len(losses), perf_counter() - begun
        self.most = max(1, self.most // 2) if seconds > SECONDS else min(2 * self.most, LONGEST)
        if taken < len(rates):
            self.most = 1
            self.draws.restore(before)
            self.draws.several(taken)
        rows = np.column_stack([losses, rates[:taken], norms])
        if taken:
            weights.numbers[:] = numbers
            optimizer.took(taken, memory, float(norms[-1]))
        return rows

    def _step_sizes(self, count: int) -> list[float]:
        """Return the next step sizes, up to one that there is none of: a single step says why."""
        found: list[float] = []
        first = self.optimizer.iteration + 1
        with suppress(Exception):
            found.extend(map(self.optimizer.step_size, range(first, first + count)))
        return found


def settings(optimizer: Optimizer) -> list[list[float]]:
    """Return the settings of an optimizer that its formula depends on, for each group."""
    own = [getattr(optimizer, name) for name in _adjustable(optimizer)]
    return [
        [group.factor, optimizer.weight_decay if group.weight_decay is None else group.weight_decay, *own]
        for group in optimizer.groups
    ]


def recorded_rule(optimizer: Optimizer) -> list[Program]:
    """Record the formula of a step, run on Values: a program for each number that it gives.

    The settings are arguments, so that the same code serves for others.
    """

    def program(output: int) -> Program:
        def formula(step: list[Any], group: list[Any], own: list[Any]) -> Any:  # noqa: ANN401 - a Value
            twin = copy(optimizer)
            norm, rate, twin.iteration = step
            factor, decay, *others = group
            vars(twin).update(zip(_adjustable(optimizer), others, strict=True))
            w, v, *memory = own
            return twin.rule(rate * factor, decay)(w, twin.shortened(v, norm), *memory)[output]

        columns = [0.5] * (2 + len(optimizer.remembers))
        found: Program = record(formula, [1.0, 0.5, 0.0], settings(optimizer)[0], columns)
        return found

    return [program(output) for output in range(1 + len(optimizer.remembers))]


def _adjustable(optimizer: Optimizer) -> list[str]:
    """Name the settings that are numbers; the others say which formula it is."""
    return [name for name in (*optimizer.settings, "max_norm") if type(getattr(optimizer, name)) is float]


def _fixed(optimizer: Optimizer) -> list[Any]:
    """Return what must stay as it was when the formula was recorded."""
    others = {*optimizer.settings, "max_norm"} - {*_adjustable(optimizer)}
    return [
        {name: getattr(optimizer, name) for name in others},
        [group.parameters for group in optimizer.groups],
    ]
