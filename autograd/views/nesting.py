"""Cards in boxes in boxes: a layered layout for each box, in which the boxes inside it are cards.

Room: views. An edge that leaves a box or enters one is made of pieces, one for each box that
it is in on its way; where it crosses a frame there is a point, which the layout inside puts
on the frame and the layout outside takes for a port. Nothing passes through a box that
has no business there.
"""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Literal, NamedTuple

from autograd.views.layout import Item, Layout, Link, layered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from autograd.views.layout import Point

TITLE = 16
"""The height of a box's title."""

OUTSIDE = -1
"""Stands for the sheet itself, in which all boxes are."""


class Place(NamedTuple):
    """A vertex of one level: a card or a box by its number, or where edges of a card cross the frame."""

    kind: Literal["entry", "card", "box", "exit"]
    at: int


class Piece(NamedTuple):
    """A part of an edge within one level."""

    origin: Place
    goal: Place
    card: int  # where it comes from, whichever box that is in
    edge: int = -1  # which, where it enters its result; what crosses the same frame is one until there


def nested(
    cards: Sequence[Item],
    edges: Sequence[tuple[int, int]],
    homes: Sequence[int],
    parents: Sequence[int],
    weights: Sequence[float],
) -> Layout:
    """Arrange cards in nested boxes.

    Parameters
    ----------
    cards, edges
        As for `layered`; the cards in any order. To make each box one card must not make a circle.
    homes
        For each card the innermost box that it is in, or `OUTSIDE`.
    parents
        For each box the one that it is in, which comes before it, or `OUTSIDE`.
    weights
        For each edge; where edges share a way, the heaviest is drawn on it.

    Examples
    --------
    >>> layout = nested([Item(100, 50)] * 2, [(0, 1)], homes=[-1, 0], parents=[-1], weights=[1.0])
    >>> layout.boxes, layout.corners
    ([((148, 12), (290, 102))], [(12, 40), (178, 40)])
    """
    levels: dict[int, dict[Piece, int]] = {level: {} for level in range(OUTSIDE, len(parents))}
    ways: list[list[tuple[int, int]]] = [[] for _ in edges]
    order = sorted(range(len(edges)), key=lambda edge: -weights[edge])
    for edge in order:
        for level, piece in _pieces(edge, *edges[edge], homes, parents):
            ways[edge].append((level, levels[level].setdefault(piece, len(levels[level]))))
    members: dict[int, list[Place]] = {level: [] for level in levels}
    for box, parent in enumerate(parents):
        members[parent].append(Place("box", box))
    for card, home in enumerate(homes):
        members[home].append(Place("card", card))
    sizes = {Place("card", at): card for at, card in enumerate(cards)}
    ports: dict[tuple[int, Place], int] = {}
    corners: dict[Place, Point] = {}
    routes: dict[int, list[list[Point]]] = {}
    layout = Layout([], [], 0, 0, [])
    for level in reversed(levels):  # inner boxes first
        places = _sorted(members[level], levels[level])
        layout, routes[level] = _arranged(places, list(levels[level]), sizes, ports)
        corners.update(zip(places, layout.corners, strict=True))
        sizes[Place("box", level)] = Item(layout.width, layout.height + TITLE)
        for place in places:
            if place.kind in ("entry", "exit"):
                ports[level, place] = corners[place][1] + TITLE - (layout.height + TITLE) // 2
    inside = {OUTSIDE: (0, 0)}  # where a level's own upper left corner is on the sheet
    boxes = []
    for box, parent in enumerate(parents):
        x, y = _moved(corners[Place("box", box)], inside[parent])
        size = sizes[Place("box", box)]
        inside[box] = (x, y + TITLE)
        boxes.append(((x, y), (x + size.width, y + size.height)))
    return Layout(
        corners=[_moved(corners[Place("card", card)], inside[home]) for card, home in enumerate(homes)],
        routes=_joined(order, ways, routes, inside),
        width=layout.width,
        height=layout.height,
        boxes=boxes,
    )


def _joined(
    order: list[int],
    ways: list[list[tuple[int, int]]],
    routes: dict[int, list[list[Point]]],
    inside: dict[int, Point],
) -> list[list[Point]]:
    """Join the pieces of each edge, but for those that an earlier edge in this order has drawn."""
    drawn: set[tuple[int, int]] = set()
    whole: list[list[Point]] = [[] for _ in ways]
    for edge in order:
        for level, at in ways[edge]:
            if (level, at) not in drawn:
                drawn.add((level, at))
                points = [_moved(point, inside[level]) for point in routes[level][at]]
                whole[edge] += points[1:] if whole[edge] else points
    return whole


def _pieces(
    edge: int, operand: int, result: int, homes: Sequence[int], parents: Sequence[int]
) -> Iterator[tuple[int, Piece]]:
    """Cut an edge where it crosses frames; give each piece with its level."""
    up, down = list(_outwards(homes[operand], parents)), list(_outwards(homes[result], parents))
    while len(up) > 1 and len(down) > 1 and up[-2] == down[-2]:  # what both are in, but for the innermost
        del up[-1], down[-1]
    origin = Place("card", operand)
    for box in up[:-1]:
        yield box, Piece(origin, Place("exit", operand), operand)
        origin = Place("box", box)
    level = up[-1]
    for box in reversed(down[:-1]):
        yield level, Piece(origin, Place("box", box), operand)
        level, origin = box, Place("entry", operand)
    yield level, Piece(origin, Place("card", result), operand, edge)


def _outwards(box: int, parents: Sequence[int]) -> Iterator[int]:
    while box != OUTSIDE:
        yield box
        box = parents[box]
    yield OUTSIDE


def _sorted(members: list[Place], pieces: Iterable[Piece]) -> list[Place]:
    """Order what is in one level so that every piece leads to a later one."""
    operands: dict[Place, list[Place]] = {place: [] for place in members}
    for piece in pieces:
        operands.setdefault(piece.origin, [])
        operands.setdefault(piece.goal, []).append(piece.origin)
    return list(TopologicalSorter(operands).static_order())


def _arranged(
    places: list[Place], pieces: list[Piece], sizes: dict[Place, Item], ports: dict[tuple[int, Place], int]
) -> tuple[Layout, list[list[Point]]]:
    """Lay out one level; return that, and the route of each piece, from frame to frame."""
    number = {place: at for at, place in enumerate(places)}
    links = []
    for rank, (origin, goal, card, _) in enumerate(pieces):
        start = ports[origin.at, Place("exit", card)] if origin.kind == "box" else 0
        end = ports[goal.at, Place("entry", card)] if goal.kind == "box" else None
        links.append(Link(number[origin], number[goal], start, end, rank))
    # into a card in the order of its operands, into a box in the order of its ports
    order = sorted(
        range(len(links)), key=lambda at: pieces[at].edge if links[at].end is None else links[at].end or 0
    )
    pins: dict[str, Literal["left", "right"]] = {"entry": "left", "exit": "right"}
    items = [sizes.get(place) or Item(0, 0, pin=pins[place.kind]) for place in places]
    layout = layered(items, [links[at] for at in order])
    routes: list[list[Point]] = [[] for _ in pieces]
    for at, route in zip(order, layout.routes, strict=True):
        origin, goal, *_ = pieces[at]
        routes[at] = list(route)
        if origin.kind == "entry" and route[0] == layout.corners[number[origin]]:
            routes[at][0] = (0, route[0][1])
        if goal.kind == "exit":
            routes[at][-1] = (layout.width, route[-1][1])
    return layout, routes


def _moved(point: Point, by: Point) -> Point:
    return point[0] + by[0], point[1] + by[1]
