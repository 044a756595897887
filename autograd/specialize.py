"""From a row of the table to fast float functions: the row runs once on symbols.

For each row this makes, as source text that is then compiled,

* recorders, which become the methods of Value: compute, and remember the operands;
* pulls, which hand an adjoint down to the parents: one for each choice of operands
  that are nodes, so that nothing is decided, or computed for a constant, in the sweep.

The text is registered with `linecache`: tracebacks, `pdb` and `inspect.getsource`
show it. For `mul` of two Values it reads

    def __mul__(x, y):
        if type(y) is Value:
            z = new(Value)
            z._epoch = clock.epoch
            z._data = x._data * y._data
            z._pull = pull_xy
        ...

    def pull_xy(z):
        x = z._x
        y = z._y
        x._adjoint += z._adjoint * y._data
        y._adjoint += z._adjoint * x._data
"""

from __future__ import annotations

import linecache
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.accurate import divide
from autograd.conversion import to_float, to_float_or_not_implemented
from autograd.errors import PrimitiveError
from autograd.graph import Node, clock, watcher, watchers
from autograd.primitives import TABLE, Primitive
from autograd.rows import ieee_division
from autograd.symbols import OPERATORS, GuardedSource, Source, Symbol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


METHODS = {
    "add": "__add__",
    "sub": "__sub__",
    "mul": "__mul__",
    "div": "__truediv__",
    "pow": "__pow__",
    "neg": "__neg__",
    "abs": "__abs__",
}
"""The methods that Python calls for its operators; a row of one operand is otherwise a method of its name."""

UFUNCS = {
    "asin": ("arcsin",),
    "acos": ("arccos",),
    "atan": ("arctan",),
    "atan2": ("arctan2",),
    "asinh": ("arcsinh",),
    "acosh": ("arccosh",),
    "atanh": ("arctanh",),
}
"""Second names of methods, by which numpy asks for them: `np.arcsin(v)` calls `v.arcsin()`."""


class Rules(NamedTuple):
    """The recorders of a row: for a Value as first operand, and for one as second only."""

    forward: Callable[..., Any]
    reflected: Callable[..., Any] | None


class Specializer:
    """Makes the rules of each row for one class of node, when they are first asked for."""

    def __init__(self, node: type[Node]) -> None:
        self.node = node
        self.rules: dict[Primitive, Rules] = {}

    def __getitem__(self, row: Primitive) -> Rules:
        """Return the rules of a row."""
        if row not in self.rules:
            self.rules[row] = self.narrow(row) if row.compiled else self.wide(row)
        return self.rules[row]

    def narrow(self, row: Primitive) -> Rules:
        """Make the rules of one or two operands, by compiling their text."""
        source = narrow_source(row)
        filename = f"<autograd rules of {row.name}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        names: dict[str, Any] = {
            other.name: other.of_floats if other.domain else other.function for other in TABLE.values()
        }
        names.update(
            __name__=self.node.__module__,
            Value=self.node,
            new=object.__new__,
            clock=clock,
            number=to_float_or_not_implemented,
            divide=divide,
            inf=math.inf,
            nan=math.nan,
            row=row,
            function=row.function,
        )
        made: dict[str, Any] = {}
        exec(compile(source, filename, "exec"), names, made)  # noqa: S102 - text printed from the table
        for name in ("pull_x", "pull_y", "pull_xy"):
            if name in made:
                names[name] = made.pop(name)
                names[name].__dict__["primitive"] = row
        for recorder in made.values():
            recorder.__qualname__ = f"{self.node.__name__}.{recorder.__name__}"
            recorder.__doc__ = documentation(row)
        forward, reflected = [*made.values(), None][:2]
        return Rules(forward, reflected)

    def wide(self, row: Primitive) -> Rules:
        """Make the rules of any number of operands, kept as a tuple in the first field."""
        node = self.node

        def record(*operands: object) -> Node:
            operands = tuple([x if type(x) is node else to_float(x) for x in operands])
            epoch = clock.epoch
            numbers = [x._data if type(x) is node else x for x in operands]
            outside = row.domain is not None and row.domain.outside(*numbers)
            z = node.__new__(node)
            z._data = row.beyond(operands) if outside else row.function(*numbers)
            z._x = operands if row.depends is None else held(operands, numbers)
            z._y = None
            z._pull = pull  # type: ignore[assignment]  # its primitive is set below
            z._epoch = epoch
            z._adjoint = z.label = None
            if watchers and row.depends is not None and (told := watcher()) is not None:
                told.chose(z, operands)
            return z

        def held(operands: Sequence[object], numbers: Sequence[Any]) -> tuple[object, ...]:
            depends = row.depends(*numbers)  # type: ignore[misc]  # only called if there is one
            return tuple(
                [x if d else number for x, number, d in zip(operands, numbers, depends, strict=True)]
            )

        def pull(z: Node) -> None:
            numbers = [x._data if type(x) is node else x for x in z._x]
            wanted = None if row.variadic else [type(x) is node for x in z._x]
            try:
                partials = row.partials_at(z._data, numbers, wanted)
            except ZeroDivisionError:  # nodes, unlike floats, can divide by the rules of IEEE 754
                with ieee_division():
                    leaves = [node(x) for x in (z._data, *numbers)]  # type: ignore[call-arg]  # a class of its own
                    partials = row.partials_at(leaves[0], leaves[1:], wanted)
                partials = [x._data if type(x) is node else x for x in partials]
            for x, partial in zip(z._x, partials, strict=True):
                if type(x) is node:
                    x._adjoint += z._adjoint * partial

        pull.__dict__["primitive"] = row
        return Rules(record, None)


