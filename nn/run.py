"""`Run`: a training in progress, all but the algorithm itself, which stands in `fit`."""

from __future__ import annotations

import hashlib
import math
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from os import fspath
from pathlib import Path
from typing import TYPE_CHECKING

from autograd import AutogradError, mean
from nn.checkpoints import clear_orphans, described, load_checkpoint, save_checkpoint
from nn.data import Draws, dataset, samples
from nn.errors import CheckpointError, ReplayError, SettingError, whole_setting
from nn.history import History
from nn.metrics import loss_on, mean_loss
from nn.progress import ProgressLine
from nn.replayed import Replay
from nn.schedules import Function
from nn.stretches import Stretches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from os import PathLike
    from typing import Any

    from autograd import Value
    from nn.data import Data
    from nn.initializers import Seed
    from nn.metrics import Loss, Metric
    from nn.module import Module
    from nn.optimizer import Optimizer
    from nn.replayed import Error

REPLAYED, COMPILED = "replayed", "replayed, compiled"
"""What a history calls steps by recorded programs, and those in machine code."""

STATEMENTS = 2_000
"""In numpy a step takes about as long as so many statements of the loss, and those that it has."""

WORTHWHILE = 600_000_000
"""Fewer statements are run sooner than steps are compiled: 5 s, once for each kind of network."""


