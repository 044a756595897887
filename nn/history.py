"""`History`: what happened in training, and the weights that did best."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nn.plots import Plot

ROWS = 12
COLUMNS = 80


class Look(NamedTuple):
    """One look at the validation set.

    Attributes
    ----------
    iteration
        After which iteration it was.
    loss
        The mean loss.
    metrics
        What else was measured, by name.
    weights
        The weights then, if they were the best so far; they are forgotten for better ones.
    """

    iteration: int
    loss: float
    metrics: dict[str, float]
    weights: array[float] | None


class History:
    """The losses of each iteration, and the best weights on the validation set.

    Attributes
    ----------
    looks : list of Look
        What was seen of the validation set, and when; iteration 0 is the start.
    ending : str
        What ended training before its last iteration: "interrupted", by Ctrl-C; "out of
        patience"; "stopped by a callback". Empty if nothing did.
    path : str
        How the steps were taken: "replayed", by recorded programs; "replayed, compiled", in
        machine code; or "eager: " and why. Empty before a training.

    Examples
    --------
    >>> history = History()
    >>> history.record_validation(0, 0.7, [0.0, 0.1])
    >>> history.record_step(0.6, 0.5, 1.2)
    >>> history.record_validation(1, 0.2, [0.3, 0.4])
    >>> history
    <History: 1 iteration, best validation loss 0.2 at iteration 1>
    >>> print(history)
    iteration   step size   training loss   validation loss
            0           -               -               0.7
            1         0.5             0.6               0.2   <- best, w*
    """

    def __init__(self) -> None:
        self._steps = array("d")  # loss, step size, gradient norm; and so on: 24 bytes an iteration
        self.looks: list[Look] = []
        self.ending = ""
        self.path = ""

    # What happened --------------------------------------------------------------------------------

    @property
    def iterations(self) -> int:
        """How many steps were taken."""
        return len(self._steps) // 3

    @property
    def losses(self) -> list[float]:
        """The loss on the samples of iteration 1, 2, …, before its step."""
        return self._steps[0::3].tolist()

    @property
    def step_sizes(self) -> list[float]:
        """The step size η_i of each iteration."""
        return self._steps[1::3].tolist()

    @property
    def gradient_norms(self) -> list[float]:
        """The norm ‖v_i‖ of each iteration's gradient, before any clipping."""
        return self._steps[2::3].tolist()

    @property
    def validation_iterations(self) -> list[int]:
        """After which iterations the validation set was looked at; 0 is the start."""
        return [look.iteration for look in self.looks]

    @property
    def validation_losses(self) -> list[float]:
        """What was seen then: the mean loss."""
        return [look.loss for look in self.looks]

    @property
    def metrics(self) -> dict[str, list[float]]:
        """What else was seen then, by name."""
        names = self.looks[0].metrics if self.looks else {}
        return {name: [look.metrics[name] for look in self.looks] for name in names}

    @property
    def training_losses(self) -> list[float]:
        """The learning curve beside `validation_losses`: the mean training loss from look to look."""
        return [
            self.mean_loss(before.iteration, look.iteration)
            for before, look in zip(self.looks, self.looks[1:], strict=False)
        ]

    def mean_loss(self, after: int, until: int) -> float:
        """Return the mean training loss of the iterations `after` + 1 … `until`."""
        return math.fsum(self._steps[3 * after : 3 * until : 3]) / (until - after)

    # The best of it -------------------------------------------------------------------------------

    @property
    def best(self) -> Look | None:
        """The look with the lowest loss, the first of equals; None before the first."""
        return next((look for look in reversed(self.looks) if look.weights is not None), None)

    @property
    def best_iteration(self) -> int | None:
        """The iteration of the lowest validation loss, the first of equals."""
        return self.best.iteration if self.best else None

    @property
    def best_validation_loss(self) -> float | None:
        """The lowest validation loss."""
        return self.best.loss if self.best else None

    @property
    def best_weights(self) -> list[float]:
        """The weights w* at that time, in the order of ``model.parameters()``; empty before a look."""
        return list(self.best.weights or ()) if self.best else []

    @property
    def looks_since_best(self) -> int:
        """How many looks, to the last, found no lower loss: what patience is measured by."""
        return next((k for k, look in enumerate(reversed(self.looks)) if look.weights is not None), 0)

    @property
    def interrupted(self) -> bool:
        """Whether training was stopped by Ctrl-C."""
        return self.ending == "interrupted"

    # Recording ------------------------------------------------------------------------------------

    def record_step(self, loss: float, step_size: float, gradient_norm: float) -> None:
        """Add an iteration: the loss on its samples, the size of its step, the gradient's norm."""
        self._steps.extend((loss, step_size, gradient_norm))  # one call, which Ctrl-C cannot divide

    def record_steps(self, rows: Any) -> None:  # noqa: ANN401 - an array
        """Add iterations, a row for each: what `record_step` takes."""
        self._steps.frombytes(rows.tobytes())  # one call, here too

    def record_validation(
        self,
        iteration: int,
        loss: float,
        weights: Sequence[float],
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        """Add a look at the validation set; keep the weights if they do better than all before."""
        best, place = self.best, len(self.looks) - 1 - self.looks_since_best
        better = best is None or loss < best.loss
        kept = array("d", weights) if better else None
        self.looks.append(Look(iteration, loss, dict(metrics or {}), kept))  # one call, here too
        if best and better:
            self.looks[place] = best._replace(weights=None)

    def state(self) -> dict[str, Any]:
        """Return everything, for a checkpoint."""
        return {
            "steps": self._steps[:],
            "looks": list(self.looks),
            "path": self.path,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Become what a `state` tells."""
        looks = [Look(*look) for look in state["looks"]]
        self._steps, self.looks, self.ending, self.path = state["steps"][:], looks, "", state["path"]

    # Looking --------------------------------------------------------------------------------------

    def plot(self) -> Plot:
        """Plot losses, metrics, gradient norms; needs ``pip install "glassgrad[plots]"``."""
        from nn.plots import plot_history

        return plot_history(self)

    def __repr__(self) -> str:
        look = self.best
        best = f"best validation loss {look.loss:.4g} at iteration {look.iteration}" if look else ""
        count = f"{self.iterations} iteration{'s' * (self.iterations != 1)}"
        more = "".join([f", {part}" for part in (self.path.partition(":")[0], self.ending) if part])
        return f"<History: {count}, {best or 'no validation yet'}{more}>"

    def __str__(self) -> str:
        """Tabulate some of the looks at the validation set, the best one among them.

        The training loss is the mean over the iterations since the line above.
        """
        note = "   <- best, w*"
        title = "iteration   step size   training loss   validation loss"
        names = list(self.metrics)
        while len(title) + sum([3 + max(6, len(name)) for name in names]) + len(note) > COLUMNS:
            names.pop()
        lines = [title + "".join([f"   {name:>6}" for name in names])]
        before, step_sizes = 0, self.step_sizes
        for i, loss, metrics, _ in self._shown_looks():
            rate = f"{step_sizes[i - 1]:.4g}" if i else "-"
            mean = f"{self.mean_loss(before, i):.4g}" if i else "-"
            more = "".join([f"   {metrics[name]:>{max(6, len(name))}.4g}" for name in names])
            mark = note if i == self.best_iteration else ""
            lines.append(f"{i:>9}   {rate:>9}   {mean:>13}   {loss:>15.4g}{more}{mark}")
            before = i
        hidden = [name for name in self.metrics if name not in names]
        if hidden:
            lines.append(f"also in history.metrics: {', '.join(hidden)}")
        if self.ending:
            lines.append(f"{self.ending} after iteration {self.iterations}")
        return "\n".join(lines)

    def _shown_looks(self) -> list[Look]:
        """Choose looks evenly, the first and last included, and the best one."""
        count = len(self.looks)
        evenly = {round(row * (count - 1) / (ROWS - 1)) for row in range(ROWS)} if count else set()
        return [
            look for k, look in enumerate(self.looks) if k in evenly or look.iteration == self.best_iteration
        ]
