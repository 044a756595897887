"""The backward pass written out: a program of plain statements, which anybody can run and change.

Room: views. In the style of the staged computation of Stanford's CS231n notes. Every statement is
printed from its row of the table, run on symbols: in the form that reads best, if that gives the
recorded number to the last bit, or else by a call of the row.
"""

from __future__ import annotations

import builtins
import math
import re
from functools import cache
from itertools import count
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from autograd.accurate import divide
from autograd.errors import AutogradError, DomainError, OperandError, PrimitiveError
from autograd.graph import topological_order
from autograd.primitives import TABLE, Primitive, pow  # noqa: A004 - the operation
from autograd.symbols import BINDING, Source, Symbol, is_one
from autograd.value import Value
from autograd.views.local import row_of
from autograd.views.setting import COLUMNS, cut, in_parentheses
from autograd.views.words import label_of, save

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from os import PathLike

LIMIT = 2_000
"""The most Values in one program."""

LONGEST_NAME = 24
"""The most letters of a label that becomes a name."""

WIDE = 8
"""The most operands of a sum that is written with signs."""


class StagedError(AutogradError, ValueError):
    """A program that cannot be written, or not in the way that was asked for."""


class Code(Source):
    """A symbol that writes Python for a reader, in plain operators and the functions of `math`."""

    __slots__ = ()

    def apply(self, primitive: Primitive, operands: tuple[Any, ...]) -> Symbol:
        """Write an operator, a function of `math`, what a reader would write, or a call of the row."""
        if self.sign(primitive):
            return super().apply(primitive, operands)
        if primitive is pow:
            return self.between("**", *operands)
        if computes(getattr(math, primitive.name, None), primitive):
            return self.call(f"math.{primitive.name}", operands)
        if len(operands) <= WIDE and computes(primitive.reading, primitive):
            read: Symbol = primitive.reading(*operands)  # type: ignore[misc]
            return read
        return self.call(primitive.name, operands)

    @classmethod
    def constant(cls, x: float) -> Symbol | float:
        """Keep a constant operand as it is: the partial of x**3 is to have a 2, not a 3 - 1."""
        return x

    def call(self, name: str, operands: Iterable[object]) -> Symbol:
        """Write a call."""
        return type(self)(f"{name}({', '.join([self.operand(x, 0) for x in operands])})")

    def between(self, symbol: str, left: object, right: object) -> Symbol:
        """Write a power with Python's sign if the exponent is a whole number, which no root of x < 0 is."""
        if symbol != "**":
            return super().between(symbol, left, right)
        if isinstance(left, Symbol) and is_one(right):
            return left
        if isinstance(right, Symbol) or not float(right).is_integer():  # type: ignore[arg-type]
            return self.call("math.pow", (left, right))
        base, power = self.operand(left, BINDING["atom"]), self.operand(right, BINDING["**"])
        return type(self)(f"{base} ** {power}", BINDING["**"])

    def number(self, x: object) -> str:
        """Write a constant, without the point that says that it is a float; but keep the sign of a zero."""
        number = float(x)  # type: ignore[arg-type]
        if not math.isfinite(number):
            return f"{'-' * (number < 0)}math.{abs(number)}"
        return repr(number) if number == 0 and math.copysign(1, number) < 0 else Symbol.number(self, number)


class Exact(Code):
    """A symbol that writes just what a sweep computes, be it overflow or division by zero."""

    __slots__ = ()

    @classmethod
    def constant(cls, x: float) -> Symbol:
        """Write a constant operand, so that nothing is computed before the program runs."""
        text = cls("").number(x)
        return cls(text, BINDING["negative" if text.startswith("-") else "atom"])

    def apply(self, primitive: Primitive, operands: tuple[Any, ...]) -> Symbol:
        """Write an operator, or a call of the row."""
        return (
            Source.apply(self, primitive, operands)
            if self.sign(primitive)
            else self.call(primitive.name, operands)
        )

    def between(self, symbol: str, left: object, right: object) -> Symbol:
        """Write a division as a call of `divide`, a power as one of `pow`."""
        if symbol in {"/", "**"}:
            return self.call("divide" if symbol == "/" else pow.name, (left, right))
        return super().between(symbol, left, right)


