"""A sheet as a picture: how large everything on it is, and its SVG.

Room: views. Change looks here, what is shown in `sheet.py`, arrangement in `layout.py`.
Colours are attributes, which every viewer sees; a style sheet overrules them on dark pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from autograd.views.layout import PORT_GAP, Item
from autograd.views.sheet import PORTS
from autograd.views.words import counted, escaped, shortened

if TYPE_CHECKING:
    from autograd.views.layout import Layout, Point
    from autograd.views.sheet import Box, Card, Edge, Sheet

WIDTH, HEIGHT = 116, 60  # of a card
FOLDED_WIDTH, ROW = 172, 15  # of a folded card, and how much higher one more row makes it
TIP, LARGE_TIP = 8, 11  # the length of an arrowhead
CHIP_HEIGHT = 12  # of a number on an edge
CELL, SMALL_CELL, CHIP_CELL = 6.65, 6.05, 5.5  # the width of a letter in a name, a badge, and on an edge
BOLD = 2.75  # the width of a highlighted edge
THIN, THICK = 0.75, 5.0  # the width of the smallest and the largest part of a gradient
MONOSPACE = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
SANS = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',sans-serif"
FAINT = ' opacity="0.45"'

LIGHT = {
    "box": 'fill="#64748b" fill-opacity="0.07" stroke="#94a3b8"',
    "edge": 'fill="none" stroke="#8595ab"',
    "bold": 'fill="none" stroke="#0f172a"',
    "tip": 'fill="#8595ab"',
    "bold-tip": 'fill="#0f172a"',
    "chip": 'fill="#ffffff"',
    "computed": 'fill="#ffffff" stroke="#a9b6c8"',
    "leaf": 'fill="#eff6ff" stroke="#2563eb" stroke-width="2.25"',
    "folded": 'fill="#ffffff" stroke="#64748b" stroke-width="1.25"',
    "name": 'fill="#0f172a" font-weight="bold"',
    "quiet": 'fill="#64748b"',
    "number": 'fill="#0f172a"',
    "slope": 'fill="#6d28d9"',
    "badge": 'fill="#ffedd5"',
    "cut": 'fill="#ffffff" stroke="#64748b" stroke-dasharray="2 2"',
    "sign": 'fill="#9a3412" font-weight="bold"',
}
DARK = {
    "box": "fill:#94a3b8;stroke:#64748b",
    "edge": "stroke:#8595ab",
    "bold": "stroke:#f1f5f9",
    "tip": "fill:#8595ab",
    "bold-tip": "fill:#f1f5f9",
    "chip": "fill:#1e293b",
    "computed": "fill:#1e293b;stroke:#5b6b82",
    "leaf": "fill:#172554;stroke:#60a5fa",
    "folded": "fill:#1e293b;stroke:#a3b1c6",
    "name": "fill:#f1f5f9",
    "quiet": "fill:#a3b1c6",
    "number": "fill:#f1f5f9",
    "slope": "fill:#c4b5fd",
    "badge": "fill:#4a2511",
    "cut": "fill:#1e293b;stroke:#a3b1c6",
    "sign": "fill:#fdba74",
}


# Sizes -------------------------------------------------------------------------------------------


class Chip(NamedTuple):
    """A number on an edge, just before its arrowhead: its middle, and its width."""

    x: int
    y: int
    width: int


class Stroke(NamedTuple):
    """How an edge is drawn."""

    route: list[Point]  # up to the arrowhead
    width: float
    tip: int
    bold: bool
    dashed: bool


def items(sheet: Sheet) -> list[Item]:
    """Say how large each card is, and how much room the numbers before it need."""
    fan_in = [0] * len(sheet.cards)
    lead = [0] * len(sheet.cards)
    for edge in sheet.edges:
        fan_in[edge.result] += 1
        if edge.text:
            lead[edge.result] = max(lead[edge.result], _chip_width(edge) + _tip(edge) + 5)
    sizes = []
    for card, edges, room in zip(sheet.cards, fan_in, lead, strict=True):
        width = FOLDED_WIDTH if card.kind == "folded" else WIDTH
        height = max(HEIGHT + ROW * (len(card.rows) - 2), PORT_GAP * min(edges, PORTS) + 4)
        sizes.append(Item(width, height, room))
    return sizes


def chip(edge: Edge, route: list[Point]) -> Chip:
    """Place the number of an edge on the line, next to the card."""
    width = _chip_width(edge)
    x = route[-1][0] - _tip(edge) - 2 - width // 2
    return Chip(x, _height_at(x, route), width)


def stroke(edge: Edge, route: list[Point]) -> Stroke:
    """Say how an edge is drawn; what tells two apart is never colour alone."""
    tip, (x, y) = _tip(edge), route[-1]
    *before, (bend, height), _ = route
    width = {"bold": BOLD, "part": THIN + (THICK - THIN) * abs(edge.part)}.get(edge.style, 1.25)
    return Stroke(
        [*before, (min(bend, x - tip), height), (x - tip, y)],
        width,
        tip,
        edge.style == "bold",
        edge.part < 0,
    )


def _chip_width(edge: Edge) -> int:
    return round(len(edge.text) * CHIP_CELL) + 5


def _tip(edge: Edge) -> int:
    return LARGE_TIP if edge.style in ("bold", "part") else TIP


def _height_at(x: int, route: list[Point]) -> int:
    """Say how high an edge is at x, near its end; both run to the right."""
    at = max(0, len(route) - 4)
    while at and route[at][0] > x:
        at -= 3
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = route[at : at + 4]
    low, high = 0.0, 1.0
    for _ in range(12):
        t = (low + high) / 2
        s = 1 - t
        if s**3 * x0 + 3 * s * s * t * x1 + 3 * s * t * t * x2 + t**3 * x3 < x:
            low = t
        else:
            high = t
    s, t = 1 - low, low
    return round(s**3 * y0 + 3 * s * s * t * y1 + 3 * s * t * t * y2 + t**3 * y3)


# SVG ---------------------------------------------------------------------------------------------


def svg(sheet: Sheet, layout: Layout) -> str:
    """Write a sheet as SVG."""
    from zlib import crc32

    title = escaped(shortened(sheet.title, 80))
    leaves = sum(card.kind == "leaf" for card in sheet.cards)
    folded = sum(card.kind == "folded" for card in sheet.cards)
    dark = "".join(f".glassgrad .{name}{{{style}}}" for name, style in DARK.items())
    caption = f" {escaped(sheet.caption)}." if sheet.caption else ""
    height = layout.height + 16 * bool(caption)
    # Pages hold several drawings, whose names are shared; a hidden drawing's arrowhead serves no other.
    name = f"glassgrad-{crc32(repr((sheet, layout)).encode()):08x}"
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" class="glassgrad" role="img"',
        f'width="{layout.width}" height="{height}" viewBox="0 0 {layout.width} {height}"',
        f'font-family="{MONOSPACE}" font-size="11">',
        f"<title>Computation graph of {title}</title>",
        f"<desc>{counted(sheet.values, 'value')} on {counted(len(sheet.cards), 'card')}, of which {leaves}",
        f"given, {folded} folded and the others computed, and {counted(len(sheet.edges), 'edge')}, from",
        f"operands on the left to results on the right.{caption}</desc>",
        f"<style>@media (prefers-color-scheme:dark){{{dark}}}</style>",
        f"<defs>{_tips(name, sheet)}</defs>",
    ]
    for box, ((left, top), (right, bottom)) in zip(sheet.boxes, layout.boxes, strict=True):
        lines += _svg_box(box, left, top, right - left, bottom - top)
    for edge, route in zip(sheet.edges, layout.routes, strict=True):
        lines.append(_svg_edge(edge, stroke(edge, route), name))
    for edge, route in zip(sheet.edges, layout.routes, strict=True):
        if edge.text:
            lines += _svg_chip(edge, chip(edge, route))
    for card, corner, size in zip(sheet.cards, layout.corners, items(sheet), strict=True):
        lines += _svg_card(card, *corner, size)
    if sheet.caption:
        lines.append(_text("quiet", 12, height - 8, sheet.caption, f' font-family="{SANS}"'))
    return "\n".join([*lines, "</svg>", ""])


def _tips(name: str, sheet: Sheet) -> str:
    """Write the arrowheads that are used."""
    kinds = {(_tip(edge), edge.style == "bold") for edge in sheet.edges}
    return "".join(
        f'<marker id="{name}-{length}" markerUnits="userSpaceOnUse" orient="auto" markerWidth="{length}" '
        f'markerHeight="{length}" refX="0.5" refY="{length / 2:g}"><path class="{_tip_class(bold=bold)}" '
        f'{LIGHT[_tip_class(bold=bold)]} d="M0 .5 {length} {length / 2:g} 0 {length - 0.5:g}Z"/></marker>'
        for length, bold in sorted(kinds)
    )


def _tip_class(*, bold: bool) -> str:
    return "bold-tip" if bold else "tip"


def _svg_box(box: Box, x: int, y: int, width: int, height: int) -> list[str]:
    name = shortened(box.name, (width - 20) / SMALL_CELL)
    return [
        f'<g class="frame" transform="translate({x},{y})"><title>{escaped(box.path)}</title>',
        f'<rect class="box" {LIGHT["box"]} width="{width}" height="{height}" rx="10"/>',
        _text("quiet", 10, 16, name, ' font-size="10"'),
        "</g>",
    ]


def _svg_edge(edge: Edge, drawn: Stroke, name: str) -> str:
    (x, y), *curves = drawn.route
    path = f"M{x},{y}C" + " ".join([f"{x},{y}" for x, y in curves])
    kind = "bold" if drawn.bold else "edge"
    more = ' stroke-dasharray="7 4"' * drawn.dashed + FAINT * (edge.style == "faint")
    return (
        f'<path class="{kind}" {LIGHT[kind]} stroke-width="{drawn.width:.3g}"{more} '
        f'marker-end="url(#{name}-{drawn.tip})" d="{path}"><title>{escaped(edge.details)}</title></path>'
    )


def _svg_chip(edge: Edge, at: Chip) -> list[str]:
    left, top = at.x - at.width / 2, at.y - CHIP_HEIGHT / 2
    place = f'x="{left:g}" y="{top:g}" width="{at.width}" height="{CHIP_HEIGHT}"'
    return [
        f'<g class="partial"><title>{escaped(edge.details)}</title>',
        f'<rect class="chip" {LIGHT["chip"]} {place} rx="3"/>',
        _text("slope", at.x, at.y + 3.5, edge.text, ' text-anchor="middle" font-size="9"'),
        "</g>",
    ]


def _svg_card(card: Card, x: int, y: int, size: Item) -> list[str]:
    width, height = size.width, size.height
    badge = round(len(card.operation) * SMALL_CELL + 9) if card.operation else 0
    name = shortened(card.name, (width - 18 - badge) / CELL)
    caption, right = f' font-family="{SANS}"', ' text-anchor="end"'
    frame = f'<rect class="{card.kind}" {LIGHT[card.kind]} width="{width}" height="{height}" rx="7"'
    lines = [
        f'<g class="card" transform="translate({x},{y})"{FAINT * card.faint}>',
        f"<title>{escaped(card.details)}</title>",
        *([f'{frame} x="4" y="4"/>'] if card.kind == "folded" else []),  # a second sheet behind the first
        f"{frame}/>",
        _text("name" if card.labelled else "quiet", 9, 17, name),
    ]
    for at, (words, text) in enumerate(card.rows):
        lines.append(_text("quiet", 9, 36 + ROW * at, words, caption))
        if text:
            lines.append(
                _text("slope" if "grad" in words else "number", width - 9, 36 + ROW * at, text, right)
            )
    if card.operation:
        left = width - 5 - badge
        lines += [
            f'<rect class="badge" {LIGHT["badge"]} x="{left}" y="5" width="{badge}" height="16" rx="5"/>',
            _text("sign", left + badge / 2, 16.5, card.operation, ' text-anchor="middle" font-size="10"'),
        ]
    if card.cut:
        lines += [
            f'<rect class="cut" {LIGHT["cut"]} x="-11" y="{height - 17}" width="16" height="13" rx="6"/>',
            _text("name", -3, height - 9, "…", ' text-anchor="middle"'),
        ]
    return [*lines, "</g>"]


def _text(kind: str, x: float, y: float, text: str, more: str = "") -> str:
    return f'<text class="{kind}" {LIGHT[kind]} x="{x:g}" y="{y:g}"{more}>{escaped(text)}</text>'
