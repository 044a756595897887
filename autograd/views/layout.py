"""Where the cards of a drawing stand and how its edges run: a layered layout, left to right.

Room: views. This file knows whole numbers only: no Value, no colour, no SVG. Change
here what makes a picture well arranged, in `draw.py` what makes it look well.

The method is Sugiyama's. Cards get columns; an edge over several columns gets a bend in
each column that it passes; the columns are ordered so that few edges cross; last, every
vertex gets its height. Vertices are cards and, numbered after them, bends.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from itertools import chain, pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

Point = tuple[int, int]
Distances = list[list[tuple[int, int]]]  # for each line, other lines and how far they must be

MARGIN = 12
COLUMN_GAP = 36
CARD_GAP = 16  # between two cards, one above the other
LANE_GAP = 12  # between two edges that pass through the same column
PORT_GAP = 14  # between the ends of two edges at one card, if there is room
SETTLING = 8  # how often each height is corrected
PATIENCE = 4  # sweeps in vain before the order is taken as it is
EFFORT = 40_000  # vertices swept before it is taken as it is
BENDS = 5_000  # when there would be more, the longest edges run straight on, behind the cards


class Layout(NamedTuple):
    """Positions in whole units, `x` to the right and `y` downwards.

    A route is the first point of an edge and then, for each of its Bézier curves, two
    control points and an end: what an SVG path says, and what `dot` says.
    """

    corners: list[Point]
    routes: list[list[Point]]
    width: int
    height: int


class Graph(NamedTuple):
    """Vertices with their columns, and their neighbours one column to the left and to the right."""

    cards: int
    column: list[int]
    left: list[list[int]]
    right: list[list[int]]
    ways: list[list[int]]  # for each edge, the vertices that it passes, its last left out
    ports: list[tuple[int, int]]  # for each edge, which of how many it is at its end


def layered(count: int, edges: Sequence[tuple[int, int]], *, width: int, height: int) -> Layout:
    """Arrange cards of one size in columns, each to the right of all that it is computed from.

    Parameters
    ----------
    count
        How many cards there are, numbered so that every edge goes to a higher number.
    edges
        Pairs of card numbers, from operand to result; the edges into one card in the
        order of its operands. A pair may stand twice.
    width, height
        The size of a card.

    Returns
    -------
    Layout
        The upper left corners of the cards, and for each edge a route to a port of its
        own on a left side. It comes from the middle of a right side, or from where an
        earlier edge of the same card, which it follows until there, has come to.

    Notes
    -----
    The same input gives the same layout. Time goes with the sum of cards, edges and
    bends, times the logarithm of the largest column.

    Examples
    --------
    >>> layout = layered(2, [(0, 1), (0, 1)], width=100, height=50)
    >>> layout.corners
    [(12, 12), (148, 12)]
    >>> [route[-1] for route in layout.routes]
    [(148, 30), (148, 44)]
    """
    graph = _graph(count, edges)
    columns = _untangled(graph)
    y = _heights(graph, columns, height)
    ends = []
    for (_, result), (slot, slots) in zip(edges, graph.ports, strict=True):
        span = min(PORT_GAP * (slots - 1), height - PORT_GAP)
        ends.append(y[result] - span // 2 + slot * span // max(1, slots - 1))
    x = _column_edges(graph, columns, y, width)
    routes = []
    for (_, result), way, end in zip(edges, graph.ways, ends, strict=True):
        stops = [(x[graph.column[vertex]], y[vertex]) for vertex in way]
        routes.append(_route([*stops, (x[graph.column[result]], end)], width))
    return Layout(
        corners=[(x[graph.column[card]], y[card] - height // 2) for card in range(count)],
        routes=routes,
        width=max(x, default=0) + width + MARGIN,
        height=max(chain(y, [y_card + height // 2 for y_card in y[:count]]), default=0) + MARGIN,
    )


def _graph(count: int, edges: Sequence[tuple[int, int]]) -> Graph:
    """Give cards their columns, and long edges their bends."""
    column = _columns(count, edges)
    reach = [0] * count  # how many bends the farthest edge of a card needs
    fan_in = [0] * count
    for operand, result in edges:
        reach[operand] = max(reach[operand], column[result] - column[operand] - 1)
        fan_in[result] += 1
    graph = Graph(count, column, [[] for _ in range(count)], [[] for _ in range(count)], [], [])
    # The edges of one card share its bends: a value used far away is one line that branches. What they
    # share is a way only once: drawn twice it would look bolder, and add up to the square of its length.
    trunk = [[card] for card in range(count)]
    room = BENDS
    for card in sorted(range(count), key=reach.__getitem__):
        room -= reach[card]
        for _ in range(reach[card] if room >= 0 else 0):
            last, bend = trunk[card][-1], len(column)
            trunk[card].append(bend)
            column.append(column[last] + 1)
            graph.left.append([last])
            graph.right[last].append(bend)
            graph.right.append([])
    ends, begun = [0] * count, [0] * count
    for operand, result in edges:
        last = min(column[result] - column[operand], len(trunk[operand])) - 1
        graph.ways.append(trunk[operand][min(begun[operand], last) : last + 1])
        graph.ports.append((ends[result], fan_in[result]))
        begun[operand] = max(begun[operand], last)
        ends[result] += 1
        if column[trunk[operand][last]] + 1 == column[result]:
            graph.left[result].append(trunk[operand][last])
            graph.right[trunk[operand][last]].append(result)
    return graph


def _columns(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Give each card a column: after its last operand, then as near its results as costs nothing."""
    operands: list[set[int]] = [set() for _ in range(count)]
    results: list[set[int]] = [set() for _ in range(count)]
    for operand, result in edges:
        operands[result].add(operand)
        results[operand].add(result)
    column = [0] * count
    held = [0] * count  # edges that grow longer when a card moves right with all that it alone uses
    for card in range(count):
        column[card] = 1 + max((column[x] for x in operands[card]), default=-1)
        held[card] = sum(1 if len(results[x]) > 1 else held[x] for x in operands[card])
    for card in reversed(range(count)):
        if held[card] < len(results[card]):
            column[card] = min(column[result] for result in results[card]) - 1
    return column