@cache
def computes(function: Callable[..., Any] | None, row: Primitive) -> bool:
    """Find out whether a function gives, to the last bit, the numbers of a row.

    ``c * x**y`` does for the derivative of a power; ``1 - tanh(x)**2``, which cancels, does not
    for that of tanh.
    """
    if function is None:
        return False
    width = 4 if row.variadic else len(row.partials)
    try:
        return all(
            repr(float(function(*point))) == repr(row(*point))
            for point in [
                [0.2 + math.modf(0.618 * (i + 2) * (k + 1))[0] * 2 for k in range(width)] for i in range(40)
            ]
        )
    except (ArithmeticError, TypeError, ValueError):
        return False


class StagedCode:
    """A program that computes a number and its gradient; made by `staged_code`.

    Attributes
    ----------
    text
        The program.
    inputs
        The names that it gives the leaves, in the order of `topological_order`.
    """

    __slots__ = ("inputs", "text")

    def __init__(self, text: str, inputs: tuple[str, ...]) -> None:
        self.text = text
        self.inputs = inputs

    def run(self) -> dict[str, float]:
        """Run the program, and return the derivative of the output by each input.

        Returns
        -------
        dict
            The derivatives by the names of the inputs: to the last bit those of `backward`.
        """
        names: dict[str, Any] = {}
        exec(compile(self.text, "<staged code>", "exec"), names)  # noqa: S102 - text printed from the table
        return {x: names[f"d{x}"] + 0.0 for x in self.inputs}  # backward() adds to 0.0: it has no -0.0

    def save(self, path: str | PathLike[str]) -> None:
        """Write the program to a file: `.py`, or `.md` for Markdown.

        Raises
        ------
        StagedError
            If the name ends in anything else.
        """
        forms = {".py": lambda: f"{self.text}\n", ".md": lambda: f"{self._repr_markdown_()}\n"}
        save(path, "staged code", forms, StagedError)

    def _repr_markdown_(self) -> str:
        return f"```python\n{self.text}\n```"  # no line of it begins with ```: labels stand in comments

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        lines = self.text.count("\n") + 1
        return f"<StagedCode of {lines:,} lines: print it, save it, or run() it>"


def staged_code(output: Value) -> StagedCode:
    """Write the computation of a Value and its backward pass as a program of plain statements.

    First forward, a statement for every operation; then back from the last to the first. Each
    hands its own derivative on to its operands, times a partial: ``dx = …`` for the first use of
    x, ``dx += …`` for every other. Labels are the names where they can be.

    Parameters
    ----------
    output
        The Value to differentiate.

    Raises
    ------
    OperandError
        If `output` is not a Value.
    StaleGraphError
        If a leaf was changed after it was used.
    DomainError
        If a partial is not defined, as in `backward`.
    StagedError
        If there are more than 2,000 Values.
    PrimitiveError
        If a row that was used has been taken from the table.

    Notes
    -----
    The program does the float operations of `backward` in the same order. It follows other numbers
    too, when its inputs are changed; where Python's own arithmetic has no result it then raises.
    Source: Stanford CS231n, "Backpropagation, Intuitions": staged computation.

    Examples
    --------
    >>> x, y = Value(3.0, label="x"), Value(-4.0, label="y")
    >>> code = staged_code((x + y) ** 2 * x)
    >>> print(code)
    # the inputs
    x = 3.0
    y = -4.0
    <BLANKLINE>
    # forward
    v1 = x + y
    v2 = v1 ** 2
    v3 = v2 * x
    <BLANKLINE>
    # backward
    dv3 = 1.0
    # v3 = v2 * x
    dv2 = dv3 * x
    dx = dv3 * v2
    # v2 = v1 ** 2
    dv1 = dv2 * (2 * v1)
    # v1 = x + y
    dx += dv1
    dy = dv1
    >>> code.run()
    {'x': -5.0, 'y': -6.0}
    """
    if not isinstance(output, Value):
        raise OperandError(f"staged code is written of a Value, not of {output!r} ({type(output).__name__})")
    interior, leaves = topological_order(output, current=True)
    if len(interior) + len(leaves) > LIMIT:
        raise StagedError(
            f"{len(interior) + len(leaves):,} values are too many for one program, which holds {LIMIT:,}; "
            "write that of an intermediate result",
        )
    for row in map(row_of, interior):
        if TABLE.get(row.name) is not row:
            raise PrimitiveError(
                f"{row.name!r} is no longer in the table, so no program can call it; put it back"
            )
    author = Author([*leaves, *interior])
    inputs = [author.given(leaf) for leaf in leaves]
    forward = [author.computed(node) for node in interior]
    backward = [f"d{author.names[output]} = 1.0"]
    for node in reversed(interior):
        backward += author.handed_down(node)
    parts = {"# the inputs": inputs, "# forward": forward, "# backward": backward}
    written = ["\n".join([title, *lines]) for title, lines in parts.items() if lines]
    helpers = list(_helpers("\n".join(written)))
    return StagedCode("\n\n".join([*helpers, *written]), tuple([author.names[leaf] for leaf in leaves]))


