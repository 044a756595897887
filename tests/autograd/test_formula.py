"""Formulas say what was computed: read back as Python, they give the same numbers."""

from __future__ import annotations

import math
import random
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

import autograd
from autograd import TABLE, OperandError, Value, formula, gradients, latex
from autograd.views.formula import LONGEST, FormulaError, latex_name
from tests.points import values_inside

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def read_back(text: str, leaves: dict[str, float]) -> float:
    """Run the lines of a formula as Python; the last one is its value."""
    text = re.sub(r"\n +", " ", text).replace("\n)", ")")  # long ones stand in parentheses
    names: dict[str, Any] = {**TABLE, **leaves}
    found = 0.0
    for line in text.splitlines():
        name, _, expression = line.rpartition(" = ")
        found = eval(expression, names)  # noqa: S307 - text that the test made
        names[name.strip()] = found
    return found


EXPRESSIONS: list[Callable[[Value, Value], Value]] = [
    lambda x, y: x.log() + x * y - y.sin(),
    lambda x, y: (x + y.sigmoid()) / (x.sigmoid() + (x + y) ** 2),
    lambda x, y: (x - (y - x)) * -((x / y) ** 3),
    lambda x, y: 2 ** (x * y) ** 0.5 + x**y,
    lambda x, y: ((x * y).tanh().exp() + (x / (y / x)).sqrt()).softplus(),
    lambda x, y: autograd.dot([x, y], [y, 3.0], x) * autograd.sum([x, y, x * y]),
    lambda x, y: autograd.logsumexp([x, y]) - abs(x - y).relu().cos(),
    lambda x, _y: x,
]


@pytest.mark.parametrize("f", EXPRESSIONS)
@given(x=st.floats(0.5, 2), y=st.floats(0.5, 2))
def test_text_reads_back_as_the_value_and_the_derivatives(
    f: Callable[[Value, Value], Value],
    x: float,
    y: float,
) -> None:
    a, b = Value(x, label="x"), Value(y, label="y")
    z = f(a, b)
    leaves = {"x": x, "y": y}
    assert read_back(formula(z).text, leaves) == pytest.approx(z.data, rel=1e-12, abs=1e-12)
    for leaf in (a, b):
        if leaf in autograd.topological_order(z)[1]:
            expected = gradients(z, [leaf])[0]
            assert read_back(formula(z, leaf).text, leaves) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(st.integers(0, 2**32), st.integers(5, 60))
def test_shared_graphs_read_back_and_their_lines_stay_short(seed: int, size: int) -> None:
    rng = random.Random(seed)
    x, y = Value(0.7, label="x"), Value(1.3, label="y")
    nodes = [x, y]
    operations: list[Callable[[Value, Value], Value]] = [
        lambda a, b: a + b * 0.5,
        lambda a, b: (a * b).tanh(),
        lambda a, b: a.sin() - b,
        lambda a, b: 0.3 * a,
    ]
    for i in range(size):
        nodes.append(operations[i % 4](rng.choice(nodes), rng.choice(nodes[-3:])))
    z = nodes[-1]
    written = formula(z)
    assert read_back(written.text, {"x": 0.7, "y": 1.3}) == pytest.approx(z.data, rel=1e-12)
    assert max(term.size for _, term in written.lines) <= 3 * LONGEST
    for leaf in autograd.topological_order(z)[1]:
        slope = read_back(formula(z, leaf).text, {"x": 0.7, "y": 1.3})
        assert slope == pytest.approx(gradients(z, [leaf])[0], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("f", "text", "by_x"),
    [
        (lambda x, y: x * y, "x * y", "y"),
        (lambda x, y: 1 * x + 0, "x", "1"),
        (lambda x, y: -(x * -1.0) - (-y), "x + y", "1"),
        (lambda x, y: x**2 - -3.0, "x ** 2 + 3", "2 * x"),
        (lambda x, y: x / 1 * -1.0, "-x", "-1"),
        (lambda x, y: (x * y).exp(), "exp(x * y)", "exp(x * y) * y"),
        (lambda x, y: x.tanh(), "tanh(x)", "1 - tanh(x) ** 2"),
        (lambda x, y: x * x, "x * x", "x + x"),
        (lambda x, y: x - (y - 1), "x - (y - 1)", "1"),
        (lambda x, y: x * y + x.sin() - x / y + x, "x * y + sin(x) - x / y + x", "y + cos(x) - 1 / y + 1"),
        (lambda x, y: x**0 + y, "1 + y", "0"),
        (lambda x, y: (x + y) * (x - 1), "(x + y) * (x - 1)", "x - 1 + x + y"),
    ],
)
def test_what_says_nothing_is_left_out(f: Callable[[Value, Value], Value], text: str, by_x: str) -> None:
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    assert formula(f(x, y)).text == text
    assert formula(f(x, y), x).text == by_x


