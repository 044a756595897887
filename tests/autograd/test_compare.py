"""A derivation by hand is marked right where it is right, and its slip is found where it is not."""

from __future__ import annotations

import json
import math
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from autograd import (
    DomainError,
    LengthError,
    OperandError,
    StaleGraphError,
    Value,
    assert_gradients_match,
    compare,
    gradients,
    mean,
)
from autograd.expression import ExpressionError, parse
from autograd.marking.derivation import CompareError
from autograd.marking.mistakes import BY_ROW
from autograd.marking.search import LONGEST
from autograd.marking.slips import KINDS
from autograd.primitives import TABLE
from nn import MLP, mse, xavier
from tests.points import numbers_inside

if TYPE_CHECKING:
    from collections.abc import Callable


def graph(text: str, **numbers: float) -> tuple[Value, dict[str, Value]]:
    leaves = {name: Value(x, label=name) for name, x in numbers.items()}
    return parse(text).evaluate(leaves), leaves


SLIPS = [
    ("tanh(x*y)", {"x": 2.0, "y": 0.5}, {"x": "1 - tanh(x*y)**2"}, "inner derivative", "x"),
    ("tanh(x*y)", {"x": 2.0, "y": 0.5}, {"x": "(1 - (x*y)**2)*y"}, "evaluated at output", "v1"),
    ("sigmoid(x)*y", {"x": 0.3, "y": 2.0}, {"x": "x*(1 - x)*y"}, "evaluated at output", "x"),
    ("x**3", {"x": 2.0}, {"x": "3*x**3"}, "power", "x"),
    ("x**3", {"x": 2.0}, {"x": "x**2"}, "power", "x"),
    ("x**3", {"x": 2.0}, {"x": 4.0}, "power", "x"),
    ("cos(x)", {"x": 1.0}, {"x": "sin(x)"}, "sign", "x"),
    ("x*sin(x)", {"x": 1.0}, {"x": "sin(x)"}, "one term", "v1"),
    ("x*y + x", {"x": 2.0, "y": 3.0}, {"x": "y"}, "path forgotten", "x"),
    ("x*y", {"x": 2.0, "y": 3.0}, {"x": "x", "y": "x"}, "swapped operand", "x"),
    ("x*y", {"x": 2.0, "y": 3.0}, {"x": "x", "y": "y"}, "swapped operand", "y"),
    ("3*x**2*y", {"x": 2.0, "y": 5.0}, {"x": "x*y"}, None, None),
    ("exp(x)*y", {"x": 2.0, "y": 3.0}, {"x": "x*exp(x - 1)*y"}, "wrong rule", "x"),
    ("x**y", {"x": 1.8, "y": 2.4}, {"y": "x**y"}, "wrong rule", "y"),
    ("x/y", {"x": 2.0, "y": 3.0}, {"y": "-x/y"}, "wrong rule", "y"),
    ("mean(x**2, y**2, 1)", {"x": 1.0, "y": 2.0}, {"x": "2*x", "y": "2*y"}, "mean", "v2"),
    ("(x + y)*(x + 1)*x", {"x": 2.0, "y": 3.0}, {"x": "(x + y)*(x + 1)", "y": "(x + 1)*x"}, "one term", "x"),
    ("log2(x)*y", {"x": 1.7, "y": 3.0}, {"x": "y/x"}, "wrong rule", "x"),
    ("tan(x)*y", {"x": 0.7, "y": 3.0}, {"x": "y/cos(x)"}, "wrong rule", "x"),
    ("asin(x*y)", {"x": 0.4, "y": 0.8}, {"x": "y/cos(x*y)"}, "wrong rule", "v1"),
    ("acos(x)*y", {"x": 0.4, "y": 0.8}, {"x": "y/sqrt(1 - x**2)"}, "sign", "x"),
    ("atan(x)*y", {"x": 0.7, "y": 3.0}, {"x": "y/(1 + x)**2"}, "wrong rule", "x"),
    ("cosh(x)*y", {"x": 0.7, "y": 3.0}, {"x": "-sinh(x)*y"}, "sign", "x"),
    ("erf(x)*y", {"x": 0.7, "y": 3.0}, {"x": "exp(-x**2)*y"}, "wrong rule", "x"),
    ("hypot(x, y)", {"x": 0.7, "y": 3.0}, {"x": "2*x", "y": "2*y"}, "wrong rule", None),
    ("norm(x, y, 2)", {"x": 0.7, "y": 3.0}, {"x": "0.5/norm(x, y, 2)"}, "inner derivative", "x"),
    ("atan2(y, x)", {"x": 0.7, "y": 3.0}, {"y": "y/(x**2 + y**2)"}, "swapped operand", "y"),
    ("x**2*y", {"x": -1.5, "y": 3.0}, {"x": 9.0, "y": 2.25}, "another point", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "numbers", "derived", "kind", "node"), SLIPS)
