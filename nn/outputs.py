"""The outputs of a model on many samples at once, by a recorded program.

What is recorded is Σ c_k o_k of the outputs o_k on one sample: its gradient by c is the outputs. A
recording is kept as long as its model, and used while all that the model remembers beside the
numbers in its Values is as it was, and it gives on one sample what the model gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from autograd import AutogradError, Program, Value, dot, record
from nn.module import plain
from nn.remembered import no_chance, what_is_remembered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nn.module import Module

FEW = 64
"""Fewer samples are not worth recording a model for."""

TOGETHER = 512
"""So many samples go through a program at a time, which bounds the memory it takes."""

CLOSE = 1e-9
"""How near replayed outputs are to those of eager evaluation, relative to the largest."""


class Recording(NamedTuple):
    """A model recorded when it remembered this; without a program if it cannot be."""

    remembered: bytes
    program: Program | None


recordings: WeakKeyDictionary[Module, Recording] = WeakKeyDictionary()


def outputs_of(model: Module, x: Sequence[float]) -> Any:  # noqa: ANN401 - a number, or a list
    """Evaluate a model eagerly, and return the number in its output, or a list if it has several."""
    output = model(x)
    return output.data if isinstance(output, Value) else [part.data for part in output]


def scores_of(model: Module, inputs: Sequence[Sequence[float]], threshold: float) -> Iterator[Any]:
    """Go through the outputs on samples, for a decision between the largest, or by a threshold.

    They may be replayed, and then differ from `outputs_of` in the last digits; but where that
    could change the decision they do not.
    """
    found = replayed_outputs(model, inputs)
    if found is None:
        yield from (outputs_of(model, x) for x in inputs)
        return
    if found.ndim == 1:
        gaps, size = np.abs(found - threshold), np.abs(found) + abs(threshold)
    else:
        ordered = np.sort(found, axis=1)
        gaps, size = ordered[:, -1] - ordered[:, :-1].max(axis=1, initial=-np.inf), np.abs(found).max(axis=1)
    clear = gaps > CLOSE * (1 + size)  # false where there is a nan
    for x, scores, is_clear in zip(inputs, found.tolist(), clear.tolist(), strict=True):
        yield scores if is_clear else outputs_of(model, x)


def replayed_outputs(model: Module, inputs: Sequence[Sequence[float]]) -> Any:  # noqa: ANN401 - an array, or None
    """Return the outputs on samples, or None if eager evaluation has to find them."""
    if len(inputs) < FEW:
        return None
    try:
        return _replayed(model, np.array(inputs))
    except Exception:  # noqa: BLE001 - a model is anybody's code, and eager evaluation will judge it
        return None


def _replayed(model: Module, inputs: Any) -> Any:  # noqa: ANN401 - arrays, or None
    remembered, values = what_is_remembered(model)
    recording = recordings.get(model)
    if recording is None or recording.remembered != remembered:
        recording = recordings[model] = Recording(remembered, _recorded(model, inputs[0], values))
        if what_is_remembered(model)[0] != remembered:
            recording = recordings[model] = Recording(remembered, None)
    if recording.program is None:
        return None
    eager, numbers = np.array(outputs_of(model, plain(inputs[0]))), np.array([value.data for value in values])
    found = np.concatenate(
        [
            recording.program.map(numbers, part, np.zeros((len(part), eager.size)), reduce="sum")[1][2]
            for part in np.split(inputs, range(TOGETHER, len(inputs), TOGETHER))
        ]
    ).reshape(-1, *eager.shape)
    if np.allclose(found[0], eager, rtol=0, atol=CLOSE * (1 + np.abs(eager).max())):
        return found
    recordings[model] = Recording(remembered, None)
    return None


def _recorded(model: Module, x: Any, values: list[Value]) -> Program | None:  # noqa: ANN401
    """Record a model, unless it cannot be or what it does depends on comparisons of numbers."""

    def combination(_: Any, x: Any, c: Any) -> Value:  # noqa: ANN401 - arrays of Values
        output = model(plain(x))
        combined: Value = dot([output] if isinstance(output, Value) else output, c)
        return combined

    try:
        with no_chance():
            coefficients = np.zeros(np.size(outputs_of(model, plain(x))))
            program: Program = record(
                combination, np.array(values, dtype=object), x, coefficients, backend="numpy"
            )
    except AutogradError:
        return None
    return None if program.wengert.guards else program
