"""Drawings: what is shown, that nothing breaks out of its place, and how they refuse."""

from __future__ import annotations

import math
import os
import re
import shutil
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, strategies as st

import autograd
import autograd.views.draw as view
from autograd import (
    AutogradError,
    DomainError,
    OperandError,
    StaleGraphError,
    Value,
    draw,
    primitive,
    scope,
    scopes,
    to_dot,
)
from autograd.calls import ScopeError
from autograd.views import picture, words
from autograd.views.sheet import BADGE, LIMIT, PARTIALS, PORTS, DrawingError, Edge, read

if TYPE_CHECKING:
    from autograd.views.draw import Drawing

ROOT = Path(__file__).resolve().parents[2]
SVG = "{http://www.w3.org/2000/svg}"

NASTY = [
    "<script>alert(1)</script>",
    "]]></style>",
    "a|b",
    "{x}",
    "\"quoted\" & 'so'",
    "\\N \\G \\l",
    "🦊👩‍👩‍👧",
    "مرحبا بالعالم",
    "x" * 500,
    "tab\tline\nnull\x00\x07\x1b",
    "\ud800 alone",
    "\ufffe\uffff",
    "\u202eturned",
    "--> <!--",
    "%d {0} $x",
]


def parsed(drawing: Drawing) -> ET.Element:
    return ET.fromstring(drawing.svg)  # noqa: S314 - our own text


def cards(drawing: Drawing) -> dict[str, ET.Element]:
    """Cards by the first line of their tooltip, which is the whole name."""
    found = parsed(drawing).findall(f"{SVG}g[@class='card']")
    return {(card.findtext(f"{SVG}title") or "").split("\n")[0]: card for card in found}


def edges(drawing: Drawing) -> list[str]:
    return [path.attrib["d"] for path in parsed(drawing).findall(f"{SVG}path[@class='edge']")]


def texts(card: ET.Element, kind: str) -> list[str]:
    return [text.text or "" for text in card.findall(f"{SVG}text[@class='{kind}']")]


def badge(value: Value) -> str:
    value.label = "the output"
    (sign,) = texts(cards(draw(value, engine="builtin"))["the output"], "sign")
    return sign


def neuron() -> Value:
    w, x, b = Value(0.5, label="w"), Value(-1.25, label="x"), Value(2.0, label="b")
    output = (w * x + b).tanh()
    output.label = "o"
    return output


def chain(length: int) -> Value:
    x = Value(1.0, label="x")
    for _ in range(length):
        x = -x
    return x


# What is shown -----------------------------------------------------------------------------------


def test_a_card_for_each_value_and_an_edge_for_each_operand() -> None:
    drawing = draw(neuron(), engine="builtin")
    assert set(cards(drawing)) == {"w", "x", "b", "v1", "v2", "o"}
    assert len(edges(drawing)) == 5
    assert texts(cards(drawing)["w"], "number") == ["0.5"]


def test_a_repeated_operand_has_two_edges_to_two_ports() -> None:
    a = Value(3.0)
    drawn = edges(draw(a * a, engine="builtin"))
    assert len(set(drawn)) == 2
    assert len({path.rsplit(" ", 1)[1] for path in drawn}) == 2


def test_a_shared_operand_is_one_card() -> None:
    a = Value(3.0, label="a")
    drawing = draw(a.tanh() * a.exp(), engine="builtin")
    assert len(cards(drawing)) == 4
    assert len(edges(drawing)) == 4


def test_operands_of_any_number_each_have_an_edge() -> None:
    values = [Value(float(i)) for i in range(5)]
    assert len(edges(draw(autograd.sum(values), engine="builtin"))) == 5
    product = autograd.dot(values, values, values[0])
    assert len(edges(draw(product, engine="builtin"))) == 11


def test_a_single_leaf() -> None:
    drawing = draw(Value(2.0, label="alone"), engine="builtin")
    assert list(cards(drawing)) == ["alone"]
    assert edges(drawing) == []
    assert repr(drawing).startswith("<Drawing of 1 value,")


def test_leaves_differ_by_more_than_colour() -> None:
    drawn = cards(draw(neuron(), engine="builtin"))
    widths = {name: card.find(f"{SVG}rect").get("stroke-width", "1") for name, card in drawn.items()}  # type: ignore[union-attr]
    assert {widths[name] for name in "wxb"}.isdisjoint({widths[name] for name in ("v1", "v2", "o")})


