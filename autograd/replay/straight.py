"""From a Wengert list to plain Python: one line a statement, then the chain rule from the last line up.

This is the exact form: the operations, their order and their rounding are those of eager
evaluation, value and gradient to the last bit. It is also the fastest for narrow graphs,
in which no two statements are alike. The lines are the rows of the table, run on symbols.
"""

from __future__ import annotations

import textwrap
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any

from autograd.replay.dialects import PYTHON, Dialect
from autograd.replay.emit import made, namespace, share_of, variable_names, violated
from autograd.symbols import OPERATORS, Source, Symbol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from autograd.primitives import Primitive
    from autograd.replay.lower import Operand, WengertList

WIDTH = 100
"""Longer lines of names are folded."""


def straight_source(wengert: WengertList, *, gradient: bool) -> str:
    """Print the whole list as one function of the sequence of its inputs."""
    return "\n".join(Straight(wengert).function(gradient=gradient)) + "\n"


class Straight:
    """Prints a Wengert list statement by statement, every number a variable of its own."""

    def __init__(self, wengert: WengertList) -> None:
        self.wengert = wengert
        self.names = variable_names(wengert)
        self.templates: dict[Any, str] = {}
        self.bars: dict[int, str] = {}  # what the adjoint of a slot is called, from when it has one

    def function(self, *, gradient: bool) -> Iterable[str]:
        """Print `def program(inputs):` and its body."""
        names = self.names[: len(self.wengert.inputs)]
        yield "def program(inputs):"
        if names:
            yield from folded(f"{', '.join(names)}, = inputs")
        yield from (f"    {line}" for line in self.body(gradient=gradient))
        value = self.operand(self.wengert.output)
        if gradient:
            yield from folded(f"return {value}, [{', '.join(self.slopes())}]")
        else:
            yield f"    return {value}"

    def bound(self, places: Sequence[str]) -> Iterable[str]:
        """Print `def bound():`, which reads its inputs from their places and leaves the slopes in others.

        Nothing is called between the stores, so an interrupt comes before or after them all.
        """
        yield "def bound():"
        for name, place in zip(self.names, places, strict=False):
            yield f"    {name} = {place}"
        yield "    try:"
        yield from [f"        {line}" for line in self.body(gradient=True)] or ["        pass"]
        yield "    except OUT_OF_THE_ORDINARY:"
        yield "        return eagerly()"
        yield from (f"    slopes[{k}] = {slope}" for k, slope in enumerate(self.slopes()))
        yield f"    return {self.operand(self.wengert.output)}"

    def body(self, *, gradient: bool) -> Iterable[str]:
        """Print the statements, the guards, and the chain rule."""
        wengert = self.wengert
        for slot in range(len(wengert.inputs), len(self.names)):
            yield from self.forward(slot)
        for number, guard in enumerate(wengert.guards):
            yield f"if {violated(guard, self.operand)}: raise StaleProgram({number})"
        self.bars.clear()
        if gradient and isinstance(wengert.output, int):
            yield from self.hand_down(wengert.output, "1.0")
            for slot in reversed(wengert.swept):
                yield from self.backward(slot)

    def slopes(self) -> list[str]:
        """Write the adjoint of every input, once the body is printed."""
        # 0.0 + turns -0.0 into 0.0, as accumulating does
        return [
            f"0.0 + {self.bars[slot]}" if slot in self.bars else "0.0"
            for slot in range(len(self.wengert.inputs))
        ]

    def operand(self, x: Operand) -> str:
        """Write an operand: the name of its slot, or its number."""
        return self.names[x] if isinstance(x, int) else Source("").number(x)

    def forward(self, slot: int) -> Iterable[str]:
        """Print the statement that computes a slot, behind a test of its domain."""
        k = slot - len(self.wengert.inputs)
        row, operands = self.wengert.rows[k], self.wengert.operands[k]
        texts = [self.operand(x) for x in operands]
        if row.domain is not None:
            outside = self.template(row, operands, "outside")
            if outside:
                yield f"if {outside.format(*texts)}: raise DomainError"
        yield f"{self.names[slot]} = {self.template(row, operands, 'value').format(*texts)}"
        if slot in self.wengert.choices:  # the order of the sweep depends on it, and so does rounding
            choice = f"{row.name}_depends({', '.join(texts)})"
            yield f"if {choice} != {self.wengert.edges[slot]}: raise StaleProgram"

    def backward(self, slot: int) -> Iterable[str]:
        """Print what a slot's adjoint adds to those of its operands."""
        k = slot - len(self.wengert.inputs)
        row, operands = self.wengert.rows[k], self.wengert.operands[k]
        z, z_bar = self.names[slot], self.bars[slot]
        texts = [self.operand(x) for x in operands]
        if row.variadic:
            terms = Named(PYTHON, slot)
            shares = [
                str(share_of(terms.term(z_bar), partial))
                for partial in row.partials_at(
                    terms.term(z),
                    [as_symbol(x, text, terms) for x, text in zip(operands, texts, strict=True)],
                )
            ]
            yield from terms.lines
        else:
            shares = [
                self.template(row, operands, i).format(*texts, z=z, z_bar=z_bar) if isinstance(x, int) else ""
                for i, x in enumerate(operands)
            ]
        edges = self.wengert.edges.get(slot, (True,) * len(operands))
        for x, share, edge in zip(operands, shares, edges, strict=True):
            if edge and isinstance(x, int):
                yield from self.hand_down(x, share)

    def hand_down(self, x: int, share: str) -> Iterable[str]:
        """Print what adds a share to an adjoint: nothing, as long as that is only another name for it."""
        name, known = f"{self.names[x]}_bar", self.bars.get(x)
        sign = "-" if share.startswith("-") else "+"
        if known is None and share.isidentifier():
            self.bars[x] = share
            return
        self.bars[x] = name
        if known is None:
            yield f"{name} = {share}"
        elif known == name:
            yield f"{name} {sign}= {share.removeprefix('-')}"
        else:
            yield f"{name} = {known} {sign} {share.removeprefix('-')}"

    def template(self, row: Primitive, operands: tuple[Operand, ...], part: int | str) -> str:
        """Return the text of a statement with {0}, {1} for its operands; made once for all alike."""
        plain = row.function in OPERATORS  # its constants are put in later, like any operand
        kinds = tuple([type(x) if plain or isinstance(x, int) else x for x in operands])
        key = part, row, len(operands) if row.variadic else kinds
        if key not in self.templates:
            slots = [
                PYTHON.term(f"{{{i}}}") if row.variadic or isinstance(x, int) else x
                for i, x in enumerate(operands)
            ]
            symbols = [PYTHON.term(f"{{{i}}}") for i in range(len(operands))] if plain else slots
            if part == "value":
                written: object = PYTHON.value(row, symbols)
            elif isinstance(part, int):
                partial = PYTHON.partial(row, part, PYTHON.term("{z}"), symbols)
                written = share_of(PYTHON.term("{z_bar}"), partial)
            else:
                written = PYTHON.outside(row, slots)
            self.templates[key] = str(written)
        return self.templates[key]


