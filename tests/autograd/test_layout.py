"""The layout: nothing overlaps, everything runs to the right, the same graph gives the same picture."""

from __future__ import annotations

import random
import sys
from itertools import combinations, pairwise

import pytest

from autograd.views import layout
from autograd.views.layout import Item, Layout, Link, layered

WIDTH, HEIGHT = 100, 50

Edges = list[tuple[int, int]]


def arranged(count: int, edges: Edges) -> Layout:
    return layered([Item(WIDTH, HEIGHT)] * count, [Link(*edge) for edge in edges])


def graph_of(count: int, edges: Edges) -> layout.Graph:
    return layout._graph([Item(WIDTH, HEIGHT)] * count, [Link(*edge) for edge in edges])


def random_graph(seed: int) -> tuple[int, Edges]:
    """Cards that use one to four earlier ones, mostly recent ones, now and then the same twice."""
    chance = random.Random(seed)
    count, reach = chance.randrange(1, 60), chance.choice([3, 10, 60])
    edges = [
        (chance.randrange(max(0, result - reach), result), result)
        for result in range(1 + chance.randrange(8), count)
        for _ in range(chance.choice([1, 1, 2, 2, 3, 4]))
    ]
    return count, edges


GRAPHS = [pytest.param(*random_graph(seed), id=f"seed {seed}") for seed in range(60)]


@pytest.mark.parametrize(("count", "edges"), GRAPHS)
def test_cards_keep_apart_and_inside(count: int, edges: Edges) -> None:
    result = arranged(count, edges)
    assert len(result.corners) == count
    for x, y in result.corners:
        assert 0 < x < x + WIDTH < result.width
        assert 0 < y < y + HEIGHT < result.height
    for (x, y), (other_x, other_y) in combinations(result.corners, 2):
        assert abs(x - other_x) > WIDTH or abs(y - other_y) > HEIGHT


