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
from typing import TYPE_CHECKING, Literal, NamedTuple

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


class Item(NamedTuple):
    """What is arranged: a card, or a point on the frame, which has no size."""

    width: int
    height: int
    lead: int = 0  # how far edges run level before they enter, to carry a number there
    pin: Literal["left", "right"] | None = None  # whether it must stand in the first or last column


class Link(NamedTuple):
    """An edge from an operand to a result, by their numbers."""

    operand: int
    result: int
    start: int = 0  # where it leaves, below the middle of its operand's right side
    end: int | None = None  # where it enters, below the middle of a left side; None is a port of its own
    rank: int = 0  # of the edges that share a way, the first of the lowest rank is drawn on it


class Layout(NamedTuple):
    """Positions in whole units, `x` to the right and `y` downwards.

    A route is the first point of an edge and then, for each of its Bézier curves, two
    control points and an end: what an SVG path says, and what `dot` says. A box is its
    upper left and lower right corner.
    """

    corners: list[Point]
    routes: list[list[Point]]
    width: int
    height: int
    boxes: list[tuple[Point, Point]]


class Graph(NamedTuple):
    """Vertices with their columns, and their neighbours one column to the left and to the right."""

    cards: int
    column: list[int]
    left: list[list[int]]
    right: list[list[int]]
    ways: list[list[int]]  # for each edge, the vertices that it passes, its last left out
    ports: list[tuple[int, int]]  # for each edge, which of how many it is at its end
    drop: list[int]  # how much lower than its left neighbour a vertex is where their edges are level


