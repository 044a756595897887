"""An operand that is no part of the derivative is a number in every view: no edge, no name, no share."""

from __future__ import annotations

import math

import pytest

from autograd import (
    Value,
    check_gradients,
    compare,
    draw,
    explain,
    formula,
    gradients,
    staged_code,
    stop_gradient,
    to_dot,
    topological_order,
    trace,
    where,
    why_order,
)
from autograd.marking.derivation import CompareError
from autograd.views.formula import FormulaError
from autograd.views.local import local_derivatives


def graph() -> tuple[Value, Value, Value]:
    """Return x, y and an output: 4 at x = 2, of which only x is a part."""
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    z = where(x > 0, x * x, y) + stop_gradient(y) * x
    z.label = "z"
    return x, y, z


def test_it_is_no_leaf_of_the_graph_and_has_no_local_derivative() -> None:
    x, y, z = graph()
    assert topological_order(z)[1] == [x]
    choice, product = z.parents
    assert local_derivatives(choice) == [None, 1.0, None]
    assert local_derivatives(product.parents[0]) == [None]
    assert gradients(z, [x, y]) == [7.0, 0.0]


def test_explain() -> None:
    x, y, z = graph()
    told = explain(z, x)
    assert told.derivative == 7.0
    assert told.path_count == 3
    assert "v2 = where(1, v1, 3)  dv2/dv1 = 1 " in told.text
    assert "where passes it on to the operand that was chosen" in told.text
    assert explain(z, y).path_count == 0
    assert "No path leads from y to z" in explain(z, y).text
    assert why_order(z).right[x] == 7.0


def test_trace() -> None:
    text = trace(graph()[2]).text
    assert "v2 = where(1, v1, 3)  = where(1, 4, 3)   = 4" in text
    assert "v3_dot = 0 " in text
    assert text.count("dv3/d") == text.count("dv2/dv0") == 0


def test_formula() -> None:
    x, y, z = graph()
    assert formula(z).text == "z = where(1, x * x, 3) + stop_gradient(3) * x"
    assert formula(z, x).text.endswith("dz/dx = x + x + stop_gradient(3)")
    with pytest.raises(FormulaError, match="does not depend"):
        formula(z, y)


def test_draw() -> None:
    _, _, z = graph()
    picture = draw(z).svg
    assert "stop(3)" in picture
    assert "where(…)" in picture
    assert ">y<" not in picture
    assert to_dot(z).source.count(" -> ") == sum(len(node.parents) for node in topological_order(z)[0])


def test_compare() -> None:
    x, y, z = graph()
    assert compare(z, {x: 7.0})
    assert compare(z, {x: "2*x + 3"})
    assert not compare(z, {x: "2*x"})
    with pytest.raises(CompareError, match="whose derivative by it is 0"):
        compare(z, {y: 2.0})


def test_staged_code() -> None:
    code = staged_code(graph()[2])
    assert code.run() == {"x": 7.0}
    assert "v3 = stop_gradient(3)" in code.text
    assert "dv1 = dv2\n" in code.text


def test_check_gradients_agrees_on_a_choice_and_tells_what_a_stop_leaves_out() -> None:
    assert check_gradients(lambda x, y: where(x > 0, x * x, y), [2.0, 3.0])
    assert check_gradients(lambda x: where(x > 0, x.sqrt() if x > 0 else x, 0.0), [2.0])
    stopped = check_gradients(lambda x, y: stop_gradient(y) * x, [2.0, 3.0])
    assert [row.agrees for row in stopped.comparisons] == [True, False]
    assert stopped.comparisons[1].autodiff == 0.0


def test_an_output_that_depends_on_nothing_is_shown_too() -> None:
    z = stop_gradient(Value(3.0, label="y"))
    z.label = "z"
    assert explain(z, z).derivative == 1.0
    assert formula(z).text == "z = stop_gradient(3)"
    assert "v1 = stop_gradient(3)" in trace(z).text
    assert "stop(3)" in draw(z).svg
    assert staged_code(z).run() == {}
    assert compare(z, {z: 1.0})
    assert math.isclose(why_order(z).right[z], 1.0)
