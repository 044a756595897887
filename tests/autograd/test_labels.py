"""Whatever a label holds, every form of every view stays whole, and no repr of a notebook raises."""

from __future__ import annotations

import ast
import json
import math
import random
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import autograd
from autograd import (
    AutogradError,
    Value,
    check_gradients,
    draw,
    explain,
    formula,
    latex,
    mathml,
    staged_code,
    trace,
    why_order,
)
from autograd.__main__ import main
from autograd.views import words
from autograd.views.formula import latex_name
from autograd.views.setting import cells

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LABELS = [
    *(
        "<script>window.hit = 1</script>",
        "<img src=x onerror=hit()>",
        "a|b",
        "{x}",
        '"',
        "'",
        "`",
        "```",
        "&amp;",
    ),
    *(
        "a\\b",
        "$x$",
        "x_y",
        "a_",
        "_",
        "^",
        "~",
        "%",
        "#",
        "50%",
        "a b",
        "x\ny",
        "\x00",
        "\x1b[31m",
        "\u2028",
        "\ufeff",
    ),
    *("🦊", "👩‍🚀", "مرحبا", "\u202eevil", "שלום", "é", "e\u0301", "Ж\u0306\u0301", "한국어", "日本語" * 20),
    *(
        "\ud800",
        "x" * 500,
        "=",
        "a = b",
        "# x",
        "-1",
        "",
        " ",
        "v1",
        "theta",
        "ﬃ",
        "\\frac{",
        "\\end{aligned}",
        "]]>",
    ),
]
"""Labels that a terminal, a page, LaTeX, Markdown or Python could take for something else."""

NO_TEXT: list[Any] = [
    3,
    0,
    2.5,
    True,
    b"x",
    ["a", "<b>"],
    {"x": 1},
    np.array([1.0, 2.0]),
    Value(2.0, label="x"),
]
"""What a label may be set to, though it should not."""


def views(x: Value, y: Value, output: Value) -> dict[str, Any]:
    return {
        "formula": formula(output),
        "derivative": formula(output, x),
        "trace": trace(output),
        "explanation": explain(output, x),
        "lesson": why_order(output),
        "staged code": staged_code(output),
        "drawing": draw(output, engine="builtin"),
        "latex": latex(output, y),
        "mathml": mathml(output, y),
        "value": output,
        "report": check_gradients(lambda x: x.tanh(), [x.data]),
    }


REPRS = ["_repr_html_", "_repr_svg_", "_repr_latex_", "_repr_markdown_", "__repr__", "__str__"]


def reprs(view: object) -> Iterator[tuple[str, str]]:
    for name in REPRS:
        if hasattr(view, name):
            yield name, getattr(view, name)()


def labelled(label: Any) -> tuple[Value, Value, Value]:
    x, y = Value(2.0), Value(-0.5, label="y")
    output = (x * y + x).tanh() / (y * y + 1) + autograd.max(x, y, 0.0)
    x.label = output.label = label
    return x, y, output


Views = dict[str, Any]


@pytest.fixture(
    scope="module", params=range(len(LABELS + NO_TEXT)), ids=lambda at: repr((LABELS + NO_TEXT)[at])[:20]
)
def made(request: pytest.FixtureRequest) -> Views:
    return views(*labelled((LABELS + NO_TEXT)[request.param]))


def test_text_keeps_to_eighty_columns_of_printable_characters(made: Views) -> None:
    for name in ("formula", "derivative", "trace", "explanation", "lesson", "staged code"):
        for line in str(made[name]).split("\n"):
            assert cells(line) <= 80
            assert all(c.isprintable() or c in "\u200c\u200d" for c in line)


def test_columns_stay_aligned(made: Views) -> None:
    for part in str(made["trace"]).split("\n\n"):
        ends = [cells(line[: line.rindex(" = ")]) for line in part.split("\n")[2:]]
        assert len(set(ends)) == 1
    heading, *rows = str(made["lesson"]).split("\n\n")[1].split("\n")
    at = cells(heading[: heading.index("right")])
    for row in rows:
        reached = next(i for i in range(len(row)) if cells(row[:i]) == at)
        assert row[reached - 2 : reached] == "  "
        assert row[reached] != " "


def test_markdown_keeps_its_tables_and_blocks(made: Views) -> None:
    tables = [line for line in made["trace"].markdown.split("\n") if line.startswith("|")]
    assert {line.count("|") for line in tables} <= {4, 5}
    assert all(line.count("`") % 2 == 0 for line in tables)
    for name in ("explanation", "lesson", "report"):
        assert all(not line or line.startswith("    ") for line in made[name]._repr_markdown_().split("\n"))
    fenced = made["staged code"]._repr_markdown_().split("\n")
    assert [at for at, line in enumerate(fenced) if line.startswith("```")] == [0, len(fenced) - 1]


def test_latex_is_balanced_and_html_well_formed(made: Views) -> None:
    for text in (made["derivative"].latex, made["trace"].latex):
        bare = re.sub(r"\\[{}&%$#_\\ ]", "", text)
        assert bare.count("{") == bare.count("}")
        assert not re.search(r"[%#$]|<[A-Za-z/!]", bare)
    for page in (made["trace"].html, made["formula"].mathml, made["drawing"].svg):
        tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(f"<div>{page}</div>").iter()}  # noqa: S314 - our own text
        assert not tags & {"script", "img", "merror", "foreignObject"}


