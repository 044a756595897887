"""By hand in plain Python: W1."""

from __future__ import annotations

from functools import partial

from tests.benchmarks.task import Task


def readme_expression() -> Task:
    return Task(partial(gradient, -4.0, 2.0), lambda: list(gradient(-4.0, 2.0)))


def gradient(a: float, b: float) -> tuple[float, float, float]:
    """Return g and its derivatives by a and b."""
    c1 = a + b
    c2 = c1 + (c1 + 1)
    c3 = c2 + (1 + c2 + (-a))
    d1 = a * b + b**3
    plus = b + a
    d2 = d1 + (d1 * 2 + (plus if plus > 0 else 0.0))
    minus = b - a
    d3 = d2 + (3 * d2 + (minus if minus > 0 else 0.0))
    e = c3 - d3
    f = e * e
    g = f / 2.0 + 10.0 / f
    by_e = (0.5 - 10.0 / (f * f)) * 2 * e
    by_d1 = -12 * by_e
    by_plus = -4 * by_e if plus > 0 else 0.0
    by_minus = -by_e if minus > 0 else 0.0
    return (
        g,
        3 * by_e + by_d1 * b + by_plus - by_minus,
        4 * by_e + by_d1 * (a + 3 * b * b) + by_plus + by_minus,
    )