# The epoch is read before the operands: a leaf that another thread sets meanwhile is then seen to be newer.
UNARY = """\
def {method}(x):
    z = new(Value)
    z._epoch = clock.epoch
    z._data = {value_x}
    z._x = x
    z._y = None
    z._pull = pull_x
    z._adjoint = z.label = None
    return z
"""

BINARY = """\
def {method}(x, y):
    if type(y) is Value:
        z = new(Value)
        z._epoch = clock.epoch
        z._data = {value_xy}
        z._pull = pull_xy
    else:
        if type(y) is not float:
            y = number(y)
            if y is NotImplemented:
                return y
        z = new(Value)
        z._epoch = clock.epoch
        z._data = {value_x}
        z._pull = pull_x
    z._x = x
    z._y = y
    z._adjoint = z.label = None
    return z

def {reflected}(y, x):
    if type(x) is not float:
        x = number(x)
        if x is NotImplemented:
            return x
    z = new(Value)
    z._epoch = clock.epoch
    z._data = {value_y}
    z._x = x
    z._y = y
    z._pull = pull_y
    z._adjoint = z.label = None
    return z
"""


def narrow_source(row: Primitive) -> str:
    """Print the recorders and pulls of a row with one or two operands."""
    operands = "xy"[: len(row.partials)]
    choices = ("x",) if operands == "x" else ("xy", "x", "y")
    method = METHODS.get(row.name, row.name)
    pieces = {
        "method": method,
        "reflected": method.replace("__", "__r", 1) if row.name in METHODS else f"reflected_{method}",
    }
    for nodes in choices:
        data = [Source(f"{x}._data" if x in nodes else x) for x in operands]
        pieces[f"value_{nodes}"] = value_text(row, data, operands)
    recorders = (UNARY if operands == "x" else BINARY).format(**pieces)
    pulls = [line for nodes in choices for line in pull_lines(row, nodes)]
    return "\n".join(line for line in (*recorders.split("\n"), *pulls) if line.strip()) + "\n"


def value_text(row: Primitive, data: list[Source], operands: str) -> str:
    """Print the value, `x._data * y._data` or a call of the row's own function, and what guards it."""
    simple = row.function in OPERATORS
    value = str(data[0].apply(row, tuple(data))) if simple else f"function({', '.join(map(str, data))})"
    if row.domain is None:
        return value
    return f"row.beyond([{', '.join(operands)}]) if {outside_text(row, data)} else {value}"