def test_the_slip_is_named_and_the_node_found(
    text: str, numbers: dict[str, float], derived: dict[str, Any], kind: str | None, node: str | None
) -> None:
    z, _ = graph(text, **numbers)
    report = compare(z, derived)
    assert not report.agrees
    assert (report.slip and report.slip.kind) in {kind} | ({"sign"} if kind == "another point" else set())
    if node is not None:
        assert report.node is not None
        assert node in str(report)
    assert max(map(len, str(report).splitlines())) <= 80


def test_shares_that_overwrite_one_another_are_recognised() -> None:
    x = Value(2.0, label="x")
    y = x * 3
    z = (y + x) * y + x
    report = compare(z, {x: 1.0 * 0 + gradients(z, [y])[0] * 3})
    assert report.slip is not None
    assert report.node is x


def test_right_derivations_are_never_blamed() -> None:
    z, _ = graph("tanh(x*y) + x**2 / y", x=1.2, y=0.7)
    derived = {
        "x": "y*(1 - tanh(x*y)*tanh(x*y)) + (x + x)/y",
        "y": lambda x, y: x / math.cosh(x * y) ** 2 - x**2 / y**2,
    }
    report = compare(z, derived)
    assert report
    assert report.slip is None
    assert report.node is None
    assert report.credit == 1.0
    assert report.points > 4


@given(st.floats(0.1, 3), st.floats(-3, -0.1), st.integers(4, 9))
def test_rounded_numbers_agree(x: float, y: float, digits: int) -> None:
    z, leaves = graph("tanh(x*y) + x**3*y", x=x, y=y)
    exact = gradients(z, [*leaves.values()])
    assert compare(z, {name: float(f"{g:.{digits}g}") for name, g in zip(leaves, exact, strict=True)})


def test_a_formula_that_cancels_is_not_blamed() -> None:
    z, _ = graph("tanh(x**3)*y", x=2.6, y=3.0)
    assert compare(z, {"x": "y*(1 - tanh(x**3)**2)*3*x**2"})
    assert not compare(z, {"x": "y*(1 - tanh(x**3)**2)*2*x**2", "y": "tanh(x**3) + 1e-6"})


def test_a_penalty_that_is_left_out_is_named() -> None:
    z, _ = graph("(w*x - 1)**2 + 0.5*(w**2 + b**2)", w=0.7, x=1.3, b=0.4)
    report = compare(z, {"w": "2*(w*x - 1)*x", "x": "2*(w*x - 1)*w", "b": "0*b"})
    assert report.slip is not None
    assert report.slip.kind == "path forgotten"


def test_a_rounded_number_may_be_text() -> None:
    z, leaves = graph("sin(x)*x", x=1.3)
    (exact,) = gradients(z, [leaves["x"]])
    assert compare(z, {"x": f"{exact:.4g}"})
    assert not compare(z, {"x": f"{exact + 0.002:.4g}"})


def test_a_small_difference_is_seen() -> None:
    z, leaves = graph("sin(x)*x", x=1.3)
    (exact,) = gradients(z, [leaves["x"]])
    assert compare(z, {"x": exact})
    assert not compare(z, {"x": exact * (1 + 1e-7)})
    assert not compare(z, {"x": round(exact, 3) + 0.002})
    assert not compare(z, {"x": 1.0})


def test_a_formula_that_is_right_at_the_recorded_point_alone_is_caught() -> None:
    z, _ = graph("x**2", x=2.0)
    assert compare(z, {"x": 4})
    report = compare(z, {"x": "x**2"})
    assert report.rows[0].where
    assert "agree here, DIFFER at x = " in str(report)


