"""The drawing of a graph: a card for each Value, as SVG, for LaTeX, or as DOT for Graphviz.

Room: views. A drawing is made in three steps: `sheet.py` copies what is shown out of the
graph; a layout says where it stands (`nesting.py`, or the program `dot`); `picture.py`,
`tikz.py` or `dot.py` writes it down. Whatever takes time to import is imported where it is
used, so that `import autograd` stays quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from autograd.views.sheet import DrawingError, read
from autograd.views.words import counted, save

if TYPE_CHECKING:
    from collections.abc import Collection
    from os import PathLike

    import graphviz

    from autograd.calls import Scopes
    from autograd.value import Value
    from autograd.views.layout import Layout
    from autograd.views.sheet import Sheet

DOT_LIMIT = 300
"""The most cards that go to `dot` unasked; 900 took it 15 seconds, our layout 0.3."""


class Drawing:
    """A picture of a graph, as it was when it was drawn; made by `draw`.

    A notebook shows it as it is.

    Attributes
    ----------
    svg
        The picture, as the text of an SVG file. It follows a page's dark mode.
    engine
        What laid it out: "dot" or "builtin".
    """

    __slots__ = ("_layout", "_sheet", "engine", "svg")

    def __init__(self, sheet: Sheet, layout: Layout, engine: str) -> None:
        from autograd.views.picture import svg

        self._sheet = sheet
        self._layout = layout
        self.engine = engine
        self.svg = svg(sheet, layout)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the picture to a file: `.svg`, `.tex` for LaTeX, `.dot` or `.gv` for the DOT source.

        The `.tex` file is a document of one page, cut to the picture, that `pdflatex` and
        its kin compile with nothing but TikZ; letters that they may lack become a box.

        Raises
        ------
        DrawingError
            If the name ends in anything else, or TeX cannot hold so large a picture.
        """
        save(
            path,
            "a drawing",
            {".svg": lambda: self.svg, ".tex": self._tex, ".dot": self._dot, ".gv": self._dot},
            DrawingError,
            "; for a PNG or PDF save the .svg and convert it, or render the .dot with Graphviz",
        )

    def _tex(self) -> str:
        from autograd.views.tikz import document

        return document(self._sheet, self._layout)

    def _dot(self) -> str:
        from autograd.views.dot import digraph

        source: str = digraph(self._sheet).source
        return source

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        cards, values = len(self._sheet.cards), counted(self._sheet.values, "value")
        shown = values if cards == self._sheet.values else f"{counted(cards, 'card')} for {values}"
        by = "dot" if self.engine == "dot" else "glassgrad"
        return f'<Drawing of {shown}, laid out by {by}: save("graph.svg") or show in a notebook>'


