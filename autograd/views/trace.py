"""The evaluation trace: every statement of a computation, forward and in reverse, with its numbers.

Room: views. The three parts are those of Griewank and Walther (2008, tables 1.2 and
1.3) and of Baydin et al. (2018, tables 2 and 3). Formulas come from the rows, by way of
`formula.py`; here they are numbered, evaluated and set as a table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.errors import LengthError, OperandError
from autograd.graph import topological_order
from autograd.symbols import Symbol
from autograd.value import Value
from autograd.views.formula import (
    LONGEST,
    LONGEST_NAME,
    FormulaError,
    Latex,
    Name,
    Term,
    applied,
    fraction,
    latex_name,
    partials_in_terms,
)
from autograd.views.local import local_derivatives, row_of
from autograd.views.setting import COLUMNS, cells, cut
from autograd.views.words import escaped, label_of, names, page, save

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike


LIMIT = 2_000
"""The most Values in one trace."""


class Statement(NamedTuple):
    """One line of a trace: what is computed, how, and the number."""

    name: Name
    formulas: tuple[Term, ...]  # the same number in several forms, such as v̄₅ ∂v₅/∂v₃ and -v̄₅
    value: float


class Part(NamedTuple):
    """The statements of one sweep, in the order in which they happen."""

    title: str
    statements: list[Statement]


class Trace:
    """An evaluation trace; made by `trace`.

    Attributes
    ----------
    parts
        The forward primal, forward tangent and reverse adjoint trace.
    """

    __slots__ = ("parts",)

    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts

    @property
    def text(self) -> str:
        """The trace for a terminal, at most 80 columns wide."""
        lines: list[str] = []
        for part in self.parts:
            rows = [_cells(statement, Symbol) for statement in part.statements]
            lines += ["", part.title, "─" * len(part.title), *_columns(rows)]
        return "\n".join(lines[1:])

    @property
    def markdown(self) -> str:
        """The trace as Markdown tables."""
        blocks = []
        for part in self.parts:
            rows = [_cells(statement, Symbol) for statement in part.statements]
            width = max(map(len, rows), default=2)
            lines = [f"**{part.title}**", "", "|" + " |" * width, "|" + "---|" * width]
            for name, *formulas, value in rows:
                cells = [name, *formulas, *[""] * (width - 2 - len(formulas)), value]
                lines.append("| " + " | ".join([_code(cell) for cell in cells]) + " |")
            blocks.append("\n".join(lines))
        return "\n\n".join(blocks) + "\n"

    @property
    def latex(self) -> str:
        """The trace in LaTeX: an `aligned` block for each part, for use in mathematics mode."""
        blocks = []
        for part in self.parts:
            rows = [_cells(statement, Latex) for statement in part.statements]
            body = " \\\\\n".join([f"{name} &= {' = '.join(rest)}" for name, *rest in rows])
            blocks.append(f"\\text{{{part.title}}} \\\\\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}")
        return "\\begin{gathered}\n" + " \\\\[1ex]\n".join(blocks) + "\n\\end{gathered}"

    @property
    def html(self) -> str:
        """The trace as HTML tables, without a page around them."""
        style = 'style="text-align:left;padding:.1em .9em .1em 0;font-family:monospace"'
        heading = 'style="text-align:left;font-weight:bold;padding:.8em 0 .3em"'
        blocks = []
        for part in self.parts:
            rows = [_cells(statement, Symbol) for statement in part.statements]
            width = max(map(len, rows), default=2)
            lines = [f"<table><caption {heading}>{part.title}</caption>"]
            for name, *formulas, value in rows:
                cells = [
                    name,
                    *[f"= {cell}" for cell in formulas],
                    *[""] * (width - 2 - len(formulas)),
                    f"= {value}",
                ]
                lines.append(
                    "<tr>" + "".join([f"<td {style}>{escaped(cell)}</td>" for cell in cells]) + "</tr>"
                )
            blocks.append("\n".join([*lines, "</table>"]))
        return "\n".join(blocks)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the trace to a file: `.txt`, `.md`, `.tex` or `.html`.

        Raises
        ------
        FormulaError
            If the name ends in anything else.
        """
        forms = {
            ".txt": lambda: f"{self.text}\n",
            ".md": lambda: f"{self.markdown}\n",
            ".tex": lambda: f"\\[\n{self.latex}\n\\]\n",
            ".html": lambda: page("Evaluation trace", self.html),
        }
        save(path, "a trace", forms, FormulaError)

    def _repr_html_(self) -> str:
        return self.html

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Trace of {len(self.parts[0].statements)} statements: print it, or save it>"