@pytest.mark.parametrize(
    ("text", "x", "wrong", "right"),
    [
        ("relu(x)*y", 3.0, {"y": "x"}, {"y": "relu(x)"}),
        ("relu(x)*y", 30.0, {"x": "y"}, {"x": "y*step(x)"}),
        ("relu(1 - x**2)*y", 9.0, {"y": "0*x"}, {"y": "relu(1 - x**2)"}),
        ("abs(x - 20)*y", 1.0, {"y": "20 - x"}, {"y": "abs(x - 20)"}),
        ("max(x, y)*y", 40.0, {"y": "x"}, {"y": "max(x, y) + y*step(y - x)"}),
        ("clip(x, -1, 1)*y", 0.5, {"y": "x"}, {"y": "clip(x, -1, 1)"}),
        ("y*leaky_relu(tanh(x) - 0.5)", 12.0, {"y": "tanh(x) - 0.5"}, {"y": "leaky_relu(tanh(x) - 0.5)"}),
    ],
)
def test_a_formula_that_holds_on_one_side_of_a_gate_is_caught(
    text: str, x: float, wrong: dict[str, str], right: dict[str, str]
) -> None:
    z, _ = graph(text, x=x, y=0.25)
    report = compare(z, wrong)
    assert not report.agrees
    assert report.rows[0].where
    assert compare(z, right)


def test_a_slip_before_a_gate_that_is_forgotten_is_named() -> None:
    z, _ = graph("relu(1 - w*x)", w=0.4, x=-1.3)
    report = compare(z, {"w": "x", "x": "w"})
    assert report.slip is not None
    assert report.slip.kind == "sign"
    assert "just what was derived by hand, until an operation goes over its kink" in " ".join(
        str(report).split()
    )
    alone = str(compare(z, {"w": "x*step(1 - w*x)", "x": "-w*step(1 - w*x)"}))
    assert "over its kink" not in alone


@pytest.mark.parametrize("text", ["log(relu(x))*y", "relu(x - 5000)*y", "relu(y*w)*x", "relu(w)*x*y"])
def test_a_gate_that_cannot_be_passed_does_no_harm(text: str) -> None:
    z, leaves = graph(text, **dict.fromkeys(parse(text).names, 3.0))
    (exact,) = gradients(z, [leaves["x"]])
    assert compare(z, {"x": lambda x: exact * 3.0 / x if "log" in text else exact})


def test_a_point_that_cannot_tell_says_so() -> None:
    z, _ = graph("relu(x)*y", x=-1.0, y=2.0)
    report = compare(z, {"x": 0.0, "y": 0.0})
    assert report.agrees
    assert [row.verdict for row in report.rows] == ["cannot tell", "cannot tell"]
    assert "cannot tell" in str(report)


def test_interior_values_locate_the_first_error_and_the_rest_follows() -> None:
    z, leaves = graph("sin(x*y)*w", x=0.5, y=0.8, w=2.0)
    sine, product = z.parents[0], z.parents[0].parents[0]
    wrong = -2.0 * math.cos(0.4)
    derived = {
        sine: 2.0,
        product: wrong * 1.1,
        leaves["x"]: wrong * 1.1 * 0.8,
        leaves["y"]: wrong * 1.1 * 0.5,
    }
    report = compare(z, derived)
    assert report.node is product
    assert [row.verdict for row in report.rows] == ["agrees", "differs", "follows", "follows"]
    assert report.credit == 0.75
    assert report.slip is None
    derived.update({product: wrong, leaves["x"]: wrong * 0.8, leaves["y"]: wrong * 0.5})
    slip = compare(z, derived).slip
    assert slip is not None
    assert slip.kind == "sign"


def test_it_does_not_guess() -> None:
    z, _ = graph("tanh(x*y) + x**2", x=2.0, y=0.5)
    for derived in ({"x": 1.2345}, {"x": "3*x + 7*y", "y": "x"}, {"x": "-2*(1 - tanh(x*y))*y + x"}):
        report = compare(z, derived)
        assert not report.agrees
        assert report.slip is None
        assert "No single slip" in str(report)


def network_derivation(
    *, transposed: bool = False, at: str = "o", mean_of: bool = True, turned: bool = False
) -> tuple[Value, list[tuple[Any, Any]]]:
    x, y = np.array([0.5, -1.0, 2.0]), np.array([0.3, -0.7, 0.1])
    model = MLP(3, [3, 3], activation="tanh", initializer=xavier, seed=1)
    weights = [[neuron.weights for neuron in layer.neurons] for layer in model.layers]
    biases = [[neuron.bias for neuron in layer.neurons] for layer in model.layers]
    arrays = (weights[0], biases[0], weights[1], biases[1])
    w1, b1, w2, b2 = (np.vectorize(lambda v: v.data)(array) for array in arrays)
    a1 = w1 @ x + b1
    o1 = np.tanh(a1)
    delta2 = -2 * (y - (w2 @ o1 + b2)) / (len(y) if mean_of else 1)
    slope = {"o": 1 - o1**2, "a": 1 - a1**2, "": 1.0}[at]
    delta1 = (w2 if transposed else w2.T) @ delta2 * slope
    first = np.outer(delta1, x)
    derived = [(weights[0], first.T if turned else first), (biases[0], delta1)]
    return mse(model(x), y.tolist()), [*derived, (weights[1], np.outer(delta2, o1)), (biases[1], delta2)]


