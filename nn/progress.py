"""A line that says how far training is."""

from __future__ import annotations

import shutil
import sys
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nn.history import History

BAR = 12
"""The width of the bar on a terminal."""

LAST = 100
"""How many iterations the loss shown is the mean of."""


class ProgressLine:
    """One line on standard error: rewritten in place on a terminal, now and then a new one elsewhere."""

    def __init__(self, *, wanted: bool | None, begun_at: int, iterations: int) -> None:
        self.stream = sys.stderr  # None where there is no console
        self.terminal = self.stream is not None and self.stream.isatty()
        self.wanted = self.stream is not None and (self.terminal if wanted is None else wanted)
        self.begun_at, self.iterations = begun_at, iterations
        self.pause = 0.1 if self.terminal else 10.0
        self.begun = monotonic()
        self.due = self.begun + self.pause

    def update(self, history: History) -> None:
        """Show how far training is, if it is time to."""
        now = monotonic()
        if self.wanted and now >= self.due:
            self.due = now + self.pause
            rate = (now - self.begun) / (history.iterations - self.begun_at)
            left = rate * (self.iterations - history.iterations)
            self.write(history, f"{left:.0f} s left", end="" if self.terminal else "\n")

    def end(self, history: History) -> None:
        """Show where training ended."""
        if self.wanted:
            self.write(history, history.ending or f"{monotonic() - self.begun:.0f} s", end="\n")

    def write(self, history: History, note: str, end: str) -> None:
        """Write the line: what was done, the mean of the last losses, the best on validation."""
        i = history.iterations
        bar = f"{'=' * (BAR * i // self.iterations):<{BAR}}"
        parts = [f"[{bar}] {i}/{self.iterations}" if self.terminal else f"iteration {i}/{self.iterations}"]
        if i:
            parts.append(f"loss {history.mean_loss(max(0, i - LAST), i):.4f}")
        if history.best:
            parts.append(f"best {history.best.loss:.4f} at {history.best.iteration}")
        text = "  ".join([*parts, note])
        width = min(80, shutil.get_terminal_size().columns) - 1
        self.stream.write(f"\r{text[:width]:<{width}}{end}" if self.terminal else text + end)
        self.stream.flush()
