"""Handwritten digits, trained to the end and tested: ours beside scikit-learn's classifier.

Both have a network 64-32-10 with relu, 8 passes in batches of 16 drawn anew in each pass, Adam and
the same images; scikit-learn at the best of a few step sizes. Ours also records, looks at the
validation set and its accuracy after each pass, and saves a checkpoint each time.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from demos.digits import BATCH, PASSES, parts, train
from tests.benchmarks.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable

SEEDS = range(5)
"""Of the split, the first weights and the draws; the first of them is timed."""


def replayed() -> Task:
    """`demos.digits`: by `nn.fit`, which replays the loss."""

    def accuracy(seed: int) -> float:
        with tempfile.TemporaryDirectory() as folder:
            _, history, right = train(parts_of[seed], Path(folder) / "checkpoint", seed=seed)
        if history.path != "replayed":
            raise RuntimeError(history.path)
        return right

    parts_of = [parts(seed) for seed in SEEDS]
    return timed(accuracy)


def in_scikit_learn() -> Task:
    """`MLPClassifier`."""
    from sklearn.neural_network import MLPClassifier

    def accuracy(seed: int) -> float:
        training, _, test = parts_of[seed]
        model = MLPClassifier(
            (32,),
            batch_size=BATCH,
            max_iter=PASSES,
            n_iter_no_change=PASSES,
            learning_rate_init=0.01,
            random_state=seed,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it might go on
            model.fit(training.inputs, training.targets)
        return float(model.score(test.inputs, test.targets))

    parts_of = [parts(seed) for seed in SEEDS]
    return timed(accuracy)


def timed(accuracy: Callable[[int], float]) -> Task:
    """Return a training to repeat; its answer are the accuracies on the test set, a seed each."""
    return Task(lambda: accuracy(SEEDS[0]), lambda: [accuracy(seed) for seed in SEEDS])