def test_no_gradient_is_a_dash_and_zero_is_zero() -> None:
    output = neuron()
    before = cards(draw(output, engine="builtin"))
    assert all(texts(card, "slope") == ["–"] for card in before.values())
    output.backward()
    after = cards(draw(output, engine="builtin"))
    assert texts(after["o"], "slope") == ["1"]
    x = Value(-1.0, label="x")
    x.relu().backward()
    assert texts(cards(draw(x, engine="builtin"))["x"], "slope") == ["0"]


def test_automatic_names_are_quiet_and_avoid_labels() -> None:
    drawn = cards(draw(Value(1.0, label="v1") + Value(2.0), engine="builtin"))
    assert set(drawn) == {"v1", "v2", "v3"}
    assert texts(drawn["v1"], "name") == ["v1"]
    assert texts(drawn["v2"], "name") == []
    assert "v2" in texts(drawn["v2"], "quiet")


@pytest.mark.parametrize("label", ["", "  ", "\n"])
def test_a_blank_label_is_none(label: str) -> None:
    assert list(cards(draw(Value(1.0, label=label), engine="builtin"))) == ["v1"]


def test_badges_show_operations_and_constants() -> None:
    a, b = Value(2.0), Value(3.0)
    assert badge(a + b) == "+"
    assert badge(a.tanh()) == "tanh"
    assert badge(a**2) == "**2"
    assert badge(2**a) == "2 **"
    assert badge(a * 3) == "* 3"
    assert badge(2 - a) == "2 -"
    assert badge(a / 1e-7) == "/ 1e-7"
    assert badge(a * -1.25e-100) == "* -1.3e-100"
    assert badge(autograd.max(a, 0)) == "max(·, 0)"
    assert badge(autograd.sum([a, b, 1.5])) == "Σ(…, 1.5)"
    assert badge(autograd.sum([a, *[0.123456] * 20])) == "Σ(…)"


def test_a_badge_leaves_room_for_a_name() -> None:
    long = primitive("a_very_long_name_of_a_primitive", lambda x: x, (lambda z, x: 1,))
    assert len(badge(long(Value(1.0)))) <= BADGE
    assert (
        len(badge(autograd.primitive("_hidden", lambda x, y: x, (lambda z, x, y: 1,) * 2)(Value(1.0), 2)))
        <= 12
    )


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (2 / 3, "0.66667"),
        (-0.00004, "-4e-5"),
        (123456.0, "1.2346e5"),
        (1e300, "1e300"),
        (-1.23456e-100, "-1.23e-100"),
        (float("inf"), "inf"),
        (float("-inf"), "-inf"),
        (float("nan"), "nan"),
    ],
)
def test_numbers(number: float, text: str) -> None:
    assert words.number(number) == text


@given(st.floats(-1e300, 1e300) | st.sampled_from([float("inf"), float("-inf"), float("nan")]))
def test_numbers_fit_their_card_and_are_near(number: float) -> None:
    text = words.number(number)
    assert len(text) <= 10
    assert float(text) == pytest.approx(number, rel=0.005, nan_ok=True)


# Edges -------------------------------------------------------------------------------------------


def chips(drawing: Drawing) -> list[tuple[str, str]]:
    """Numbers on edges, each with its tooltip."""
    groups = parsed(drawing).findall(f"{SVG}g[@class='partial']")
    return [(group.findtext(f"{SVG}text") or "", group.findtext(f"{SVG}title") or "") for group in groups]


def test_each_edge_carries_its_local_derivative_and_says_what_the_chain_rule_makes_of_it() -> None:
    a, b = Value(2.0, label="a"), Value(1.0, label="b")
    c, d = a + b, b + 1
    c.label, d.label = "c", "d"
    e = c * d
    e.label = "e"
    assert sorted(chips(draw(e, engine="builtin"))) == [
        ("1", "a is an operand of c\nupstream 2 × local 1 = 2"),
        ("1", "b is an operand of c\nupstream 2 × local 1 = 2"),
        ("1", "b is an operand of d\nupstream 3 × local 1 = 3"),
        ("2", "c is an operand of e\nupstream 1 × local 2 = 2"),
        ("3", "d is an operand of e\nupstream 1 × local 3 = 3"),
    ]
    assert not a.has_grad
    assert not c.has_grad


def test_both_edges_of_a_square_carry_theirs() -> None:
    a, b = Value(3.0, label="a"), Value(5.0, label="b")
    assert [text for text, _ in chips(draw(a * a, engine="builtin"))] == ["3", "3"]
    assert [text for text, _ in chips(draw(a * b, engine="builtin"))] == ["5", "3"]
    assert [text for text, _ in chips(draw(a - 2 * b, engine="builtin"))] == ["2", "1", "-1"]