# The order in a column ---------------------------------------------------------------------------


def _untangled(graph: Graph) -> list[list[int]]:
    """Order each column so that few edges cross."""
    columns = _depth_first(graph)
    best, fewest = columns, _crossings(graph, columns)
    idle, effort = 0, EFFORT
    while fewest and idle < PATIENCE and effort > 0:
        effort -= len(graph.column)
        columns = _exchanged(graph, _swept(graph, columns, rightwards=idle % 2 == 0))
        crossings = _crossings(graph, columns)
        idle = idle + 1 if crossings >= fewest else 0
        if not idle:
            best, fewest = columns, crossings
    return best


def _depth_first(graph: Graph) -> list[list[int]]:
    """List each column in the order in which a walk from the results, first operand first, leaves it."""
    columns: list[list[int]] = [[] for _ in range(max(graph.column, default=-1) + 1)]
    seen = [False] * len(graph.column)
    waiting = [vertex for vertex in reversed(range(len(seen))) if not graph.right[vertex]]
    while waiting:
        vertex = waiting.pop()
        if vertex < 0:  # everything left of ~vertex has been listed
            columns[graph.column[~vertex]].append(~vertex)
        elif not seen[vertex]:
            seen[vertex] = True
            waiting.append(~vertex)
            waiting.extend(reversed(graph.left[vertex]))
    return columns