def trace(
    output: Value,
    inputs: Sequence[Value] | None = None,
    *,
    direction: Sequence[float] | None = None,
    by_level: bool = False,
) -> Trace:
    """Write down every statement of a computation, forward and in reverse, with its numbers.

    Inputs are v₋₁, v₀ and the like, the last being v₀; computed Values are v₁, v₂, …
    The tangent of a Value, `v_dot`, is its derivative along a direction of the inputs;
    its adjoint, `v_bar`, is the derivative of the output by it. Adjoint statements come
    in the order in which they happen: published tables often have them upside down.

    Parameters
    ----------
    output
        The Value to trace.
    inputs
        Leaves, in the order in which they are to be numbered; others follow. By default
        all, as they are met.
    direction
        For the tangents: a number for each input. By default 1 for the first, else 0.
    by_level
        Number a Value after all those that fewer operations lead to, as in some tables.
        By default one operand is traced to its end before the next is begun.

    Raises
    ------
    OperandError
        If `output` is not a Value or an input is not among its leaves.
    LengthError
        If there is not a number in `direction` for each input.
    FormulaError
        If there are more than 2,000 Values.

    Notes
    -----
    Source: Griewank and Walther, "Evaluating Derivatives" (2008), chapters 1 and 3.

    Examples
    --------
    >>> x, y = Value(2.0, label="x"), Value(5.0, label="y")
    >>> print(trace(x * y))
    Forward primal trace
    ────────────────────
    v-1 = x                = 2
    v0  = y                = 5
    v1  = v-1 * v0 = 2 * 5 = 10
    <BLANKLINE>
    Forward tangent trace
    ─────────────────────
    v-1_dot                                               = 1
    v0_dot                                                = 0
    v1_dot  = v-1_dot * v0 + v0_dot * v-1 = 1 * 5 + 0 * 2 = 5
    <BLANKLINE>
    Reverse adjoint trace
    ─────────────────────
    v1_bar                                    = 1
    v-1_bar = v1_bar * dv1/dv-1 = v1_bar * v0  = 5
    v0_bar  = v1_bar * dv1/dv0  = v1_bar * v-1 = 2
    """
    interior, leaves = _nodes(output, inputs, by_level=by_level)
    tangents = _direction(leaves, direction)
    nodes = [*leaves, *interior]
    named = {node: _indexed(i - len(leaves) + 1) for i, node in enumerate(nodes)}
    slopes = {node: local_derivatives(node) for node in interior}
    return Trace(
        [
            Part("Forward primal trace", _primal(leaves, interior, named)),
            Part("Forward tangent trace", _tangent(leaves, interior, named, slopes, tangents)),
            Part("Reverse adjoint trace", _adjoint(output, interior, named, slopes)),
        ],
    )


def _nodes(
    output: Value,
    inputs: Sequence[Value] | None,
    *,
    by_level: bool,
) -> tuple[list[Value], list[Value]]:
    """Return the computed Values and the leaves in the order in which they are numbered."""
    if not isinstance(output, Value):
        raise OperandError(f"a trace is written of a Value, not of {output!r} ({type(output).__name__})")
    interior, leaves = topological_order(output)
    if len(interior) + len(leaves) > LIMIT:
        raise FormulaError(
            f"{len(interior) + len(leaves):,} values are too many for one trace, which holds {LIMIT:,}; "
            "trace an intermediate result",
        )
    for x in inputs or ():
        if x not in leaves:
            raise OperandError(f"{x!r} is not a leaf that the output was computed from; inputs are leaves")
    if by_level:
        level = dict.fromkeys(leaves, 0)
        for node in interior:
            level[node] = 1 + max([level[x] for x in node.parents], default=0)
        interior.sort(key=level.__getitem__)
    return interior, list(dict.fromkeys([*(inputs or ()), *leaves]))


def _direction(leaves: list[Value], direction: Sequence[float] | None) -> dict[Value, float]:
    """Return the tangent of every leaf."""
    if direction is None:
        return {leaf: float(i == 0) for i, leaf in enumerate(leaves)}
    if len(direction) != len(leaves):
        raise LengthError(
            f"the direction needs a number for each of {len(leaves)} inputs, got {len(direction)}"
        )
    return dict(zip(leaves, map(float, direction), strict=True))


def _primal(leaves: list[Value], interior: list[Value], named: dict[Value, Name]) -> list[Statement]:
    labels = names([*leaves, *interior], LONGEST_NAME)
    statements = [
        Statement(
            named[leaf],
            (Term(Name(labels[leaf], latex_name(labels[leaf]))),) if label_of(leaf) else (),
            leaf.data,
        )
        for leaf in leaves
    ]
    for node in interior:
        forms = [
            applied(row_of(node), [Term(shown(x)) if isinstance(x, Value) else x for x in node.operands])
            for shown in (named.__getitem__, _number)
        ]
        statements.append(Statement(named[node], tuple(forms), node.data))
    return statements