def test_published_local_derivatives_are_shown() -> None:
    w = [Value(x, label=f"w{i}") for i, x in enumerate((2.0, -3.0, -3.0))]
    x = [Value(-1.0, label="x0"), Value(-2.0, label="x1")]
    neuron = (w[0] * x[0] + w[1] * x[1] + w[2]).sigmoid()  # CS231n
    shown = [text for text, _ in chips(draw(neuron, engine="builtin"))]
    assert shown == ["-1", "2", "-2", "-3", "1", "1", "1", "1", "0.1966"]
    x1, x2 = Value(2.0, label="x1"), Value(5.0, label="x2")
    shown = [text for text, _ in chips(draw(x1.log() + x1 * x2 - x2.sin(), engine="builtin"))]
    assert shown == ["0.5", "5", "2", "1", "1", "0.2837", "1", "-1"]  # Baydin et al.


def test_numbers_on_edges_lie_on_them_and_off_cards_and_each_other() -> None:
    values = [Value(1.2345 * i - 3, label=f"x{i}") for i in range(7)]
    root = parsed(draw(autograd.dot(values[:3], values[3:6], values[6]).tanh() * values[0], engine="builtin"))
    found = []
    for rect in root.iter(f"{SVG}rect"):
        x, y, width, height = (float(rect.get(name, "0")) for name in ("x", "y", "width", "height"))
        if rect.get("class") == "chip":
            found.append((x, y, x + width, y + height))
    assert len(found) == 10
    for card in root.findall(f"{SVG}g[@class='card']"):
        x, y = map(float, re.findall(r"\d+", card.attrib["transform"]))
        size = card.find(f"{SVG}rect")
        assert size is not None
        found.append((x, y, x + float(size.attrib["width"]), y + float(size.attrib["height"])))
    for at, (left, top, right, bottom) in enumerate(found):
        for other_left, other_top, other_right, other_bottom in found[:at]:
            assert right <= other_left or other_right <= left or bottom <= other_top or other_bottom <= top


def test_the_parts_on_the_edges_from_a_value_add_up_to_its_gradient() -> None:
    a, b = Value(0.7, label="a"), Value(-1.3, label="b")
    output = (a * b + autograd.dot([a, b], [a, 2.0])).tanh() * a.exp() - b
    output.backward()
    parts: dict[str, float] = {}
    for _, details in chips(draw(output, engine="builtin")):
        operand, share = details.split(" is ")[0], float(details.split(" = ")[1])
        parts[operand] = parts.get(operand, 0.0) + share
    assert parts["a"] == pytest.approx(a.grad, rel=1e-3)
    assert parts["b"] == pytest.approx(b.grad, rel=1e-3)


def test_local_derivatives_are_shown_on_small_drawings_unless_switched() -> None:
    small, large = chain(10), chain(PARTIALS)
    assert len(chips(draw(small, engine="builtin"))) == 10
    assert chips(draw(small, partials=False, engine="builtin")) == []
    assert chips(draw(large, engine="builtin")) == []
    assert len(chips(draw(large, partials=True, engine="builtin"))) == PARTIALS


def test_operands_without_room_for_a_number_have_none() -> None:
    assert len(chips(draw(autograd.sum([Value(1.0)] * PORTS), engine="builtin"))) == PORTS
    assert chips(draw(autograd.sum([Value(1.0)] * (PORTS + 1)), engine="builtin")) == []


def test_a_changed_leaf_is_drawn_without_derivatives_and_refused_with_them() -> None:
    a = Value(3.0, label="a")
    output = a * a
    a.data = 4.0
    drawing = draw(output, engine="builtin")
    assert chips(drawing) == []
    assert len(edges(drawing)) == 2
    for wish in ({"partials": True}, {"highlight": a}, {"highlight": "largest"}):
        with pytest.raises(StaleGraphError):
            draw(output, engine="builtin", **wish)


def test_where_a_derivative_does_not_exist_the_rest_is_drawn() -> None:
    output = Value(-2.0) ** Value(3.0)
    assert len(edges(draw(output, engine="builtin"))) == 2
    with pytest.raises(DomainError):
        draw(output, partials=True)