@dataclass(kw_only=True)
class Run:
    """When to look at the validation set, to save and to stop; the settings are those of `fit`."""

    model: Module
    loss: Loss
    train: Data
    validation: Data
    iterations: int
    optimizer: Optimizer
    batch_size: int
    replacement: bool
    validate_every: int | None
    patience: int | None
    metrics: Mapping[str, Metric]
    callbacks: Iterable[Callable[[Module, History], object]]
    checkpoint: str | PathLike[str] | None
    every: int | None
    seed: Seed
    progress: bool | None
    replay: bool | None
    history: History = field(default_factory=History, init=False)

    def __post_init__(self) -> None:
        """Check the settings, and fill in those that depend on others."""
        self.iterations = whole_setting("iterations (T)", self.iterations, least=1)
        self.weights = self.model.parameters()
        if not set(self.optimizer.parameters) <= set(self.weights):
            raise SettingError("the optimizer has parameters that are not the model's; make it for this one")
        self.optimizer.lr.require(self.optimizer.iteration + self.iterations)
        self.samples = samples(self.train)
        self.draws = Draws(len(self.samples), self.batch_size, replacement=self.replacement, seed=self.seed)
        a_pass = math.ceil(len(self.samples) / self.draws.size)
        self.validate_every = _setting("validate_every", self.validate_every) or a_pass
        self.every = _setting("every", self.every) or self.validate_every
        self.patience = _setting("patience", self.patience)
        self.callbacks = list(self.callbacks)
        self.i, self.batch = 0, list[int]()
        self.replayed: Replay | None = None
        self.stretches: Stretches | None = None

    # The course of it -----------------------------------------------------------------------------

    @contextmanager
    def keeping_best(self) -> Iterator[None]:
        """Leave w* in the model, however the training ends; Ctrl-C ends it quietly."""
        if self.checkpoint is not None:
            self.kept = self.parts()
            self.resume(self.checkpoint)
        self.line = ProgressLine(
            wanted=self.progress, begun_at=self.history.iterations, iterations=self.iterations
        )
        try:
            yield
        except KeyboardInterrupt:
            self.history.ending = "interrupted"
        except AutogradError as problem:
            if self.i:
                problem.add_note(f"in iteration {self.i}{_named(self.batch)}")
            raise
        finally:
            self.finish()

    def finish(self) -> None:
        """Put w* in place; if Ctrl-C comes meanwhile, begin again, so that it is there as a whole."""
        try:
            if self.replayed:
                self.replayed.end()
            self.model.zero_grad()
            if self.history.best:
                self.model.set_parameters(self.history.best_weights)
            self.line.end(self.history)
        except KeyboardInterrupt:
            self.history.ending = "interrupted"
            self.finish()

    def batches(self) -> Iterator[list[int]]:
        """Draw the samples of each iteration still to come; see to everything else after each.

        Iterations that can be taken together are taken here, and their samples are not handed out.
        """
        self.begin_replay()
        if not self.history.looks:
            self.look()
            self.save()
        while self.history.iterations < self.iterations:
            if self.patience is not None and self.history.looks_since_best >= self.patience:
                self.history.ending = "out of patience"
                return
            if not self.take_a_stretch():
                self.i, self.batch = self.history.iterations + 1, self.draws.draw()
                yield self.batch
                self.batch = []
            if self.is_due(self.validate_every):
                self.look()
            if self.is_due(self.every):
                self.save()
            self.line.update(self.history)
            if self.callbacks and self.called_back():
                self.history.ending = "stopped by a callback"
                return

    def take_a_stretch(self) -> bool:
        """Take steps in one go, at the most until something is due; tell whether any were taken."""
        if self.stretches is None:
            return False
        done = self.history.iterations
        left = [every - done % every for every in (self.validate_every, self.every) if every]
        self.history.record_steps(self.stretches.take(min(self.iterations - done, *left)))
        self.i = self.history.iterations
        return self.i > done

    def is_due(self, every: int | None) -> bool:
        """Tell whether something is due that is done after every so many iterations, and the last."""
        return self.i == self.iterations or self.i % (every or self.iterations) == 0

    def called_back(self) -> bool:
        """Call the callbacks, which may look at the weights and change them; tell whether one says stop."""
        self.show()
        stop = True in [callback(self.model, self.history) is True for callback in self.callbacks]
        if self.replayed:
            self.replayed.weights.read()
        return stop

    def error(self, batch: list[int]) -> Value | Error:
        """Return the mean loss on training samples, to go backward from."""
        if self.replayed:
            error = self.replayed.error(batch)
            if error is not None:
                return error
            self.show()
            return self.replayed.eagerly(mean([self.loss_on(k) for k in batch]))
        return mean([self.loss_on(k) for k in batch])

    def loss_on(self, k: int) -> Value:
        """Return the loss on training sample k."""
        try:
            return loss_on(self.model, self.loss, *self.samples[k])
        except AutogradError as problem:
            if len(self.batch) > 1:
                problem.add_note(f"on training sample {k}")
            raise

    def look(self) -> None:
        """Look at the validation set; metrics may change the weights, after those were noted."""
        if self.others_see:
            self.show()
        self.history.record_validation(
            self.i,
            self.validation_loss(),
            self.replayed.weights.numbers.tolist() if self.replayed else [w.data for w in self.weights],
            {name: float(metric(self.model, self.validation)) for name, metric in self.metrics.items()},
        )
        if self.metrics and self.replayed:
            self.replayed.weights.read()

    @property
    def others_see(self) -> bool:
        """Whether code of the caller's runs beside the model and the loss, and may look, and change them."""
        return bool(self.metrics or self.callbacks or isinstance(self.optimizer.lr, Function))

    def validation_loss(self) -> float:
        """Return the mean loss on the validation set.

        If it is replayed, the recording is compared with the model first: at the end, and wherever
        somebody may have changed the model.
        """
        if self.replayed:
            if self.others_see or self.i == self.iterations:
                self.show()
                self.replayed.check()
            found = self.replayed.mean_loss()
            if found is not None:
                return found
            self.show()
        return mean_loss(self.model, self.loss, self.validation)

    # Replaying ------------------------------------------------------------------------------------

    def begin_replay(self) -> None:
        """Record the loss, unless that is not wanted or not possible; the history says which."""
        why_not = "replay=False" if self.replay is False else ""
        if self.replay is None and self.callbacks:
            why_not = "a callback may change the model; pass replay=True if none does"
        if not why_not:
            try:
                self.replayed = Replay(
                    self.model,
                    self.loss,
                    self.optimizer,
                    self.samples,
                    samples(self.validation),
                    single=self.draws.size == 1,
                    sure=self.replay is True,
                )
            except ReplayError as problem:
                if self.replay:
                    raise
                why_not = str(problem)
        before = self.history.path
        path = self.begin_stretches(self.replayed, before) if self.replayed else f"eager: {why_not}"
        if before and before.partition(":")[0] != path.partition(":")[0]:
            raise CheckpointError(
                f"{fspath(self.checkpoint or '')} was saved by a training that was {before}; this one "
                f"would be {path}, which may differ in the last bits; see the setting replay"
            )
        self.history.path = path
        if self.replayed:
            self.replayed.begin()

    def begin_stretches(self, replayed: Replay, before: str) -> str:
        """Prepare to take many steps at a time where that can be done; return the path that is taken.

        A training that is gone on with takes the path that it took `before`.
        """
        work = self.iterations * (STATEMENTS + len(replayed.program.wengert.rows))
        wanted = before == COMPILED if before else work >= WORTHWHILE
        paths = {"numba": COMPILED} if wanted else {}
        for backend, path in {**paths, "numpy": REPLAYED}.items() if not self.callbacks else ():
            with suppress(ReplayError):
                self.stretches = Stretches(replayed, self.optimizer, self.draws, backend=backend)
                return path
        return REPLAYED

    def show(self) -> None:
        """Let the model and the optimizer have the present weights, where somebody looks at them."""
        if self.replayed:
            self.replayed.show()

    # Saving and going on --------------------------------------------------------------------------

    def save(self) -> None:
        """Save the checkpoint, if there is to be one."""
        if self.checkpoint is not None:
            self.show()
            save_checkpoint(self.checkpoint, self.model, **self.kept)

    def resume(self, checkpoint: str | PathLike[str]) -> None:
        """Go on from a checkpoint, if there is one."""
        clear_orphans(checkpoint)
        if not Path(checkpoint).exists():
            return
        name, saved = fspath(checkpoint), History()
        load_checkpoint(checkpoint, history=saved)
        if saved.iterations > self.iterations:
            raise CheckpointError(
                f"{name} is of iteration {saved.iterations}, later than the last, T = {self.iterations}"
            )
        for i, before in enumerate(saved.step_sizes, start=1):
            now = self.optimizer.step_size(self.optimizer.iteration + i)
            if now != before:
                raise CheckpointError(f"{name} was saved with step sizes where η_{i} = {before}, now {now}")
        load_checkpoint(checkpoint, self.model, **self.kept)

    def parts(self) -> dict[str, Any]:
        """Return what a checkpoint holds beside the model, and what must not change until it is loaded."""
        about = {
            "training set": _digest(self.train),
            "validation set": _digest(self.validation),
            "loss": described(self.loss),
            "way to draw": f"{self.draws.size} at a time, replacement={self.replacement}, "
            f"seed={described(self.seed)}",
            "way to look": f"every {self.validate_every} iterations, metrics {sorted(self.metrics)}",
        }
        return {"optimizer": self.optimizer, "draws": self.draws, "history": self.history, "about": about}


def _setting(name: str, number: int | None) -> int | None:
    return None if number is None else whole_setting(name, number, least=1)


def _named(batch: list[int]) -> str:
    """Name the training samples, or the first of many."""
    shown = ", ".join(map(str, batch[:8])) + (", …" if len(batch) > 8 else "")  # noqa: PLR2004 - a line
    return f", on training sample{'s' * (len(batch) > 1)} {shown}" if batch else ""


def _digest(data: Data) -> str:
    """Return a fingerprint of samples."""
    whole = dataset(data)
    digest = hashlib.sha256()
    for numbers in (whole.inputs, whole.targets):
        digest.update(f"{numbers.dtype} {numbers.shape}".encode())
        digest.update(numbers.tobytes())
    return f"{len(whole.inputs)} samples of digest {digest.hexdigest()[:16]}"