class Author:
    """Writes statements, and runs them on the recorded numbers as it does so.

    Parameters
    ----------
    nodes
        The Values that the statements are about.
    """

    def __init__(self, nodes: Sequence[Value]) -> None:
        self.taken = {*TABLE, *dir(builtins), "math", "divide", "TABLE"}
        self.names: dict[Value, str] = {}
        for node in nodes:
            label = _normal(label_of(node))
            if label.isidentifier() and label[0] != "_" and len(label) <= LONGEST_NAME and self.take(label):
                self.names[node] = label
        for node in nodes:
            if node not in self.names:
                self.names[node] = self.fresh("v")
        self.scope: dict[str, Any] = {**TABLE, "math": math, "divide": divide}
        self.scope.update({name: node.data for node, name in self.names.items()})
        self.statements: dict[Value, str] = {}
        self.begun: set[Value] = set()
        self.temporaries: list[str] = []

    def take(self, name: str) -> bool:
        """Take a name for a number, and that of its derivative, if both can be had."""
        pair = {name, f"d{name}"}
        free = self.taken.isdisjoint(pair) and not any(map(iskeyword, pair))
        if free:
            self.taken |= pair
        return free

    def fresh(self, letter: str) -> str:
        """Take the next name of a letter and a number."""
        return next(name for i in count(1) if self.take(name := f"{letter}{i}"))

    def symbols(self, node: Value, kind: type[Code]) -> list[Any]:
        """Return the operands as symbols of a kind."""
        return [kind(self.names[x]) if isinstance(x, Value) else kind.constant(x) for x in node.operands]

    def given(self, leaf: Value) -> str:
        """Write a leaf, and its label if that is no name."""
        name, label = self.names[leaf], label_of(leaf)
        number = repr(leaf.data) if math.isfinite(leaf.data) else Code("").number(leaf.data)
        return cut(f"{name} = {number}{f'  # {label}' if label not in {'', name} else ''}", COLUMNS)

    def computed(self, node: Value) -> str:
        """Write the forward statement of a node: the first form that gives the recorded number."""
        row = row_of(node)

        def applied(kind: type[Code]) -> str:
            return str(kind("").apply(row, tuple(self.symbols(node, kind))))

        try:
            text = applied(Code)
            found = self.value(text)
        except (ArithmeticError, ValueError):
            found = None
        if repr(found) != repr(node.data):
            text = applied(Exact)
        self.statements[node] = f"{self.names[node]} = {text}"
        return in_parentheses(f"{self.names[node]} = ", text)

    def handed_down(self, node: Value) -> Iterator[str]:
        """Write the backward statements of a node: its operands' shares of its own derivative."""
        yield cut(f"# {self.statements[node]}", COLUMNS)
        steps, partials = self.partials(node)
        yield from steps
        for x, partial in zip(node.operands, partials, strict=True):
            if isinstance(x, Value):
                sign = "+=" if x in self.begun else "="
                self.begun.add(x)
                dz, dx = Code(f"d{self.names[node]}"), f"d{self.names[x]}"
                if isinstance(partial, Symbol):
                    yield in_parentheses(f"{dx} {sign} ", str(dz * partial))
                elif partial in {1, -1}:
                    minus = "-" * (partial < 0)
                    yield f"{dx} -= {dz}" if minus and sign == "+=" else f"{dx} {sign} {minus}{dz}"
                else:
                    yield f"{dx} {sign} {dz * partial}"

    def partials(self, node: Value) -> tuple[list[str], list[Any]]:
        """Write the partials of a node, and the statements that prepare them.

        They are run on the recorded numbers as a sweep computes them, and then as they read best.
        """
        try:
            steps, partials, values = self.written(node, Exact)
        except DomainError:
            raise
        except (TypeError, ValueError, AttributeError):  # a row of many operands may know numbers only
            return self.called(node)
        try:
            plain, forms, found = self.written(node, Code)
        except (ArithmeticError, TypeError, ValueError):
            return steps, partials
        return (plain, forms) if found == values else (steps, partials)

    def written(self, node: Value, kind: type[Code]) -> tuple[list[str], list[Any], list[str]]:
        """Run the partials on symbols of a kind; return steps before them, the partials and their values."""
        row, author = row_of(node), self
        steps: list[str] = []

        class Noting(kind):  # type: ignore[misc, valid-type]
            """A symbol that gives every call a statement of its own, so that others can use the result."""

            __slots__ = ()

            def apply(self, primitive: Primitive, operands: tuple[Any, ...]) -> Symbol:
                text = str(super().apply(primitive, operands))
                if not text.isidentifier():
                    name = author.temporary(len(steps))
                    steps.append(in_parentheses(f"{name} = ", text))
                    author.scope[name] = author.value(text)
                    text = name
                return type(self)(text)

        kind = Noting if row.variadic else kind
        z, operands = kind(self.names[node]), self.symbols(node, kind)
        if row.variadic:
            partials = row.partials_at(z, operands)
        else:
            partials = [
                partial(z, *operands) if isinstance(x, Value) else 0.0
                for x, partial in zip(node.operands, row.partials, strict=True)
            ]
        values = [self.value(str(x)) if isinstance(x, Symbol) else float(x) for x in partials]
        return steps, partials, [repr(float(value)) for value in values]

    def called(self, node: Value) -> tuple[list[str], list[Any]]:
        """Write partials that no text can be had of, by calling them as they stand in the row."""
        operands = ", ".join([str(x) for x in self.symbols(node, Exact)])
        call = f"{row_of(node).name}.partials_at({self.names[node]}, [{operands}])"
        name = self.temporary(0)
        partials = [Code(f"{name}[{i}]") for i, _ in enumerate(node.operands)]
        return [in_parentheses(f"{name} = ", call)], partials

    def temporary(self, i: int) -> str:
        """Return the name of the i-th step before the partials of an operation."""
        while len(self.temporaries) <= i:
            self.temporaries.append(self.fresh("t"))
        return self.temporaries[i]

    def value(self, text: str) -> Any:  # noqa: ANN401 - what Python makes of it
        """Run an expression on the recorded numbers."""
        return eval(text, self.scope)  # noqa: S307 - text printed from the table


def _helpers(program: str) -> Iterator[str]:
    """Write the lines that import what a program calls, with what the table says about it."""
    code = re.sub(r"(?m)(^|  )#.*", "", program)
    called = set(re.findall(r"(?<![.\w])[A-Za-z_]\w*", code))
    rows = [row for name, row in TABLE.items() if name in called]
    imports = ["import math"] if "math" in called else []
    imports += ["from autograd import TABLE"] if rows else []
    imports += ["from autograd.specialize import divide"] if "divide" in called else []
    if imports:
        yield "\n".join(imports).replace("math\nfrom", "math\n\nfrom")
    lines = [f'{row.name} = TABLE["{row.name}"]' for row in rows]
    width = max(map(len, lines), default=0)
    told = [
        f"{line:<{width}}  # {row.summary.removesuffix('.')}" for line, row in zip(lines, rows, strict=True)
    ]
    if told:
        yield "\n".join([cut(line.removesuffix("  # ").rstrip(), COLUMNS) for line in told])


def _normal(name: str) -> str:
    """Spell a name as Python reads it."""
    from unicodedata import normalize

    return normalize("NFKC", name)