def test_labels_break_a_formula_and_name_its_derivative() -> None:
    x, w, b = Value(2.0, label="x"), Value(-3.0, label="w"), Value(1.0, label="b")
    a = w * x + b
    a.label = "a"
    o = a.sigmoid()
    o.label = "o"
    assert formula(o).text == "a = w * x + b\no = sigmoid(a)"
    assert formula(o, w).text == "a = w * x + b\ndo/dw = sigmoid(a) * (1 - sigmoid(a)) * x"
    assert formula(o, a).latex.endswith(
        r"\frac{\partial o}{\partial a} &= "
        r"\sigma\left(a\right) \, \left(1 - \sigma\left(a\right)\right)" + "\n\\end{aligned}",
    )


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x, y: x / y, r"\frac{x}{y_{1}}"),
        (lambda x, y: (x + y) ** 2, r"{\left(x + y_{1}\right)}^{2}"),
        (lambda x, y: (x / y) ** 2, r"{\left(\frac{x}{y_{1}}\right)}^{2}"),
        (lambda x, y: x * (y * 2), r"x \, y_{1} \cdot 2"),
        (lambda x, y: 1e-5 * x, r"10^{-5} \, x"),
        (lambda x, y: 2.5e30 * x, r"2.5 \cdot 10^{30} \, x"),
        (lambda x, y: x * (-y), r"-x \, y_{1}"),
        (lambda x, y: x * Value(-2.0) ** 2 * -1.5, r"x \, {v1}^{2} \, \left(-1.5\right)"),
        (lambda x, y: abs(x).sqrt(), r"\sqrt{\left|x\right|}"),
        (lambda x, y: autograd.max(x, y, 0.0), r"\max\left(x, y_{1}, 0\right)"),
        (lambda x, y: x.softplus(), r"\operatorname{softplus}\left(x\right)"),
        (lambda x, y: x.leaky_relu(), r"\operatorname{LeakyReLU}\left(x\right)"),
        (lambda x, y: x.step(), r"\left[x > 0\right]"),
        (autograd.norm, r"\left\lVert \left(x, y_{1}\right) \right\rVert"),
        (
            lambda x, y: autograd.where(x, 1.0, y),
            r"\begin{cases} 1 & \text{if}\ 2 \\ 3 & \text{otherwise} \end{cases}",
        ),
        (lambda x, y: x.exp() ** 2, r"{\left(e^{x}\right)}^{2}"),
        (lambda x, y: x * -math.pi, r"x \, \left(-\pi\right)"),
        (lambda x, y: (2 / math.sqrt(math.pi)) ** x, r"{\left(\frac{2}{\sqrt{\pi}}\right)}^{x}"),
        (lambda x, y: 1e-5**x, r"{\left(10^{-5}\right)}^{x}"),
    ],
)
def test_latex(f: Callable[[Value, Value], Value], expected: str) -> None:
    written = latex(f(Value(2.0, label="x"), Value(3.0, label="y1")))
    assert re.sub(r"v_\{\d\}", "v1", written) == expected


@pytest.mark.parametrize("row", TABLE.values(), ids=repr)
def test_every_primitive_and_its_derivative_can_be_written(row: autograd.Primitive) -> None:
    z = row(*values_inside(row, random.Random(1)))
    leaves = list(dict.fromkeys(z.parents))
    values = {leaf.label or "": leaf.data for leaf in leaves}
    assert read_back(formula(z).text, values) == pytest.approx(z.data)
    for x, slope in zip(leaves, gradients(z, leaves), strict=True):
        assert read_back(formula(z, x).text, values) == pytest.approx(slope)
    for written in (latex(z), *[latex(z, x) for x in leaves]):
        assert written.count("{") == written.count("}")
        assert written.count(r"\left") == written.count(r"\right")


@pytest.mark.parametrize("row", [row for row in TABLE.values() if row.reading], ids=repr)
def test_what_a_reader_reads_is_what_is_computed(row: autograd.Primitive) -> None:
    assert row.reading is not None
    for point in ([0.5, 1.5, 2.0, 1.0, 3.0], [2.0, 3.0, 0.5, 2.0, 1.0], [1.25, 0.5, 4.0, 3.0, 2.0]):
        operands = point[:4] if row.variadic else point[: len(row.partials)]
        if row.domain is None or not row.domain.outside(*operands):
            assert row.reading(*operands) == pytest.approx(row(*operands), rel=1e-14)


@pytest.mark.parametrize("label", ["<script>", "a|b", "{x}", '"', "x_y", "50%", "a\\b", "~", "🦊", "x" * 500])
def test_labels_are_escaped(label: str) -> None:
    written = latex_name(label)
    bare = re.sub(r"\\[&%$#_{}]", "", written)
    assert bare.count("{") == bare.count("}")
    assert not re.search(r"(?<!\\)[%#$&]", written)
    assert len(written) < 120


