"""Names for memory: what the lines of a numpy program call the numbers they read and write.

Numbers lie in an array `v`, their adjoints at the same addresses in `g`. Those that vary from
lane to lane are rows of `u`, and their adjoints rows of `h`. Lines write into views, which
are made once; a number that is computed alone is a variable.
"""

from __future__ import annotations

import keyword
import re
from bisect import bisect_right
from itertools import chain, count, product, takewhile
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from autograd.primitives import TABLE
from autograd.replay.access import Access, Constants
from autograd.replay.emit import NAMESPACE, USED, called, variable_names
from autograd.symbols import Source

if TYPE_CHECKING:
    from autograd.replay.schedule import Group, Schedule

Order: TypeAlias = "tuple[int | None, ...]"
"""Axes in an order that a view has them in; None is one more, of length 1."""

LANES = {"v": "u", "g": "h"}
"""Where the numbers are that have lanes."""


class Memory:
    """Gives names to numbers, and keeps the lines that make the views they stand for."""

    def __init__(self, schedule: Schedule, lines: list[str]) -> None:
        self.schedule = schedule
        self.lines = lines  # of the program: what is read in the course of it
        self.setup: list[str] = []
        self.constants: dict[str, Any] = {}  # arrays by name
        self.inputs = schedule.wengert.inputs
        self.names: dict[Any, str] = {}
        self.taken = {*variable_names(schedule.wengert)[: len(self.inputs)], *TABLE, *NAMESPACE, *USED}
        self.taken |= {*map(called, schedule.wengert.rows), *keyword.kwlist}
        self.starts = [group.start for group in schedule.groups]
        self.titles = [self.fresh(_title(group)) for group in schedule.groups]
        self.variables: dict[int, str] = {}
        for group, title in zip(schedule.groups, self.titles, strict=True):
            if group.single:
                alone = group.room == 1
                self.variables.update(
                    (group.start + k, title if alone else f"{title}_{k}") for k in range(group.room)
                )
        self.variable_names = set(self.variables.values())
        self.taken |= self.variable_names | {f"{name}_bar" for name in self.variable_names}
        self.unseen = set(self.titles) - self.variable_names  # names of groups that no view has yet

    def title(self, group: Group) -> str:
        """Return the name of a group: dot1, relu2."""
        return self.titles[bisect_right(self.starts, group.start) - 1]

    def fresh(self, name: str) -> str:
        """Return a name that nothing has yet, by a number after it."""
        found = next(fit for fit in (f"{name}{k}" for k in count(1)) if fit not in self.taken)
        self.taken.add(found)
        return found

    def read_in_arrays(self) -> set[int]:
        """Return the addresses that lines read or write as parts of arrays."""
        found = np.zeros(self.schedule.size, dtype=bool)
        for group in self.schedule.groups:
            for part in group.parts:
                for x in part.operands:
                    if isinstance(x, Access) and x.axes():
                        found[x.addresses(part.sizes)] = True
        return set(np.flatnonzero(found).tolist())

    # Operands -------------------------------------------------------------------------------------

    def own(self, x: Access | Constants, sizes: tuple[int, ...]) -> str:
        """Name an operand with its own axes alone."""
        return self.spread(x, sizes, x.axes())

    def spread(self, x: Access | Constants, sizes: tuple[int, ...], over: tuple[int, ...]) -> str:
        """Name an operand so that it broadcasts over axes."""
        axes = [axis for axis in over if axis >= min(x.axes(), default=-1)]
        if isinstance(x, Constants):
            return self.constant(
                x.values, [sizes[k] if k in x.along else 1 for k in axes] if x.along else None
            )
        if x.index is not None:
            return self.gathered(x) + "[..., None]" * (not x.lanes and len(sizes) in over)
        return self.view("v", x, sizes, over) if x.axes() else self.element(x.start)

    def view(self, memory: str, x: Access, sizes: tuple[int, ...], over: tuple[int, ...]) -> str:
        """Name a view of memory with an access's own axes, of length 1 along others among `over`."""
        last = len(sizes)
        own = x.axes()
        axes = [axis for axis in over if axis >= min(own) and axis != last]
        shape = [sizes[k] if k in own else 1 for k in axes]
        strides = [x.strides[k] if k in own else 0 for k in axes]
        if not x.lanes and last in over:
            shape, strides = [*shape, 1], [*strides, 0]
        return self.view_of(memory, x, shape, strides)

    def arranged(self, memory: str, x: Access | Constants, sizes: tuple[int, ...], order: Order) -> str:
        """Name a view with an operand's own axes in an order, None standing for one of length 1."""
        own = x.axes()
        shape = [1 if axis is None or axis not in own else sizes[axis] for axis in order]
        if isinstance(x, Constants):
            values = x.values.transpose([own.index(axis) for axis in order if axis in own])
            return self.constant(np.ascontiguousarray(values), shape)
        strides = [0 if axis is None or axis not in own else x.strides[axis] for axis in order]
        return self.view_of(memory, x, shape, strides)

    def view_of(self, memory: str, x: Access, shape: list[int], strides: list[int]) -> str:
        """Name a view that begins where an operand does."""
        key = memory, x.lanes, x.start, tuple(shape), tuple(strides)
        if key not in self.names:
            end = x.start + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
            name = self.names[key] = self.view_name(self.base(x.start, end) + "_bar" * (memory == "g"))
            space = LANES[memory] if x.lanes else memory
            self.setup.append(f"{name} = {_view_text(space, x, shape, strides)}")
        return self.names[key]

    def view_name(self, base: str) -> str:
        """Return `base`, or with a letter if it is taken: a view of another shape."""
        letters = (
            "".join(word) for n in (1, 2, 3) for word in product("abcdefghijklmnopqrstuvwxyz", repeat=n)
        )
        names = chain([base], (f"{base}_{word}" for word in letters))
        found = next(name for name in names if name not in self.taken or name in self.unseen)
        self.taken.add(found)
        self.unseen.discard(found)
        return found

    def base(self, first: int, last: int) -> str:
        """Name the group, or what the names of inputs have in common, that addresses belong to."""
        if first >= len(self.inputs):
            return self.titles[bisect_right(self.starts, first) - 1]
        low, high = self.inputs[first], self.inputs[min(last, len(self.inputs) - 1)]
        common = takewhile(lambda pair: pair[0] == pair[1], zip(low, high, strict=False))
        return re.sub(r"\W|_*\d*$", "", "".join(x for x, _ in common)) or "x"

    def constant(self, values: Any, shape: list[int] | None = None) -> str:  # noqa: ANN401 - a number or array
        """Name a constant: a number is written, an array is handed to the workspace."""
        if isinstance(values, float):
            return Source("").number(values)
        values = values if shape is None else values.reshape(shape)
        key = "constant", values.shape, values.dtype.kind, values.tobytes()
        if key not in self.names:
            self.names[key] = self.fresh("c")
            self.constants[self.names[key]] = values
        return self.names[key]

    def gathered(self, x: Access) -> str:
        """Name a buffer that an operand's numbers are gathered in, once."""
        key = "gathered", x.lanes, x.index.shape, x.index.tobytes()
        if key not in self.names:
            name = self.names[key] = self.fresh("gathered")
            shape = f"({', '.join(map(str, x.index.shape))}, lanes)" if x.lanes else x.index.shape
            self.setup.append(f"{name} = np.empty({shape})")
            source = "u" if x.lanes else "v"
            self.lines.append(f'{source}.take({self.constant(x.index)}, 0, {name}, "clip")')
        return self.names[key]

    def element(self, address: int) -> str:
        """Name one number: the variable of its statement, or one read from memory."""
        if address in self.variables:
            return self.variables[address]
        key = "element", address
        if key not in self.names:
            name = self.names[key] = self.fresh(f"{self.base(address, address)}_at")
            self.lines.append(f"{name} = v.item({address})")
        return self.names[key]


def _title(group: Group) -> str:
    if not group.parts:
        return "z"
    if group.row is not None:
        return group.row.name.strip("_")
    if not group.slots:
        return "asked"
    return "dot" if any(part.kind != "terms" for part in group.parts) else "sum"


def _view_text(space: str, x: Access, shape: list[int], strides: list[int]) -> str:
    """Write a view: a slice if the numbers lie one after another, else by strides."""
    steps = [prod(shape[k + 1 :]) for k in range(len(shape))]
    if any(n > 1 and stride != step for n, stride, step in zip(shape, strides, steps, strict=True)):
        return f"view({space}, {x.start}, {tuple(shape)}, {tuple(strides)})"
    if x.lanes and not shape:
        return f"{space}[{x.start}]"
    text = f"{space}[{x.start}:{x.start + prod(shape)}]"
    if len(shape) == 1:
        return text
    return f"{text}.reshape({', '.join(map(str, shape))}{', -1' * x.lanes})"
