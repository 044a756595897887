"""The drawing of a graph: a card for each Value, as SVG of our own or as DOT for Graphviz.

Room: views. A drawing is made in three steps: `_read` copies what is shown out of the
graph; a layout says where it stands (`layout.py`, or the program `dot`); `_svg` or
`_digraph` writes it down. Change looks here, arrangement in `layout.py`. Whatever takes
time to import is imported where it is used, so that `import autograd` stays quick.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Literal, NamedTuple

from autograd.errors import AutogradError, OperandError
from autograd.graph import topological_order
from autograd.value import Value
from autograd.views.words import escaped, label_of, names, number, printable, save, shortened

if TYPE_CHECKING:
    from os import PathLike

    import graphviz

    from autograd.primitives import Primitive
    from autograd.views.layout import Layout, Point

LIMIT = 2_000
"""The most Values in one drawing; nobody finds anything in a larger one."""

DOT_LIMIT = 300
"""The most Values that go to `dot` unasked; 900 took it 15 seconds, our layout 0.3."""

WIDTH, HEIGHT = 116, 60  # of a card
BADGE = 12  # the most letters in a badge
CELL, SMALL_CELL = 6.65, 6.05  # the width of a letter in a name or number, and in a badge
MONOSPACE = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
SANS = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',sans-serif"

LIGHT = {  # attributes, which viewers without style sheets see too; style sheets overrule them
    "edge": 'fill="none" stroke="#8595ab" stroke-width="1.25"',
    "tip": 'fill="#8595ab"',
    "computed": 'fill="#ffffff" stroke="#a9b6c8"',
    "leaf": 'fill="#eff6ff" stroke="#2563eb" stroke-width="2.25"',
    "name": 'fill="#0f172a" font-weight="bold"',
    "quiet": 'fill="#64748b"',
    "number": 'fill="#0f172a"',
    "slope": 'fill="#6d28d9"',
    "badge": 'fill="#ffedd5"',
    "cut": 'fill="#ffffff" stroke="#64748b" stroke-dasharray="2 2"',
    "sign": 'fill="#9a3412" font-weight="bold"',
}
DARK = {
    "edge": "stroke:#8595ab",
    "tip": "fill:#8595ab",
    "computed": "fill:#1e293b;stroke:#5b6b82",
    "leaf": "fill:#172554;stroke:#60a5fa",
    "name": "fill:#f1f5f9",
    "quiet": "fill:#a3b1c6",
    "number": "fill:#f1f5f9",
    "slope": "fill:#c4b5fd",
    "badge": "fill:#4a2511",
    "cut": "fill:#1e293b;stroke:#a3b1c6",
    "sign": "fill:#fdba74",
}


class DrawingError(AutogradError, ValueError):
    """A drawing that cannot be made, or not in the way that was asked for."""


class Card(NamedTuple):
    """What is shown of one Value."""

    name: str
    labelled: bool
    data: str
    grad: str
    operation: str  # the badge; empty on a leaf
    cut: bool  # whether it has operands that are not drawn
    details: str


class Sheet(NamedTuple):
    """What is shown of a graph: cards, operands first, and edges from operand to result."""

    cards: list[Card]
    edges: list[tuple[int, int]]


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

    __slots__ = ("_sheet", "engine", "svg")

    def __init__(self, sheet: Sheet, svg: str, engine: str) -> None:
        self._sheet = sheet
        self.svg = svg
        self.engine = engine

    def save(self, path: str | PathLike[str]) -> None:
        """Write the picture to a file: `.svg` for the picture, `.dot` or `.gv` for the DOT source.

        Raises
        ------
        DrawingError
            If the name ends in anything else.
        """
        save(
            path,
            "a drawing",
            {
                ".svg": lambda: self.svg,
                ".dot": lambda: _digraph(self._sheet).source,
                ".gv": lambda: _digraph(self._sheet).source,
            },
            DrawingError,
            "; for a PNG or PDF save the .svg and convert it, or render the .dot with Graphviz",
        )

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        values = _counted(len(self._sheet.cards), "value")
        by = "dot" if self.engine == "dot" else "glassgrad"
        return f'<Drawing of {values}, laid out by {by}: save("graph.svg") or show in a notebook>'


def draw(
    value: Value,
    *,
    depth: int | None = None,
    engine: Literal["auto", "dot", "builtin"] = "auto",
) -> Drawing:
    """Draw a Value and all that it was computed from.

    Each Value is a card: its label, or a quiet v1, v2, … in topological order; its data
    and gradient, a dash if there is none yet; and the operation that computed it, with
    constant operands beside it. Leaves have a heavy border. An edge runs from each
    operand to its own port, the first operand's uppermost.

    Parameters
    ----------
    value
        The output, at the right end of the picture.
    depth
        Draw only the Values within so many operations of `value`. A card whose
        operands are left out carries a "…" on its left side.
    engine
        Who lays out: the program ``"dot"`` of Graphviz, our own ``"builtin"`` layout, or
        ``"auto"``: `dot` if it is installed and there are at most 300 Values. The cards
        look the same.

    Raises
    ------
    OperandError
        If `value` is not a Value.
    DrawingError
        If there are more than 2,000 Values to draw, `depth` or `engine` is none of the
        above, or `dot` is asked for and does not run.

    Notes
    -----
    The builtin layout draws 31 Values in some milliseconds and 1,000 in some tenths of a
    second. The same graph gives the same text.

    Examples
    --------
    >>> a = Value(3.0, label="a")
    >>> drawing = draw((a * a + 1).tanh(), engine="builtin")
    >>> drawing
    <Drawing of 4 values, laid out by glassgrad: save("graph.svg") or show in a notebook>
    >>> drawing.svg.count('class="edge"')
    4
    """
    if engine not in ("auto", "dot", "builtin"):
        raise DrawingError(f'engine is "auto", "dot" or "builtin", not {engine!r}')
    sheet = _read(value, depth)
    if engine == "dot" or (engine == "auto" and len(sheet.cards) <= DOT_LIMIT and _dot_is_installed()):
        try:
            return Drawing(sheet, _svg(sheet, _laid_out_by_dot(sheet)), "dot")
        except DrawingError:
            if engine == "dot":
                raise
    from autograd.views.layout import layered

    layout = layered(len(sheet.cards), sheet.edges, width=WIDTH, height=HEIGHT)
    return Drawing(sheet, _svg(sheet, layout), "builtin")


def to_dot(value: Value, *, depth: int | None = None) -> graphviz.Digraph:
    """Return the graph of a Value in the DOT language, for Graphviz and its tools.

    Parameters
    ----------
    value, depth
        As for `draw`.

    Returns
    -------
    graphviz.Digraph
        A node for each Value, an edge for each operand that is a Value. Its `source`
        is text; only rendering it needs Graphviz itself.

    Raises
    ------
    OperandError
        If `value` is not a Value.
    DrawingError
        If there are more than 2,000 Values to draw, or `depth` is not a depth.

    Examples
    --------
    >>> a = Value(3.0, label="a")
    >>> to_dot(a * a).source.count("->")
    2
    """
    return _digraph(_read(value, depth))


# Reading the graph -------------------------------------------------------------------------------


def _read(value: Value, depth: int | None) -> Sheet:
    """Copy what a drawing shows out of the graph, or say why it cannot be drawn."""
    if type(value) is not Value:
        raise OperandError(
            f"a drawing starts from one Value, the output; pass that, not {value!r} ({type(value).__name__})",
        )
    if depth is not None and (not isinstance(depth, int) or depth < 0):
        raise DrawingError(f"depth counts operations from the output: 0, 1, 2, …; got {depth!r}")
    interior, leaves = topological_order(value)
    nodes = [*leaves, *interior]
    near = None if depth is None else _within(value, depth)
    total = len(nodes) if near is None else len(near)
    if total > LIMIT:
        raise DrawingError(
            f"{total:,} values are too many for one drawing, which holds {LIMIT:,}; "
            "draw a part: draw(value, depth=4) shows what is within 4 operations of the output",
        )
    named = names(nodes)
    if near is not None:
        nodes = [node for node in nodes if node in near]
    index = {node: at for at, node in enumerate(nodes)}
    edges = [(index[x], at) for at, node in enumerate(nodes) for x in node.parents if x in index]
    return Sheet([_card(node, named, index) for node in nodes], edges)


def _within(value: Value, depth: int) -> set[Value]:
    """Collect the Values at most `depth` operations away."""
    near, rim = {value}, [value]
    for _ in range(depth):
        rim = [x for x in dict.fromkeys(x for node in rim for x in node.parents) if x not in near]
        near.update(rim)
        if not rim:
            break
    return near


def _card(node: Value, named: dict[Value, str], drawn: dict[Value, int]) -> Card:
    row = node.primitive
    details = [
        named[node],
        f"data {node.data!r}",
        f"grad {node.grad!r}" if node.has_grad else "no gradient yet",
    ]
    if row is not None:
        operands = [named[x] if type(x) is Value else number(x) for x in node.operands]
        details.append(shortened(f"{row.name.strip('_')}({', '.join(operands)})", 400))
    return Card(
        name=named[node],
        labelled=bool(label_of(node)),
        data=number(node.data),
        grad=number(node.grad) if node.has_grad else "–",
        operation="" if row is None else _operation(row, node.operands),
        cut=any(x not in drawn for x in node.parents),
        details="\n".join(details),
    )


def _operation(row: Primitive, operands: tuple[Value | float, ...]) -> str:
    """Write an operation for a badge, with its constant operands: `+`, `* 3`, `2 -`, `**2`, `max(·, 0)`."""
    sign = shortened(printable(row.symbol or row.name.strip("_")), BADGE - 3)
    shown = [number(x, room=7) if isinstance(x, float) else "·" for x in operands]
    if shown.count("·") == len(shown):
        return sign
    match shown:
        case ["·", constant] if row.symbol and not row.variadic:
            text = f"{sign}{constant}" if sign == "**" else f"{sign} {constant}"
        case [constant, "·"] if row.symbol and not row.variadic:
            text = f"{constant} {sign}"
        case _:
            runs = [(x, len(list(run))) for x, run in groupby(shown)]
            text = ", ".join(["…" if x == "·" and n > 1 else ", ".join([x] * n) for x, n in runs])
            text = f"{sign}({text})"
    return text if len(text) <= BADGE else f"{sign}(…)"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


# SVG ---------------------------------------------------------------------------------------------


def _svg(sheet: Sheet, layout: Layout) -> str:
    from zlib import crc32

    title = escaped(shortened(sheet.cards[-1].name, 80))
    leaves = sum(not card.operation for card in sheet.cards)
    values, edges = _counted(len(sheet.cards), "value"), _counted(len(sheet.edges), "edge")
    dark = "".join(f".glassgrad .{name}{{{style}}}" for name, style in DARK.items())
    # Pages hold several drawings, whose names are shared; a hidden drawing's arrowhead serves no other.
    tip = f"glassgrad-{crc32(repr((sheet, layout)).encode()):08x}"
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" class="glassgrad" role="img"',
        f'width="{layout.width}" height="{layout.height}" viewBox="0 0 {layout.width} {layout.height}"',
        f'font-family="{MONOSPACE}" font-size="11">',
        f"<title>Computation graph of {title}</title>",
        f"<desc>{values}, of which {leaves} are given and the others computed, and {edges},",
        "from operands on the left to results on the right.</desc>",
        f"<style>@media (prefers-color-scheme:dark){{{dark}}}</style>",
        f'<defs><marker id="{tip}" markerUnits="userSpaceOnUse" orient="auto"',
        'markerWidth="8" markerHeight="8" refX="8" refY="4">',
        f'<path class="tip" {LIGHT["tip"]} d="M0 .5 8 4 0 7.5Z"/></marker></defs>',
    ]
    for (x, y), *curves in layout.routes:
        path = f"M{x},{y}C" + " ".join([f"{x},{y}" for x, y in curves])
        lines.append(f'<path class="edge" {LIGHT["edge"]} marker-end="url(#{tip})" d="{path}"/>')
    for card, corner in zip(sheet.cards, layout.corners, strict=True):
        lines += _svg_card(card, *corner)
    return "\n".join([*lines, "</svg>", ""])


def _svg_card(card: Card, x: int, y: int) -> list[str]:
    badge = round(len(card.operation) * SMALL_CELL + 9) if card.operation else 0
    name = shortened(card.name, (WIDTH - 18 - badge) / CELL)
    kind = "computed" if card.operation else "leaf"
    caption, right = f' font-family="{SANS}"', ' text-anchor="end"'
    lines = [
        f'<g class="card" transform="translate({x},{y})"><title>{escaped(card.details)}</title>',
        f'<rect class="{kind}" {LIGHT[kind]} width="{WIDTH}" height="{HEIGHT}" rx="7"/>',
        _text("name" if card.labelled else "quiet", 9, 17, name),
        _text("quiet", 9, 36, "data", caption),
        _text("number", WIDTH - 9, 36, card.data, right),
        _text("quiet", 9, 51, "grad", caption),
        _text("slope", WIDTH - 9, 51, card.grad, right),
    ]
    if card.operation:
        left = WIDTH - 5 - badge
        lines += [
            f'<rect class="badge" {LIGHT["badge"]} x="{left}" y="5" width="{badge}" height="16" rx="5"/>',
            _text("sign", left + badge / 2, 16.5, card.operation, ' text-anchor="middle" font-size="10"'),
        ]
    if card.cut:
        lines += [
            f'<rect class="cut" {LIGHT["cut"]} x="-11" y="43" width="16" height="13" rx="6"/>',
            _text("name", -3, 51, "…", ' text-anchor="middle"'),
        ]
    return [*lines, "</g>"]


def _text(kind: str, x: float, y: float, text: str, more: str = "") -> str:
    return f'<text class="{kind}" {LIGHT[kind]} x="{x:g}" y="{y:g}"{more}>{escaped(text)}</text>'


# DOT ---------------------------------------------------------------------------------------------


def _digraph(sheet: Sheet, *, bare: bool = False) -> graphviz.Digraph:
    """Write a node for each card and an edge for each edge; `bare` ones have only size and ports."""
    import graphviz

    digraph = graphviz.Digraph(
        graph_attr={"rankdir": "LR", "ranksep": "0.5", "nodesep": "0.22", "bgcolor": "transparent"},
        node_attr={"shape": "plain", "fontname": "monospace", "fontsize": "10"},
        edge_attr={"dir": "none"} if bare else {"color": "#8595ab", "arrowsize": "0.7"},
    )
    fan_in = [0] * len(sheet.cards)
    heads = []
    for _, result in sheet.edges:
        heads.append(f"{result}:{fan_in[result]}:w")
        fan_in[result] += 1
    for at, card in enumerate(sheet.cards):
        if bare:
            ports = "|".join(f"<{slot}> " for slot in range(fan_in[at]))
            size = {"width": f"{WIDTH / 72:.4f}", "height": f"{HEIGHT / 72:.4f}", "fixedsize": "true"}
            digraph.node(str(at), ports, shape="record", **size)
        else:
            digraph.node(str(at), _dot_card(card, fan_in[at]), tooltip=graphviz.escape(card.details))
    for at, ((operand, _), head) in enumerate(zip(sheet.edges, heads, strict=True)):
        digraph.edge(f"{operand}:e", head, id=str(at))
    return digraph


def _dot_card(card: Card, fan_in: int) -> str:
    """Write a card as a table of Graphviz's; its operands enter at narrow cells on the left."""
    leaf, computed = 'bgcolor="#eff6ff" color="#2563eb" border="2"', 'bgcolor="#ffffff" color="#8595ab"'
    name = escaped(shortened(card.name, 16))
    size = f'width="6" height="{max(1, 48 // (fan_in or 1))}" fixedsize="true"'
    ports = "".join(f'<tr><td port="{slot}" {size}></td></tr>' for slot in range(fan_in))
    ports += "<tr><td>…</td></tr>" * card.cut
    table = '<table border="0" cellborder="0" cellspacing="0" cellpadding="0">'
    return (
        f'<<table {computed if card.operation else leaf} style="rounded" '
        'cellborder="0" cellspacing="0" cellpadding="3"><tr>'
        f'<td rowspan="3" cellpadding="0">{ports and f"{table}{ports}</table>"}</td>'
        f'<td align="left"><b>{name}</b></td><td align="right">{escaped(card.operation)}</td></tr>'
        f'<tr><td align="left">data</td><td align="right">{card.data}</td></tr>'
        f'<tr><td align="left">grad</td><td align="right">{card.grad}</td></tr></table>>'
    )