def test_what_cannot_be_written_is_refused() -> None:
    x, other = Value(1.0, label="x"), Value(2.0)
    with pytest.raises(OperandError, match="Values"):
        formula(3.0)  # type: ignore[arg-type]
    with pytest.raises(FormulaError, match="does not depend"):
        formula(x * 2, other)
    long = x
    for _ in range(2_001):
        long = long * 1.5
    with pytest.raises(FormulaError, match="2,002 values are too many"):
        formula(long)


def test_the_constants_of_rows_are_written_as_what_they_stand_for() -> None:
    x = Value(0.5, label="x")
    written = [latex(z, x) for z in (x.log2(), x.log10(), x.erf(), x.erfc())]
    assert written == [
        r"\frac{\frac{1}{\ln\left(2\right)}}{x}",
        r"\frac{\frac{1}{\ln\left(10\right)}}{x}",
        r"\frac{2}{\sqrt{\pi}} \, e^{-{x}^{2}}",
        r"-\frac{2}{\sqrt{\pi}} \, e^{-{x}^{2}}",
    ]
    assert r"\frac{x}{\sqrt{2}}" in latex(x.gelu(), x)
    assert r"x \, \frac{1}{\sqrt{2 \pi}} \, e^{-0.5 \, {x}^{2}}" in latex(x.gelu(), x)


def test_a_division_by_a_constant_zero_is_written_down() -> None:
    x = Value(2.0, label="x")
    with autograd.ieee():
        z = x / 0.0
        assert (formula(z).text, formula(z, x).text) == ("x / 0", "1 / 0")
        assert r"\frac{\bar v_{1}}{0}" in autograd.trace(z).latex


def test_a_chain_at_the_limit_is_broken_into_lines() -> None:
    z = x = Value(1.0, label="x")
    for _ in range(900):
        z = (z * 1.001).sin()
    assert len(formula(z, x).lines) > 100
    assert gradients(z, [x])[0] == pytest.approx(read_back(formula(z, x).text, {"x": 1.0}), rel=1e-9)


def test_rows_of_a_user_are_written_like_others() -> None:
    softsign = autograd.primitive(
        "softsign",
        lambda x: x / (1 + abs(x)),
        (lambda z, x: 1 / (1 + autograd.abs(x)) ** 2,),
        latex=r"s\left({0}\right)",
    )
    x = Value(2.0, label="x")
    assert formula(softsign(x)).latex == r"s\left(x\right)"
    assert formula(softsign(x), x).text == "1 / (1 + abs(x)) ** 2"


def test_the_derivative_of_many_operands_names_what_it_would_repeat() -> None:
    xs = [Value(float(i), label=f"x{i}") for i in range(20)]
    xs[1].label = "t1"
    text = formula(autograd.max(xs), xs[0]).text
    assert [line for line in text.splitlines() if line[0] not in " )"] == [
        "v1 = (",
        "t2 = (",
        "(x0 == v1) / t2",
    ]
    assert len(formula(autograd.logsumexp(xs), xs[0]).latex) < 1_200


def test_the_sum_of_many_numbers_is_no_deep_recursion() -> None:
    xs = [Value(float(i), label=f"x{i}") for i in range(1_500)]
    written = formula(autograd.sum(xs))
    assert read_back(written.text, {f"x{i}": float(i) for i in range(1_500)}) == sum(range(1_500))
    assert max(map(len, written.text.splitlines())) <= 80
    assert formula(autograd.dot(xs[:700], xs[700:1_400]), xs[0]).text == "x700"


def test_long_sums_are_broken_before_a_sign() -> None:
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    output = x * y
    for i in range(20):
        output = output + (x * (y + float(i))).sin()
    written = formula(output, x)
    assert all(line[4:6] in {"y ", "+ "} or line[0] in "vz()" for line in written.text.splitlines())
    rows = written.latex.splitlines()[1:-1]
    assert len(rows) > 3
    assert all(row.startswith((r"& \quad {} + ", "v_", "& y")) for row in rows)


def test_a_formula_is_an_object_to_print_save_and_show(tmp_path: Path) -> None:
    x = Value(4.0, label="x")
    written = formula(x.sqrt() + 1)
    assert repr(written) == "<Formula: sqrt(x) + 1>"
    assert str(written) == "sqrt(x) + 1"
    assert written._repr_latex_() == r"$\displaystyle \sqrt{x} + 1$"
    written.save(tmp_path / "f.tex")
    written.save(tmp_path / "f.txt")
    assert (tmp_path / "f.tex").read_text() == "\\[\n\\sqrt{x} + 1\n\\]\n"
    assert (tmp_path / "f.txt").read_text() == "sqrt(x) + 1\n"
    with pytest.raises(FormulaError, match=r"f\.pdf"):
        written.save(tmp_path / "f.pdf")