def strokes(drawing: Drawing) -> dict[tuple[str, str], tuple[float, bool, bool]]:
    """Say for each edge, by its ends, how wide it is, whether faint and whether dashed."""
    found = {}
    for path in parsed(drawing).findall(f"{SVG}path"):
        ends = re.fullmatch(
            r"(.*) is an operand of (.*)", (path.findtext(f"{SVG}title") or "").split("\n")[0]
        )
        assert ends
        width = float(path.attrib["stroke-width"])
        found[ends[1], ends[2]] = (width, "opacity" in path.attrib, "stroke-dasharray" in path.attrib)
    return found


def test_the_ways_from_a_value_stand_out_by_width_and_the_rest_is_faint() -> None:
    output = neuron()
    drawing = draw(output, highlight=output.parents[0].parents[0].parents[1], engine="builtin")
    bold, faint = (picture.BOLD, False, False), (1.25, True, False)
    assert strokes(drawing) == {
        ("w", "v1"): faint,
        ("x", "v1"): bold,
        ("v1", "v2"): bold,
        ("b", "v2"): faint,
        ("v2", "o"): bold,
    }
    assert {name for name, card in cards(drawing).items() if "opacity" in card.attrib} == {"w", "b"}
    (derivative,) = autograd.gradients(output, [output.parents[0].parents[0].parents[1]])
    assert f"every way from x to o, together do/dx = {words.number(derivative)}" in drawing.svg


def test_an_interior_value_can_be_highlighted() -> None:
    output = neuron()
    drawn = strokes(draw(output, highlight=output.parents[0], engine="builtin"))
    assert [ends for ends, (width, *_) in drawn.items() if width == picture.BOLD] == [("v2", "o")]


def test_the_largest_parts_are_the_widest_and_negative_ones_dashed() -> None:
    a, b, c = Value(1.0, label="a"), Value(10.0, label="b"), Value(-4.0, label="c")
    output = a * b + c * a * 0.0 - c
    output.label = "z"
    drawn = strokes(draw(output, highlight="largest", engine="builtin"))
    assert max(drawn, key=lambda ends: drawn[ends][0]) == ("a", "v1")
    assert drawn["a", "v1"] == (picture.THICK, False, False)
    width, *others = drawn["c", "z"]
    assert width == pytest.approx(picture.THIN + 0.1 * (picture.THICK - picture.THIN), abs=0.01)
    assert others == [False, True]
    assert drawn["c", "v2"] == (picture.THIN, False, False)


@pytest.mark.parametrize("factor", [math.inf, math.nan])
def test_parts_that_are_not_finite_do_not_hide_the_others(factor: float) -> None:
    a, b = Value(2.0, label="a"), Value(factor, label="b")
    output = a * 3 + a * b
    output.label = "z"
    drawn = strokes(draw(output, highlight="largest", engine="builtin"))
    assert all(picture.THIN <= width <= picture.THICK for width, *_ in drawn.values())
    assert drawn["a", "v1"] == (picture.THICK, False, False)


@pytest.mark.parametrize("wish", ["all", 3, [Value(1.0)]])
def test_what_to_highlight_is_a_value_or_the_largest(wish: Any) -> None:
    with pytest.raises(DrawingError, match='highlight is an input of the graph, or "largest"'):
        draw(neuron(), highlight=wish)


def test_a_value_outside_the_graph_is_not_highlighted() -> None:
    with pytest.raises(DrawingError, match="is not in the graph of o"):
        draw(neuron(), highlight=Value(1.0))


def test_dot_has_the_same_numbers_and_widths() -> None:
    output = neuron()
    assert re.findall(r"label=([^< ]+)", to_dot(output).source) == ["-1.25", "0.5", "1", "1", "0.2259"]
    assert "label=1" not in to_dot(output, partials=False).source
    assert to_dot(output, highlight=output.parents[0]).source.count("penwidth=2.75") == 1
    assert to_dot(output, highlight="largest").source.count("style=dashed") == 1


# Boxes -------------------------------------------------------------------------------------------


def test_blocks_are_boxes_and_fold_to_cards() -> None:
    x = Value(0.5, label="x")
    with scopes() as seen:
        with scope("outer"):
            y = x * x
            with scope("inner"):
                y = (y + 1).exp()
        z = y.tanh()
    z.label = "z"
    drawing = draw(z, scopes=seen)
    assert drawing.engine == "builtin"
    frames = parsed(drawing).findall(f"{SVG}g[@class='frame']")
    assert [frame.findtext(f"{SVG}title") for frame in frames] == ["outer", "outer/inner"]
    folded = draw(z, scopes=seen, fold=("inner", "nothing else"), engine="builtin")
    assert set(cards(folded)) == {"x", "v1", "outer/inner", "z"}
    assert texts(cards(folded)["outer/inner"], "quiet") == ["2 values, no parameters", "data", "grad"]
    assert set(cards(draw(z, scopes=seen, fold="outer", engine="builtin"))) == {"x", "outer", "z"}
    source = to_dot(z, scopes=seen).source
    assert source.index("cluster_0") < source.index("cluster_1")
    assert "cluster" not in to_dot(z, scopes=seen, fold="outer").source