def layered(items: Sequence[Item], links: Sequence[Link]) -> Layout:
    """Arrange cards in columns, each to the right of all that it is computed from.

    Parameters
    ----------
    items
        The cards, numbered so that every edge goes to a higher number.
    links
        The edges; those into one card in the order of its operands. Two may be alike.

    Returns
    -------
    Layout
        The upper left corners of the cards, and for each edge a route to a port of its
        own on a left side. It comes from a right side, or from where an earlier edge with
        the same start, which it follows until there, has come to.

    Notes
    -----
    The same input gives the same layout. Time goes with the sum of cards, edges and
    bends, times the logarithm of the largest column.

    Examples
    --------
    >>> layout = layered([Item(100, 50)] * 2, [Link(0, 1), Link(0, 1)])
    >>> layout.corners
    [(12, 12), (148, 12)]
    >>> [route[-1] for route in layout.routes]
    [(148, 30), (148, 44)]
    """
    graph = _graph(items, links)
    columns = _untangled(graph)
    y = _heights(graph, columns, items)
    stops: list[list[Point]] = []  # for each edge, the columns that it passes and its height there
    for link, way, (slot, slots) in zip(links, graph.ways, graph.ports, strict=True):
        stops.append([(graph.column[vertex], y[vertex]) for vertex in (*way, link.result)])
        (first, top), (last, bottom) = stops[-1][0], stops[-1][-1]
        if way[0] < len(items):
            stops[-1][0] = first, top + link.start
        end = link.end
        if end is None:
            room = max(0, min(PORT_GAP * (slots - 1), items[link.result].height - PORT_GAP))
            end = slot * room // max(1, slots - 1) - room // 2
        stops[-1][-1] = last, bottom + end
    spans = _column_spans(graph, columns, stops, items)
    routes = []
    for way, some in zip(graph.ways, stops, strict=True):
        span = spans[some[0][0]]
        x = span.left + items[way[0]].width if way[0] < len(items) else span.right
        routes.append(_route(x, [(spans[column], at) for column, at in some]))
    return Layout(
        corners=[(spans[graph.column[at]].left, y[at] - item.height // 2) for at, item in enumerate(items)],
        routes=routes,
        width=max([span.right for span in spans], default=0) + MARGIN,
        height=max(chain(y, [y[at] + item.height // 2 for at, item in enumerate(items)]), default=0) + MARGIN,
        boxes=[],
    )


def _graph(items: Sequence[Item], links: Sequence[Link]) -> Graph:
    """Give cards their columns, and long edges their bends."""
    count = len(items)
    column = _columns(items, links)
    reach: dict[Point, int] = {}  # for each start of edges, how many bends the farthest needs
    fan_in = [0] * count
    for link in links:
        origin = link.operand, link.start
        reach[origin] = max(reach.get(origin, 0), column[link.result] - column[link.operand] - 1)
        fan_in[link.result] += 1
    graph = Graph(count, column, [[] for _ in items], [[] for _ in items], [], [], [0] * count)
    # The edges of one start share its bends: a value used far away is one line that branches. What they
    # share is a way only once: drawn twice it would look bolder, and add up to the square of its length.
    trunk = {origin: [origin[0]] for origin in reach}
    room = BENDS
    for origin in sorted(reach, key=lambda origin: (reach[origin], origin)):
        room -= reach[origin]
        for _ in range(reach[origin] if room >= 0 else 0):
            last, bend = trunk[origin][-1], len(column)
            trunk[origin].append(bend)
            column.append(column[last] + 1)
            graph.left.append([last])
            graph.drop.append(origin[1] if last == origin[0] else 0)
            graph.right[last].append(bend)
            graph.right.append([])
    ends = [0] * count
    drops: list[list[int]] = [[] for _ in items]
    for operand, result, start, end, _ in links:
        last = _last(trunk[operand, start], column, operand, result)
        drops[result].append((start if last == 0 else 0) - (end or 0))
        graph.ports.append((ends[result], fan_in[result]))
        ends[result] += 1
        if column[trunk[operand, start][last]] + 1 == column[result]:
            graph.left[result].append(trunk[operand, start][last])
            graph.right[trunk[operand, start][last]].append(result)
    graph.drop[:count] = [sum(some) // max(1, len(some)) for some in drops]
    graph.ways.extend([[]] * len(links))
    begun = dict.fromkeys(trunk, 0)
    for at in sorted(range(len(links)), key=lambda at: links[at].rank):
        operand, result, start, *_ = links[at]
        last = _last(trunk[operand, start], column, operand, result)
        graph.ways[at] = trunk[operand, start][min(begun[operand, start], last) : last + 1]
        begun[operand, start] = max(begun[operand, start], last)
    return graph


def _last(trunk: list[int], column: list[int], operand: int, result: int) -> int:
    """Say at which vertex of its trunk an edge branches off."""
    return min(column[result] - column[operand], len(trunk)) - 1


def _columns(items: Sequence[Item], links: Sequence[Link]) -> list[int]:
    """Give each card a column: after its last operand, then as near its results as costs nothing."""
    operands: list[set[int]] = [set() for _ in items]
    results: list[set[int]] = [set() for _ in items]
    for link in links:
        operands[link.result].add(link.operand)
        results[link.operand].add(link.result)
    column = [0] * len(items)
    held = [0] * len(items)  # edges that grow longer when a card moves right with all that it alone uses
    for card in range(len(items)):
        column[card] = 1 + max((column[x] for x in operands[card]), default=-1)
        held[card] = sum(1 if len(results[x]) > 1 or items[x].pin else held[x] for x in operands[card])
    for card in reversed(range(len(items))):
        if held[card] < len(results[card]) and not items[card].pin:
            column[card] = min(column[result] for result in results[card]) - 1
    last = max(column, default=0)
    return [last if item.pin == "right" else at for item, at in zip(items, column, strict=True)]


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


def _heights(graph: Graph, columns: list[list[int]], items: Sequence[Item]) -> list[int]:
    """Give each vertex the height of its middle.

    Vertices on one straight line move together. Each line starts halfway between as high
    and as low as the others let it, and then moves to the median of its neighbours.
    """
    first, shift = _lines(graph, columns)
    room = [item.height + (CARD_GAP if item.height else LANE_GAP) for item in items]
    room += [LANE_GAP] * (len(graph.column) - graph.cards)
    above: Distances = [[] for _ in first]
    below: Distances = [[] for _ in first]
    for column in columns:
        for upper, lower in pairwise(column):
            distance = (room[upper] + room[lower]) // 2 + shift[upper] - shift[lower]
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
    _settle(y, order, _neighbours(graph, first, shift), above, below)
    half = [item.height // 2 for item in items] + [0] * (len(graph.column) - graph.cards)
    heights = [y[line] + down for line, down in zip(first, shift, strict=True)]
    top = min([at - up for at, up in zip(heights, half, strict=True)], default=0)
    return [at - top + MARGIN for at in heights]


def _lines(graph: Graph, columns: list[list[int]]) -> tuple[list[int], list[int]]:
    """Put bends of one edge, and cards that lead only to each other, on straight lines that do not cross.

    Returns, for each vertex, the first of its line, and how much lower than that it is.
    """
    first = list(range(len(graph.column)))
    shift = [0] * len(first)
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
                shift[vertex] = shift[before[at]] + graph.drop[vertex]
                last = at
    return first, shift


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


def _neighbours(graph: Graph, first: list[int], shift: list[int]) -> Distances:
    """List the other lines that each line has an edge with, and how far below them it would be level."""
    near: Distances = [[] for _ in first]
    for vertex, operands in enumerate(graph.left):
        for operand in operands:
            if first[operand] != first[vertex]:
                down = shift[operand] - shift[vertex]
                near[first[vertex]].append((first[operand], down))
                near[first[operand]].append((first[vertex], -down))
    return near


def _settle(y: list[int], order: list[int], near: Distances, above: Distances, below: Distances) -> None:
    """Move each line as near to the median of its neighbours as the lines above and below let it."""
    for turn in range(SETTLING):
        for line in order if turn % 2 else reversed(order):
            if near[line]:
                wanted = sorted([y[other] + down for other, down in near[line]])
                at = (wanted[(len(wanted) - 1) // 2] + wanted[len(wanted) // 2]) // 2
                at = min([at, *(y[other] - distance for other, distance in below[line])])
                y[line] = max([at, *(y[other] + distance for other, distance in above[line])])


# The edges ---------------------------------------------------------------------------------------


class Span(NamedTuple):
    """Where a column begins and ends, and how far before it edges are at their height."""

    left: int
    right: int
    lead: int


def _column_spans(
    graph: Graph, columns: list[list[int]], stops: list[list[Point]], items: Sequence[Item]
) -> list[Span]:
    """Place the columns one after another; steep edges get a wider gap, points on the frame a narrow one."""
    steepest = [0] * len(columns)
    for (_, before), (at, after) in chain.from_iterable(map(pairwise, stops)):
        steepest[at] = max(steepest[at], abs(after - before))
    spans: list[Span] = []
    for column, steep in zip(columns, steepest, strict=True):
        cards = [items[vertex] for vertex in column if vertex < graph.cards]
        width = max([card.width for card in cards], default=0)
        lead = max([items[at].lead for at in column if at < graph.cards and graph.left[at]], default=0)
        left = MARGIN
        if spans:
            gap = COLUMN_GAP if width and spans[-1].right > spans[-1].left else COLUMN_GAP // 2
            left = spans[-1].right + gap + min(COLUMN_GAP, steep // 8) + lead
        spans.append(Span(left, left + width, lead))
    return spans


def _route(x: int, stops: Sequence[tuple[Span, int]]) -> list[Point]:
    """Lead an edge from x through its stops, level across each column and curved between two."""
    (span, y), *others = stops
    route = [(x, y), *_level(x, span.right, y)]
    for span, next_y in others:
        start, end = route[-1][0], span.left - span.lead
        half = (end - start) // 2
        route += [(start + half, y), (end - half, next_y), (end, next_y), *_level(end, span.left, next_y)]
        y = next_y
        if (span, y) != others[-1]:
            route += _level(span.left, span.right, y)
    return route


def _level(start: int, end: int, y: int) -> list[Point]:
    return [(start, y), (end, y), (end, y)] if end > start else []
