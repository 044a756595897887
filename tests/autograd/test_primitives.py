"""Every row of the table, at points drawn from its domain; and rows added from outside."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from hypothesis import assume, given, strategies as st

import autograd
from autograd import (
    TABLE,
    Domain,
    DomainError,
    Kink,
    LengthError,
    Primitive,
    PrimitiveError,
    Value,
    gradients,
)
from autograd.check import Comparison, check_gradients, numeric_derivative

ROWS = list(TABLE.values())
PUBLIC = [row for row in ROWS if not row.name.startswith("_")]


ANY = st.one_of(st.floats(-6, 6), st.integers(-4, 4).map(float)).filter(lambda x: x == 0 or abs(x) > 1e-3)
BASE = st.floats(0.2, 6)  # below 0 there is no derivative by the exponent, which is tested by itself
SPACED = st.integers(-4, 4).map(lambda n: 0.61 + 1.37 * n)  # a step of 0.1 |x| meets no kink or tie
WHOLE = st.integers(0, 3).map(float)
OPERANDS = {
    "pow": (BASE, ANY),
    "_power": (ANY, BASE, ANY, WHOLE),
    "_power_log": (ANY, BASE, ANY, WHOLE, WHOLE),
    "_gauss": (ANY, st.sampled_from([0.5, 1.0])),
    "acosh": (BASE.map(lambda x: 1 + x),),
    "_acosh_slope": (BASE.map(lambda x: 1 + x),),
}
PLAIN = {"k", "n", "condition"}
"""The operands that nobody differentiates by."""


def points(row: Primitive) -> st.SearchStrategy[list[float]]:
    """Operands inside the row's domain and off its kinks, where a numeric derivative is good."""
    if row.name in OPERANDS:
        return st.tuples(*OPERANDS[row.name]).map(list)
    count = st.integers(1, 4).map(lambda n: 2 * n) if row.variadic else st.just(len(row.partials))
    numbers = SPACED if row.kink else ANY
    drawn = count.flatmap(lambda n: st.lists(numbers, min_size=n, max_size=n, unique=bool(row.kink)))
    return drawn.filter(lambda xs: row.domain is None or not row.domain.outside(*xs))


@pytest.mark.parametrize("row", PUBLIC, ids=repr)
def test_every_public_row_is_documented_with_a_true_example(row: Primitive) -> None:
    assert row.summary.endswith(".")
    assert row.example is not None
    assert row.example[0].startswith(f"{row.name}(")
    assert getattr(autograd, row.name).__name__ == row.name


@pytest.mark.parametrize("row", ROWS, ids=repr)
@given(data=st.data())
def test_partials_agree_with_numeric_derivatives(row: Primitive, data: st.DataObject) -> None:
    point = data.draw(points(row))
    leaves = [Value(x) for x in point]
    partials = gradients(row(*leaves), leaves)
    for i, (x, partial) in enumerate(zip(point, partials, strict=True)):
        if row.name == "stop_gradient" or (row.letters and row.letters[i] in PLAIN):
            continue

        def along(t: float, i: int = i) -> float:
            return row(*point[:i], t, *point[i + 1 :])

        try:
            numeric, error = numeric_derivative(along, x, max(map(abs, point)))
        except OverflowError:
            assume(False)  # noqa: FBT003 - how hypothesis is asked for another point
        if math.isfinite(numeric) and error < 1e-4 * (1 + abs(numeric)):
            assert Comparison(f"operand {i}", partial, numeric, error).agrees, (
                point,
                i,
                partial,
                numeric,
                error,
            )


@pytest.mark.parametrize("row", ROWS, ids=repr)
@given(data=st.data())
def test_recording_constants_and_recorded_gradients_change_no_bit(
    row: Primitive, data: st.DataObject
) -> None:
    """A constant operand, a plain number, and create_graph all go through the same rule."""
    point = data.draw(points(row))
    leaves = [Value(x) for x in point]
    output = row(*leaves)
    assert output.data == row(*point)
    whole = gradients(output, leaves)
    recorded = [slope.data for slope in gradients(output, leaves, create_graph=True)]
    assert recorded == pytest.approx(whole, rel=1e-15, abs=0, nan_ok=True)
    for i, leaf in enumerate(leaves):
        mixed = row(*point[:i], leaf, *point[i + 1 :])
        assert mixed.data == output.data
        assert gradients(mixed, [leaf]) == pytest.approx([whole[i]], rel=1e-15, abs=0, nan_ok=True)
    assert [x.data for x in leaves] == point