def _swept(graph: Graph, columns: list[list[int]], *, rightwards: bool) -> list[list[int]]:
    """Sort column after column by the mean place of each vertex's neighbours."""
    columns = list(columns)
    place = _places(columns, len(graph.column))
    for i in range(len(columns)) if rightwards else reversed(range(len(columns))):
        total = dict.fromkeys(columns[i], 0.0)
        ends = dict.fromkeys(columns[i], 0)
        for result in columns[i + 1] if i + 1 < len(columns) else ():
            operands = graph.left[result]
            for slot, operand in enumerate(operands):
                total[operand] += place[result] + slot / len(operands) / len(columns[i + 1])
                ends[operand] += 1
        near = {vertex: total[vertex] / (ends[vertex] or 1) for vertex in columns[i]}
        for vertex in columns[i]:
            operands = graph.left[vertex]
            if operands and (rightwards or not ends[vertex]):
                near[vertex] = sum(place[operand] for operand in operands) / len(operands)
        columns[i] = sorted(columns[i], key=near.__getitem__)
        for at, vertex in enumerate(columns[i]):
            place[vertex] = (at + 0.5) / len(columns[i])
    return columns


def _places(columns: list[list[int]], count: int) -> list[float]:
    """Say how far down its column each vertex stands, from 0 to 1."""
    place = [0.0] * count
    for column in columns:
        for at, vertex in enumerate(column):
            place[vertex] = (at + 0.5) / len(column)
    return place


def _crossings(graph: Graph, columns: list[list[int]]) -> int:
    """Count pairs of edges that cross, those from one operand to two of its ports included."""
    crossings = 0
    for before, column in pairwise(columns):
        place = {vertex: at for at, vertex in enumerate(before)}
        above: list[int] = []
        for vertex in column:
            for operand in graph.left[vertex]:
                crossings += len(above) - bisect_right(above, place[operand])
                insort(above, place[operand])
    return crossings


def _exchanged(graph: Graph, columns: list[list[int]]) -> list[list[int]]:
    """Exchange neighbours in a column where that leaves fewer crossings."""
    columns = [list(column) for column in columns]
    before: dict[int, int] = {}
    for column, after in zip(columns, [*columns[1:], []], strict=True):
        left = {vertex: sorted([before[operand] for operand in graph.left[vertex]]) for vertex in column}
        right: dict[int, list[int]] = {vertex: [] for vertex in column}
        for at, operand in enumerate(chain.from_iterable([graph.left[result] for result in after])):
            right[operand].append(at)
        for at in range(len(column) - 1):
            upper, lower = column[at : at + 2]
            if _gain(left[upper], left[lower]) + _gain(right[upper], right[lower]) > 0:
                column[at : at + 2] = lower, upper
        before = {vertex: at for at, vertex in enumerate(column)}
    return columns


def _gain(upper: list[int], lower: list[int]) -> int:
    """Count the crossings that exchanging two vertices with these neighbours, in order, takes away."""
    if not upper or not lower or upper[-1] <= lower[0]:
        return -len(upper) * len(lower)
    gain = 0
    for at in upper:
        gain += bisect_left(lower, at) - len(lower) + bisect_right(lower, at)
    return gain


# The heights -------------------------------------------------------------------------------------