def test_staged_code_is_the_same_program_whatever_it_is_called(made: Views) -> None:
    code = made["staged code"]
    assert [*code.run().values()] == [*staged_code(labelled(None)[2]).run().values()]
    names = {node.id for node in ast.walk(ast.parse(code.text)) if isinstance(node, ast.Name)}
    assert not names & {"window", "script", "hit", "img", "evil"}


def test_no_repr_raises(made: Views) -> None:
    for view in made.values():
        assert all(isinstance(text, str) and text for _, text in reprs(view))


def test_every_form_is_saved(made: Views, tmp_path: Path) -> None:
    forms = {
        "formula": "tex html txt",
        "trace": "txt md tex html",
        "explanation": "txt md",
        "staged code": "py md",
    }
    for name, suffixes in forms.items():
        for suffix in suffixes.split():
            made[name].save(tmp_path / f"view.{suffix}")
            assert (tmp_path / f"view.{suffix}").read_text(encoding="utf-8")


def stale() -> Value:
    x = Value(2.0, label="x")
    output = x * x
    x.data = 3.0
    return output


def deep() -> Value:
    output = Value(1.0, label="x")
    for _ in range(400):
        output = (output * 1.0001).sin()
    return output


def wide() -> Value:
    return autograd.logsumexp([Value(0.001 * i, label=f"x{i}") for i in range(600)])


HOSTILE: list[Callable[[], Value]] = [
    lambda: Value(math.nan) * Value(2.0),
    lambda: Value(math.inf, label="x") - Value(math.inf, label="y"),
    lambda: Value(1000.0).exp() * 2 + 1,
    lambda: Value(0.0).sqrt(),
    lambda: Value(5e-324) / 3.0,
    lambda: Value(-0.0) ** 2.0,
    lambda: Value(-2.0) ** 3.0,
    lambda: Value(1.0),
    lambda: autograd.sum([Value(1.0)] * 600),
    stale,
    deep,
    wide,
]


@pytest.mark.parametrize("make", HOSTILE)
def test_a_view_is_refused_when_it_is_asked_for_or_else_its_reprs_never_raise(
    make: Callable[[], Value],
) -> None:
    output = make()
    x = autograd.topological_order(output)[1][0]
    asked: list[Callable[[], object]] = [
        lambda: formula(output),
        lambda: formula(output, x),
        lambda: latex(output, x),
        lambda: mathml(output, x),
        lambda: trace(output),
        lambda: explain(output, x),
        lambda: why_order(output),
        lambda: staged_code(output),
        lambda: draw(output, engine="builtin"),
        lambda: output,
    ]
    shown = 0
    for ask in asked:
        try:
            view = ask()
        except AutogradError:
            continue
        shown += 1
        for name, text in reprs(view):
            assert isinstance(text, str), name
    assert shown


def test_reprs_survive_random_graphs_of_odd_numbers_and_odd_labels() -> None:
    rng = random.Random(3)
    for _ in range(60):
        numbers = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1e308, 5e-324, -3.5, 1.0]
        nodes = [Value(rng.choice(numbers), label=rng.choice(LABELS)) for _ in range(3)]
        while len(nodes) < 9:
            a, b = rng.choice(nodes), rng.choice(nodes)
            try:
                nodes.append(
                    rng.choice([a + b, a * b, a - b, a.tanh(), -a, a.relu(), autograd.max(a, b, 1.0)])
                )
                nodes[-1].label = rng.choice([*LABELS, *NO_TEXT, None, None, None])
            except AutogradError:
                continue
        for view in views(nodes[0], nodes[0], nodes[-1] + nodes[0]).values():
            for _, text in reprs(view):
                assert isinstance(text, str)


def test_a_report_of_gradients_is_a_block_of_text_in_a_notebook() -> None:
    report = check_gradients(lambda x, y: (x * y).relu(), [0.0, 1.0])
    assert [line[:4] for line in report._repr_markdown_().splitlines()] == ["    "] * 3


@pytest.mark.parametrize("name", ["α", "变量", "x" * 500, "мама", "ﬃ"])
def test_the_command_line_takes_every_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"{name}*2 + tanh({name})", f"{name}=3", "--trace", "--explain", name, "--staged"]) in {0, 2}
    capsys.readouterr()
    assert main([f"{name}*2", f"{name}=3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["value"] == 6


@pytest.mark.parametrize(
    "labels", [["x", "x", "x_2", "x3", "x"], ["w1", "w1"], ["x" * 40, "x" * 40 + "y"], ["", ""]]
)
def test_values_with_one_label_are_told_apart(labels: list[str]) -> None:
    leaves = [Value(float(i), label=label) for i, label in enumerate(labels, 1)]
    output = autograd.prod(leaves) + leaves[0].sin()
    assert len({str(explain(output, leaf)).partition(":")[0] for leaf in leaves}) == len(leaves)
    assert len({row.name for row in autograd.compare(output, dict.fromkeys(leaves, 0.5)).rows}) == len(leaves)
    for room in (12, 30):
        names = [*words.names(leaves, room).values()]
        assert len({*map(latex_name, names)}) == len(leaves)
        assert all(len(name) <= room and name in str(formula(output)) for name in names if room == 30)
