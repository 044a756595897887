"""W3: a GPT of one layer that spells first names, written with numbers alone.

It reads a name letter by letter and guesses each next one. The numbers may be of any class
of Values with `+ * / **`, `exp`, `log` and `relu`; every operation is one node.

A name is a list of tokens: 1 to 26 for its letters, and 0 before the first and after the last.
The parameters are matrices, each a list of rows; a matrix that maps n numbers to m has m rows.
The names of `names.txt` were typed for this file.
"""

from __future__ import annotations

import math
import random
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    Vector: TypeAlias = list[Any]
    Matrix: TypeAlias = list[Vector]

TOKENS = 27
BLOCK = 16
"""The longest name has one letter less."""
WIDTH = 16
HEADS = 4
SHAPES = {
    "tokens": (TOKENS, WIDTH),
    "positions": (BLOCK, WIDTH),
    "query": (WIDTH, WIDTH),
    "key": (WIDTH, WIDTH),
    "value": (WIDTH, WIDTH),
    "output": (WIDTH, WIDTH),
    "widen": (4 * WIDTH, WIDTH),
    "narrow": (WIDTH, 4 * WIDTH),
    "logits": (TOKENS, WIDTH),
}
SMALL = 1e-5
"""Keeps the norm of a vector of zeros from dividing by zero."""

NAMES = Path(__file__).with_name("names.txt").read_text(encoding="utf-8").split()
EXAMPLE = "charles"


def encode(name: str) -> list[int]:
    """Return a name as tokens."""
    return [0, *(ord(letter) - ord("a") + 1 for letter in name), 0]


def start(seed: int = 0, spread: float = 0.2) -> dict[str, Matrix]:
    """Draw parameters: 4,192 numbers."""
    rng = random.Random(seed)
    return {
        name: [[rng.gauss(0, spread) for _ in range(columns)] for _ in range(rows)]
        for name, (rows, columns) in SHAPES.items()
    }


def flat(parameters: dict[str, Matrix]) -> Vector:
    """Return the numbers of a structure of matrices, row by row."""
    return [x for matrix in parameters.values() for row in matrix for x in row]


def loss(parameters: dict[str, Matrix], tokens: Sequence[int]) -> Any:
    """Mean over the tokens after the first of -log of the probability given to it."""
    keys: Matrix = []
    values: Matrix = []
    losses = []
    for position, (token, target) in enumerate(pairwise(tokens)):
        x = normed(plus(parameters["tokens"][token], parameters["positions"][position]))
        x = plus(x, attention(parameters, normed(x), keys, values))
        wide = [a.relu() for a in times(parameters["widen"], normed(x))]
        x = plus(x, times(parameters["narrow"], wide))
        logits = times(parameters["logits"], x)
        losses.append(total([a.exp() for a in logits]).log() - logits[target])
    return total(losses) / len(losses)


def attention(parameters: dict[str, Matrix], x: Vector, keys: Matrix, values: Matrix) -> Vector:
    """Look back: each head mixes the values seen so far, most of those whose key fits its query."""
    query = times(parameters["query"], x)
    keys.append(times(parameters["key"], x))
    values.append(times(parameters["value"], x))
    mixed = []
    size = WIDTH // HEADS
    for head in range(0, WIDTH, size):
        mine = slice(head, head + size)
        fits = [(dot(query[mine], key[mine]) * size**-0.5).exp() for key in keys]
        all_fits = total(fits)
        shares = [fit / all_fits for fit in fits]
        mixed += [dot(shares, [value[i] for value in values]) for i in range(head, head + size)]
    return times(parameters["output"], mixed)


def normed(x: Vector) -> Vector:
    """Divide by the root of the mean square."""
    scale = (dot(x, x) * (1 / len(x)) + SMALL) ** -0.5
    return [a * scale for a in x]


def times(matrix: Matrix, x: Vector) -> Vector:
    """Multiply a matrix by a vector."""
    return [dot(row, x) for row in matrix]


def plus(x: Vector, y: Vector) -> Vector:
    """Add two vectors."""
    return [a + b for a, b in zip(x, y, strict=True)]


def dot(x: Vector, y: Vector) -> Any:
    """Σ x y, one node an operation."""
    return total([a * b for a, b in zip(x, y, strict=True)])


def total(terms: Vector) -> Any:
    """Σ of one term or more, one node an addition; `sum` would add the first to 0."""
    found = terms[0]
    for term in terms[1:]:
        found = found + term
    return found


class Adam:
    """Moves numbers against their gradient, each at its own pace (Kingma and Ba, 2015)."""

    def __init__(self, count: int, rate: float = 0.01) -> None:
        self.rate = rate
        self.iteration = 0
        self.means = [0.0] * count
        self.squares = [0.0] * count

    def moved(self, numbers: Sequence[float], gradient: Sequence[float]) -> list[float]:
        """Return where the numbers are after one more step."""
        self.iteration += 1
        self.means = [0.9 * m + 0.1 * g for m, g in zip(self.means, gradient, strict=True)]
        self.squares = [0.999 * s + 0.001 * g * g for s, g in zip(self.squares, gradient, strict=True)]
        a, b = 1 - 0.9**self.iteration, 1 - 0.999**self.iteration
        return [
            x - self.rate * (m / a) / (math.sqrt(s / b) + 1e-8)
            for x, m, s in zip(numbers, self.means, self.squares, strict=True)
        ]