def _tangent(
    leaves: list[Value],
    interior: list[Value],
    named: dict[Value, Name],
    slopes: dict[Value, list[float | None]],
    tangents: dict[Value, float],
) -> list[Statement]:
    """Carry tangents forward: that of a result is the sum of partials times tangents."""
    statements = [Statement(_dot(named[leaf]), (), tangents[leaf]) for leaf in leaves]
    for node in interior:
        forms, tangent = [Term(0.0), Term(0.0)], 0.0
        partials = zip(_partials(node, named.__getitem__), _partials(node, _number), strict=True)
        for x, pair, slope in zip(node.operands, partials, slopes[node], strict=True):
            if slope is not None:
                if _long(pair[0]):
                    pair = (Term(_ratio(named[node], named[x])), Term(_rounded(slope)))  # noqa: PLW2901
                dots = (_dot(named[x]), _rounded(tangents[x]))
                forms = [
                    form + Term(dot) * partial for form, dot, partial in zip(forms, dots, pair, strict=True)
                ]
                tangent += tangents[x] * slope
        tangents[node] = tangent
        statements.append(Statement(_dot(named[node]), tuple(forms), tangent))
    return statements


def _adjoint(
    output: Value,
    interior: list[Value],
    named: dict[Value, Name],
    slopes: dict[Value, list[float | None]],
) -> list[Statement]:
    """Carry adjoints back: each operand's grows by the result's, times a partial."""
    adjoints = {output: 1.0}
    statements = [Statement(_bar(named[output]), (), 1.0)]
    for node in reversed(interior):
        adjoint = Term(_bar(named[node]))
        for x, partial, slope in zip(
            node.operands, _partials(node, named.__getitem__), slopes[node], strict=True
        ):
            if slope is None:
                continue
            before = Term(_bar(named[x])) if x in adjoints else Term(0.0)
            adjoints[x] = adjoints.get(x, 0.0) + adjoints[node] * slope
            factor = Term(_ratio(named[node], named[x]))
            factors = (factor,) if _long(partial) else (factor, partial)
            forms = tuple([before + adjoint * factor for factor in factors])
            statements.append(Statement(_bar(named[x]), forms, adjoints[x]))
    return statements


def _partials(node: Value, shown: Callable[[Value], Name]) -> list[Any]:
    """Write the partials of a computed Value, its operands shown by name or by number."""
    operands = [Term(shown(x)) if isinstance(x, Value) else x for x in node.operands]
    return partials_in_terms(row_of(node), Term(shown(node)), operands)


def _long(partial: Any) -> bool:  # noqa: ANN401 - a term, or a number where the row gives one
    """Whether a partial is too long for its line, as that of the largest of many numbers is."""
    return isinstance(partial, Term) and partial.size > LONGEST


# Setting -----------------------------------------------------------------------------------------


def _indexed(i: int) -> Name:
    return Name(f"v{i}", f"v_{{{i}}}")


def _number(x: Value) -> Name:
    return _rounded(x.data)


def _rounded(number: float) -> Name:
    """Name a number by three digits of it, so that it can stand in a formula."""
    texts = [str(kind("").number(float(f"{number:.3g}"))) for kind in (Symbol, Latex)]
    return Name(*[f"({text})" if text.startswith("-") else text for text in texts])


def _dot(name: Name) -> Name:
    return Name(f"{name.text}_dot", rf"\dot {name.latex}")


def _bar(name: Name) -> Name:
    return Name(f"{name.text}_bar", rf"\bar {name.latex}")


def _ratio(z: Name, x: Name) -> Name:
    return Name(f"d{z.text}/d{x.text}", fraction(z, x))


def _cells(statement: Statement, kind: type[Symbol]) -> list[str]:
    """Write a statement: its name, its formulas, and the number to eight digits."""
    number = kind("").number(float(f"{statement.value:.8g}"))
    name = statement.name.latex if kind is Latex else statement.name.text
    return [name, *[str(term.written(kind)) for term in statement.formulas], number]


def _columns(rows: list[list[str]]) -> list[str]:
    """Align rows in columns that fit the width; long formulas are shortened."""
    width = max(map(len, rows), default=2)
    rows = [[*row[:-1], *[""] * (width - len(row)), row[-1]] for row in rows]
    sizes = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    room = COLUMNS - sizes[0] - sizes[-1] - 3 * (width - 1)
    while sum(sizes[1:-1]) > room:
        widest = max(range(1, width - 1), key=sizes.__getitem__)
        sizes[widest] -= 1
    lines = []
    for row in rows:
        texts = [cut(cell, size) for cell, size in zip(row, sizes, strict=True)]
        padded = [text + " " * (size - cells(text)) for text, size in zip(texts, sizes, strict=True)]
        signs = [" = " if cell else "   " for cell in row[1:]]
        lines.append(
            (
                padded[0] + "".join(f"{sign}{text}" for sign, text in zip(signs, padded[1:], strict=True))
            ).rstrip()
        )
    return lines


def _code(cell: str) -> str:
    """Write a cell of a Markdown table, where a bar would end it."""
    return f"`{cell.replace('|', chr(0x2223)).replace('`', chr(0x2032))}`" if cell else ""
