"""Drawings for LaTeX: one page that compiles, whatever the labels hold."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

import autograd
from autograd import Value, draw, scope, scopes
from autograd.views.sheet import DrawingError
from autograd.views.tikz import LARGEST, text

if TYPE_CHECKING:
    from pathlib import Path

    from autograd.views.draw import Drawing

NASTY = [
    "<script>alert(1)</script>",
    "a|b",
    "{x}",
    "}{",
    "\"quoted\" & 'so'",
    "\\N \\G \\end{document}",
    "^^5c ~ $x_1^2$ %d #1",
    "🦊👩‍👩‍👧",
    "مرحبا",
    "x" * 500,
    "tab\tline\nnull\x00\x07\x1b",
    "\ud800\ufffe\u202e",
    "--> -- --- `` '' ?` !` << >>",
    "αβΓΩ λ₁ x² é ñ Å ß ø — – … × ∂ → ∞",
    "한국어 漢字",
]


def source(value: Value, path: Path) -> str:
    draw(value, engine="builtin").save(path)
    return path.read_text(encoding="utf-8")


def everything() -> Drawing:
    leaves = [Value(1.5, label=label) for label in NASTY]
    with scopes() as seen, scope(NASTY[5]):
        product = autograd.dot(leaves[:7], leaves[7:14], leaves[14])
        with scope("{fold} me_"):
            output = (product - 2).tanh() * 3
        output = output + leaves[3].exp().log()
    output.label = NASTY[0]
    output.backward()
    return draw(output, scopes=seen, fold="{fold} me_", highlight=leaves[3], depth=3, engine="builtin")


def test_what_is_special_in_latex_stands_for_itself() -> None:
    assert text("a_b") == r"a\_b"
    assert text("50% & {x} #1") == r"50\% \& \{x\} \#1"
    assert text("\\end") == r"\textbackslash{}end"
    assert text("-4e-5") == "{-}4e{-}5"
    assert text("é ñ å ß") == r"\'{e} \~{n} \r{a} \ss{}"
    assert text("λ₁ x²") == r"$\lambda$$_{1}$ x$^{2}$"
    assert text("🦊") == r"\missing{}"


@given(st.text())
def test_any_text_is_plain_ascii_in_balance(plain: str) -> None:
    written = text(plain)
    assert written.isascii()
    assert written.isprintable()
    bare = re.sub(r"\\[\\{}%&#_$]", "", written)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    assert not set("%&#") & set(bare)


def test_each_card_edge_and_number_is_in_it(tmp_path: Path) -> None:
    a = Value(3.0, label="a")
    written = source((a * a + 1).tanh(), tmp_path / "graph.tex")
    assert written.startswith("% Computation graph of v3\n")
    assert len(re.findall(r"\\draw\[leaf\]", written)) == 1
    assert len(re.findall(r"\\draw\[computed\]", written)) == 3
    assert len(re.findall(r"\\draw\[edge, ", written)) == 4
    assert len(re.findall(r"\\node\[chip, ", written)) == 4
    assert written.endswith("\\end{document}\n")


def test_the_same_graph_gives_the_same_text(tmp_path: Path) -> None:
    drawing = everything()
    drawing.save(tmp_path / "a.tex")
    drawing.save(tmp_path / "b.tex")
    assert (tmp_path / "a.tex").read_bytes() == (tmp_path / "b.tex").read_bytes()
    assert (tmp_path / "a.tex").read_bytes().isascii()


def test_a_picture_that_tex_cannot_measure_is_refused(tmp_path: Path) -> None:
    x = Value(1.0)
    for _ in range(LARGEST // 100):
        x = -x
    with pytest.raises(DrawingError, match=r"too large for TeX, which holds 14,000 .* save the \.svg"):
        draw(x, engine="builtin").save(tmp_path / "graph.tex")
    assert not (tmp_path / "graph.tex").exists()


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="LaTeX is not installed")
@pytest.mark.parametrize("highlight", [None, "largest"])
def test_pdflatex_makes_one_page_of_it(tmp_path: Path, highlight: str | None) -> None:
    x = Value(2.0, label="x")
    drawing = everything() if highlight is None else draw(x * x.sin(), highlight="largest", engine="builtin")
    drawing.save(tmp_path / "graph.tex")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "graph.tex"],  # noqa: S607
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert b"(1 page" in done.stdout
    assert b"Missing character" not in (tmp_path / "graph.log").read_bytes()
