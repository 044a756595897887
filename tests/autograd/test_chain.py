"""Explanations add up: paths, their products, and what goes wrong in a wrong order."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

import pytest
from hypothesis import given, strategies as st

import autograd
from autograd import TABLE, OperandError, StaleGraphError, Value, gradients, primitive, topological_order
from autograd.views.chain import LARGEST, ChainError, Lesson, explain
from autograd.views.order import why_order

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def colah() -> tuple[Value, Value, Value]:
    a, b = Value(2.0, label="a"), Value(1.0, label="b")
    return (a + b) * (b + 1), a, b


def widest(text: str) -> int:
    def cells(x: str) -> int:
        return 0 if x == "\u200d" else 1 + (east_asian_width(x) in {"W", "F"})

    return max(sum(map(cells, line)) for line in text.splitlines())


def all_paths(output: Value, wrt: Value) -> list[tuple[list[Value], float]]:
    """Walk every path, with the local derivatives that gradients gives for one operation alone."""
    if output is wrt:
        return [([output], 1.0)]
    if output.primitive is None:
        return []
    operands = [Value(x.data) if isinstance(x, Value) else x for x in output.operands]
    copies = [x for x in operands if isinstance(x, Value)]
    locals_ = gradients(output.primitive(*operands), copies)
    return [
        ([output, *nodes], product * local)
        for parent, local in zip(output.parents, locals_, strict=True)
        for nodes, product in all_paths(parent, wrt)
    ]


def random_graph(seed: int, size: int) -> tuple[Value, Value]:
    rng = random.Random(seed)
    x = Value(0.7, label="x")
    nodes = [x, Value(1.3, label="y")]
    operations: list[Callable[[Value, Value], Value]] = [
        lambda a, b: a + b,
        lambda a, b: a * b - 0.5,
        lambda a, b: (a - b).tanh(),
        lambda a, b: autograd.max([a, b, a, 0.1]),
        lambda a, _: a * a * 2,
        lambda a, b: autograd.dot([a, b], [b, 0.25], a),
    ]
    for _ in range(size):
        nodes.append(rng.choice(operations)(rng.choice(nodes[-4:]), rng.choice(nodes)))
    return nodes[-1], x


def test_two_paths_reach_b() -> None:
    z, _, b = colah()
    explanation = explain(z, b)
    assert (explanation.derivative, explanation.path_count) == (5.0, 2)
    assert [path.product for path in explanation.paths] == [3.0, 2.0]
    assert [path.factors for path in explanation.paths] == [(3.0, 1.0), (2.0, 1.0)]
    assert all(path.nodes[0] is z and path.nodes[-1] is b for path in explanation.paths)
    assert "dv3/db is a sum over 2 paths, because b is used more than once" in explanation.text
    assert "b adds up 3 + 2 = 5" in explanation.text


def test_one_path_is_a_composition() -> None:
    x = Value(0.8, label="x")
    explanation = explain((x**2).sin().exp(), x)
    assert explanation.path_count == 1
    assert "v3 = h(g(f(x)))      f acts first, h last" in explanation.text
    assert "h: v3 = exp(v2)" in explanation.text
    assert "dv1/dx = 2 * x" in explanation.text
    assert math.prod(explanation.paths[0].factors) == pytest.approx(explanation.derivative, rel=1e-15)


def test_an_operand_used_twice_makes_two_paths() -> None:
    a = Value(1.0, label="a")
    b = a + a
    c = b + b
    explanation = explain(c, a)
    assert (explanation.derivative, explanation.path_count) == (4.0, 4)
    assert [path.product for path in explanation.paths] == [1.0] * 4
    assert [path.nodes for path in explanation.paths] == [(c, b, a)] * 4


def test_millions_of_millions_of_paths_are_counted_without_walking_them() -> None:
    x = top = Value(1.0, label="x")
    for _ in range(45):
        top = top + top
    explanation = explain(top, x)
    assert explanation.path_count == 2**45
    assert explanation.derivative == 2.0**45
    assert len(explanation.paths) == LARGEST
    assert f"… and {2**45 - 5:,} more paths, together 3.5184e13" in explanation.text
    for _ in range(955):
        top = top + top
    explanation = explain(top, x)
    assert explanation.path_count == 2**1000
    assert "a sum over more than 10^301 paths" in explanation.text


@given(st.integers(0, 2**32), st.integers(1, 9))
def test_the_largest_paths_are_those_of_all(seed: int, size: int) -> None:
    z, x = random_graph(seed, size)
    explanation, expected = explain(z, x), all_paths(z, x)
    products = sorted((abs(product) for _, product in expected), reverse=True)
    assert explanation.path_count == len(expected)
    assert [abs(path.product) for path in explanation.paths] == pytest.approx(products[:LARGEST], rel=1e-9)
    assert sum(product for _, product in expected) == pytest.approx(gradients(z, [x])[0], rel=1e-9, abs=1e-12)
    walked = {tuple(map(id, nodes)) for nodes, _ in expected}
    for path in explanation.paths:
        assert tuple(map(id, path.nodes)) in walked
        assert math.prod(path.factors) == pytest.approx(path.product, rel=1e-9, abs=1e-300)
    if len(expected) <= LARGEST:
        total = sum(path.product for path in explanation.paths)
        assert total == pytest.approx(explanation.derivative, rel=1e-9, abs=1e-12)
    assert widest(explanation.text) <= 80
    assert widest(why_order(z).text) <= 80


def test_constants_are_no_paths_and_need_no_derivative() -> None:
    x = Value(-3.0, label="x")
    explanation = explain(2 * x**2.0, x)  # the derivative by the exponent would need log(-3)
    assert (explanation.derivative, explanation.path_count) == (-12.0, 1)


def test_interior_values_are_explained_too() -> None:
    x = Value(2.0, label="x")
    y = x * x
    explanation = explain(y.exp() + y, y)
    assert explanation.path_count == 2
    assert explanation.derivative == pytest.approx(math.exp(4) + 1)
    assert " x " not in explanation.text.partition("Along")[0]


def test_no_path_and_the_value_itself() -> None:
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    nothing = explain(x * 2, y)
    assert (nothing.derivative, nothing.path_count, nothing.paths) == (0.0, 0, [])
    assert "No path leads from y to v1" in nothing.text
    itself = explain(x, x)
    assert (itself.derivative, itself.path_count) == (1.0, 1)
    assert itself.paths[0].nodes == (x,)


def test_infinite_slopes_and_blocked_ones() -> None:
    x = Value(0.0, label="x")
    explanation = explain(x.sqrt(), x)
    assert explanation.derivative == math.inf
    assert "0.5 / v1" in explanation.text
    assert "They differ" in explanation.text
    blocked = explain(x.relu(), x)
    assert blocked.paths[0].product == 0.0
    assert "relu lets it through where the operand is positive" in blocked.text


def test_a_nudge_out_of_the_domain_is_reported() -> None:
    x = Value(1.0, label="x")
    text = " ".join(explain((1 - x).sqrt(), x).text.split())
    assert "That cannot be done here: sqrt is not defined at x = -" in text
    smooth = explain((1 + x).sqrt(), x).text
    assert "They agree" in smooth


def test_every_operation_has_its_sentence() -> None:
    gates = {row.name for row in TABLE.values() if row.gate}
    assert gates == {row.name for row in TABLE.values() if not row.name.startswith("_")}
    slopes = {
        name: [gradients(TABLE[name](v := Value(0.1 * i)), [v])[0] for i in range(-60, 61)]
        for name in gates
        if name in {"tanh", "sigmoid", "softplus", "relu", "step", "abs", "sign", "sin", "cos"}
    }
    assert max(slopes["tanh"]) == 1.0
    assert max(slopes["sigmoid"]) == 0.25
    assert all(0 < slope < 1 for slope in slopes["softplus"])
    assert not any(slopes["step"] + slopes["sign"])
    assert all(abs(slope) <= 1 for slope in slopes["sin"] + slopes["cos"])
    assert slopes["abs"][0] == -1.0
    assert (slopes["relu"][0], slopes["relu"][-1]) == (0.0, 1.0)


def test_an_operation_of_ones_own_gets_a_general_sentence() -> None:
    cube = primitive("cube", lambda x: x * x * x, (lambda z, x: 3 * x * x,))
    hypotenuse = primitive("hypotenuse", math.hypot, (lambda z, x, y: x / z, lambda z, x, y: y / z))
    x = Value(2.0, label="x")
    text = " ".join(explain(hypotenuse(cube(x), 3.0), x).text.split())
    assert "cube multiplies it by 3 * x * x on the way to x" in text
    assert "hypotenuse multiplies it by x / z on the way to x, by y / z on the way to y" in text
    firsts = primitive("firsts", lambda *xs: xs[0], lambda z, *xs: [1, *[0] * (len(xs) - 1)])
    assert "firsts multiplies it, for every operand" in explain(firsts(x, 1.0, x), x).text


def cases() -> list[tuple[Value, list[Value]]]:
    x1, x2 = Value(2.0, label="x1"), Value(5.0, label="x2")
    w = [Value(v, label=f"w{i}") for i, v in enumerate([2.0, -3.0, -3.0])]
    xs = [Value(v, label=f"x{i}") for i, v in enumerate([-1.0, -2.0])]
    z, a, b = colah()
    baydin = x1.log() + x1 * x2 - x2.sin()
    return [(baydin, [x1, x2]), ((w[0] * xs[0] + w[1] * xs[1] + w[2]).sigmoid(), [*w, *xs]), (z, [a, b])]


LABELS = ["<script>", "a|b", "{x}", '"', "🦊" * 9, "שלום עולם", "n" * 500, "```\n# no", "\x1b[31m", "  "]


def odd_labels() -> tuple[Value, list[Value]]:
    leaves = [Value(0.1 * i + 0.1, label=label) for i, label in enumerate(LABELS)]
    z = leaves[0]
    for leaf in leaves[1:]:
        z = (z * leaf).sigmoid() + leaf
        z.label = "👩‍🚀 sum of everything so far, and more"
    return z, leaves


def test_text_stays_within_80_columns() -> None:
    for z, leaves in (*cases(), odd_labels()):
        assert widest(why_order(z).text) <= 80
        for leaf in leaves:
            explanation = explain(z, leaf)
            assert widest(explanation.text) <= 80, explanation.text
            assert "\x1b" not in explanation.text
            assert explanation.text.isprintable() or set(explanation.text) & {"\n", "\u200d"}
            assert not any(line != line.rstrip() for line in explanation.text.splitlines())


def test_the_published_gradients_are_explained() -> None:
    (baydin, (x1, x2)), (neuron, (w0, *_)), _ = cases()
    assert explain(baydin, x1).derivative == 5.5
    assert explain(baydin, x2).derivative == pytest.approx(1.7163378145367738, rel=1e-12)
    assert "dv5/dv4 = v5 * (1 - v5) " in explain(neuron, w0).text


def test_a_hundred_thousand_steps_are_told_in_short() -> None:
    x = y = Value(0.5, label="x")
    for _ in range(50_000):
        y = (y + 1e-6).sin()
    explanation = explain(y, x)
    lesson = why_order(y)
    assert explanation.path_count == 1
    assert len(explanation.paths[0].nodes) == 100_001
    assert "f100000(f99999(… f2(f1(x)) …))" in explanation.text
    assert "99,988 more rows" in explanation.text
    assert len(explanation.text.splitlines()) < 50
    assert len(lesson.text.splitlines()) < 30


def test_a_wide_sum_is_told_in_short() -> None:
    xs = [Value(1.0, label=f"x{i}") for i in range(20_000)]
    explanation = explain(autograd.sum(xs) * autograd.dot(xs, xs), xs[7])
    assert explanation.path_count == 3
    assert explanation.derivative == 20_000 + 2 * 20_000
    assert "v1 = sum(… 20,000 operands …)" in explanation.text
    assert explain(autograd.sum([xs[0]] * 20_000), xs[0]).path_count == 20_000


def test_nothing_is_left_behind() -> None:
    z, a, b = colah()
    explain(z, b)
    why_order(z)
    assert not any(node.has_grad for part in topological_order(z) for node in part)
    a.data = 3.0
    with pytest.raises(StaleGraphError):
        explain(z, b)
    with pytest.raises(StaleGraphError):
        why_order(z)


@pytest.mark.parametrize("wrong", [2.0, None, "x"])
def test_what_is_not_a_value_is_refused(wrong: Any) -> None:
    with pytest.raises(OperandError, match="is of a Value"):
        explain(wrong, Value(1.0))
    with pytest.raises(OperandError, match="is of a Value"):
        explain(Value(1.0), wrong)
    with pytest.raises(OperandError, match="is of a Value"):
        why_order(wrong)


def test_saving(tmp_path: Path) -> None:
    z, leaves = odd_labels()
    for lesson in (explain(z, leaves[7]), why_order(z)):
        lesson.save(tmp_path / "lesson.txt")
        assert (tmp_path / "lesson.txt").read_text(encoding="utf-8") == f"{lesson}\n"
        lesson.save(tmp_path / "lesson.md")
        lines = (tmp_path / "lesson.md").read_text(encoding="utf-8").splitlines()
        assert all(line.startswith("    ") for line in lines if line)
        with pytest.raises(ChainError, match=r"\.txt or \.md"):
            lesson.save(tmp_path / "lesson.pdf")
        assert len(repr(lesson)) < 90
    assert isinstance(explain(z, z), Lesson)


def test_order_on_a_diamond() -> None:
    a = Value(1.0, label="a")
    b = a + a
    b.label = "b"
    c = b + b
    lesson = why_order(c)
    assert (lesson.right[a], lesson.hasty[a], lesson.overwritten[a]) == (4.0, 4.0, 1.0)
    text = " ".join(lesson.text.split())
    assert "Too early: breadth first or depth first, every node happened to wait" in text
    assert "= for +=: b is the first to go wrong. It is used 2 times" in text


@pytest.mark.parametrize("swapped", [False, True])
def test_order_where_one_way_is_longer(swapped: bool) -> None:  # noqa: FBT001 - a parameter of the test
    x = Value(0.5, label="x")
    y = x * x
    y.label = "y"
    side = y.exp()
    side.label = "side"
    z = side * y if swapped else y * side
    lesson = why_order(z)
    assert lesson.right[x] == pytest.approx(gradients(z, [x])[0], rel=1e-15)
    assert lesson.hasty[x] == pytest.approx(math.exp(0.25))
    text = " ".join(lesson.text.split())
    assert "Too early: y is the first to go wrong" in text
    assert "while side still owes it a share" in text
    assert "by way of v1 and" in text
    assert lesson.text.count("✗") == 3


def test_order_does_not_matter_on_a_chain() -> None:
    x = Value(0.5, label="x")
    lesson = why_order((x.tanh() * 3).exp())
    assert lesson.right == lesson.hasty == lesson.overwritten
    assert "All three agree, because every node is used only once" in lesson.text
    assert "✗" not in lesson.text


@given(st.integers(0, 2**32), st.integers(1, 30))
def test_the_right_order_gives_the_gradient(seed: int, size: int) -> None:
    z, x = random_graph(seed, size)
    lesson = why_order(z)
    leaves = topological_order(z)[1]
    expected = gradients(z, leaves)
    assert [lesson.right[leaf] for leaf in leaves] == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert x in lesson.right or x not in leaves
