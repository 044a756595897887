"""What a drawing shows of a graph: cards, edges and boxes, with every word and number that is on them.

Room: views. Here the graph is read; nothing here knows where a card stands or what it
looks like, and nothing that comes after knows a Value.
"""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING, Literal, NamedTuple

from autograd.calls import Call, Scopes
from autograd.errors import AutogradError, OperandError
from autograd.graph import topological_order
from autograd.value import Value, gradients
from autograd.views.fold import Folding, folded, outwards
from autograd.views.local import local_derivatives
from autograd.views.words import counted, label_of, names, number, printable, shortened

if TYPE_CHECKING:
    from collections.abc import Collection

    from autograd.primitives import Primitive
    from autograd.views.fold import Unit

LIMIT = 2_000
"""The most cards in one drawing; nobody finds anything in a larger one."""

PARTIALS = 60
"""The most cards in a drawing that shows local derivatives unasked."""

PORTS = 40
"""The most operands of one card whose edges have room for a number each."""

BADGE = 12  # the most letters in a badge
NO_GRADIENT = "–"
EDGE_ROOM = 6  # the most letters on an edge, where so few are enough


class DrawingError(AutogradError, ValueError):
    """A drawing that cannot be made, or not in the way that was asked for."""


class Card(NamedTuple):
    """What is shown of one Value, or of a call with all that it computed."""

    kind: Literal["leaf", "computed", "folded"]
    name: str
    labelled: bool
    rows: tuple[tuple[str, str], ...]  # captions and numbers; a caption alone is a remark
    operation: str  # the badge; empty on a leaf
    details: str
    cut: bool = False  # whether it has operands that are not drawn
    faint: bool = False


class Edge(NamedTuple):
    """What is shown of one operand, or of all that goes from one card to a folded one."""

    operand: int
    result: int
    text: str  # the local derivative, if it is shown
    details: str
    style: Literal["plain", "bold", "faint", "part"] = "plain"
    part: float = 0.0  # of a gradient, next to the largest: from -1 to 1


class Box(NamedTuple):
    """A call that is not folded."""

    name: str
    path: str
    parent: int  # the box around it, which comes earlier; -1 if there is none


class Sheet(NamedTuple):
    """A graph as it is shown. Edges into one card are in the order of its operands."""

    title: str
    caption: str
    values: int
    cards: list[Card]
    edges: list[Edge]
    boxes: list[Box]
    homes: list[int]  # for each card the innermost box around it, or -1


class Slope(NamedTuple):
    """The chain rule on one edge."""

    upstream: float
    local: float

    @property
    def share(self) -> float:
        """The edge's part in the derivative by its operand."""
        return self.upstream * self.local


class Reading(NamedTuple):
    """A graph on its way to a sheet."""

    output: Value
    nodes: list[Value]  # those that are shown
    named: dict[Value, str]
    folding: Folding
    slopes: dict[tuple[Value, int], Slope]  # by result and place of the operand
    bright: set[Value] | None  # what depends on the Value to highlight


def read(
    value: Value,
    *,
    depth: int | None,
    partials: bool | None,
    highlight: Value | Literal["largest"] | None,
    scopes: Scopes | None,
    fold: str | Collection[str] | None,
) -> Sheet:
    """Copy what a drawing shows out of the graph, or say why it cannot be drawn."""
    _check(value, depth, highlight, scopes, fold)
    interior, leaves = topological_order(value)
    every = nodes = [*leaves, *interior]
    if depth is not None:
        near = _within(value, depth)
        nodes = [node for node in every if node in near]
    if not fold:
        _refuse_more_than_fit(len(nodes))
    named = names(every)
    folding = folded(nodes, scopes, (fold,) if isinstance(fold, str) else fold or ())
    units = _numbered(folding, nodes)
    _refuse_more_than_fit(len(units))
    bright, caption = None, ""
    if isinstance(highlight, Value):
        bright, caption = _depending(value, every, highlight, named)
    slopes, wanted = {}, partials or highlight == "largest"
    if wanted or (partials is None and len(units) <= PARTIALS):
        shown = [node for node in nodes if highlight == "largest" or folding.units[node] == (node,)]
        try:
            slopes = _slopes(value, shown)
        except AutogradError:  # a leaf has changed, or a derivative does not exist: cards can still be drawn
            if wanted:
                raise
    reading = Reading(value, nodes, named, folding, slopes, bright)
    edges, shares = _edges(reading, units)
    if highlight == "largest":
        caption = "width: size of the part in a gradient; dashed: negative"
        edges = _weighted(edges, shares)
    if partials is False:
        edges = [edge._replace(text="") for edge in edges]
    boxes = _boxes(units, folding)
    return Sheet(
        title=named[value],
        caption=caption,
        values=len(nodes),
        cards=_cards(reading, units),
        edges=edges,
        boxes=[
            Box(folding.names[call], _path(call, folding), _number(folding.parents[call], boxes))
            for call in boxes
        ],
        homes=[_number(folding.homes[unit], boxes) for unit in units],
    )


