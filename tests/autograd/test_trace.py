"""Evaluation traces: the published tables, number by number, and the same numbers as backward."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, strategies as st

import autograd
from autograd import LengthError, OperandError, Value, gradients, trace
from autograd.views.formula import FormulaError
from autograd.views.local import local_derivatives

if TYPE_CHECKING:
    from pathlib import Path

    from autograd.views.trace import Trace


def baydin() -> Trace:
    x1, x2 = Value(2.0, label="x1"), Value(5.0, label="x2")
    return trace(x1.log() + x1 * x2 - x2.sin(), by_level=True)


def griewank() -> Trace:
    x1, x2 = Value(1.5, label="x1"), Value(0.5, label="x2")
    v1 = x1 / x2
    v2 = v1.sin()
    v4 = v1 - x2.exp()
    return trace((v2 + v4) * v4, [x1, x2])


def numbers(written: Trace) -> list[dict[str, list[float]]]:
    """For each part, the numbers that each name is given, in order."""
    parts = []
    for part in written.parts:
        found: dict[str, list[float]] = {}
        for statement in part.statements:
            found.setdefault(statement.name.text, []).append(statement.value)
        parts.append(found)
    return parts


def test_baydin_tables_two_and_three() -> None:
    """The printed tables round to three decimals."""
    primal, tangent, adjoint = numbers(baydin())
    assert [round(x, 3) for (x,) in primal.values()] == [2, 5, 0.693, 10, -0.959, 10.693, 11.652]
    assert [round(x, 3) for (x,) in tangent.values()] == [1, 0, 0.5, 5, 0, 5.5, 5.5]
    printed = {
        "v5_bar": [1],
        "v4_bar": [1],
        "v3_bar": [-1],
        "v1_bar": [1],
        "v2_bar": [1],
        "v0_bar": [-0.284, 1.716],
        "v-1_bar": [5, 5.5],
    }
    assert {name: [round(x, 3) for x in values] for name, values in adjoint.items()} == printed


def test_baydin_statements_in_every_format() -> None:
    written = baydin()
    for line in (
        "v2  = v-1 * v0 = 2 * 5           = 10",
        "v5  = v4 - v3  = 10.7 - (-0.959) = 11.652071",
        "v2_dot  = v-1_dot * v0 + v0_dot * v-1 = 1 * 5 + 0 * 2 = 5",
        "v0_bar  = v0_bar + v2_bar * dv2/dv0   = v0_bar + v2_bar * v-1  = 1.7163378",
    ):
        assert line in written.text
    assert "| `v2` | `v-1 * v0` | `2 * 5` | `10` |" in written.markdown
    assert r"v_{2} &= v_{-1} \, v_{0} = 2 \cdot 5 = 10 \\" in written.latex
    assert (
        r"\bar v_{-1} &= \bar v_{-1} + \bar v_{1} \, \frac{\partial v_{1}}{\partial v_{-1}} = "
        r"\bar v_{-1} + \frac{\bar v_{1}}{v_{-1}} = 5.5" in written.latex
    )
    rows = ET.fromstring(f"<div>{written.html}</div>").findall(".//tr")  # noqa: S314 - our own text
    assert ["v2", "= v-1 * v0", "= 2 * 5", "= 10"] in [[cell.text for cell in row] for row in rows]


def test_griewank_tables() -> None:
    primal, tangent, adjoint = numbers(griewank())
    assert [round(x, 4) for (x,) in primal.values()] == [1.5, 0.5, 3, 0.1411, 1.6487, 1.3513, 1.4924, 2.0166]
    assert [round(x, 4) for (x,) in tangent.values()] == [1, 0, 2, -1.98, 0, 2, 0.02, 3.0118]
    assert [round(adjoint[name][-1], 4) for name in ("v-1_bar", "v0_bar")] == [3.0118, -13.7240]
    assert [round(x, 4) for x in adjoint["v4_bar"]] == [1.4924, 2.8437]


@given(
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(0, 3)), min_size=1, max_size=15)
)
def test_traces_agree_with_gradients(steps: list[tuple[int, int, int]]) -> None:
    leaves = [Value(0.5, label="x"), Value(-1.25)]
    nodes = list(leaves)
    for i, j, kind in steps:
        x, y = nodes[i % len(nodes)], nodes[j % len(nodes)]
        nodes.append([x + y, x * y, x.tanh(), autograd.dot([x, 2.0], [y, x])][kind])
    output = nodes[-1]
    met = autograd.topological_order(output)[1]
    direction = [2.0, -3.0][: len(met)]
    for by_level in (False, True):
        written = trace(output, direction=direction, by_level=by_level)
        primal, tangent, adjoint = numbers(written)
        slopes = gradients(output, met)
        names = list(primal)[: len(met)]
        assert [adjoint[f"{name}_bar"][-1] for name in names] == pytest.approx(slopes, rel=1e-12, abs=1e-300)
        expected = math.fsum(d * slope for d, slope in zip(direction, slopes, strict=True))
        assert list(tangent.values())[-1] == [pytest.approx(expected, rel=1e-9, abs=1e-12)]
        assert list(primal.values())[-1] == [output.data]
        assert max(map(len, written.text.splitlines())) <= 80
        assert written.latex.count("{") == written.latex.count("}")
    assert not any(node.has_grad for node in nodes)


def test_inputs_are_numbered_in_the_order_given() -> None:
    x, y, z = (Value(1.0, label=name) for name in "xyz")
    written = trace(x * y + z, [z, x])
    assert [str(s.formulas[0].head[0]) for s in written.parts[0].statements[:3]] == ["z", "x", "y"]  # type: ignore[index]
    with pytest.raises(OperandError, match="not a leaf"):
        trace(x * y, [z])
    with pytest.raises(LengthError, match="2 inputs, got 1"):
        trace(x * y, direction=[1.0])


def test_a_leaf_alone_and_what_is_too_large() -> None:
    x = Value(2.0, label="x")
    assert trace(x).text.splitlines()[2] == "v0 = x = 2"
    with pytest.raises(OperandError, match="of a Value"):
        trace(2.0)  # type: ignore[arg-type]
    z = x
    for _ in range(2_000):
        z = z + x
    with pytest.raises(FormulaError, match="2,001 values"):
        trace(z)


@pytest.mark.parametrize("label", ["<script>", "a|b", "`", '"', "{x}", "🦊", "مرحبا", "x" * 500, "a\nb"])
def test_labels_are_shown_safely(label: str) -> None:
    written = trace(Value(2.0, label=label) * 3)
    assert max(map(len, written.text.splitlines())) <= 80
    ET.fromstring(f"<div>{written.html}</div>")  # noqa: S314 - our own text
    table = [line for line in written.markdown.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in table[:4]} == {5}
    assert not re.search(r"(?<!\\)[%#$]", written.latex)


def test_a_trace_is_an_object_to_print_save_and_show(tmp_path: Path) -> None:
    written = griewank()
    assert repr(written) == "<Trace of 8 statements: print it, or save it>"
    assert str(written) == written.text
    assert written._repr_html_() == written.html
    for suffix, part in (
        ("txt", "v6  = v5 * v4"),
        ("md", "| `v6` |"),
        ("tex", r"\begin{aligned}"),
        ("html", "<table>"),
    ):
        written.save(tmp_path / f"trace.{suffix}")
        assert part in (tmp_path / f"trace.{suffix}").read_text(encoding="utf-8")
    with pytest.raises(FormulaError, match=r"trace\.pdf"):
        written.save(tmp_path / "trace.pdf")


def test_local_derivatives_are_those_of_one_operation_alone() -> None:
    x = Value(0.0)
    assert local_derivatives(x) == []
    assert local_derivatives(x.sqrt()) == [math.inf]
    y = Value(3.0)
    assert local_derivatives(y * y.exp()) == [math.exp(3), 3.0]
    assert local_derivatives(Value(-2.0) ** 3) == [12.0, None]