@pytest.mark.parametrize(
    ("slip", "kind"),
    [
        ({}, None),
        ({"transposed": True}, "swapped operand"),
        ({"at": "a"}, "evaluated at output"),
        ({"at": ""}, "inner derivative"),
        ({"mean_of": False}, "mean"),
        ({"turned": True}, "swapped operand"),
    ],
)
def test_a_network_is_compared_with_a_matrix_derivation(slip: dict[str, Any], kind: str | None) -> None:
    loss, derived = network_derivation(**slip)
    report = compare(loss, derived)
    assert report.agrees == (kind is None)
    assert (report.slip and report.slip.kind) == kind
    assert compare(loss, [(key, np.round(hand, 6)) for key, hand in derived]).agrees == (kind is None)


def test_an_array_of_another_shape_is_refused() -> None:
    weights = [[Value(1.0), Value(2.0), Value(3.0)], [Value(4.0), Value(5.0), Value(6.0)]]
    loss = mean([w * w for row in weights for w in row])
    with pytest.raises(LengthError, match=r"2 × 3.*3 × 2: is it transposed"):
        compare(loss, [(weights, np.ones((3, 2)))])
    with pytest.raises(LengthError, match="must have one shape"):
        compare(loss, [(weights, [1.0, 2.0])])
    with pytest.raises(LengthError, match="array 2 × 3, the derivatives 2 × 4"):
        compare(loss, [(weights, np.ones((2, 4)))])
    with pytest.raises(LengthError, match=r"the Values at \[1\] are an array 3, the derivatives 2"):
        compare(loss, [(weights, [[1.0, 2.0, 3.0], [1.0, 2.0]])])


def test_hints_do_not_tell_the_answer() -> None:
    z, _ = graph("tanh(x*y) + x**2", x=2.0, y=0.5)
    derived = {"x": "(1 - tanh(x*y)**2) + 2*x", "y": "x*(1 - tanh(x*y)**2)"}
    right = [f"{g:.6g}" for g in gradients(z, [*z.parents[0].parents[0].parents])]
    texts = [str(compare(z, derived, reveal=False, hints=hints)) for hints in range(4)]
    assert all(right[0] not in text for text in texts)
    assert "they part at" not in texts[0]
    assert "they part at" in texts[1]
    assert "slip" not in texts[1]
    assert "a slip of this kind: inner derivative (the derivative of what" in texts[2]
    assert "The likely slip (inner derivative)" in texts[3]
    hidden = compare(z, derived, reveal=False).as_dict()
    assert hidden["slip"] is None
    assert "autodiff" not in hidden["derivatives"][0]


def test_the_report_is_json_for_an_autograder() -> None:
    z, _ = graph("x**2 + y", x=2.0, y=1.0)
    read = json.loads(json.dumps(compare(z, {"x": "2", "y": "1"}).as_dict()))
    assert read["agrees"] is False
    assert read["credit"] == 0.5
    assert read["slip"]["kind"] == "power"
    assert read["derivatives"][1] == {
        "name": "y",
        "hand": 1.0,
        "verdict": "agrees",
        "autodiff": 1.0,
        "digits": 15,
    }


BAD: list[tuple[Any, type[Exception], str]] = [
    ({}, CompareError, "no derivative to compare"),
    ({"q": 1.0}, CompareError, "nothing in the graph is called 'q'.*it has x, y"),
    ({"x": "2*q"}, CompareError, "'q' in the derivative by x"),
    ({"x": "2*"}, ExpressionError, "operand is missing"),
    ({"x": "__import__('os')"}, ExpressionError, "string"),
    ({"x": math.nan}, CompareError, "nan"),
    ({"x": "log(-x)"}, CompareError, "no value at the recorded point"),
    ({"x": None}, OperandError, "the derivative by x: None"),
    ({"x": "1/0"}, DomainError, "the derivative by x: div is not defined"),
    ({"x": "nan"}, CompareError, "nothing in the graph is called 'nan'"),
    (None, OperandError, "pass a dict .* got None"),
    ("2*x", OperandError, "pass a dict .* got '2[*]x'"),
    ([([], [])], CompareError, "no derivative to compare"),
    ({"x": lambda *numbers: numbers[0]}, CompareError, "parameters without a name"),
    ({"x": lambda **numbers: numbers["x"]}, CompareError, "parameters without a name"),
    ({3: 1.0}, OperandError, "by a Value, or by its label"),
    ([("x", 1.0), ("x", 2.0)], CompareError, "given twice"),
    ([1.0, 2.0], CompareError, "pairs"),
    ({"x": lambda a, b: a}, CompareError, "'a'"),
    ({Value(1.0): 1.0}, CompareError, "not in the graph"),
]


