"""Derivatives of the first to fourth order, reverse over reverse, against mpmath."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mpmath as mp
import pytest

from autograd import TABLE, Value, gradients
from tests.accuracy.reference import AVOIDED, REFERENCES

if TYPE_CHECKING:
    from autograd import Primitive

ORDERS = range(1, 5)

ITS_OWN = {"_gauss": [([0.0, 0.5], [1.0, 0.0]), ([-1.1875, 1.0], [1.0, 0.0])]}
"""Lines for a row that takes no others."""

UNARY = [0.0, 1e-9, -1e-9, 0.3, -0.3, 0.0625, -0.125, 1.7, -2.5, 6.0, -9.0, 21.0, -37.0]
"""Zero, where formulas with |x| or a sign switch; multiples of 1/16, where _gauss does; and far out."""

LINES = {
    1: [([2.5], [-0.7])],
    2: [
        ([1.3, 0.4], [1.0, 0.0]),
        ([1.3, -0.4], [0.0, 1.0]),
        ([0.7, 0.7], [0.6, -0.8]),
        ([2.0, 3.0], [1.0, 0.5]),
    ],
    3: [([0.3, -1.0, 1.0], [1.0, 0.3, 0.2]), ([1.0, 2.0, 0.5], [0.5, -1.0, 0.3])],
    4: [([0.5, 2.0, -1.5, 1.0], [1.0, 0.5, -0.5, 0.0]), ([2.0, 0.0, 0.0, 3.0], [0.3, 1.0, -1.0, 0.0])],
    5: [([0.5, 2.0, -1.5, 1.0, 2.0], [1.0, 0.5, -0.5, 0.0, 0.0])],
}
"""Points and directions, by the number of operands; also a zero factor twice, and equal operands."""

FLAT = {"step", "sign", "_less", "_equal", "stop_gradient", "where"}
"""Rows with nothing to differentiate, or that a test of their own differentiates."""


def autodiff(row: Primitive, point: list[float], direction: list[float]) -> list[float]:
    """Differentiate t -> row(point + t direction) at t = 0, again and again."""
    t = Value(0.0)
    z = row(*[x + t * u if u else x for x, u in zip(point, direction, strict=True)])
    found = []
    for _ in ORDERS:
        (z,) = gradients(z, [t], create_graph=True)
        found.append(z.data)
    return found


def truth(name: str, point: list[float], direction: list[float]) -> list[float]:
    with mp.workdps(120):
        numbers = [(mp.mpf(x), mp.mpf(u)) for x, u in zip(point, direction, strict=True)]

        def along(t: mp.mpf) -> mp.mpf:
            return REFERENCES[name](*[x + t * u for x, u in numbers])

        return [float(mp.diff(along, 0, order, h=mp.mpf(10) ** -25)) for order in ORDERS]


CASES = [
    (row.name, point, direction)
    for row in TABLE.values()
    if row.name not in FLAT
    for point, direction in (
        ITS_OWN[row.name]
        if row.name in ITS_OWN
        else [([x], [1.0]) for x in UNARY]
        if not row.variadic and len(row.partials) == 1
        else [line for n in LINES for line in LINES[n] if (row.variadic or len(row.partials) == n)]
    )
    if not (row.name in AVOIDED and AVOIDED[row.name](*point))
    and not (row.domain and row.domain.outside(*point))
    and not (row.kink and row.kink.at(*point))
]


@pytest.mark.parametrize("name", list(dict.fromkeys(name for name, *_ in CASES)))
def test_derivatives_to_the_fourth_order(name: str) -> None:
    for row, point, direction in CASES:
        if row == name:
            exact = truth(name, point, direction)
            size = max(map(abs, exact))
            assert autodiff(TABLE[name], point, direction) == pytest.approx(
                exact, rel=1e-9, abs=1e-9 * size
            ), point


def test_elu_continues_from_the_left_at_zero() -> None:
    assert autodiff(TABLE["elu"], [0.0], [1.0]) == [1.0, 1.0, 1.0, 1.0]


def test_the_operand_not_chosen_has_no_part_at_any_order() -> None:
    x = Value(0.0)
    z = TABLE["where"](x > 0, x.sqrt(), x * x * x)
    for expected in (0.0, 0.0, 6.0, 0.0):
        (z,) = gradients(z, [x], create_graph=True)
        assert z.data == expected