def draw(
    value: Value,
    *,
    depth: int | None = None,
    partials: bool | None = None,
    highlight: Value | Literal["largest"] | None = None,
    scopes: Scopes | None = None,
    fold: str | Collection[str] | None = None,
    engine: Literal["auto", "dot", "builtin"] = "auto",
) -> Drawing:
    """Draw a Value and all that it was computed from.

    Each Value is a card: its label, or a quiet v1, v2, … in topological order; its data
    and gradient, a dash if there is none yet; and the operation that computed it, with
    constant operands beside it. Leaves have a heavy border. An edge runs from each
    operand to its own port, the first operand's uppermost. On it is the local derivative,
    that of the one operation by the one operand; pointing at it shows what the chain rule
    makes of it: upstream × local, the edge's part in the derivative of `value`.

    Parameters
    ----------
    value
        The output, at the right end of the picture.
    depth
        Draw only the Values within so many operations of `value`. A card whose
        operands are left out carries a "…" on its left side.
    partials
        Whether local derivatives are shown. None shows them on at most 60 cards, unless
        a leaf was changed after it was used, or one of them does not exist.
    highlight
        A Value, to make bold every path that leads from it to the output, and the rest
        faint; or "largest", to make each edge as wide as its part in a gradient is large,
        and dashed if that is negative.
    scopes
        What `with scopes() as seen:` saw while the graph was computed. Each call of a
        module, and each `with scope(name):`, is drawn as a box.
    fold
        Which boxes become one card: "neuron", "layer" or any other class of modules, by
        its name; "model" for the outermost modules; the name of a scope; the way to one,
        as in "MLP/layers.0"; or several of these. A folded card looks like two sheets. It
        says how many Values were computed in it and how many parameters it holds, and
        shows the output if there is one. What runs between two cards of which the second
        is folded is one edge.
    engine
        Who lays out: the program ``"dot"`` of Graphviz, our own ``"builtin"`` layout, or
        ``"auto"``: `dot` if it is installed, there are at most 300 cards, and no boxes,
        which our layout arranges better. The cards look the same.

    Raises
    ------
    OperandError
        If `value` is not a Value.
    DrawingError
        If there are more than 2,000 cards to draw; if `depth`, `highlight`, `scopes` or `engine`
        is none of the above, or `fold` is given without `scopes`; or if `dot` is asked for
        and does not run.
    ScopeError
        If nothing is called what `fold` says.
    StaleGraphError
        If a leaf was changed after it was used, and `partials` or `highlight` is asked for.

    Notes
    -----
    The builtin layout draws 31 Values in some milliseconds and 1,000 in some tenths of a
    second. The same graph gives the same text. A module that is called several times is
    several boxes; so folding never makes a circle.

    Examples
    --------
    >>> from autograd import Value
    >>> a = Value(3.0, label="a")
    >>> drawing = draw((a * a + 1).tanh(), engine="builtin")
    >>> drawing
    <Drawing of 4 values, laid out by glassgrad: save("graph.svg") or show in a notebook>
    >>> drawing.svg.count('class="edge"')
    4

    A block of code as one card:

    >>> from autograd import scope, scopes
    >>> with scopes() as seen:
    ...     with scope("polynomial"):
    ...         p = a * a + a
    ...     z = p.tanh()
    >>> draw(z, scopes=seen, fold="polynomial", engine="builtin")
    <Drawing of 3 cards for 4 values, laid out by glassgrad: save("graph.svg") or show in a notebook>
    """
    if engine not in ("auto", "dot", "builtin"):
        raise DrawingError(f'engine is "auto", "dot" or "builtin", not {engine!r}')
    sheet = read(value, depth=depth, partials=partials, highlight=highlight, scopes=scopes, fold=fold)
    from autograd.views.dot import is_installed, laid_out

    if engine == "dot" or (
        engine == "auto" and len(sheet.cards) <= DOT_LIMIT and not sheet.boxes and is_installed()
    ):
        try:
            return Drawing(sheet, laid_out(sheet), "dot")
        except DrawingError:
            if engine == "dot":
                raise
    from autograd.views.nesting import nested
    from autograd.views.picture import items

    layout = nested(
        items(sheet),
        [(edge.operand, edge.result) for edge in sheet.edges],
        sheet.homes,
        [box.parent for box in sheet.boxes],
        [abs(edge.part) for edge in sheet.edges],
    )
    return Drawing(sheet, layout, "builtin")


def to_dot(
    value: Value,
    *,
    depth: int | None = None,
    partials: bool | None = None,
    highlight: Value | Literal["largest"] | None = None,
    scopes: Scopes | None = None,
    fold: str | Collection[str] | None = None,
) -> graphviz.Digraph:
    """Return the graph of a Value in the DOT language, for Graphviz and its tools.

    Parameters
    ----------
    value, depth, partials, highlight, scopes, fold
        As for `draw`; boxes become clusters.

    Returns
    -------
    graphviz.Digraph
        A node for each card, an edge for each operand that is a Value, with the local
        derivative as its label. Its `source` is text; only rendering it needs Graphviz itself.

    Raises
    ------
    OperandError, DrawingError, ScopeError, StaleGraphError
        As for `draw`.

    Examples
    --------
    >>> from autograd import Value
    >>> a = Value(3.0, label="a")
    >>> to_dot(a * a).source.count("->")
    2
    """
    from autograd.views.dot import digraph

    return digraph(read(value, depth=depth, partials=partials, highlight=highlight, scopes=scopes, fold=fold))
