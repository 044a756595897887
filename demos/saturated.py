"""Lesson 7: why the scale of the first weights matters.

Large w → large activations → saturated non-linearities → small gradients → small
updates → slow learning. Too near zero is slow as well: every layer multiplies what comes
back by its weights. The whole curve shows both ends.

    python -m demos.saturated
"""

import numpy as np

from nn import MLP, Dataset, mse, normal, saturation, scale_curve
from nn.saturation import ScaleCurve

SCALES = (0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


def planes() -> Dataset:
    """Draw 40 points in space, and on which side of two planes they lie."""
    x = np.random.default_rng(0).normal(size=(40, 3))
    return Dataset(x, np.column_stack([x[:, 0] + x[:, 1] > 0, x[:, 2] > x[:, 0]]).astype(float))


def network(scale: float) -> MLP:
    """Make a network 3-4-4-2 of sigmoids, the same but for the scale of its weights."""
    return MLP(3, [4, 4, 2], "sigmoid", "sigmoid", initializer=normal(scale), seed=1)


def main(steps: int = 1000) -> ScaleCurve:
    """Look at three networks, then draw the curve; return it."""
    for scale in (0.01, 1.0, 30.0):
        print(f"Weights of scale {scale:g}:\n")
        print(saturation(network(scale), mse, planes(), lr=1.0), end="\n\n")
    curve = scale_curve(network, mse, planes(), lr=1.0, steps=steps, scales=SCALES)
    print(curve)
    return curve


if __name__ == "__main__":
    main()
