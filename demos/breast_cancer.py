"""Lesson 4: a network trained on real data, by stochastic gradient descent.

The weights start at random near 0. For i = 1 … T: draw one sample (x, y), let v be the
gradient of its loss, and step

    w ← w − η_i (v + λ w)

The output is not the last w but the one that did best on the validation set; the test
set is looked at once, at the end.

    python -m demos.breast_cancer [seed]
"""

import sys

from nn import MLP, History, accuracy, binary_cross_entropy, breast_cancer, fit, normal, split, standardise

PASSES = 5  # T, in passes over the training set
WEIGHT_DECAY = 0.001  # λ


def train(seed: int = 0) -> tuple[MLP, History, dict[str, float]]:
    """Train a network 30-16-1; return it, what happened, and its accuracy on each part."""
    parts = dict(
        zip(
            ("training", "validation", "test"),
            split(breast_cancer(), (0.6, 0.2, 0.2), seed=seed),
            strict=True,
        ),
    )
    parts = dict(zip(parts, standardise(*parts.values()), strict=True))
    samples = len(parts["training"].targets)
    model = MLP(30, [16, 1], activation="tanh", initializer=normal(0.01), seed=seed)
    history = fit(
        model,
        binary_cross_entropy,
        parts["training"],
        parts["validation"],
        iterations=PASSES * samples,
        lr=lambda i: 0.02 / (1 + 0.1 * i / samples),  # η_i
        weight_decay=WEIGHT_DECAY,
        validate_every=samples // 4,
        seed=seed,
    )
    return model, history, {name: accuracy(model, part) for name, part in parts.items()}


def main(seed: int = 0) -> float:
    """Train, say how it went, and return the accuracy on the test set."""
    print("  569 samples of 30 features: 60% to train on, 20% for validation, 20% to test")
    model, history, accuracies = train(seed)
    print(f"  {model!r}, {len(model.parameters())} parameters\n")
    print("\n".join(f"  {line}" for line in str(history).splitlines()))
    print()
    for name, share in accuracies.items():
        print(f"  accuracy on the {name} set: {100 * share:.1f}%")
    return accuracies["test"]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