@pytest.mark.parametrize("row", ROWS, ids=repr)
@given(data=st.data())
def test_second_derivatives_agree_with_numeric_ones(row: Primitive, data: st.DataObject) -> None:
    point = data.draw(points(row).filter(lambda xs: abs(xs[0]) > 0.1))
    leaves = [Value(x) for x in point]
    slope = gradients(row(*leaves), leaves[:1], create_graph=True)[0]
    second = gradients(slope, leaves[:1])[0]

    def slope_at(t: float) -> float:
        moved = [Value(t), *(Value(x) for x in point[1:])]
        found: float = gradients(row(*moved), moved[:1])[0]
        return found

    numeric, error = numeric_derivative(slope_at, point[0], max(map(abs, point)))
    if error < 1e-4 * (1 + abs(numeric)):
        assert Comparison("second", second, numeric, error).agrees, (point, second, numeric, error)


@pytest.mark.parametrize("row", [row for row in ROWS if row.domain], ids=repr)
@given(data=st.data())
def test_outside_the_domain_is_an_error_for_numbers_and_values(row: Primitive, data: st.DataObject) -> None:
    number = st.sampled_from([0.0, -1.0, -2.5, -1e300, math.inf, -math.inf])
    points = st.lists(number, min_size=len(row.partials), max_size=len(row.partials))
    point = data.draw(points.filter(lambda xs: row.domain is not None and row.domain.outside(*xs)))
    for operands in (point, [Value(x) for x in point]):
        with pytest.raises(DomainError, match=re.escape(f" = {point[-1]!r}: it needs")):
            row(*operands)


def test_the_exponent_is_differentiated_only_when_wanted() -> None:
    x, y = Value(-2.0, label="base"), Value(3.0, label="power")
    z = 2 * x**y
    assert z.data == -16.0
    assert gradients(x**3, [x]) == [12.0]
    assert gradients(z, [x]) == [24.0]
    (slope,) = gradients(z, [x], create_graph=True)
    assert gradients(slope, [x]) == [-24.0]
    for wanting in (z.backward, lambda: gradients(z, [x, y]), lambda: gradients(slope, [y])):
        with pytest.raises(
            DomainError, match=r"exponent.*base = -2\.0, power = 3\.0.*plain number"
        ) as caught:
            wanting()
        assert "in the derivative of" in caught.value.__notes__[0]
    assert not x.has_grad


# Rows from outside ----------------------------------------------------------------------------------


def softsign_row() -> Primitive:
    return autograd.primitive(
        "softsign", lambda x: x / (1 + abs(x)), (lambda z, x: 1 / (1 + autograd.abs(x)) ** 2,)
    )


def test_adding_a_primitive_is_one_row() -> None:
    softsign = softsign_row()
    x = Value(-3.0, label="x")
    z = softsign(x)
    z.backward()
    assert (z.data, x.grad) == (-0.75, 0.0625)
    assert softsign(-3) == -0.75
    assert check_gradients(softsign, [0.7])
    assert gradients(gradients(z, [x], create_graph=True)[0], [x]) == pytest.approx([2 / 4**3])
    assert "softsign" in autograd.draw(z).svg
    assert "softsign" in autograd.to_dot(z).source


def test_a_wrong_partial_is_found() -> None:
    wrong = autograd.primitive("wrong", math.tanh, (lambda z, x: 1.0004 * (1 - z * z),))
    report = check_gradients(wrong, [0.3])
    assert not report
    assert "DIFFER by 0.00037" in str(report)


def test_a_primitive_of_three_operands_and_one_with_domain_and_kink() -> None:
    fma = autograd.primitive(
        "fma",
        lambda x, y, c: x * y + c,
        (lambda z, x, y, c: y, lambda z, x, y, c: x, lambda z, x, y, c: 1),
        domain=Domain("c ≥ 0", lambda x, y, c: c < 0),
        kink=Kink("x = 1: none in truth", lambda x, y, c: x == 1),
    )
    x, y = Value(2.0), Value(3.0)
    z = fma(x, y, 4)
    assert (z.data, gradients(z, [x, y])) == (10.0, [3.0, 2.0])
    with pytest.raises(DomainError, match="fma"):
        fma(x, y, -1)
    with pytest.raises(LengthError, match="3 operands"):
        fma(x, y)

    def on_the_kink(x: Value) -> Value:
        return fma(x, x, 3)

    assert check_gradients(on_the_kink, [1.0]).kinks


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("tanh", math.tanh, (lambda z, x: 1,)), "already"),
        (("divide", math.tanh, (lambda z, x: 1,)), "meaning of its own"),
        (("not a name", math.tanh, (lambda z, x: 1,)), "identifier"),
        (("empty", math.tanh, ()), "one for each operand"),
        (("text", math.tanh, ("1",)), "one for each operand"),
    ],
)
def test_a_row_that_is_not_well_formed_is_refused(arguments: tuple[Any, ...], words: str) -> None:
    before = list(TABLE)
    with pytest.raises(PrimitiveError, match=words):
        autograd.primitive(*arguments)
    assert list(TABLE) == before


