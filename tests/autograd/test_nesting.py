"""The layout in boxes: each holds its own cards and no other, and edges go only where they must."""

from __future__ import annotations

import random
from itertools import combinations, pairwise

import pytest

from autograd.views.layout import Item, Layout, Link, layered
from autograd.views.nesting import OUTSIDE, nested

Edges = list[tuple[int, int]]
Frame = tuple[tuple[int, int], tuple[int, int]]


def random_nesting(seed: int) -> tuple[list[Item], Edges, list[int], list[int]]:
    """Cards made one after another, while boxes are entered and left; their sizes differ."""
    chance = random.Random(seed)
    cards, edges, homes, parents, here = [], [], [], [], [OUTSIDE]
    for card in range(chance.randrange(2, 40)):
        while chance.random() < 0.3 and len(here) < 5:
            parents.append(here[-1])
            here.append(len(parents) - 1)
        cards.append(Item(chance.choice([100, 160]), chance.choice([50, 90]), chance.choice([0, 40])))
        homes.append(here[-1])
        fan_in = chance.choice([0, 1, 2, 2, 3]) if card else 0
        edges += [(chance.randrange(max(0, card - 12), card), card) for _ in range(fan_in)]
        while chance.random() < 0.3 and len(here) > 1:
            here.pop()
    return cards, edges, homes, parents


def arranged(seed: int) -> tuple[Layout, list[Item], Edges, list[int], list[int]]:
    cards, edges, homes, parents = random_nesting(seed)
    return nested(cards, edges, homes, parents, [1.0] * len(edges)), cards, edges, homes, parents


def around(home: int, parents: list[int]) -> set[int]:
    found = set()
    while home != OUTSIDE:
        found.add(home)
        home = parents[home]
    return found


def apart(one: Frame, other: Frame) -> bool:
    (left, top), (right, bottom) = one
    (other_left, other_top), (other_right, other_bottom) = other
    return right < other_left or other_right < left or bottom < other_top or other_bottom < top


def within(inner: Frame, outer: Frame) -> bool:
    return all(inner[0][i] > outer[0][i] and inner[1][i] < outer[1][i] for i in (0, 1))


@pytest.mark.parametrize("seed", range(40))
def test_cards_and_boxes_lie_in_their_box_and_apart_from_all_others(seed: int) -> None:
    layout, cards, _, homes, parents = arranged(seed)
    frames = [
        ((x, y), (x + card.width, y + card.height))
        for card, (x, y) in zip(cards, layout.corners, strict=True)
    ]
    for one, other in combinations(frames, 2):
        assert apart(one, other)
    page = ((0, 0), (layout.width, layout.height))
    used = {box for home in homes for box in around(home, parents)}
    for at, frame in enumerate(frames):
        inside = around(homes[at], parents)
        assert within(frame, page)
        for box in used:
            assert within(frame, layout.boxes[box]) if box in inside else apart(frame, layout.boxes[box])
    for one_box, other_box in combinations(sorted(used), 2):
        one, other = layout.boxes[one_box], layout.boxes[other_box]
        assert within(other, one) if one_box in around(other_box, parents) else apart(one, other)


@pytest.mark.parametrize("seed", range(40))
def test_edges_run_rightwards_from_card_to_card_through_no_box_that_holds_neither(seed: int) -> None:
    layout, cards, edges, homes, parents = arranged(seed)
    begun: dict[int, set[tuple[int, int]]] = {}
    for (operand, result), route in zip(edges, layout.routes, strict=True):
        (x, y), card = layout.corners[operand], cards[operand]
        points = begun.setdefault(operand, {(x + card.width, y + card.height // 2)})
        assert route[0] in points  # at the card, or on the way of an earlier edge from it
        points.update(route[::3])
        assert len(route) % 3 == 1
        assert all(here[0] <= after[0] for here, after in pairwise(route))
        x, y = layout.corners[result]
        assert route[-1][0] == x
        assert y < route[-1][1] < y + cards[result].height
        own = around(homes[operand], parents) | around(homes[result], parents)
        for start, *_, end in (route[at : at + 4] for at in range(0, len(route) - 3, 3)):
            for box in {box for home in homes for box in around(home, parents)} - own:
                (left, top), (right, bottom) = layout.boxes[box]
                beside = end[0] <= left or start[0] >= right
                assert beside or max(start[1], end[1]) < top or min(start[1], end[1]) > bottom


def test_without_boxes_it_is_the_layout_itself() -> None:
    cards, edges = [Item(100, 50)] * 3, [(0, 1), (0, 2), (1, 2)]
    layout = nested(cards, edges, [OUTSIDE] * 3, [], [1.0] * 3)
    assert layout == layered(cards, [Link(*edge, rank=at) for at, edge in enumerate(edges)])


def test_where_edges_share_a_way_the_heaviest_is_drawn_on_it() -> None:
    cards, edges = [Item(100, 50)] * 4, [(0, 1), (1, 2), (2, 3), (0, 2), (0, 3)]
    for heavy, light in ((3, 4), (4, 3)):
        weights = [0.0] * 5
        weights[heavy] = 1.0
        layout = nested(cards, edges, [OUTSIDE] * 4, [], weights)
        assert layout.routes[heavy][0] == (112, layout.corners[0][1] + 25)
        assert layout.routes[light][0] in layout.routes[heavy]


def test_one_line_enters_a_box_however_many_in_it_use_the_value() -> None:
    layout = nested([Item(100, 50)] * 4, [(0, 1), (0, 2), (0, 3)], [-1, 0, 0, 0], [-1], [1.0] * 3)
    (left, _), _ = layout.boxes[0]
    assert sum(any(x < left for x, _ in route) for route in layout.routes) == 1


def test_many_boxes_in_one_another_do_not_recurse() -> None:
    parents = list(range(-1, 400))
    layout = nested([Item(100, 50)] * 2, [(0, 1)], [-1, 400], parents, [1.0])
    assert len(layout.boxes) == 401
