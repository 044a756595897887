"""`History`: what happened in training, and the weights that did best."""

from __future__ import annotations

import math

ROWS = 12


class History:
    """The losses of each iteration, and the best weights on the validation set.

    Attributes
    ----------
    losses : list of float
        The loss on the sample of iteration 1, 2, …, before its step.
    step_sizes : list of float
        The step size η_i of each iteration.
    validation_iterations : list of int
        After which iterations the validation set was looked at; 0 is the start.
    validation_losses : list of float
        What was seen then: the mean loss.
    best_iteration : int or None
        The iteration of the lowest validation loss, the first of equals.
    best_validation_loss : float or None
        That loss.
    best_weights : list of float
        The weights w* at that time, in the order of ``model.parameters()``.
    interrupted : bool
        Whether training was stopped by Ctrl-C.

    Examples
    --------
    >>> history = History()
    >>> history.record_validation(0, 0.7, [0.0, 0.1])
    >>> history.record_step(0.6, 0.5)
    >>> history.record_validation(1, 0.2, [0.3, 0.4])
    >>> history
    <History: 1 iteration, best validation loss 0.2 at iteration 1>
    >>> print(history)
    iteration   step size   training loss   validation loss
            0           -               -               0.7
            1         0.5             0.6               0.2   <- best, w*
    """

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.step_sizes: list[float] = []
        self.validation_iterations: list[int] = []
        self.validation_losses: list[float] = []
        self.best_iteration: int | None = None
        self.best_validation_loss: float | None = None
        self.best_weights: list[float] = []
        self.interrupted = False

    @property
    def iterations(self) -> int:
        """How many steps were taken."""
        return len(self.losses)

    def record_step(self, loss: float, step_size: float) -> None:
        """Add an iteration: the loss on its sample, and the size of its step."""
        self.losses.append(loss)
        self.step_sizes.append(step_size)

    def record_validation(self, iteration: int, loss: float, weights: list[float]) -> None:
        """Add a look at the validation set; keep the weights if they do better than all before."""
        self.validation_iterations.append(iteration)
        self.validation_losses.append(loss)
        if self.best_validation_loss is None or loss < self.best_validation_loss:
            self.best_iteration, self.best_validation_loss, self.best_weights = iteration, loss, weights

    def __repr__(self) -> str:
        best = "no validation yet"
        if self.best_validation_loss is not None:
            best = f"best validation loss {self.best_validation_loss:.4g} at iteration {self.best_iteration}"
        count = f"{self.iterations} iteration{'s' * (self.iterations != 1)}"
        return f"<History: {count}, {best}{', interrupted' * self.interrupted}>"

    def __str__(self) -> str:
        """Tabulate some of the looks at the validation set, the best one among them.

        The training loss is the mean over the iterations since the line above.
        """
        lines = ["iteration   step size   training loss   validation loss"]
        before = 0
        for look in self._shown_looks():
            i, loss = self.validation_iterations[look], self.validation_losses[look]
            rate = f"{self.step_sizes[i - 1]:.4g}" if i else "-"
            mean = f"{math.fsum(self.losses[before:i]) / (i - before):.4g}" if i else "-"
            note = "   <- best, w*" if i == self.best_iteration else ""
            lines.append(f"{i:>9}   {rate:>9}   {mean:>13}   {loss:>15.4g}{note}")
            before = i
        if self.interrupted:
            lines.append(f"interrupted in iteration {self.iterations + 1}")
        return "\n".join(lines)

    def _shown_looks(self) -> list[int]:
        """Choose looks evenly, the first and last included, and the best one."""
        count = len(self.validation_losses)
        if not count:
            return []
        looks = {round(row * (count - 1) / (ROWS - 1)) for row in range(ROWS)}
        return sorted(looks | {self.validation_iterations.index(self.best_iteration or 0)})
