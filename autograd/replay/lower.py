"""From a function to a Wengert list: run it once on Values, and write down what it computed.

A Wengert list has a slot for each number: first the inputs, then one for the result of
each statement, operands before results, in the order of the reverse sweep. An operand is
the slot it stands in, an `int`, or a constant, a `float`.

While the function runs, comparisons of Values are noted, to become guards, and a look at
the number in a Value that depends on an argument is refused: it would be frozen in the list.
"""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from threading import get_ident
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeAlias

from autograd.conversion import to_float
from autograd.errors import OperandError, RecordingError
from autograd.graph import clock, topological_order, watchers
from autograd.symbols import Symbol
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from autograd.primitives import Primitive

Operand: TypeAlias = "int | float"
"""A slot, or a constant."""


class Guard(NamedTuple):
    """A comparison made while recording, and how it came out."""

    sign: str
    left: Operand
    right: Operand
    outcome: bool
    place: str


class WengertList(NamedTuple):
    """What a function computes, one operation a statement; immutable by convention."""

    inputs: tuple[str, ...]  # their names
    rows: list[Primitive]
    operands: list[tuple[Operand, ...]]
    output: Operand
    swept: Sequence[int]  # the slots that lead to the output, in eager order; others lead to guards
    guards: tuple[Guard, ...]
    labels: dict[int, str]  # of computed slots
    edges: dict[int, tuple[bool, ...]]  # of slots that chose: which operands counted
    choices: frozenset[int]  # of these, the ones that may choose otherwise


def record_list(
    f: Callable[..., Any], arguments: tuple[Any, ...], leaves: list[Value], names: list[str]
) -> WengertList:
    """Run `f` on arguments built of `leaves`, and lower what it returns.

    Raises
    ------
    RecordingError
        If the function reads or sets a number, uses a Value that is not among its arguments,
        or records within a recording.
    """
    thread = get_ident()
    if thread in watchers:
        raise RecordingError("a function that is being recorded cannot record another; record it beforehand")
    note = watchers[thread] = Note(leaves)
    began = clock.advance()
    try:
        with collector_paused():
            output = f(*arguments)
            del watchers[thread]
            if note.refused is not None:
                raise note.refused
            if type(output) is not Value:
                output = _constant(output)
            return lower(output, leaves, names, note, began)
    finally:
        watchers.pop(thread, None)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the garbage collector from walking a growing graph, which has no cycles, again and again.

    It would double the cost of recording, and make it grow faster than the graph.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _constant(output: object) -> float:
    try:
        return to_float(output)
    except OperandError as error:
        raise RecordingError(f"a recorded function returns one Value, not {output!r}") from error


class Note:
    """What is seen of a function while it runs: a `graph.Watcher`."""

    def __init__(self, leaves: list[Value]) -> None:
        self.leaves = frozenset(leaves)
        self.comparisons: list[tuple[str, Any, Any, bool, str]] = []
        self.chosen: dict[Value, tuple[Any, ...]] = {}
        self.refused: RecordingError | None = None

    def compared(self, sign: str, left: Value, right: Value | float, outcome: bool) -> None:  # noqa: FBT001
        """Keep the comparison for a guard."""
        self.comparisons.append((sign, left, right, outcome, place()))

    def chose(self, node: Value, operands: tuple[Any, ...]) -> None:
        """Keep all the operands: a replay may choose others."""
        self.chosen[node] = operands

    def derived(self, node: Value) -> None:
        """Refuse a derivative that holds for one choice only."""
        if node in self.chosen and not fixed(node.primitive, self.chosen[node]):
            self.refuse(
                f"{place()} takes the derivative of {node!r} while it is being recorded, and every replay "
                "would keep to the operand that is chosen now; choose by a comparison (v > 0 becomes a "
                "guard), or record the function and differentiate program.value",
            )

    def read(self, node: Value, what: str) -> None:
        """Refuse the number of anything that depends on an argument."""
        reader = sys._getframe(3).f_globals.get("__name__", "")
        if reader.startswith("autograd."):  # an error message, for instance
            return
        if not self.leaves.isdisjoint(topological_order(node)[1]):
            self.refuse(
                f"{place()} {what} of {node!r} while it is being recorded, and every replay would see "
                "this number; compute with the Value itself, compare it (v > 0 becomes a guard), or choose "
                "with autograd.where, max or relu",
            )

    def refuse(self, message: str) -> NoReturn:
        """Refuse now, and at the end again if the function has caught it."""
        self.refused = RecordingError(message)
        raise self.refused