def test_a_folded_card_differs_by_more_than_colour() -> None:
    x = Value(0.5)
    with scopes() as seen, scope("square"):
        y = x * x
    drawn = cards(draw(y, scopes=seen, fold="square", engine="builtin"))
    assert [len(card.findall(f"{SVG}rect")) for card in drawn.values()] == [1, 2]


STEPS = st.lists(st.tuples(st.sampled_from("abc<>+"), st.integers(0, 99), st.integers(0, 99)), max_size=40)


@given(STEPS, st.sets(st.sampled_from("abc")))
def test_folding_makes_no_circle_and_loses_nothing(steps: list[tuple[str, int, int]], fold: set[str]) -> None:
    values = [Value(1.0, label="x"), Value(2.0, label="y")]
    with scopes() as seen, ExitStack() as stack:
        inside: list[ExitStack] = []
        for step, i, j in steps:
            if step in "abc":
                inside.append(stack.enter_context(ExitStack()))
                inside[-1].enter_context(scope(step))
            elif step == ">" and inside:
                inside.pop().close()
            elif step == "<":
                values.append(Value(0.5))
            elif step == "+":
                values.append(values[i % len(values)] + values[j % len(values)])
        output = autograd.sum(values[-5:])
    there = {call.name for call in seen.calls}
    sheet = read(output, depth=None, partials=None, highlight=None, scopes=seen, fold=fold & there)
    order: TopologicalSorter[int] = TopologicalSorter()
    for edge in sheet.edges:
        assert edge.operand != edge.result
        order.add(edge.result, edge.operand)
    order.prepare()  # refuses a circle
    interior, leaves = autograd.topological_order(output)
    counts = [card.rows[0][0] for card in sheet.cards if card.kind == "folded"]
    inside_cards = sum(int(number) for text in counts for number in re.findall(r"\d+", text))
    assert inside_cards + sum(card.kind != "folded" for card in sheet.cards) == len(interior) + len(leaves)
    draw(output, scopes=seen, fold=fold & there, engine="builtin")


def test_values_of_another_thread_make_no_circle_either() -> None:
    x = Value(1.0, label="x")
    with scopes() as seen, ThreadPoolExecutor(1) as pool:
        with scope("here"):
            first = x * 2
            theirs = pool.submit(lambda: first * 3).result()
            second = theirs + first
        output = pool.submit(lambda: second * theirs).result()
    drawing = draw(output, scopes=seen, fold="here", engine="builtin")
    assert set(cards(drawing)) == {"x", "here", "v4"}
    assert texts(cards(drawing)["here"], "quiet")[0] == "3 values, no parameters"


def test_what_cannot_be_folded_says_what_can() -> None:
    x = Value(0.5)
    with scopes() as seen, scope("square"):
        y = x * x
    with pytest.raises(ScopeError, match="no scope is called 'cube'; there are square"):
        draw(y, scopes=seen, fold="cube")
    with pytest.raises(DrawingError, match="only scopes can be folded"):
        draw(y, fold="square")
    with pytest.raises(DrawingError, match="scopes=seen"):
        draw(y, scopes=scopes(), fold="square")  # type: ignore[arg-type]


def test_a_large_graph_can_be_drawn_folded() -> None:
    x = Value(1.0, label="x")
    with scopes() as seen:
        y = x
        for _ in range(30):
            with scope("step"):
                for _ in range(1_000):
                    y = y * 1.0001
    drawing = draw(y, scopes=seen, fold="step", engine="builtin")
    assert len(cards(drawing)) == 31
    assert "31 cards for 30,001 values" in repr(drawing)


# SVG ---------------------------------------------------------------------------------------------


