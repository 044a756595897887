"""Arguments with a number for each of many samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd.errors import LengthError, OperandError
from autograd.replay.arguments import Layout, Row, all_floats, build, describe, flatten, is_array, joined

if TYPE_CHECKING:
    from collections.abc import Sequence


class Batch(NamedTuple):
    """Arguments of which some are batches: the numbers of the others, and rows of those."""

    numbers: Any  # an array: of every input; of the batched ones, 0
    rows: Any  # for each batched input, a number for each sample
    inputs: tuple[int, ...]  # which are batched
    lists: tuple[bool | None, ...]  # for each argument: not a batch, an array, or a list of samples
    weight: float  # what each sample counts

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return int(self.rows.shape[1])

    def sample(self, k: int) -> list[float]:
        """Return the inputs of one sample."""
        numbers: list[float] = self.numbers.tolist()
        for slot, row in zip(self.inputs, self.rows[:, k].tolist(), strict=True):
            numbers[slot] = row
        return numbers


def batch_of(arguments: Sequence[Any], layouts: Sequence[Layout], reduce: str) -> Batch:
    """Tell batches from arguments of one sample: a batch is a level deeper than what was recorded.

    Raises
    ------
    LengthError
        If an argument fits neither way, if batches differ in length, or if there is none.
    OperandError
        If `reduce` is neither "mean" nor "sum".
    """
    if reduce not in {"mean", "sum"}:
        raise OperandError(f'reduce is "mean" or "sum", not {reduce!r}')
    if len(arguments) != len(layouts):
        raise LengthError(f"the program takes {len(layouts)} arguments, not {len(arguments)}")
    pieces: list[Any] = []
    start = 0
    inputs: list[int] = []
    columns: list[Any] = []
    lists: list[bool | None] = []
    for k, (argument, layout) in enumerate(zip(arguments, layouts, strict=True)):
        rows = _rows(argument, layout)
        if rows is None:
            flat: list[Any] = []
            if flatten(argument, flat, whole=True) != layout:
                raise LengthError(
                    f"argument {k + 1} is neither {describe(layout)}, as was recorded, nor a batch of such; "
                    "a batch is a list of samples, or an array with one more axis in front",
                )
            pieces.append(joined(flat))
            lists.append(None)
        else:
            inputs += range(start, start + layout.size)
            pieces.append(np.zeros(layout.size))
            columns.append(rows)
            lists.append(not is_array(argument))
        start += layout.size
    lengths = {column.shape[0] for column in columns}
    if len(lengths) != 1 or 0 in lengths:
        counts = " and ".join(map(str, sorted(lengths))) or "no batch at all"
        raise LengthError(f"the batches must have one length, at least 1; got {counts}")
    rows = np.ascontiguousarray(np.concatenate(columns, axis=1).T)
    weight = 1 / rows.shape[1] if reduce == "mean" else 1.0
    return Batch(np.concatenate(pieces), rows, tuple(inputs), tuple(lists), weight)


def gradients_of(batch: Batch, layouts: Sequence[Layout], slopes: Any, rows: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """Put gradients into the structures of arguments: of a batch, one for each sample."""
    found: list[Any] = []
    start = row = 0
    for layout, listed in zip(layouts, batch.lists, strict=True):
        if listed is None:
            found.append(build(layout, Row(slopes[start : start + layout.size])))
        else:
            part = rows[row : row + layout.size].T
            row += layout.size
            if listed:
                found.append([build(layout, Row(numbers)) for numbers in part.tolist()])
            else:
                found.append(np.ascontiguousarray(part).reshape(len(part), *(_shape(layout) or ())))
        start += layout.size
    return tuple(found)


def _rows(argument: Any, layout: Layout) -> Any:  # noqa: ANN401 - an array, a sample a row, or None
    """Return a batch as an array, or None if the argument is not a batch."""
    if layout.size == 0:
        return None
    if is_array(argument):
        shape = tuple(argument.shape)
        if shape[1:] != _shape(layout) or (layout.kind == "array" and shape == layout.keys):
            return None
        if not all_floats(argument):
            found: list[Any] = []
            flatten(argument, found)
            argument = joined(found)
        return np.asarray(argument, dtype=float).reshape(shape[0], layout.size)
    if not isinstance(argument, list | tuple):
        return None
    rows = []
    for sample in argument:
        numbers: list[Any] = []
        if flatten(sample, numbers, whole=True) != layout:
            return None
        rows.append(joined(numbers))
    return np.array(rows, dtype=float).reshape(len(rows), layout.size)


def _shape(layout: Layout) -> tuple[Any, ...] | None:
    """Return the shape of an array that could stand for a structure, or None if there is none."""
    if layout.kind == "number":
        return ()
    if layout.kind == "array":
        return layout.keys
    shapes = {_shape(part) for part in layout.parts}
    inner = shapes.pop() if len(shapes) == 1 and layout.kind != "dict" else None
    return None if inner is None else (len(layout.parts), *inner)