@pytest.mark.parametrize(("count", "edges"), GRAPHS)
def test_edges_run_rightwards_from_card_to_card(count: int, edges: Edges) -> None:
    result = arranged(count, edges)
    begun: dict[int, set[tuple[int, int]]] = {}
    for (operand, target), route in zip(edges, result.routes, strict=True):
        x, y = result.corners[operand]
        assert result.corners[target][0] > x
        points = begun.setdefault(operand, {(x + WIDTH, y + HEIGHT // 2)})
        assert route[0] in points  # at the card, or on the way of an earlier edge from it
        points.update(route[::3])
        assert all(here[0] <= after[0] for here, after in pairwise(route))
        assert len(route) % 3 == 1
        x, y = result.corners[target]
        assert route[-1][0] == x
        assert y < route[-1][1] < y + HEIGHT


@pytest.mark.parametrize(("count", "edges"), GRAPHS)
def test_edges_run_through_no_card(count: int, edges: Edges) -> None:
    result = arranged(count, edges)
    for route in result.routes:
        for (x, y), _, _, (end_x, end_y) in zip(
            route[::3], route[1::3], route[2::3], route[3::3], strict=False
        ):
            for left, top in result.corners:
                beside = end_x <= left or x >= left + WIDTH
                assert beside or max(y, end_y) < top or min(y, end_y) > top + HEIGHT


@pytest.mark.parametrize(("count", "edges"), GRAPHS)
def test_operands_enter_in_order_each_at_its_own_port(count: int, edges: Edges) -> None:
    result = arranged(count, edges)
    for card in range(count):
        ends = [route[-1][1] for (_, end), route in zip(edges, result.routes, strict=True) if end == card]
        assert all(above < below for above, below in pairwise(ends))


@pytest.mark.parametrize(("count", "edges"), GRAPHS)
def test_exchanges_and_sweeps_never_add_crossings(count: int, edges: Edges) -> None:
    graph = graph_of(count, edges)
    first = layout._depth_first(graph)
    best = layout._untangled(graph)
    assert [sorted(column) for column in best] == [sorted(column) for column in first]
    assert layout._crossings(graph, best) <= layout._crossings(graph, first)


def test_a_tree_is_drawn_without_crossings() -> None:
    edges = [(card, 32 + card // 2) for card in range(62)]
    graph = graph_of(63, edges)
    assert layout._crossings(graph, layout._untangled(graph)) == 0


def test_crossings_of_a_braid_are_counted() -> None:
    graph = graph_of(4, [(0, 2), (1, 2), (0, 3), (1, 3)])
    assert layout._crossings(graph, [[0, 1], [2, 3]]) == 1
    graph = graph_of(3, [(1, 2), (0, 2)])
    assert layout._crossings(graph, [[0, 1], [2]]) == 1  # at the ports
    assert layout._crossings(graph, layout._untangled(graph)) == 0


def test_a_chain_is_straight() -> None:
    result = arranged(9, [(card, card + 1) for card in range(8)])
    assert len({y for _, y in result.corners}) == 1
    assert all(len({y for _, y in route}) == 1 for route in result.routes)


def test_a_long_edge_is_level_between_its_ends() -> None:
    chain = [(card, card + 1) for card in range(1, 9)]
    result = arranged(10, [*chain, (0, 9), (0, 1)])
    heights = [y for _, y in result.routes[len(chain)]]
    assert len(set(heights[3:-3])) == 1


def test_bends_of_an_edge_are_on_one_line_and_of_two_that_cross_are_not() -> None:
    chain = [(card, card + 1) for card in range(1, 9)]
    graph = graph_of(10, [*chain, (0, 9), (0, 1)])
    lines, _ = layout._lines(graph, layout._untangled(graph))
    assert {lines[bend] for bend in range(10, len(lines))} == {0}
    braid = layout.Graph(0, [0, 0, 1, 1], [[], [], [0], [1]], [[2], [3], [], []], [], [], [0] * 4)
    assert layout._lines(braid, [[0, 1], [2, 3]])[0] == [0, 1, 0, 1]
    assert sorted(layout._lines(braid, [[0, 1], [3, 2]])[0]) in ([0, 0, 1, 3], [0, 1, 1, 2])


def test_an_edge_begins_where_an_earlier_one_of_its_card_has_come_to() -> None:
    edges = [(0, 1), (1, 2), (2, 3), (0, 2), (0, 3)]
    result = arranged(4, edges)
    assert result.routes[4][0] in result.routes[3]


def test_sources_stand_next_to_their_first_consumer() -> None:
    result = arranged(6, [(0, 1), (1, 2), (2, 4), (3, 4), (4, 5)])
    assert result.corners[3][0] == result.corners[2][0]


def test_a_branch_of_its_own_moves_to_its_consumer_as_a_whole() -> None:
    # 0 -> 1 -> 2 -> 3 -> 6 is the longest way; 4 -> 5 -> 6 has room to move.
    result = arranged(7, [(0, 1), (1, 2), (2, 3), (4, 5), (3, 6), (5, 6)])
    assert result.corners[5][0] == result.corners[3][0]
    assert result.corners[4][0] == result.corners[2][0]


def test_nothing_and_one_card() -> None:
    assert arranged(0, []).corners == []
    assert arranged(1, []).corners == [(layout.MARGIN, layout.MARGIN)]


def test_bends_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "BENDS", 10)
    chain = [(card, card + 1) for card in range(1, 30)]
    edges = [*chain, (0, 2), (0, 5), (0, 30)]
    graph = graph_of(31, edges)
    assert len(graph.column) == 31
    result = arranged(31, edges)
    assert [len(route) for route in result.routes[-2:]] == [4, 4]
    assert result.routes[-1][0] == (result.corners[0][0] + WIDTH, result.corners[0][1] + HEIGHT // 2)


@pytest.mark.parametrize("count", [2, 5, 30, 36])
def test_many_operands_have_ports_of_their_own_inside_the_card(count: int) -> None:
    result = arranged(count + 1, [(card, count) for card in range(count)])
    ends = [route[-1][1] for route in result.routes]
    top = result.corners[count][1]
    assert len(set(ends)) == count
    assert top < min(ends) <= max(ends) < top + HEIGHT


def test_it_does_not_recurse() -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(120)
    try:
        result = arranged(1900, [(card, card + 1) for card in range(1899)])
    finally:
        sys.setrecursionlimit(limit)
    assert len(result.corners) == 1900