def test_it_is_accessible_and_fits_light_and_dark_pages() -> None:
    svg = draw(neuron(), engine="builtin").svg
    root = ET.fromstring(svg)  # noqa: S314 - our own text
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == "Computation graph of o"
    assert "6 values" in (root.findtext(f"{SVG}desc") or "")
    assert "prefers-color-scheme:dark" in svg
    assert "var(" not in svg
    assert set(picture.DARK) == set(picture.LIGHT)
    for shape in root.iter():
        if shape.tag in {f"{SVG}rect", f"{SVG}text", f"{SVG}path"}:
            assert re.fullmatch(r"none|#[0-9a-f]{6}", shape.attrib["fill"])


def test_styles_reach_no_further_than_the_drawing() -> None:
    style = parsed(draw(neuron(), engine="builtin")).findtext(f"{SVG}style") or ""
    rules = re.findall(r"([^{}]+)\{[^{}]*\}", style.split("{", 1)[1])
    assert rules
    assert all(rule.startswith(".glassgrad .") for rule in rules)


def test_arrowheads_are_in_user_units_and_belong_to_one_drawing() -> None:
    first, second = (draw(Value(x) * 2, engine="builtin") for x in (1.0, 3.0))
    (marker,) = parsed(first).iter(f"{SVG}marker")
    assert marker.get("markerUnits") == "userSpaceOnUse"
    assert f"url(#{marker.get('id')})" in first.svg
    assert f"url(#{marker.get('id')})" not in second.svg


def test_it_is_drawn_inside_its_frame() -> None:
    drawing = draw(neuron(), engine="builtin")
    root = parsed(drawing)
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"
    for card in cards(drawing).values():
        x, y = map(int, re.findall(r"\d+", card.attrib["transform"]))
        assert x + picture.WIDTH < int(root.attrib["width"])
        assert y + picture.HEIGHT < int(root.attrib["height"])


@pytest.mark.parametrize("label", NASTY)
def test_labels_stay_text(label: str) -> None:
    value = Value(1.0, label=label) * 2
    value.label = label
    drawing = draw(value, engine="builtin")
    plain = draw(Value(1.0) * 2, engine="builtin")
    assert [x.tag for x in parsed(drawing).iter()] == [x.tag for x in parsed(plain).iter()]
    drawing.svg.encode()
    for card in parsed(drawing).findall(f"{SVG}g[@class='card']"):
        (name,) = texts(card, "name")
        assert len(name) <= 16
        assert "\u202e" not in name
    source = to_dot(value).source
    assert len(re.findall(r"^\t\S+ -> ", source, re.MULTILINE)) == 1
    source.encode()


@given(st.text())
def test_any_label_gives_xml(label: str) -> None:
    value = Value(1.0, label=label).exp()
    value.label = label
    assert len(cards(draw(value, engine="builtin"))) in {1, 2}
    to_dot(value).source.encode()


def test_a_long_label_is_cut_and_whole_in_the_tooltip() -> None:
    label = "a long label, longer than its card"
    (name,) = texts(cards(draw(Value(1.0, label=label), engine="builtin"))[label], "name")
    assert name.endswith("…")
    assert label.startswith(name[:-1])


def test_the_tooltip_has_the_whole_numbers_and_the_operation() -> None:
    output = Value(1 / 3, label="a") * 3.5
    output.backward()
    tooltip = cards(draw(output, engine="builtin"))["v1"].findtext(f"{SVG}title") or ""
    assert tooltip.split("\n")[1:] == [f"data {output.data!r}", "grad 1.0", "mul(a, 3.5)"]


