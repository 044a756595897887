"""Operands for any row of the table: drawn at random, and taken if they are inside its domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd import Value

if TYPE_CHECKING:
    import random

    from autograd import Primitive

PLAIN = {"k", "n"}
"""What rows call operands that are always plain, whole numbers above 0."""


def numbers_inside(row: Primitive, rng: random.Random, width: int = 4) -> list[float]:
    """Draw positive numbers inside the domain of a row, `width` of them if it takes any number."""
    names = row.letters or "x" * width
    for _ in range(1_000):
        drawn = [float(rng.randint(1, 2)) if name in PLAIN else rng.uniform(0.1, 3.0) for name in names]
        if row.domain is None or not row.domain.outside(*drawn):
            return drawn
    raise LookupError(f"no operands of {row.name} were found: {row.domain}")


def values_inside(row: Primitive, rng: random.Random, width: int = 4) -> list[Value | float]:
    """Draw Values inside the domain of a row, called x0, x1, …; plain numbers where those belong."""
    drawn = numbers_inside(row, rng, width)
    names = row.letters or "x" * width
    return [
        x if name in PLAIN else Value(x, label=f"x{i}")
        for i, (name, x) in enumerate(zip(names, drawn, strict=True))
    ]
