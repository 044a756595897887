"""MathML says what the LaTeX of a formula says, as well-formed XML, and never fails."""

from __future__ import annotations

import random
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

import autograd
from autograd import TABLE, Value, formula, mathml, primitive, topological_order, trace
from autograd.views.formula import latex_name
from autograd.views.mathml import mathml as translated
from tests.points import values_inside

if TYPE_CHECKING:
    from pathlib import Path


def tree(text: str) -> ET.Element:
    return ET.fromstring(f"<math>{text}</math>")  # noqa: S314 - our own text


def shown(text: str) -> str:
    """Return the characters that a reader sees, or something for those of no width."""
    return "".join(tree(text).itertext()).replace("\N{FUNCTION APPLICATION}", "")


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (
            r"\frac{x + 1}{2}",
            "<mfrac><mrow><mi>x</mi><mo>+</mo><mn>1</mn></mrow><mrow><mn>2</mn></mrow></mfrac>",
        ),
        (r"{x}^{2}", "<msup><mrow><mi>x</mi></mrow><mrow><mn>2</mn></mrow></msup>"),
        (r"\sqrt{x}", "<msqrt><mrow><mi>x</mi></mrow></msqrt>"),
        (r"\lambda \, \infty", '<mi>λ</mi><mspace width="0.17em"></mspace><mi>∞</mi>'),
        (r"-x = -1", '<mo form="prefix">−</mo><mi>x</mi><mo>=</mo><mo form="prefix">−</mo><mn>1</mn>'),
        (r"x - 1", "<mi>x</mi><mo>−</mo><mn>1</mn>"),
        (
            r"\left|x\right|",
            '<mrow><mo stretchy="false">|</mo><mrow><mi>x</mi></mrow><mo stretchy="false">|</mo></mrow>',
        ),
        (
            r"\bar v_{1}",
            '<msub><mover accent="true"><mi>v</mi><mo>¯</mo></mover><mrow><mn>1</mn></mrow></msub>',
        ),
        (r"\mathrm{a\_b}", '<mi mathvariant="normal">a_b</mi>'),
        (r"\min\left(x, y\right)", None),
        (
            r"\left\lVert x \right\rVert",
            '<mrow><mo stretchy="false">‖</mo><mrow><mi>x</mi></mrow><mo stretchy="false">‖</mo></mrow>',
        ),
        (r"x < -1", '<mi>x</mi><mo>&lt;</mo><mo form="prefix">−</mo><mn>1</mn>'),
        (r"\begin{cases} 1 & \text{if}\ x > 0 \\ 2 & \text{otherwise} \end{cases}", None),
        (r"\begin{aligned} x &= 1 \\[1ex] & {} + 2 \end{aligned}", None),
    ],
)
def test_each_part_of_latex_that_formulas_use(latex: str, expected: str | None) -> None:
    assert "merror" not in translated(latex)
    tree(translated(latex))
    if expected is not None:
        assert translated(latex) == expected


def test_an_aligned_formula_is_a_table() -> None:
    table = tree(translated("\\begin{aligned}\nx &= 1 \\\\\n& {} + 2\n\\end{aligned}")).find("mtable")
    assert table is not None
    assert [["".join(cell.itertext()) for cell in row] for row in table] == [["x", "=1"], ["", "+2"]]


PIECES = [*"xyz12 +-^_{}&[],()|\\<>\x00", r"\frac", r"\left", r"\right", r"\begin", r"\end", r"\mathrm"]


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_anything_is_shown_and_nothing_fails(latex: str) -> None:
    tree(translated(latex))


def test_what_is_not_known_is_shown_as_an_error() -> None:
    assert (
        translated(r"\unheard&")
        == "<merror><mtext>\\unheard</mtext></merror><merror><mtext>&amp;</mtext></merror>"
    )
    odd = primitive("odd", lambda x: x, (lambda z, x: 1,), latex=r"\oddly{{{0}}}")
    assert "<merror><mtext>\\oddly</mtext></merror>" in mathml(odd(Value(1.0)))


@pytest.mark.parametrize("row", TABLE.values(), ids=repr)
def test_every_primitive_and_its_derivative(row: autograd.Primitive) -> None:
    output = row(*values_inside(row, random.Random(1)))
    leaves = topological_order(output)[1]
    for text in (
        mathml(output),
        *[mathml(output, leaf) for leaf in leaves],
        translated(trace(output).latex),
    ):
        tree(text)
        assert "merror" not in text
        assert "\\" not in shown(text)


@given(st.text())
def test_every_label_is_shown_as_it_is_or_as_what_stands_for_it(label: str) -> None:
    text = shown(translated(latex_name(f"q{label}")))
    for character in label[:18]:
        if character.isascii() and character.isprintable() and character not in " _":
            assert character in text


def test_random_expressions_show_the_names_and_numbers_of_their_text() -> None:
    rng = random.Random(1)
    x, y = Value(0.7, label="x"), Value(1.3, label="y")
    for _ in range(50):
        nodes = [x, y]
        for _ in range(6):
            a, b = rng.choice(nodes), rng.choice(nodes)
            nodes.append(
                rng.choice([a + b, a * b, a - b, a / (b * b + 1), a.tanh(), a**2, (a * a + 1).sqrt()])
            )
        text = formula(nodes[-1]).text
        for letter in "xy":
            assert text.count(letter) == shown(translated(formula(nodes[-1]).latex)).count(letter)


def test_a_page_and_a_notebook_show_it(tmp_path: Path) -> None:
    x = Value(4.0, label="x")
    written = formula(x.sqrt() + 1)
    assert mathml(x.sqrt() + 1) == written.mathml == mathml(x.sqrt() + 1)._repr_html_()
    written.save(tmp_path / "f.html")
    page = (tmp_path / "f.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert written.mathml in page
    assert autograd.latex(x)._repr_latex_() == r"$\displaystyle x$"
    assert str(autograd.latex(x)) == "x"
