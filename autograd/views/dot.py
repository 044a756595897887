"""A sheet in the DOT language, for Graphviz and its tools; and a layout by its program `dot`.

Room: views. `graphviz` is the package that writes DOT; only a layout needs the program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.views.layout import MARGIN, Layout
from autograd.views.picture import items, stroke
from autograd.views.sheet import DrawingError
from autograd.views.words import escaped, shortened

if TYPE_CHECKING:
    import graphviz

    from autograd.views.layout import Item, Point
    from autograd.views.sheet import Card, Edge, Sheet


def digraph(sheet: Sheet, *, bare: bool = False) -> graphviz.Digraph:
    """Write a node for each card and an edge for each edge; `bare` ones have only size and ports."""
    import graphviz

    sizes = items(sheet)
    gap = 36 + max([item.lead for item in sizes], default=0) * bare
    graph = graphviz.Digraph(
        graph_attr={
            "rankdir": "LR",
            "ranksep": f"{gap / 72:.3f}",
            "nodesep": "0.22",
            "bgcolor": "transparent",
        },
        node_attr={"shape": "plain", "fontname": "monospace", "fontsize": "10"},
        edge_attr={"dir": "none"} if bare else {"color": "#8595ab", "arrowsize": "0.7", "fontsize": "9"},
    )
    clusters = [
        graphviz.Digraph(
            f"cluster_{at}",
            graph_attr={
                "label": graphviz.escape(shortened(box.name, 30)),
                "fontname": "monospace",
                "fontsize": "10",
                "color": "#94a3b8",
                "style": "rounded",
                "labeljust": "l",
            },
        )
        for at, box in enumerate(sheet.boxes)
    ]
    fan_in = [0] * len(sheet.cards)
    heads = []
    for edge in sheet.edges:
        heads.append(f"{edge.result}:{fan_in[edge.result]}:w")
        fan_in[edge.result] += 1
    for at, (card, size, home) in enumerate(zip(sheet.cards, sizes, sheet.homes, strict=True)):
        place = graph if home < 0 else clusters[home]
        if bare:
            place.node(str(at), "|".join(f"<{slot}> " for slot in range(fan_in[at])), **_fixed(size))
        else:
            place.node(str(at), _table(card, fan_in[at]), tooltip=graphviz.escape(card.details))
    for at in reversed(range(len(clusters))):
        parent = sheet.boxes[at].parent
        (graph if parent < 0 else clusters[parent]).subgraph(clusters[at])
    for at, (edge, head) in enumerate(zip(sheet.edges, heads, strict=True)):
        more = {} if bare else {**_look(edge), "edgetooltip": graphviz.escape(edge.details)}
        graph.edge(f"{edge.operand}:e", head, id=str(at), **more)
    return graph


def _fixed(size: Item) -> dict[str, str]:
    width, height = f"{size.width / 72:.4f}", f"{size.height / 72:.4f}"
    return {"shape": "record", "width": width, "height": height, "fixedsize": "true"}


def _look(edge: Edge) -> dict[str, str]:
    """Write how an edge is drawn, where it is not like most."""
    look = {"label": edge.text} if edge.text else {}
    if edge.style == "faint":
        look["color"] = "#c7cfda"
    elif edge.style != "plain":
        drawn = stroke(edge, [(0, 0)] * 4)
        look["penwidth"] = f"{drawn.width:.3g}"
        look |= {"color": "#0f172a"} if drawn.bold else {}
        look |= {"style": "dashed"} if drawn.dashed else {}
    return look


def _table(card: Card, fan_in: int) -> str:
    """Write a card as a table of Graphviz's; its operands enter at narrow cells on the left."""
    frame = {
        "leaf": 'bgcolor="#eff6ff" color="#2563eb" border="2"',
        "computed": 'bgcolor="#ffffff" color="#8595ab"',
        "folded": 'bgcolor="#f1f5f9" color="#64748b" border="3"',
    }[card.kind]
    name = escaped(shortened(card.name, 16))
    size = f'width="6" height="{max(1, 48 // (fan_in or 1))}" fixedsize="true"'
    ports = "".join(f'<tr><td port="{slot}" {size}></td></tr>' for slot in range(fan_in))
    ports += "<tr><td>…</td></tr>" * card.cut
    table = '<table border="0" cellborder="0" cellspacing="0" cellpadding="0">'
    rows = "".join(
        f'<tr><td align="left">{escaped(words)}</td><td align="right">{escaped(text)}</td></tr>'
        for words, text in card.rows
    )
    return (
        f'<<table {frame} style="rounded" cellborder="0" cellspacing="0" cellpadding="3"><tr>'
        f'<td rowspan="{len(card.rows) + 1}" cellpadding="0">{ports and f"{table}{ports}</table>"}</td>'
        f'<td align="left"><b>{name}</b></td><td align="right">{escaped(card.operation)}</td></tr>'
        f"{rows}</table>>"
    )


def is_installed() -> bool:
    """Say whether there is a program `dot`."""
    from shutil import which

    return which("dot") is not None


def laid_out(sheet: Sheet) -> Layout:
    """Ask `dot` where the cards stand and how the edges run."""
    import json
    from subprocess import CalledProcessError

    from graphviz import ExecutableNotFound

    try:
        answer = json.loads(digraph(sheet, bare=True).pipe("json0", encoding="utf-8", quiet=True))
    except (ExecutableNotFound, CalledProcessError) as error:
        raise DrawingError(
            f"dot could not lay out the drawing ({error}); install Graphviz, so that `dot -V` answers, "
            'or use engine="builtin"',
        ) from error
    left, bottom, right, top = (float(x) for x in answer["bb"].split(","))

    def point(x: str, y: str) -> Point:  # dot measures upwards
        return round(float(x) - left) + MARGIN, round(top - float(y)) + MARGIN

    def points(text: str) -> list[Point]:
        return [point(*pair.split(",")) for pair in text.split()]

    objects: dict[str, Any] = {thing["name"]: thing for thing in answer["objects"]}
    boxes = []
    for at in range(len(sheet.boxes)):
        x0, y0, x1, y1 = objects[f"cluster_{at}"]["bb"].split(",")
        boxes.append((point(x0, y1), point(x1, y0)))
    middles = [points(objects[str(at)]["pos"])[0] for at in range(len(sheet.cards))]
    edges = sorted(answer.get("edges", ()), key=lambda edge: int(edge["id"]))
    return Layout(
        corners=[
            (x - item.width // 2, y - item.height // 2)
            for (x, y), item in zip(middles, items(sheet), strict=True)
        ],
        routes=[points(edge["pos"]) for edge in edges],
        width=round(right - left) + 2 * MARGIN,
        height=round(top - bottom) + 2 * MARGIN,
        boxes=boxes,
    )