def as_symbol(x: Operand, text: str, dialect: Dialect) -> object:
    """Return an operand as a symbol if it is a slot, as it is if a constant."""
    return dialect.term(text) if isinstance(x, int) else x


class Named(Dialect):
    """A dialect that gives every call a line and a name of its own: n partials may share it."""

    def __init__(self, dialect: Dialect, slot: int) -> None:
        super().__init__()
        self.dialect, self.lines = dialect, list[str]()
        self.new = (f"v{slot}_{k}" for k in count(1))

    def value(self, row: Primitive, operands: Sequence[object]) -> Symbol:
        """Write the value on a line of its own, unless it is an operator."""
        written = self.dialect.value(row, operands)
        if row.function in OPERATORS:
            return self.term(str(written), written.binding)
        name = next(self.new)
        self.lines.append(f"{name} = {written}")
        return self.term(name)


def folded(line: str) -> list[str]:
    """Fold a long line of names."""
    if len(line) <= WIDTH:
        return [f"    {line}"]
    end = " = inputs" * line.endswith(", = inputs")
    if end:
        line = f"({line.removesuffix(', = inputs')})"
    lines = textwrap.wrap(
        line, WIDTH, initial_indent="    ", subsequent_indent="        ", break_long_words=False
    )
    return [*lines[:-1], lines[-1] + end]


class Plain:
    """Runs a Wengert list as plain Python."""

    backend = "python"

    def __init__(self, wengert: WengertList) -> None:
        self.wengert = wengert

    @cached_property
    def source(self) -> str:
        """The text of the value and gradient."""
        return straight_source(self.wengert, gradient=True)

    @cached_property
    def gradient(self) -> Callable[[Sequence[float]], tuple[float, Sequence[float]]]:
        """The value and the gradient, as a function of the inputs."""
        return made(self.source, namespace(self.wengert.rows))["program"]  # type: ignore[no-any-return]

    @cached_property
    def value(self) -> Callable[[Sequence[float]], float]:
        """The value alone."""
        source = straight_source(self.wengert, gradient=False)
        return made(source, namespace(self.wengert.rows))["program"]  # type: ignore[no-any-return]

    def bound(
        self,
        arrays: Sequence[Any],
        slopes: Any,  # noqa: ANN401 - an array
        eagerly: Callable[[], float],
    ) -> Callable[[], float]:
        """Return a function of what is in flat arrays, compiled from a text of its own."""
        places = [f"argument{k}[{i}]" for k, array in enumerate(arrays, 1) for i in range(array.size)]
        source = "\n".join(Straight(self.wengert).bound(places)) + "\n"
        names = namespace(self.wengert.rows)
        names.update({f"argument{k}": array.data for k, array in enumerate(arrays, 1)})
        names.update(slopes=slopes.data, eagerly=eagerly)
        return made(source, names)["bound"]  # type: ignore[no-any-return]

    def explain(self) -> str:
        """Say what was fused into what."""
        return f"{len(self.wengert.rows):,} statements, one by one"