def _dot_is_installed() -> bool:
    from shutil import which

    return which("dot") is not None


def _laid_out_by_dot(sheet: Sheet) -> Layout:
    """Ask `dot` where the cards stand and how the edges run."""
    import json
    from subprocess import CalledProcessError

    from graphviz import ExecutableNotFound

    from autograd.views.layout import MARGIN, Layout

    try:
        answer = json.loads(_digraph(sheet, bare=True).pipe("json0", encoding="utf-8", quiet=True))
    except (ExecutableNotFound, CalledProcessError) as error:
        raise DrawingError(
            f"dot could not lay out the drawing ({error}); install Graphviz, so that `dot -V` answers, "
            'or use engine="builtin"',
        ) from error
    left, bottom, right, top = (float(x) for x in answer["bb"].split(","))

    def points(text: str) -> list[Point]:  # dot measures upwards
        pairs = (pair.split(",") for pair in text.split())
        return [(round(float(x) - left) + MARGIN, round(top - float(y)) + MARGIN) for x, y in pairs]

    middles = [points(node["pos"])[0] for node in answer["objects"]]
    edges = sorted(answer.get("edges", ()), key=lambda edge: int(edge["id"]))
    return Layout(
        corners=[(x - WIDTH // 2, y - HEIGHT // 2) for x, y in middles],
        routes=[points(edge["pos"]) for edge in edges],
        width=round(right - left) + 2 * MARGIN,
        height=round(top - bottom) + 2 * MARGIN,
    )