def _check(value: Value, depth: int | None, highlight: object, scopes: Scopes | None, fold: object) -> None:
    if type(value) is not Value:
        raise OperandError(
            f"a drawing starts from one Value, the output; pass that, not {value!r} ({type(value).__name__})",
        )
    if depth is not None and (not isinstance(depth, int) or depth < 0):
        raise DrawingError(f"depth counts operations from the output: 0, 1, 2, …; got {depth!r}")
    if not (highlight is None or isinstance(highlight, Value) or highlight == "largest"):
        raise DrawingError(f'highlight is an input of the graph, or "largest"; got {highlight!r}')
    if not (scopes is None or isinstance(scopes, Scopes)):
        raise DrawingError(f"scopes are what `with scopes() as seen:` gives, so scopes=seen; got {scopes!r}")
    if fold and scopes is None:
        raise DrawingError(
            "only scopes can be folded: compute the graph in `with scopes() as seen:`, and draw it with "
            "scopes=seen",
        )


def _refuse_more_than_fit(cards: int) -> None:
    if cards > LIMIT:
        raise DrawingError(
            f"{cards:,} values are too many for one drawing, which holds {LIMIT:,}; "
            "draw a part: draw(value, depth=4) shows what is within 4 operations of the output; "
            "or fold modules, see `scopes`",
        )


def _numbered(folding: Folding, nodes: list[Value]) -> dict[Unit, int]:
    """Give each card a number; a folded one comes where the first Value was computed in it."""
    computed = [node for node in nodes if node.primitive is not None or folding.units[node] == (node,)]
    return {unit: at for at, unit in enumerate(dict.fromkeys(folding.units[node][0] for node in computed))}


def _within(value: Value, depth: int) -> set[Value]:
    """Collect the Values at most `depth` operations away."""
    near, rim = {value}, [value]
    for _ in range(depth):
        rim = [x for x in dict.fromkeys(x for node in rim for x in node.parents) if x not in near]
        near.update(rim)
        if not rim:
            break
    return near


def _depending(
    output: Value, nodes: list[Value], source: Value, named: dict[Value, str]
) -> tuple[set[Value], str]:
    """Collect what depends on a Value, and say in words what is bold."""
    if source not in named:
        raise DrawingError(f"{source!r} is not in the graph of {named[output]}, so no path leads to it")
    found = {source}
    for node in nodes:  # operands come first
        if any(x in found for x in node.parents):
            found.add(node)
    (derivative,) = gradients(output, [source])
    z, x = shortened(named[output], 20), shortened(named[source], 20)
    return found, f"bold: every way from {x} to {z}, together d{z}/d{x} = {number(derivative)}"


def _slopes(output: Value, nodes: list[Value]) -> dict[tuple[Value, int], Slope]:
    """Find, for each operand that is a Value, what the chain rule multiplies."""
    upstream = gradients(output, nodes)
    return {
        (node, at): Slope(adjoint, local)
        for node, adjoint in zip(nodes, upstream, strict=True)
        for at, local in enumerate(local_derivatives(node))
        if local is not None
    }


# Edges -------------------------------------------------------------------------------------------


def _edges(reading: Reading, units: dict[Unit, int]) -> tuple[list[Edge], list[list[float]]]:
    """List the edges, and for each the parts in gradients that pass along it."""
    edges: list[Edge] = []
    shares: list[list[float]] = []
    joint: dict[tuple[Unit, Unit], int] = {}
    folding = reading.folding
    for node in reading.nodes:
        (target, *_) = folding.units[node]
        for at, x in enumerate(node.operands):
            sources = folding.units.get(x, (target,)) if type(x) is Value else (target,)
            if target in sources:  # it stays inside, or is not drawn
                continue
            slope = reading.slopes.get((node, at))
            if isinstance(target, Call) and (sources[0], target) in joint:
                edge = joint[sources[0], target]
            else:
                edge = joint[sources[0], target] = len(edges)
                edges.append(Edge(units[sources[0]], units[target], *_look(reading, node, x, slope)))
                shares.append([])
            if slope is not None:
                shares[edge].append(slope.share)
    return edges, shares


