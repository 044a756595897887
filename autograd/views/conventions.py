"""The table of primitives as a table to read: formulas, domains, kinks and errors of every row.

Room: views. It is written out from the rows themselves, so it cannot say anything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from autograd.errors import AutogradError
from autograd.primitives import TABLE, primitive_named
from autograd.specialize import partial_text
from autograd.symbols import Symbol
from autograd.views.setting import wrapped
from autograd.views.words import save

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from autograd.primitives import Primitive


class ConventionsError(AutogradError, ValueError):
    """A table of conventions that cannot be saved under the name that was given."""


class Convention(NamedTuple):
    """What one row of the table says."""

    name: str
    formula: str
    summary: str
    partials: tuple[tuple[str, str], ...]
    """Each operand and the derivative by it; by the first of three, if there may be any number."""
    domain: str
    kink: str
    accuracy: str
    slope_accuracy: str


class Conventions:
    """The conventions of some rows; made by `conventions`.

    Attributes
    ----------
    rows
        A `Convention` for each.
    """

    __slots__ = ("rows",)

    def __init__(self, rows: list[Convention]) -> None:
        self.rows = rows

    @property
    def text(self) -> str:
        """The conventions for a terminal, at most 80 columns wide."""
        blocks = []
        for row in self.rows:
            lines = [row.formula, *wrapped(row.summary, "    ")]
            for what, said in _said(row):
                lines += wrapped(f"{what}: {said}", "    ")
            blocks.append("\n".join(lines))
        return "\n\n".join(blocks)

    @property
    def markdown(self) -> str:
        """The conventions as a Markdown table."""
        heads = ("operation", "partial derivatives", "domain", "kinks", "error of value; of partials")
        lines = [" | ".join(heads), " | ".join(["---"] * len(heads))]
        for row in self.rows:
            partials = "; ".join([f"∂/∂{x} = `{partial}`" for x, partial in row.partials])
            errors = f"{row.accuracy}; {row.slope_accuracy}"
            lines.append(
                " | ".join([f"`{row.formula}`", partials, row.domain or "all", row.kink or "none", errors])
            )
        return "\n".join([f"| {line} |" for line in lines]) + "\n"

    def save(self, path: str | PathLike[str]) -> None:
        """Write the conventions to a file: `.md` for Markdown, `.txt` for text.

        Raises
        ------
        ConventionsError
            If the name ends in anything else.
        """
        forms = {".md": lambda: self.markdown, ".txt": lambda: f"{self.text}\n"}
        save(path, "a table of conventions", forms, ConventionsError)

    def _repr_markdown_(self) -> str:
        return self.markdown

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Conventions of {len(self.rows)} operations>"


def conventions(*names: str) -> Conventions:
    """Say what operations compute: formulas, partials, domains, kinks, and how exact they are.

    Parameters
    ----------
    names
        Rows of the table; all that are not helpers, if none is named.

    Raises
    ------
    PrimitiveError
        If a name is not in the table.

    Examples
    --------
    >>> print(conventions("sqrt"))
    sqrt(x)
        Square root.
        ∂/∂x: 0.5 / z
        domain: x ≥ 0
        not differentiable at: x = 0: the slope is inf
        error of the value: at most 4 ulp
        error of a partial: at most 4 ulp
    """
    chosen = names or [name for name in TABLE if not name.startswith("_")]
    return Conventions([_convention(primitive_named(name)) for name in chosen])


def _convention(row: Primitive) -> Convention:
    letters = row.letters or ("x1", "x2", "x3")
    operands = [Symbol(x) for x in letters]
    symbols = [Symbol("z"), *operands]
    if row.variadic:
        formula = f"{row.name}(x1, x2, …)"
        by_first = row.partials_at(symbols[0], operands)[0]
        partials = [("x1", Symbol("").operand(by_first, 0))]
    else:
        formula = str(operands[0].apply(row, tuple(operands)))
        partials = [(x, Symbol("").operand(partial_text(row, i, symbols), 0)) for i, x in enumerate(letters)]
    return Convention(
        name=row.name,
        formula=formula,
        summary=row.summary,
        partials=tuple(partials),
        domain=row.domain.text if row.domain else "",
        kink=row.kink.convention if row.kink else "",
        accuracy=str(row.accuracy),
        slope_accuracy=str(row.slope_accuracy),
    )


def _said(row: Convention) -> Iterator[tuple[str, str]]:
    """List what a row says, a heading and a text each."""
    yield from ((f"∂/∂{x}", partial) for x, partial in row.partials)
    if row.domain:
        yield "domain", row.domain
    if row.kink:
        yield "not differentiable at", row.kink
    yield "error of the value", f"at most {row.accuracy}"
    yield "error of a partial", f"at most {row.slope_accuracy}"
