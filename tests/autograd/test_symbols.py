"""Symbols write what a reader, and Python, will read back as the same thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

from autograd.symbols import GuardedSource, Source, Symbol

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBERS = {"x": 3.0, "y": -2.5}
LEAVES = st.sampled_from(["x", "y", "2", "0.5"])
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        inner.map(lambda e: f"-({e})"),
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("kind", [Symbol, Source, GuardedSource])
@given(text=EXPRESSIONS)
def test_what_is_written_reads_back_as_the_same_number(kind: type[Symbol], text: str) -> None:
    written = eval(text, {name: kind(name) for name in NUMBERS})  # noqa: S307 - an expression made above
    assert eval(str(written), dict(NUMBERS)) == eval(text, dict(NUMBERS))  # noqa: S307


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (lambda x, y: x - (y - 1), "x - (y - 1)"),
        (lambda x, y: (x + y) * x / y, "(x + y) * x / y"),
        (lambda x, y: -((x + y) ** 2), "-(x + y) ** 2"),
        (lambda x, y: (-x) ** 2, "(-x) ** 2"),
        (lambda x, y: 2 ** (x**y), "2 ** x ** y"),
        (lambda x, y: (x < 0) & (y % 1 != 0) | (x == 0), "x < 0 and y % 1 != 0 or x == 0"),
        (lambda x, y: ((x < 0) | (y > 1)) & (x >= y), "(x < 0 or y > 1) and x >= y"),
    ],
)
def test_parentheses_are_those_that_are_needed(build: Callable[..., Any], text: str) -> None:
    assert str(build(Symbol("x"), Symbol("y"))) == text


def test_kinds_of_source() -> None:
    x: Any = Source("x")
    assert str(1 / x) == "1.0 / x"
    guarded: Any = GuardedSource("x")
    assert str(2 * (1 / guarded)) == "2.0 * divide(1.0, x)"
    with pytest.raises(TypeError, match="no truth value"):
        bool(x > 0)
