"""Lesson 9: the sequence of step sizes η_1 … η_T decides whether SGD settles.

The gradient on one sample is a noisy one. With a constant step size the weights come
near the best ones quickly and then jump about; steps that shrink let them settle, but
those that shrink at once hardly get there.

    python -m demos.step_sizes
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from nn import MLP, SGD, mse

if TYPE_CHECKING:
    from nn.schedules import StepSizes

SAMPLES, ITERATIONS = 200, 2000

SEQUENCES: dict[str, StepSizes] = {
    "η = 0.1, constant": 0.1,
    "η = 0.01, constant": 0.01,
    "η_i = 0.1/√i": lambda i: 0.1 / math.sqrt(i),
    "η_i = 0.1/i": lambda i: 0.1 / i,
    "a list: 0.1, then 0.01, then 0.001": [0.1] * 500 + [0.01] * 750 + [0.001] * 750,
}


def main() -> dict[str, float]:
    """Fit a line to noisy points by SGD; return how far each sequence ends from the best line."""
    random = np.random.default_rng(0)
    x = random.normal(size=SAMPLES)
    y = 2 * x + 1 + random.normal(size=SAMPLES)
    best = np.linalg.lstsq(np.column_stack([x, np.ones(SAMPLES)]), y)[0]
    looks = [10, 100, 1000, ITERATIONS]
    print(f"  How far w is from the best line: ‖w − w*‖, from {math.hypot(*best):.4f} at the start, after")
    print(f"  {'iterations':<36}" + "".join([f"{i:>10}" for i in looks]))
    ends = {}
    for name, sizes in SEQUENCES.items():
        model = MLP(1, [1])
        model.set_parameters([0.0, 0.0])
        optimizer = SGD(model.parameters(), sizes)
        draws = np.random.default_rng(1).integers(SAMPLES, size=ITERATIONS)
        distances = []
        for k in draws.tolist():
            optimizer.zero_grad()
            mse(model([x[k]]), y[k]).backward()
            optimizer.step()
            distances.append(math.dist([w.data for w in model.parameters()], best))
        print(f"  {name:<36}" + "".join([f"{distances[i - 1]:>10.4f}" for i in looks]))
        ends[name] = distances[-1]
    return ends


if __name__ == "__main__":
    main()