def _heights(graph: Graph, columns: list[list[int]], height: int) -> list[int]:
    """Give each vertex the height of its middle.

    Vertices on one straight line move together. Each line starts halfway between as high
    and as low as the others let it, and then moves to the median of its neighbours.
    """
    first = _lines(graph, columns)
    room = [height + CARD_GAP] * graph.cards + [LANE_GAP] * (len(graph.column) - graph.cards)
    above: Distances = [[] for _ in first]
    below: Distances = [[] for _ in first]
    for column in columns:
        for upper, lower in pairwise(column):
            distance = (room[upper] + room[lower]) // 2
            below[first[upper]].append((first[lower], distance))
            above[first[lower]].append((first[upper], distance))
    order = _downwards([line for line, vertex in enumerate(first) if line == vertex], above, below)
    highest, lowest = [0] * len(first), [0] * len(first)
    for line in order:
        highest[line] = max((highest[other] + distance for other, distance in above[line]), default=0)
    for line in reversed(order):
        lowest[line] = min(
            (lowest[other] - distance for other, distance in below[line]), default=max(highest)
        )
    y = [(high + low) // 2 for high, low in zip(highest, lowest, strict=True)]
    _settle(y, order, _neighbours(graph, first), above, below)
    top = min((y[line] - (height // 2 if v < graph.cards else 0) for v, line in enumerate(first)), default=0)
    return [y[line] - top + MARGIN for line in first]


def _lines(graph: Graph, columns: list[list[int]]) -> list[int]:
    """Put bends of one edge, and cards that lead only to each other, on straight lines that do not cross.

    Returns, for each vertex, the first of its line.
    """
    first = list(range(len(graph.column)))
    for before, column in pairwise(columns):
        place = {vertex: at for at, vertex in enumerate(before)}
        wanted: list[int | None] = []
        for vertex in column:
            operand, *others = set(graph.left[vertex]) or {vertex}
            alone = not others and (vertex >= graph.cards or len(set(graph.right[operand])) == 1)
            wanted.append(place.get(operand) if alone else None)
        bounds, bound = [], len(before)  # bend to bend goes first: no other line may cross it
        for vertex, at in zip(reversed(column), reversed(wanted), strict=True):
            bounds.append(bound)
            if at is not None and vertex >= graph.cards <= before[at]:
                bound = min(bound, at)
        last = -1
        for vertex, at, bound in zip(column, wanted, reversed(bounds), strict=True):
            if at is not None and last < at < bound:
                first[vertex] = first[before[at]]
                last = at
    return first


def _downwards(lines: list[int], above: Distances, below: Distances) -> list[int]:
    """Order lines so that each comes after all that are above it."""
    waits = [len(others) for others in above]
    order = [line for line in lines if not waits[line]]
    for line in order:
        for lower, _ in below[line]:
            waits[lower] -= 1
            if not waits[lower]:
                order.append(lower)
    return order


def _neighbours(graph: Graph, first: list[int]) -> list[list[int]]:
    """List the other lines that each line has an edge with."""
    near: list[list[int]] = [[] for _ in first]
    for vertex, operands in enumerate(graph.left):
        for operand in operands:
            if first[operand] != first[vertex]:
                near[first[vertex]].append(first[operand])
                near[first[operand]].append(first[vertex])
    return near


def _settle(
    y: list[int], order: list[int], near: list[list[int]], above: Distances, below: Distances
) -> None:
    """Move each line as near to the median of its neighbours as the lines above and below let it."""
    for turn in range(SETTLING):
        for line in order if turn % 2 else reversed(order):
            if near[line]:
                wanted = sorted([y[other] for other in near[line]])
                at = (wanted[(len(wanted) - 1) // 2] + wanted[len(wanted) // 2]) // 2
                at = min([at, *(y[other] - distance for other, distance in below[line])])
                y[line] = max([at, *(y[other] + distance for other, distance in above[line])])


# The edges ---------------------------------------------------------------------------------------


def _column_edges(graph: Graph, columns: list[list[int]], y: list[int], width: int) -> list[int]:
    """Return the left edge of each column; steep edges get a wider gap."""
    edges = [MARGIN] if columns else []
    for column in columns[1:]:
        steepest = max(abs(y[end] - y[start]) for end in column for start in (graph.left[end] or [end]))
        edges.append(edges[-1] + width + COLUMN_GAP + min(COLUMN_GAP, steepest // 8))
    return edges


def _route(stops: Sequence[Point], width: int) -> list[Point]:
    """Lead an edge through its stops, level across each column and curved between two."""
    x, y = stops[0]
    route = [(x + width, y)]
    for next_x, next_y in stops[1:]:
        start = route[-1][0]
        half = (next_x - start) // 2
        route += [(start + half, y), (next_x - half, next_y), (next_x, next_y)]
        y = next_y
        if (next_x, next_y) != stops[-1]:
            route += [(next_x, y), (next_x + width, y), (next_x + width, y)]
    return route
