"""Lesson 10: the algorithm SGD(T; η; λ) on the vector w, and why its output is not the last w.

    w¹ at random close to 0;  for i = 1 … T:  draw (x, y) ~ D,
    v = backpropagation(x, y, w, (V, E), σ),  w ← w − η (v + λ w);
    output the w^i that does best on the validation set

On few, noisy samples a network soon learns them by heart: the validation loss falls, and
then rises. The function `fit` does the same as the loop here, to the last bit.

    python -m demos.best_on_validation
"""

import numpy as np

from nn import (
    MLP,
    Dataset,
    backpropagation,
    binary_cross_entropy,
    fit,
    layered_form,
    mean_loss,
    normal,
    split,
    two_moons,
)

ITERATIONS, STEP_SIZE, DECAY, LOOK_EVERY = 1500, 0.2, 0.0001, 75  # T, η, λ


def network() -> MLP:
    """Make a network 2-12-1 with weights near 0."""
    return MLP(2, [12, 1], activation="tanh", initializer=normal(0.3), seed=1)


def sgd(train: Dataset, validation: Dataset) -> tuple[np.ndarray, list[tuple[int, float]]]:
    """Run the algorithm; return w* and the losses that were seen on the validation set."""
    random, model = np.random.default_rng(0), network()
    w, graph, activation = layered_form(model)
    looks = [(0, mean_loss(model, binary_cross_entropy, validation))]
    best = w
    for i in range(1, ITERATIONS + 1):
        k = random.integers(len(train.targets))
        x, y = train.inputs[k], train.targets[k]
        v = backpropagation(x, y, w, graph, activation, loss=binary_cross_entropy)
        w = w - STEP_SIZE * (v + DECAY * w)
        if i % LOOK_EVERY == 0:
            model.set_parameters(w)
            loss = mean_loss(model, binary_cross_entropy, validation)
            if loss < min([seen for _, seen in looks]):
                best = w
            looks.append((i, loss))
    return best, looks


def main() -> tuple[float, float, bool]:
    """Train both ways; return the best and the last validation loss, and whether both ways give one w*."""
    train, validation = split(two_moons(60, noise=0.5, seed=2), (1 / 3, 2 / 3), seed=2)
    best, looks = sgd(train, validation)
    lowest, highest = min([loss for _, loss in looks]), max([loss for _, loss in looks])
    count, others = len(train.targets), len(validation.targets)
    print(f"  {count} samples to train on; the mean loss on {others} others, after so many iterations:")
    for i, loss in looks:
        print(f"  {i:>6}{loss:>9.4f}  {'█' * round(48 * loss / highest)}{'  ← best, w*' * (loss == lowest)}")

    model = network()
    fit(
        model,
        binary_cross_entropy,
        train,
        validation,
        iterations=ITERATIONS,
        lr=STEP_SIZE,
        weight_decay=DECAY,
        validate_every=LOOK_EVERY,
        seed=np.random.default_rng(0),
        replay=False,  # replayed sums are added up in another order, and differ in their last bits
    )
    same = [w.data for w in model.parameters()] == best.tolist()
    print(f"\n  fit(...) gives {'the same w*, bit for bit' if same else 'another w*'}.")
    return lowest, looks[-1][1], same


if __name__ == "__main__":
    main()