@pytest.mark.parametrize(("derived", "error", "message"), BAD)
def test_what_cannot_be_read_is_refused(derived: Any, error: type[Exception], message: str) -> None:
    z, _ = graph("x**2 + y", x=2.0, y=1.0)
    with pytest.raises(error, match=message):
        compare(z, derived)


def test_a_name_of_two_values_is_refused() -> None:
    x, other = Value(1.0, label="x"), Value(2.0, label="x")
    with pytest.raises(CompareError, match="2 Values are called 'x'"):
        compare(x * other, {"x": 1.0})
    with pytest.raises(
        CompareError, match="2 Values are called 'x' in the derivative by x; give each a label"
    ):
        compare(x * other, {x: "x"})
    assert compare(x * other, {x: 2.0})


def test_the_output_is_a_value_with_a_graph_of_one_time() -> None:
    with pytest.raises(OperandError, match="a Value"):
        compare(3.0, {"x": 1.0})  # type: ignore[arg-type]
    x = Value(1.0, label="x")
    z = x * x
    x.data = 2.0
    with pytest.raises(StaleGraphError):
        compare(z, {x: 2.0})


def test_nothing_in_the_graph_is_changed() -> None:
    z, leaves = graph("sin(x)*y", x=1.0, y=2.0)
    compare(z, {"x": "cos(x)"})
    assert not z.has_grad
    assert [leaf.has_grad for leaf in leaves.values()] == [False, False]


def test_a_function_of_one_input_may_call_it_anything() -> None:
    z, _ = graph("sin(x)", x=1.0)
    assert compare(z, {"x": math.cos})
    assert compare(z, {"x": lambda t: math.cos(t)})  # noqa: PLW0108 - the name of the parameter is the point


def test_the_assertion_tells_what_is_wrong() -> None:
    z, _ = graph("x**2", x=3.0)
    assert_gradients_match(z, {"x": 6.0})
    with pytest.raises(AssertionError, match=r"The likely slip \(power\)"):
        assert_gradients_match(z, {"x": 3.0})


def test_every_mistake_is_about_a_row_and_is_wrong_somewhere() -> None:
    for name, per_operand in BY_ROW.items():
        row = TABLE[name]
        assert len(per_operand) == len(row.partials)
        for slot, mistakes in enumerate(per_operand):
            for mistake in mistakes:
                assert mistake.kind in KINDS
                rng, differs = random.Random(1), []
                for _ in range(5):
                    xs = numbers_inside(row, rng)
                    leaves = [Value(x) for x in xs]
                    z = row(*leaves)
                    d = gradients(z, leaves)[slot]
                    wrong = mistake.local(d, z.data, xs, slot)
                    differs.append(math.isfinite(wrong) and not math.isclose(wrong, d))
                assert any(differs), (name, mistake)


@pytest.mark.parametrize("make", [lambda x: x.exp(), lambda x: x * 1e308 * 10])
def test_infinities_do_not_stop_it(make: Callable[[Value], Value]) -> None:
    x = Value(1000.0, label="x")
    assert compare(make(x), {x: math.inf})
    assert not compare(make(x), {x: 1.0})


def test_a_wrong_number_for_an_infinite_slope_follows_from_nothing() -> None:
    z, _ = graph("sqrt(x)", x=0.0)
    assert compare(z, {"x": math.inf})
    report = compare(z, {"x": 1.0})
    assert [row.verdict for row in report.rows] == ["differs"]
    assert report.credit == 0.0


def test_a_slip_that_explains_one_derivative_of_several_claims_no_more() -> None:
    z, _ = graph("tanh(x*y) + x**2", x=2.0, y=0.5)
    exact = gradients(z, [z.parents[0].parents[0].parents[0]])[0]
    report = compare(z, {"v1": 1.0, "x": exact})
    assert "Made in the derivative by v1 alone, it gives just that number." in " ".join(str(report).split())
    assert "gives just what was derived" not in str(report)


