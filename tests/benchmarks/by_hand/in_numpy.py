"""By hand in numpy, as one writes it: W2, W3, W5."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.benchmarks import gpt, single_sample, workloads
from tests.benchmarks.task import Task, after_training

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def task(gradient: Callable[[], tuple[float, Array]]) -> Task:
    """Return the task of a function that gives the loss and its gradient."""

    def answer() -> list[float]:
        loss, slopes = gradient()
        return [float(loss), *slopes.tolist()]

    return Task(gradient, answer)


def samples(count: int) -> tuple[Array, Array]:
    """Return as many samples of W2, and their targets, as arrays."""
    inputs, targets = zip(*workloads.two_moons(count), strict=True)
    return np.array(inputs), np.array(targets, dtype=float)


def two_moons(count: int) -> Task:
    x, y = samples(count)
    parameters = weights_and_biases(workloads.start(), workloads.SIZES)
    (w1, b1), (w2, b2), (w3, b3) = parameters

    def gradient() -> tuple[float, list[tuple[Array, Array]]]:
        h1 = np.maximum(x @ w1.T + b1, 0.0)
        h2 = np.maximum(h1 @ w2.T + b2, 0.0)
        scores = h2 @ w3[0] + b3
        margins = np.maximum(1.0 - y * scores, 0.0)
        squares = sum((w * w).sum() + (b * b).sum() for w, b in parameters)
        by_score = np.where(margins > 0.0, -y / count, 0.0)[:, None]
        by_a2 = by_score @ w3 * (h2 > 0.0)
        by_a1 = by_a2 @ w2 * (h1 > 0.0)
        sides = [(by_a1, x), (by_a2, h1), (by_score, h2)]
        return margins.mean() + 1e-4 * squares, [
            (by_a.T @ inputs + 2e-4 * w, by_a.sum(axis=0) + 2e-4 * b)
            for (by_a, inputs), (w, b) in zip(sides, parameters, strict=True)
        ]

    def answer() -> list[float]:
        loss, slopes = gradient()
        return [float(loss), *flat(slopes)]

    return Task(gradient, answer)


def weights_and_biases(numbers: Sequence[float], sizes: Sequence[int]) -> list[tuple[Array, Array]]:
    """Return the matrix of each layer, a row for each unit, and its vector of biases."""
    rest = iter(numbers)
    rows = [
        np.array([[next(rest) for _ in range(fan_in + 1)] for _ in range(fan_out)])
        for fan_in, fan_out in pairwise(sizes)
    ]
    return [(matrix[:, :-1].copy(), matrix[:, -1].copy()) for matrix in rows]


def flat(layers: Iterable[tuple[Any, Any]]) -> list[float]:
    """Return the numbers of layers: for each unit its weights, then its bias."""
    return [
        float(x)
        for weights, biases in layers
        for row, b in zip(weights, biases, strict=True)
        for x in (*row, b)
    ]


def gpt_of_one_name() -> Task:
    w = np.array(gpt.flat(gpt.start()))
    tokens = np.array(gpt.encode(gpt.EXAMPLE))
    gradient = gpt_gradient(w, len(tokens) - 1)
    return task(lambda: gradient(tokens))


def gpt_gradient(w: Array, steps: int) -> Callable[[NDArray[np.int64]], tuple[float, Array]]:  # noqa: PLR0915 - the whole network
    """Return a function of the tokens, one more than steps, that gives the loss and its gradient."""
    v = np.zeros_like(w)
    p, q = matrices_of(w), matrices_of(v)
    heads, size, width = gpt.HEADS, gpt.WIDTH // gpt.HEADS, gpt.WIDTH
    three = w[(start := p["tokens"].size + p["positions"].size) : start + 3 * width * width]
    query_key_value = three.reshape(3 * width, width)  # they stand one after another
    by_query_key_value = v[start : start + 3 * width * width].reshape(3 * width, width)
    past = np.tril(np.ones((steps, steps)))
    rows = np.arange(steps)
    by_mixed_heads = np.empty((3, heads, steps, size))
    seen = by_mixed_heads.transpose(2, 0, 1, 3)  # position, then query, key or value, then head

    def gradient(tokens: NDArray[np.int64]) -> tuple[float, Array]:
        before, after = tokens[:-1], tokens[1:]
        embedded = p["tokens"][before] + p["positions"][:steps]
        x0, scale0 = normed(embedded)
        n1, scale1 = normed(x0)
        split = (n1 @ query_key_value.T).reshape(steps, 3, heads, size).transpose(1, 2, 0, 3)
        query, key, value = split
        fits = np.exp((query @ key.swapaxes(1, 2)) * size**-0.5) * past
        shares = fits / fits.sum(axis=2, keepdims=True)
        mixed = (shares @ value).transpose(1, 0, 2).reshape(steps, width)
        x1 = x0 + mixed @ p["output"].T
        n2, scale2 = normed(x1)
        wide = np.maximum(n2 @ p["widen"].T, 0.0)
        x2 = x1 + wide @ p["narrow"].T
        odds = np.exp(x2 @ p["logits"].T)
        all_odds = odds.sum(axis=1)
        loss = np.log(all_odds / odds[rows, after]).sum() / steps

        by_logits = odds / all_odds[:, None]
        by_logits[rows, after] -= 1.0
        by_logits /= steps
        np.matmul(by_logits.T, x2, out=q["logits"])
        by_x2 = by_logits @ p["logits"]
        np.matmul(by_x2.T, wide, out=q["narrow"])
        by_wide = (by_x2 @ p["narrow"]) * (wide > 0.0)
        np.matmul(by_wide.T, n2, out=q["widen"])
        by_x1 = by_x2 + by_normed(by_wide @ p["widen"], n2, scale2)
        np.matmul(by_x1.T, mixed, out=q["output"])
        by_mixed = (by_x1 @ p["output"]).reshape(steps, heads, size).transpose(1, 0, 2)
        by_shares = by_mixed @ value.swapaxes(1, 2)
        by_fits = shares * (by_shares - (by_shares * shares).sum(axis=2, keepdims=True)) * size**-0.5
        np.matmul(by_fits, key, out=by_mixed_heads[0])
        np.matmul(by_fits.swapaxes(1, 2), query, out=by_mixed_heads[1])
        np.matmul(shares.swapaxes(1, 2), by_mixed, out=by_mixed_heads[2])
        by_split = seen.reshape(steps, 3 * width)
        np.matmul(by_split.T, n1, out=by_query_key_value)
        by_x0 = by_x1 + by_normed(by_split @ query_key_value, n1, scale1)
        by_embedded = by_normed(by_x0, x0, scale0)
        q["positions"][:steps] = by_embedded
        q["tokens"][:] = 0.0
        np.add.at(q["tokens"], before, by_embedded)
        return loss, v

    return gradient


def matrices_of(numbers: Array) -> dict[str, Array]:
    """Return views of the matrices of the GPT."""
    found, start = {}, 0
    for name, (rows, columns) in gpt.SHAPES.items():
        found[name] = numbers[start : start + rows * columns].reshape(rows, columns)
        start += rows * columns
    return found


def normed(x: Array) -> tuple[Array, Array]:
    """Divide each row by the root of its mean square; also return what it was multiplied by."""
    scale = 1.0 / np.sqrt(np.einsum("ij,ij->i", x, x) / gpt.WIDTH + gpt.SMALL)[:, None]
    return x * scale, scale


def by_normed(by_output: Array, output: Array, scale: Array) -> Array:
    """Return the derivative by what was normed, from that by the result."""
    along = np.einsum("ij,ij->i", by_output, output)[:, None] / gpt.WIDTH
    by_input: Array = (by_output - output * along) * scale
    return by_input


def single_sample_step() -> Task:
    drawn_from, draw = single_sample.samples(), single_sample.draws()
    layers = weights_and_biases(single_sample.start(), single_sample.SIZES)
    (w1, b1), (w2, b2) = layers
    inputs = np.array([inputs for inputs, _ in drawn_from])
    signs = [single_sample.sign(target) for _, target in drawn_from]

    def step() -> float:
        k = next(draw)
        x, side = inputs[k], signs[k]
        o = np.tanh(w1 @ x + b1)
        margin = side * (w2 @ o + b2)
        loss = np.logaddexp(0.0, margin[0])
        by_logit = side / (1.0 + np.exp(-margin))
        by_a = by_logit * w2[0] * (1.0 - o * o)
        slopes = [(np.outer(by_a, x), by_a), (np.outer(by_logit, o), by_logit)]
        for (w, b), (by_w, by_b) in zip(layers, slopes, strict=True):
            w[...] = w - single_sample.RATE * (by_w + single_sample.WEIGHT_DECAY * w)
            b[...] = b - single_sample.RATE * (by_b + single_sample.WEIGHT_DECAY * b)
        return float(loss)

    return after_training(step, lambda: flat(layers))