def test_the_same_graph_gives_the_same_text() -> None:
    assert draw(neuron(), engine="builtin").svg == draw(neuron(), engine="builtin").svg
    program = (
        "from autograd import Value, draw, to_dot\n"
        "x = [Value(float(i), label=f'x{i}') for i in range(9)]\n"
        "z = sum((a * b).tanh() for a in x for b in x)\n"
        "print(draw(z, engine='builtin').svg, to_dot(z).source)"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(printed) == 1


def test_a_drawing_is_of_the_moment_it_was_made() -> None:
    output = neuron()
    drawing = draw(output, engine="builtin")
    before = drawing.svg
    output.backward()
    assert drawing._repr_svg_() == before
    assert draw(output, engine="builtin").svg != before


@pytest.mark.skipif(shutil.which("rsvg-convert") is None, reason="librsvg is not installed")
def test_librsvg_renders_it(tmp_path: Path) -> None:
    draw(neuron(), engine="builtin").save(tmp_path / "neuron.svg")
    subprocess.run(["rsvg-convert", "neuron.svg", "-o", "neuron.png"], cwd=tmp_path, check=True)  # noqa: S607
    assert (tmp_path / "neuron.png").stat().st_size > 1000


# Saving and showing ------------------------------------------------------------------------------


def test_save_writes_what_the_name_says(tmp_path: Path) -> None:
    drawing = draw(neuron(), engine="builtin")
    for name in ("a.svg", "a.SVG", "a.dot", "a.gv"):
        drawing.save(tmp_path / name)
    drawing.save(str(tmp_path / "text.svg"))
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == drawing.svg
    assert (tmp_path / "text.svg").read_text(encoding="utf-8") == drawing.svg
    assert (tmp_path / "a.SVG").read_text(encoding="utf-8") == drawing.svg
    assert (tmp_path / "a.gv").read_text(encoding="utf-8").startswith("digraph")
    assert (tmp_path / "a.dot").read_text(encoding="utf-8") == to_dot(neuron()).source


@pytest.mark.parametrize("name", ["a.png", "a.pdf", "a", "svg"])
def test_save_refuses_other_suffixes(tmp_path: Path, name: str) -> None:
    with pytest.raises(DrawingError, match=r"\.svg, \.tex, \.dot or \.gv"):
        draw(neuron(), engine="builtin").save(tmp_path / name)
    assert not (tmp_path / name).exists()


def test_how_it_prints() -> None:
    drawing = draw(neuron(), engine="builtin")
    assert drawing.engine == "builtin"
    text = '<Drawing of 6 values, laid out by glassgrad: save("graph.svg") or show in a notebook>'
    assert repr(drawing) == text


# DOT ---------------------------------------------------------------------------------------------


def test_dot_has_a_node_for_each_value_and_an_edge_for_each_slot() -> None:
    a = Value(3.0, label="a")
    source = to_dot(a * a + 1).source
    assert source.count("<<table") == 3
    assert re.findall(r"(\d+):e -> (\d+):(\d+):w", source) == [
        ("0", "1", "0"),
        ("0", "1", "1"),
        ("1", "2", "0"),
    ]


def test_dot_shows_a_dash_and_marks_what_is_left_out() -> None:
    assert to_dot(neuron()).source.count("–") == 6
    assert "…" not in to_dot(neuron()).source
    assert to_dot(neuron(), depth=1).source.count("…") == 1


# Parts and limits --------------------------------------------------------------------------------


def test_depth_counts_operations_from_the_output() -> None:
    output = neuron()
    sizes = [len(cards(draw(output, depth=depth, engine="builtin"))) for depth in range(5)]
    assert sizes == [1, 2, 4, 6, 6]
    part = cards(draw(output, depth=2, engine="builtin"))
    assert [name for name, card in part.items() if "…" in texts(card, "name")] == ["v1"]
    assert set(part) <= set(cards(draw(output, engine="builtin")))  # names do not depend on the part


def test_depth_takes_the_shortest_way() -> None:
    a = Value(2.0, label="a")
    output = a.tanh().exp() + a
    assert "a" in cards(draw(output, depth=1, engine="builtin"))


@pytest.mark.parametrize("depth", [-1, 1.5, "2"])
def test_a_depth_is_a_count(depth: Any) -> None:
    with pytest.raises(DrawingError, match="depth counts operations"):
        draw(neuron(), depth=depth)
    with pytest.raises(DrawingError, match="depth counts operations"):
        to_dot(neuron(), depth=depth)


def test_a_large_graph_is_refused_with_advice_and_a_part_can_be_drawn() -> None:
    output = chain(200_000)
    for refuse in (draw, to_dot):
        with pytest.raises(DrawingError, match=r"200,001 values .* 2,000; .* draw\(value, depth=4\)"):
            refuse(output)
    part = draw(output, depth=4, engine="builtin")
    assert len(cards(part)) == 5


def test_the_limit_itself_is_drawn() -> None:
    assert len(cards(draw(chain(LIMIT - 1)))) == LIMIT
    with pytest.raises(DrawingError):
        draw(chain(LIMIT))


def test_it_does_not_recurse() -> None:
    output = chain(1_900)
    depth, frame = 0, sys._getframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back  # type: ignore[assignment]
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + 60)
    try:
        drawing = draw(output, engine="builtin")
    finally:
        sys.setrecursionlimit(limit)
    assert len(edges(drawing)) == 1_900


# Refusing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("thing", [1.0, "x", None, [Value(1.0)], Value])
def test_only_a_value_is_drawn(thing: Any) -> None:
    for refuse in (draw, to_dot):
        with pytest.raises(OperandError, match="one Value, the output"):
            refuse(thing)


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(DrawingError, match='"auto", "dot" or "builtin"'):
        draw(neuron(), engine="neato")  # type: ignore[arg-type]


