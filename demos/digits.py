"""Handwritten digits, by a network that anyone can read: a lesson of its own.

1,797 images of 8 × 8 pixels; a network 64-32-10 of Values. Each step goes against the mean
gradient of a few samples, drawn without replacement: the loss on a sample is recorded once and
replayed on all of them. The training is saved after each pass: stop it with Ctrl-C, or
kill it, and start it again, and the result is the same to the bit.

    python -m demos.digits [file for the checkpoint]
"""

import sys
import time
from pathlib import Path

from nn import (
    MLP,
    AdamW,
    Cosine,
    Dataset,
    History,
    WarmUp,
    accuracy,
    digits,
    fit,
    softmax_cross_entropy,
    split,
)

PASSES = 8
BATCH = 16


def parts(seed: int = 0) -> tuple[Dataset, ...]:
    """Return the images to train on, to look at meanwhile, and to test with.

    A pixel counts from its mean in the first, in units of 4; to scale each by itself would
    make much of those at the edge, which have ink in few images.
    """
    images = split(digits(), (0.7, 0.1, 0.2), seed=seed, stratified=True)
    mean = images[0].inputs.mean(axis=0)
    return tuple([part._replace(inputs=(part.inputs - mean) / 4) for part in images])


def train(
    images: tuple[Dataset, ...], checkpoint: Path, passes: int = PASSES, seed: int = 0
) -> tuple[MLP, History, float]:
    """Train a network; return it, what happened, and its accuracy on the test set."""
    training, validation, test = images
    iterations = passes * -(-len(training.targets) // BATCH)
    model = MLP(64, [32, 10], activation="relu", seed=seed)
    history = fit(
        model,
        softmax_cross_entropy,
        training,
        validation,
        iterations=iterations,
        optimizer=AdamW(model.parameters(), WarmUp(Cosine(0.03, iterations), 50), weight_decay=0.3),
        batch_size=BATCH,
        replacement=False,
        metrics={"accuracy": accuracy},
        checkpoint=checkpoint,
        seed=seed,
    )
    return model, history, accuracy(model, test)


def main(checkpoint: str = "out/digits.checkpoint", passes: int = PASSES) -> float:
    """Train, say how it went, and return the accuracy on the test set."""
    path = Path(checkpoint)
    path.parent.mkdir(parents=True, exist_ok=True)
    print("  1,797 images of 8 × 8 pixels: 70% to train on, 10% for validation, 20% to test")
    if path.exists():
        print(f"  going on from {path}; delete it to start anew")
    start = time.perf_counter()
    model, history, right = train(parts(), path, passes)
    print(f"  {model!r}, {len(model.parameters())} parameters\n")
    print(history)
    print(f"\n  accuracy on the test set: {100 * right:.1f}%, after {time.perf_counter() - start:.1f} s")
    if history.interrupted:
        print("  Start it again and it goes on from the last pass that was saved.")
    return right


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "out/digits.checkpoint")