def test_a_partial_that_cannot_be_written_down_says_why() -> None:
    for partial in (lambda z, x: math.exp(x), lambda z, x: x.exp(), lambda z, x: 1 if x > 0 else 0):
        row = autograd.primitive("opaque", math.exp, (partial,))
        with pytest.raises(PrimitiveError, match=r"autograd\.exp\(x\), not math\.exp"):
            row(Value(1.0))
        del TABLE["opaque"]


def test_looking_up_a_primitive() -> None:
    from autograd.primitives import primitive_named

    assert primitive_named("tanh") is autograd.tanh
    assert repr(autograd.tanh) == "<primitive tanh>"
    with pytest.raises(PrimitiveError, match="no primitive"):
        primitive_named("tan_h")


def derivatives(z: Value, x: Value, count: int) -> list[float]:
    found = []
    for _ in range(count):
        (z,) = gradients(z, [x], create_graph=True)
        found.append(z.data)
    return found


def test_whole_powers_have_exact_derivatives_of_any_order_at_zero() -> None:
    x = Value(0.0)
    assert derivatives(x**0, x, 3) == [0, 0, 0]
    assert derivatives(x**1, x, 3) == [1, 0, 0]
    assert derivatives(x**2, x, 5) == [0, 2, 0, 0, 0]
    assert derivatives(x**3, x, 5) == [0, 0, 6, 0, 0]
    y = Value(-1.0)
    assert derivatives((1 + y) ** 2, y, 4) == [0, 2, 0, 0]


def test_powers_by_the_exponent_at_a_zero_base() -> None:
    y = Value(3.0)
    assert derivatives(0.0**y, y, 3) == [0, 0, 0]
    x, y = Value(0.0), Value(1.0)
    (by_x,) = gradients(x**y, [x], create_graph=True)
    assert gradients(by_x, [y]) == [-math.inf]


@pytest.mark.parametrize("size", [1.0, 1e3, 1e12, 1e17])
def test_shares_of_logsumexp_add_up_however_large_the_operands(size: float) -> None:
    a, b = Value(size), Value(size)
    assert gradients(autograd.logsumexp(a, b), [a, b]) == [0.5, 0.5]
    assert gradients(autograd.logsumexp(Value(-math.inf), a), [a]) == [1.0]


def test_logsumexp_at_infinity() -> None:
    low = [Value(-math.inf), Value(-math.inf)]
    assert gradients(autograd.logsumexp(low), low) == [0.5, 0.5]
    mixed = [Value(math.inf), Value(1.0)]
    assert gradients(autograd.logsumexp(mixed), mixed) == [1.0, 0.0]


def test_powers_and_signs_in_partials_mean_what_they_mean_elsewhere() -> None:
    softsign = softsign_row()
    x = Value(1e200)
    assert gradients(softsign(x), [x]) == [0.0]
    base = autograd.primitive("base", lambda x: (-2.0) ** x, (lambda z, x: (-2.0) ** x,))
    v = Value(2.0)
    assert gradients(base(v), [v]) == [4.0]


def test_wide_rows_differentiate_only_what_is_wanted() -> None:
    row = autograd.primitive(
        "fixed_three",
        lambda x, y, c: x + c,
        (lambda z, x, y, c: 1, lambda z, x, y, c: autograd.log(x), lambda z, x, y, c: 1),
        domain=Domain("c > 0", lambda x, y, c: c <= 0),
    )
    x = Value(-2.0)
    assert gradients(row(x, 3.0, 1.0), [x]) == [1.0]
    with pytest.raises(DomainError, match=r"c = 0\.0"):
        row(x, 3.0, 0.0)


def test_what_a_user_gives_wrong_is_named() -> None:
    short = autograd.primitive("short", lambda *xs: xs[0], lambda z, *xs: [1])
    a, b = Value(1.0), Value(2.0)
    with pytest.raises(PrimitiveError, match="1 partials for 2 operands"):
        short(a, b).backward()
    nothing = autograd.primitive("nothing", lambda x: None, (lambda z, x: 1,))  # type: ignore[arg-type,return-value]
    with pytest.raises(PrimitiveError, match="gave no number"):
        nothing(a)
    either = autograd.primitive(
        "either", abs, (lambda z, x: 1,), domain=Domain("x", lambda x: x < 0 or x > 1)
    )
    with pytest.raises(PrimitiveError, match=r"joined by & and \|"):
        either(a)
    for name in ("lambda", "pull_x", "type"):
        with pytest.raises(PrimitiveError, match=r"identifier|meaning of its own"):
            autograd.primitive(name, abs, (lambda z, x: 1,))
    twice = autograd.primitive("twice", lambda x: 2, (lambda z, x: 2,))
    assert type(twice(a).data) is float