def test_what_is_said_of_a_value_without_a_label_shows_its_operation() -> None:
    z, _ = graph("sin(x*y)*w", x=0.5, y=0.8, w=2.0)
    report = compare(z, {"x": math.cos(0.4) * 2.0, "y": math.cos(0.4) * 2.0})
    assert "The derivative of v1 = x * y, which stands inside, is missing" in " ".join(str(report).split())


def test_nothing_is_said_to_stand_inside_the_output() -> None:
    z, _ = graph("tanh(x*y) + x**2", x=2.0, y=0.5)
    assert "stands inside" not in str(compare(z, {"x": 1.0}))


@pytest.mark.parametrize(
    ("derived", "verdict"),
    [
        ({"x": 2.0}, "the derivative agrees."),
        ({"x": 3.0}, "the derivative differs."),
        ({"x": 2.0, "y": 1.0}, "both derivatives agree."),
        ({"x": 2.0, "y": 1.0, "w": 3.0}, "all 3 derivatives agree."),
        ({"x": 3.0, "y": 1.0}, "1 of 2 derivatives differs."),
        ({"x": 3.0, "y": 2.0}, "2 of 2 derivatives differ."),
    ],
)
def test_the_heading_counts_in_english(derived: dict[str, Any], verdict: str) -> None:
    z, _ = graph("x**2 + y + 3*w", x=1.0, y=2.0, w=4.0)
    assert str(compare(z, derived)).splitlines()[0].endswith(verdict)


def test_a_graph_too_large_to_search_says_so() -> None:
    x = Value(0.5, label="x")
    z = x
    for _ in range(LONGEST):
        z += 1.0
    report = compare(z, {x: 2.0})
    assert not report.agrees
    assert report.slip is None
    assert "The graph is too large to search for the slip" in str(report)
    assert compare(z, {x: 1.0})


@pytest.mark.parametrize(
    ("text", "derived", "kink"),
    [
        ("relu(x*y + b)", {"x": 2.0, "b": 1.0}, "v3 = relu(v2)"),
        ("relu(x*y + b)", {"x": "y", "b": "1"}, "v3 = relu(v2)"),
        ("max(x, y)", {"x": 1.0}, None),
        ("b*relu(x*y - 1) + x*y", {"x": 9.0}, None),
        ("abs(x*y + b)*w", {"w": 1.0}, None),
    ],
)
def test_a_difference_above_a_kink_is_said_to_be_one_of_conventions(
    text: str, derived: dict[str, Any], kink: str | None
) -> None:
    numbers = {"x": 1.0, "y": 2.0, "b": -2.0, "w": 3.0}
    z, _ = graph(text, **{name: x for name, x in numbers.items() if name in parse(text).names})
    report = " ".join(str(compare(z, derived)).split())
    assert ("Mind the kink" in report) == (kink is not None)
    assert kink is None or f"{kink} has no derivative at this point" in report


def test_an_array_without_labels_has_names_that_the_text_uses() -> None:
    weights = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]
    loss = mean([w * w for row in weights for w in row])
    report = str(compare(loss, [(weights, [[0.5, 1.0], [1.5, 3.0]])]))
    assert "v4 at [1][1]" in report
    assert "they part at v4." in report


def test_a_derivative_that_does_not_exist_and_nobody_asks_for_does_no_harm() -> None:
    z, _ = graph("x**y + x", x=-2.0, y=3.0)
    assert compare(z, {"x": 13.0})
    assert compare(z, {"x": 12.0}).slip is not None
    assert not compare(z, {"x": "y*x**y"})


def test_a_number_of_two_digits_that_may_be_rounded_is_asked_for_more() -> None:
    z, _ = graph("tanh(x*y) + x**2", x=2.0, y=0.5)
    assert "right to its two digits, write four" in str(compare(z, {"x": 4.2}))
    assert "write four" not in str(compare(z, {"x": 4.3}))
    assert "write four" not in str(compare(z, {"x": math.inf}))
    assert compare(z, {"x": 4.21})


def test_another_point_may_have_a_value_and_no_derivative() -> None:
    z, _ = graph("relu(y**(relu(x)/x))", x=1.2, y=1.5)
    report = compare(z, {"x": 0.5})
    assert not report.agrees
    assert report.slip is None
