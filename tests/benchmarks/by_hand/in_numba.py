"""By hand as loops that numba compiles: W2, W5."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

from tests.benchmarks import single_sample, workloads
from tests.benchmarks.by_hand.in_numpy import samples, task
from tests.benchmarks.task import Task, after_training

WIDTH = workloads.SIZES[1]
FEATURES = single_sample.SIZES[0]
UNITS = single_sample.SIZES[1]
RATE, KEPT = single_sample.RATE, 1.0 - single_sample.RATE * single_sample.WEIGHT_DECAY


def two_moons(count: int) -> Task:
    x, y = samples(count)
    w = np.array(workloads.start())
    v = np.zeros_like(w)
    run = numba.njit(_two_moons)
    return task(lambda: (run(x, y, w, v), v))


def _two_moons(x: Any, y: Any, w: Any, v: Any) -> float:  # noqa: C901, PLR0912 - calls would hide the order of the loops
    first, second = 3 * WIDTH, WIDTH * (WIDTH + 4)
    w1, v1 = w[:first].reshape(WIDTH, 3), v[:first].reshape(WIDTH, 3)
    w2, v2 = w[first:second].reshape(WIDTH, WIDTH + 1), v[first:second].reshape(WIDTH, WIDTH + 1)
    w3, v3 = w[second:], v[second:]
    by_input = np.empty((WIDTH + 1, WIDTH))  # w2 with units next to one another
    for j in range(WIDTH):
        for i in range(WIDTH + 1):
            by_input[i, j] = w2[j, i]
    loss = 0.0
    for k in range(w.size):
        loss += w[k] * w[k]
        v[k] = 2e-4 * w[k]
    loss *= 1e-4
    h1, h2, by_h1 = np.empty(WIDTH), np.empty(WIDTH), np.empty(WIDTH)
    for s in range(y.size):
        for j in range(WIDTH):
            a = w1[j, 0] * x[s, 0] + w1[j, 1] * x[s, 1] + w1[j, 2]
            h1[j] = max(a, 0.0)
        for j in range(WIDTH):
            h2[j] = by_input[WIDTH, j]
        for i in range(WIDTH):
            for j in range(WIDTH):
                h2[j] += by_input[i, j] * h1[i]
        score = w3[WIDTH]
        for j in range(WIDTH):
            h2[j] = max(h2[j], 0.0)
            score += w3[j] * h2[j]
        margin = 1.0 - y[s] * score
        if margin <= 0.0:
            continue
        loss += margin / y.size
        by_score = -y[s] / y.size
        v3[WIDTH] += by_score
        by_h1[:] = 0.0
        for j in range(WIDTH):
            if h2[j] <= 0.0:
                continue
            v3[j] += by_score * h2[j]
            by_a = by_score * w3[j]
            v2[j, WIDTH] += by_a
            for i in range(WIDTH):
                v2[j, i] += by_a * h1[i]
                by_h1[i] += by_a * w2[j, i]
        for i in range(WIDTH):
            by_a = by_h1[i] if h1[i] > 0.0 else 0.0
            v1[i, 0] += by_a * x[s, 0]
            v1[i, 1] += by_a * x[s, 1]
            v1[i, 2] += by_a
    return loss


def single_sample_step() -> Task:
    drawn_from, draw = single_sample.samples(), single_sample.draws()
    x = np.array([inputs for inputs, _ in drawn_from])
    signs = np.array([single_sample.sign(target) for _, target in drawn_from])
    w = np.array(single_sample.start())
    w1, w2 = w[: UNITS * (FEATURES + 1)].reshape(UNITS, FEATURES + 1), w[UNITS * (FEATURES + 1) :]
    run = numba.njit(_single_sample)
    return after_training(lambda: run(w1, w2, x, signs, next(draw)), w.tolist)


def _single_sample(w1: Any, w2: Any, x: Any, signs: Any, k: int) -> float:
    o = np.empty(UNITS)
    logit = w2[UNITS]
    for j in range(UNITS):
        a = w1[j, FEATURES]
        for i in range(FEATURES):
            a += w1[j, i] * x[k, i]
        o[j] = math.tanh(a)
        logit += w2[j] * o[j]
    margin = signs[k] * logit
    small = math.exp(-abs(margin))
    by_logit = signs[k] * (1.0 if margin > 0.0 else small) / (1.0 + small)
    w2[UNITS] = KEPT * w2[UNITS] - RATE * by_logit
    for j in range(UNITS):
        by_a = by_logit * w2[j] * (1.0 - o[j] * o[j])
        w2[j] = KEPT * w2[j] - RATE * by_logit * o[j]
        w1[j, FEATURES] = KEPT * w1[j, FEATURES] - RATE * by_a
        for i in range(FEATURES):
            w1[j, i] = KEPT * w1[j, i] - RATE * by_a * x[k, i]
    loss: float = max(margin, 0.0) + math.log1p(small)
    return loss