def place() -> str:
    """Say which line outside this package is being run."""
    frame: Any = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "autograd":
        frame = frame.f_back
    return "" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"


def lower(
    output: Value | float, leaves: list[Value], names: list[str], note: Note, began: float
) -> WengertList:
    """Give the nodes of a graph numbers, and write each operation with the slots of its operands.

    A leaf that is no argument is a constant if the function itself made it, after the
    epoch `began`; an older one is refused, since it may yet change.
    """
    compared = [x for _, left, right, _, _ in note.comparisons for x in (left, right)]
    swept = topological_order(output, current=True)[0] if type(output) is Value else []
    edges = {node: tuple([type(x) is Value for x in node.operands]) for node in note.chosen}
    for node in note.chosen:
        node._x = note.chosen[node]  # this graph is nobody else's
    everything = object.__new__(Value)  # a node above all that counts: one search finds it
    everything._pull, everything._x, everything._y = _never, (output, *compared), None  # type: ignore[assignment]
    everything._epoch, everything._data = clock.epoch, 0.0
    interior, others = topological_order(everything, current=True)
    interior.pop()
    slots: dict[Value, Operand] = {leaf: slot for slot, leaf in enumerate(leaves)}
    for leaf in others:
        if leaf not in slots:
            if leaf._epoch < began:
                raise RecordingError(
                    f"the function uses {leaf!r}, which is not among its arguments and would be frozen at "
                    "this number; pass it as an argument too (a Value stands for itself: "
                    "record(f, model.parameters(), x)), or use the number alone, v.data, if it is constant",
                )
            slots[leaf] = leaf._data
    slots.update(zip(interior, range(len(leaves), len(leaves) + len(interior)), strict=True))
    operands: list[tuple[Operand, ...]] = []
    for node in interior:
        x, y = node._x, node._y
        if type(x) is tuple:
            operands.append(tuple([slots[v] if type(v) is Value else v for v in x]))
        elif y is None:
            operands.append((slots[x],))
        else:
            operands.append((slots[x] if type(x) is Value else x, slots[y] if type(y) is Value else y))
    last, *ends = [slots[x] if type(x) is Value else x for x in (output, *compared)]
    return WengertList(
        inputs=tuple(names),
        rows=[node._pull.primitive for node in interior],  # type: ignore[union-attr]
        operands=operands,
        output=last,
        swept=[slots[node] for node in swept],  # type: ignore[misc]  # computed, so not constant
        guards=tuple(
            [
                Guard(sign, left, right, outcome, where)
                for (sign, _, _, outcome, where), left, right in zip(
                    note.comparisons, ends[::2], ends[1::2], strict=True
                )
                if isinstance(left, int) or isinstance(right, int)
            ]
        ),
        labels={slots[node]: node.label for node in interior if node.label is not None},  # type: ignore[misc]
        edges={slots[node]: edges[node] for node in interior if node in edges},  # type: ignore[misc]
        choices=frozenset(
            [slots[node] for node in interior if node in edges and not fixed(node.primitive, node._x)]  # type: ignore[misc]
        ),
    )


def fixed(row: Primitive | None, operands: tuple[Any, ...]) -> bool:
    """Whether a row chooses the same among its operands, whatever the numbers in the Values are."""
    symbols = [Symbol("x") if type(x) is Value else x for x in operands]
    try:
        return not any(isinstance(chosen, Symbol) for chosen in row.depends(*symbols))  # type: ignore[union-attr, misc]
    except TypeError:  # a symbol has no truth
        return False


def _never(node: Value) -> None:
    """Stand for the pull of a node that is no part of the graph."""