def outside_text(row: Primitive, data: Sequence[Symbol]) -> str:
    """Print the test for being outside the domain, of a row that has one."""
    try:
        return str(row.domain.outside(*data))  # type: ignore[union-attr]
    except (TypeError, ValueError, AttributeError) as error:
        raise PrimitiveError(
            f"{row.name}: the test for being outside the domain cannot be written down ({error}); "
            "use comparisons joined by & and |, each in parentheses: (x < 0) | (x > 1)",
        ) from error


def pull_lines(row: Primitive, nodes: str) -> Iterator[str]:
    """Print one pull: the chain rule for the operands in `nodes`; the others are constants."""
    operands = "xy"[: len(row.partials)]
    yield f"def pull_{nodes}(z):"
    for x in operands:
        yield f"    {x} = z._{x}"
    if row.domain is not None:  # the rule of `Primitive.undefined`
        outside = outside_text(row, [Source(f"{x}._data" if x in nodes else x) for x in operands])
        yield f"    if z._data != z._data and ({outside}):"
        yield from [f"        {x}._adjoint += nan" for x in nodes]
        yield "        return"
    for i, x in enumerate(operands):
        if x in nodes:
            texts = ["z._data", *(f"{y}._data" if y in nodes else y for y in operands)]
            share, guarded = (
                share_text(row, i, [kind(text) for text in texts]) for kind in (Source, GuardedSource)
            )
            if share == guarded:
                yield f"    {x}._adjoint {share}"
            else:
                yield f"    try: {x}._adjoint {share}"
                yield f"    except ZeroDivisionError: {x}._adjoint {guarded}"


def share_text(row: Primitive, i: int, symbols: list[Source]) -> str:
    """Print what is added to operand `i`'s adjoint; a product with 1 or -1 is left out, being exact."""
    partial = partial_text(row, i, symbols)
    if isinstance(partial, int | float) and partial in {1, -1}:
        return "+= z._adjoint" if partial == 1 else "-= z._adjoint"
    return f"+= {type(symbols[0])('z._adjoint') * partial}"


def partial_text(row: Primitive, i: int, symbols: Sequence[Symbol]) -> Symbol | float:
    """Run the partial by operand `i` on symbols; one that is constant gives a number."""
    try:
        partial = row.partials[i](*symbols)
        return partial if isinstance(partial, Symbol) else float(partial)
    except (TypeError, ValueError, AttributeError) as error:
        raise PrimitiveError(
            f"{row.name}: the partial by operand {i} cannot be written down ({error}); use operators and "
            "the primitives of autograd: autograd.exp(x), not math.exp(x) or x.exp(); "
            "a branch is a primitive of its own",
        ) from error


def documentation(row: Primitive) -> str:
    """Write a row out as a docstring: formula, partial derivatives, domain, kinks, example."""
    if row.variadic:
        signature, partials = f"{row.name}(x₁, …, xₙ)", []
    else:
        operands = row.letters
        symbols = [Symbol(x) for x in operands]
        signature = str(symbols[0].apply(row, tuple(symbols)))
        partials = [
            f"    ∂z/∂{x} = {Symbol('').operand(partial_text(row, i, [Symbol('z'), *symbols]), 0)}"
            for i, x in enumerate(operands)
        ]
    lines = [row.summary, "", f"    z = {signature}", *partials]
    if row.domain or row.kink:
        lines += ["", "Notes", "-----"]
    if row.domain:
        lines.append(f"Defined for {row.domain.text}; elsewhere a `DomainError`.")
    if row.kink:
        lines.append(f"Not differentiable at {row.kink.convention}.")
    if row.example:
        call, value = row.example
        lines += ["", "Examples", "--------", ">>> import autograd", f">>> autograd.{call}", repr(value)]
    return "\n".join(lines)


class Documented:
    """The docstring of a row, written out when it is read; that of the class stays what it is."""

    def __init__(self, of_class: str | None) -> None:
        self.of_class = of_class

    def __get__(self, row: Primitive | None, owner: type) -> str | None:
        return self.of_class if row is None else documentation(row)


Primitive.__doc__ = Documented(Primitive.__doc__)  # type: ignore[assignment]  # it reads as a string