def _look(
    reading: Reading, node: Value, x: Value, slope: Slope | None
) -> tuple[str, str, Literal["plain", "bold", "faint"]]:
    """Say what stands on an edge, what its tooltip says, and how it is drawn."""
    named = reading.named
    style: Literal["plain", "bold", "faint"] = "plain"
    if reading.bright is not None:
        style = "bold" if x in reading.bright else "faint"
    target = reading.folding.units[node][0]
    if isinstance(target, Call):
        return "", f"into {_path(target, reading.folding)}", style
    details, text = f"{shortened(named[x], 80)} is an operand of {shortened(named[node], 80)}", ""
    if slope is not None:
        details += "\nupstream {} × local {} = {}".format(*map(number, (*slope, slope.share)))
        text = number(slope.local, EDGE_ROOM) if len(node.operands) <= PORTS else ""
    return text, details, style


def _weighted(edges: list[Edge], shares: list[list[float]]) -> list[Edge]:
    """Give each edge its part of a gradient, next to the largest one that is finite."""
    parts = [max(some, key=abs, default=0.0) for some in shares]
    largest = max([abs(part) for part in parts if math.isfinite(part)], default=0.0) or 1.0
    return [
        edge._replace(style="part", part=0.0 if math.isnan(part) else max(-1.0, min(1.0, part / largest)))
        for edge, part in zip(edges, parts, strict=True)
    ]


# Cards and boxes ---------------------------------------------------------------------------------


def _cards(reading: Reading, units: dict[Unit, int]) -> list[Card]:
    inside: dict[Unit, list[Value]] = {unit: [] for unit in units}
    used: dict[Unit, set[Value]] = {unit: set() for unit in units}  # what a card hands on
    folding, drawn = reading.folding, set(reading.nodes)
    used[folding.units[reading.output][0]].add(reading.output)
    for node in reading.nodes:
        for unit in folding.units[node]:
            inside[unit].append(node)
        for x in node.parents:
            if x in drawn and folding.units[node][0] not in folding.units[x]:
                used[folding.units[x][0]].add(x)
    cards = []
    for unit in units:
        card = (
            _folded_card(unit, folding, inside[unit], used[unit])
            if isinstance(unit, Call)
            else _card(unit, reading)
        )
        cards.append(
            card._replace(
                cut=any(x not in drawn for node in inside[unit] for x in node.parents),
                faint=reading.bright is not None and reading.bright.isdisjoint(inside[unit]),
            )
        )
    return cards


def _card(node: Value, reading: Reading) -> Card:
    row, named = node.primitive, reading.named
    details = [
        named[node],
        f"data {node.data!r}",
        f"grad {node.grad!r}" if node.has_grad else "no gradient yet",
    ]
    if row is not None:
        operands = [named[x] if type(x) is Value else number(x) for x in node.operands]
        details.append(shortened(f"{row.name.strip('_')}({', '.join(operands)})", 400))
    return Card(
        kind="leaf" if row is None else "computed",
        name=named[node],
        labelled=bool(label_of(node)),
        rows=_rows(node),
        operation="" if row is None else _operation(row, node.operands),
        details="\n".join(details),
    )


def _rows(node: Value) -> tuple[tuple[str, str], ...]:
    return ("data", number(node.data)), ("grad", number(node.grad) if node.has_grad else NO_GRADIENT)


def _folded_card(call: Call, folding: Folding, inside: list[Value], used: set[Value]) -> Card:
    leaves = sum(node.primitive is None for node in inside)
    kept = counted(leaves, "leaf" if call.owner is None else "parameter") if leaves else "no parameters"
    remark = f"{counted(len(inside) - leaves, 'value')}, {kept}"
    rows = _rows(*used) if len(used) == 1 else _rows_of_several(used)
    path = _path(call, folding)
    details = "\n".join([path, remark, *[f"{caption} {text}" for caption, text in rows]])
    return Card(
        kind="folded",
        name=folding.names[call],
        labelled=True,
        rows=((remark, ""), *rows),
        operation="",
        details=details,
    )


def _rows_of_several(used: set[Value]) -> tuple[tuple[str, str], ...]:
    slopes = [abs(node.grad) for node in used if node.has_grad]
    largest = number(math.nan if any(map(math.isnan, slopes)) else max(slopes)) if slopes else NO_GRADIENT
    return ("outputs", f"{len(used):,}"), ("max |grad|", largest)


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


def _boxes(units: dict[Unit, int], folding: Folding) -> dict[Call, int]:
    """Give a number to each call that has cards in it, outer ones first."""
    used = {call for unit in units for call in outwards(folding.homes[unit], folding.parents)}
    return {call: at for at, call in enumerate(call for call in folding.parents if call in used)}


def _number(call: Call | None, boxes: dict[Call, int]) -> int:
    return -1 if call is None else boxes[call]


def _path(call: Call, folding: Folding) -> str:
    around = list(outwards(call, folding.parents))
    return "/".join([folding.names[other] for other in reversed(around)])
