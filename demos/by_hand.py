"""Lesson 2: backpropagation derived by hand, in numpy, against autodiff.

A network 3-4-2 with tanh, and the mean squared error of its outputs:

    a₁ = W₁x + b₁    o₁ = tanh(a₁)    a₂ = W₂o₁ + b₂    l = mean((y − a₂)²)

From the loss back, with δ for the derivative by a layer's pre-activations:

    δ₂ = −2(y − a₂)/2     ∂l/∂W₂ = δ₂o₁ᵀ     ∂l/∂b₂ = δ₂
    δ₁ = W₂ᵀδ₂ ⊙ (1 − o₁²)    ∂l/∂W₁ = δ₁xᵀ     ∂l/∂b₁ = δ₁

    python -m demos.by_hand
"""

from typing import TypeAlias

import numpy as np

from nn import MLP, mse, xavier

Array: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def gradient_by_hand(  # noqa: PLR0917 - the letters of the derivation, in its order
    x: Array,
    y: Array,
    w1: Array,
    b1: Array,
    w2: Array,
    b2: Array,
) -> list[Array]:
    """Return the derivatives of the loss by W₁, b₁, W₂ and b₂: the formulas above."""
    o1 = np.tanh(w1 @ x + b1)
    a2 = w2 @ o1 + b2
    delta2 = -2 * (y - a2) / len(y)
    delta1 = w2.T @ delta2 * (1 - o1**2)
    return [np.outer(delta1, x), delta1, np.outer(delta2, o1), delta2]


def main() -> float:
    """Compare the two gradients, matrix by matrix; return the largest relative difference."""
    x, y = np.array([0.5, -1.0, 2.0]), np.array([0.3, -0.7])
    model = MLP(3, [4, 2], activation="tanh", initializer=xavier, seed=1)
    mse(model(x), y.tolist()).backward()

    parameters = []
    for layer in model.layers:
        parameters += [
            [neuron.weights for neuron in layer.neurons],
            [neuron.bias for neuron in layer.neurons],
        ]
    data, autodiff = (
        [np.vectorize(of)(p) for p in parameters] for of in (lambda v: v.data, lambda v: v.grad)
    )
    by_hand = gradient_by_hand(x, y, *data)

    print(f"  {'by':<4}{'shape':<7}{'norm by hand':>20}{'norm by autodiff':>20}{'relative difference':>22}")
    largest = 0.0
    for name, hand, auto in zip(("W₁", "b₁", "W₂", "b₂"), by_hand, autodiff, strict=True):
        difference = float(np.linalg.norm(hand - auto) / np.linalg.norm(hand))
        largest = max(largest, difference)
        shape = "×".join(map(str, hand.shape))
        norms = f"{np.linalg.norm(hand):>20.15f}{np.linalg.norm(auto):>20.15f}"
        print(f"  {name:<4}{shape:<7}{norms}{difference:>22.1e}")
    return largest


if __name__ == "__main__":
    main()