def test_errors_are_ours_and_values() -> None:
    assert issubclass(DrawingError, AutogradError)
    assert issubclass(DrawingError, ValueError)


# With and without `dot` --------------------------------------------------------------------------


def test_without_dot_we_lay_out_ourselves_and_dot_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert draw(neuron()).engine == "builtin"
    assert to_dot(neuron()).source
    with pytest.raises(DrawingError, match=r'install Graphviz.*engine="builtin"'):
        draw(neuron(), engine="dot")


@pytest.mark.skipif(os.name == "nt", reason="needs a shell script as a program")
def test_a_dot_that_fails_is_passed_over_unless_asked_for(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    broken = tmp_path / "dot"
    broken.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert draw(neuron()).engine == "builtin"
    with pytest.raises(DrawingError, match="could not lay out"):
        draw(neuron(), engine="dot")


@pytest.mark.skipif(os.name == "nt", reason="needs a shell script as a program")
def test_the_answer_of_dot_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answer = tmp_path / "answer.json"
    answer.write_text(
        '{"bb": "0,0,268,60", "objects": [{"name": "0", "pos": "58,30"}, {"name": "1", "pos": "210,30"}],'
        ' "edges": [{"id": "1", "pos": "116,30 130,30 140,15 152,15"},'
        ' {"id": "0", "pos": "116,30 130,30 140,45 152,45"}]}',
        encoding="utf-8",
    )
    program = tmp_path / "dot"
    program.write_text(f"#!/bin/sh\nwhile read -r line; do :; done\n/bin/cat {answer}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    a = Value(3.0, label="a")
    drawing = draw(a * a)
    assert drawing.engine == "dot"
    assert "laid out by dot" in repr(drawing)
    assert edges(drawing) == ["M128,42C142,42 152,27 156,27", "M128,42C142,42 152,57 156,57"]
    assert [card.get("transform") for card in cards(drawing).values()] == [
        "translate(12,12)",
        "translate(164,12)",
    ]
    assert draw(chain(view.DOT_LIMIT)).engine == "builtin"


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_dot_lays_out_the_same_cards(tmp_path: Path) -> None:
    output = neuron()
    drawing = draw(output, engine="dot")
    ours = draw(output, engine="builtin")
    assert drawing.engine == draw(output).engine == "dot"
    assert cards(drawing).keys() == cards(ours).keys()
    assert len(edges(drawing)) == len(edges(ours))
    for name, card in cards(drawing).items():
        assert [x.text for x in card.iter()] == [x.text for x in cards(ours)[name].iter()]
    labels = autograd.sum([Value(1.0, label=label) for label in NASTY])
    assert len(edges(draw(labels, engine="dot"))) == len(NASTY)
    path = tmp_path / "labels.dot"
    draw(labels, engine="builtin").save(path)
    done = subprocess.run(["dot", "-Tsvg", str(path)], capture_output=True, check=True)  # noqa: S607
    assert b"rror" not in done.stderr


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_dot_draws_boxes_numbers_and_highlights_if_asked(tmp_path: Path) -> None:
    x = Value(0.5, label="x")
    with scopes() as seen, ExitStack() as stack:
        for name in NASTY:
            stack.enter_context(scope(name))
        y = x * x
    for wish in ({}, {"fold": NASTY[-1]}, {"highlight": x}, {"highlight": "largest"}):
        drawing = draw(y, scopes=seen, engine="dot", **wish)
        frames = parsed(drawing).findall(f"{SVG}g[@class='frame']")
        assert len(frames) == len(NASTY) - ("fold" in wish)
        drawing.save(tmp_path / "boxes.dot")
        done = subprocess.run(["dot", "-Tsvg", "boxes.dot"], cwd=tmp_path, capture_output=True, check=True)  # noqa: S607
        assert b"rror" not in done.stderr
    assert draw(y, scopes=seen).engine == "builtin"


def test_a_number_lies_on_its_edge_whichever_curve_that_is() -> None:
    route = [(0, 0), (20, 0), (30, 40), (50, 40), (60, 40), (61, 70), (62, 70)]
    chip = picture.chip(Edge(0, 1, "-1.234", ""), route)
    assert 0 < chip.x < 50
    assert 0 < chip.y < 40
    assert picture.chip(Edge(0, 1, "1", ""), [(0, 7), (20, 7), (30, 7), (90, 7)]).y == 7
