"""By hand in numpy with arrays made once and overwritten, biases among the weights: W2, W5.

Layers are as `tests.benchmarks.by_hand` says; a column is a sample.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks import single_sample, workloads
from tests.benchmarks.by_hand.in_numpy import samples, task
from tests.benchmarks.task import Task, after_training

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def layers_of(numbers: Array, sizes: Sequence[int]) -> list[Array]:
    """Return views of the matrix of each layer, with its biases in the last column."""
    found, start = [], 0
    for fan_in, fan_out in pairwise(sizes):
        stop = start + fan_out * (fan_in + 1)
        found.append(numbers[start:stop].reshape(fan_out, fan_in + 1))
        start = stop
    return found


def two_moons(count: int) -> Task:
    inputs, targets = samples(count)
    w, v = np.array(workloads.start()), np.zeros(len(workloads.start()))
    w1, w2, w3 = layers_of(w, workloads.SIZES)
    v1, v2, v3 = layers_of(v, workloads.SIZES)
    w2_by_input, w3_by_input = w2[:, :-1].T, w3[:, :-1].T
    width = workloads.SIZES[1]
    x = np.ones((3, count))  # a column is a sample, the last row the constant input 1
    x[:2] = inputs.T
    y = targets[None]
    h1, h2 = np.ones((width + 1, count)), np.ones((width + 1, count))
    o1, o2 = h1[:-1], h2[:-1]  # the outputs of the units, without the constant
    by_o1, by_o2 = np.empty((width, count)), np.empty((width, count))
    by_score, margin = np.empty((1, count)), np.empty((1, count))
    slope = -y / count
    x_by_sample, h1_by_sample, h2_by_sample = x.T, h1.T, h2.T

    def gradient() -> tuple[float, Array]:
        np.matmul(w1, x, out=o1)
        np.maximum(o1, 0.0, out=o1)
        np.matmul(w2, h1, out=o2)
        np.maximum(o2, 0.0, out=o2)
        np.matmul(w3, h2, out=margin)
        np.multiply(margin, y, out=margin)
        np.subtract(1.0, margin, out=margin)
        np.maximum(margin, 0.0, out=margin)
        loss = margin.sum() / count + 1e-4 * w.dot(w)
        np.multiply(slope, margin > 0.0, out=by_score)
        np.matmul(by_score, h2_by_sample, out=v3)
        np.multiply(w3_by_input, by_score, out=by_o2)
        np.multiply(by_o2, o2 > 0.0, out=by_o2)
        np.matmul(by_o2, h1_by_sample, out=v2)
        np.matmul(w2_by_input, by_o2, out=by_o1)
        np.multiply(by_o1, o1 > 0.0, out=by_o1)
        np.matmul(by_o1, x_by_sample, out=v1)
        v[:] += 2e-4 * w
        return loss, v

    return task(gradient)


def single_sample_step() -> Task:
    drawn_from, draw = single_sample.samples(), single_sample.draws()
    w, v = np.array(single_sample.start()), np.zeros(len(single_sample.start()))
    w1, w2 = layers_of(w, single_sample.SIZES)
    v1, v2 = layers_of(v, single_sample.SIZES)
    x = np.array([[*inputs, 1.0] for inputs, _ in drawn_from])
    signs = [single_sample.sign(target) for _, target in drawn_from]
    out, hidden = w2[0], np.ones(single_sample.SIZES[1] + 1)
    o, by_a = hidden[:-1], np.empty(single_sample.SIZES[1])
    kept = 1.0 - single_sample.RATE * single_sample.WEIGHT_DECAY
    rate = single_sample.RATE

    def step() -> float:
        k = next(draw)
        inputs, side = x[k], signs[k]
        np.matmul(w1, inputs, out=o)
        np.tanh(o, out=o)
        margin = side * float(out.dot(hidden))
        small = math.exp(-abs(margin))
        loss = max(margin, 0.0) + math.log1p(small)
        by_logit = side * (1.0 if margin > 0.0 else small) / (1.0 + small)
        np.multiply(hidden, by_logit, out=v2[0])
        np.multiply(o, o, out=by_a)
        np.subtract(1.0, by_a, out=by_a)
        np.multiply(by_a, out[:-1], out=by_a)
        np.multiply(by_a, by_logit, out=by_a)
        np.multiply(by_a[:, None], inputs, out=v1)
        np.multiply(v, rate, out=v)
        np.multiply(w, kept, out=w)
        np.subtract(w, v, out=w)
        return loss

    return after_training(step, w.tolist)
