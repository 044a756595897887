"""The accidents: killed processes, flipped bits, truncated files, full disks."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nn import (
    MLP,
    Adam,
    CheckpointError,
    History,
    InverseSqrt,
    binary_cross_entropy,
    fit,
    load_checkpoint,
    save_checkpoint,
    split,
    two_moons,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
ITERATIONS = 60
PAGE = 4096
TRAIN, VALIDATION = split(two_moons(40), (0.7, 0.3))


class Count(NamedTuple):
    """How often something was tried, and how often it went badly."""

    what: str
    tried: int
    bad: int
    note: str = ""


def train(
    checkpoint: str | Path | None, callback: Callable[[object, History], object] | None = None
) -> tuple[History, MLP, Adam]:
    """Train a small network, saving after each iteration; go on from the checkpoint if it is there."""
    model = MLP(2, [4, 1], "tanh", seed=1)
    optimizer = Adam(model.parameters(), InverseSqrt(0.1), 0.001)
    history = fit(
        model,
        binary_cross_entropy,
        TRAIN,
        VALIDATION,
        iterations=ITERATIONS,
        optimizer=optimizer,
        batch_size=2,
        replacement=False,
        validate_every=10,
        checkpoint=checkpoint,
        every=1,
        callbacks=[callback] if callback else [],
        seed=2,
        progress=False,
    )
    return history, model, optimizer


def bits(*parts: Any) -> bytes:
    """Return the states of parts as bytes, equal only if every bit is."""
    return repr([part.state() for part in parts]).encode()


def result_bits(history: History, model: MLP, optimizer: Adam) -> bytes:
    """Return all that a training has come to, as bytes."""
    return bits(history, optimizer) + np.array([w.data for w in model.parameters()]).tobytes()


def kills(folder: Path, count: int, seed: int) -> Count:
    """Kill a training at a random moment, go on from its checkpoint to the end, and compare.

    Every kill is of a new process, at a moment from its first iteration to its last.
    """
    expected = result_bits(*train(None))
    moments = random.Random(seed)
    bad = early = orphans = 0
    took = _run_and_kill(folder / "timed", after=60.0)
    for k in range(count):
        path = folder / f"run-{k}"
        _run_and_kill(path, after=moments.uniform(0.0, took))
        early += not path.exists()
        orphans += len(list(folder.glob(f".run-{k}.*.part")))
        left = History()
        if path.exists():
            load_checkpoint(path, history=left)  # whatever the moment, it is whole
        bad += result_bits(*train(path)) != expected or bool(list(folder.glob(f".run-{k}.*.part")))
    note = f"{orphans} left a temporary file, {early} had saved nothing yet"
    return Count("killed while training, then gone on: another result", count, bad, note)


def interruptions(count: int, seed: int) -> Count:
    """Press Ctrl-C at a random moment of a training; what is returned must fit together."""
    moments = random.Random(seed)
    begun = time.perf_counter()
    train(None)
    took = time.perf_counter() - begun
    bad = stopped = raised = 0
    training = False

    def ctrl_c(*_: object) -> None:
        if training:  # not when it came too late
            raise KeyboardInterrupt

    def soon(_model: object, history: History) -> None:
        if history.iterations == 1:
            signal.setitimer(signal.ITIMER_REAL, moments.uniform(1e-4, 0.8 * took))

    before = signal.signal(signal.SIGALRM, ctrl_c)
    try:
        for _ in range(count):
            training = True
            try:
                history, model, _ = train(None, soon)
            except KeyboardInterrupt:  # between the training and its return, where fit cannot catch it
                raised += 1
                continue
            finally:
                training = False
                signal.setitimer(signal.ITIMER_REAL, 0.0)
            stopped += history.interrupted
            bad += not (
                history.best
                and [w.data for w in model.parameters()] == history.best_weights
                and history.best.loss == min(history.validation_losses)
                and len(history.losses) == len(history.step_sizes) == history.iterations
                and not any(w.has_grad for w in model.parameters())
                and str(history)
            )
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    return Count(
        "Ctrl-C while training: the result does not fit",
        count,
        bad,
        f"{stopped} in time, {raised} raised at the very end",
    )


def _run_and_kill(path: Path, after: float) -> float:
    """Run the training in a process, kill it so long after its first step; return how long it ran."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"from tests.faults.faults import *; print(flush=True); train({str(path)!r})"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    process.stdout.readline()
    begun = time.perf_counter()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(after)
    took = time.perf_counter() - begun
    process.send_signal(signal.SIGKILL)
    process.stdout.close()
    process.wait()
    return took


def whole_checkpoint(folder: Path) -> bytes:
    """Return a checkpoint with everything in it."""
    history, model, optimizer = train(None)
    save_checkpoint(folder / "whole", model, optimizer=optimizer, history=history)
    return (folder / "whole").read_bytes()


def _loads(path: Path, content: bytes) -> bool:
    """Tell whether a damaged checkpoint is loaded; any error but the one for it is a failure too."""
    path.write_bytes(content)
    model = MLP(2, [4, 1], "tanh")
    try:
        load_checkpoint(path, model, history=History())
    except CheckpointError:
        return False
    except Exception as problem:  # noqa: BLE001 - any other error is what is looked for
        print(f"{type(problem).__name__}: {problem}")
    return True


def flips(folder: Path, count: int, seed: int) -> Count:
    """Flip one random bit of a checkpoint, and load it."""
    content, places = whole_checkpoint(folder), random.Random(seed)
    bad = 0
    for _ in range(count):
        damaged = bytearray(content)
        place = places.randrange(8 * len(content))
        damaged[place // 8] ^= 1 << place % 8
        bad += _loads(folder / "flipped", bytes(damaged))
    return Count("one bit flipped: loaded, or another error", count, bad, f"{len(content)} bytes")


def truncations(folder: Path, every: int = 1) -> Count:
    """Cut a checkpoint short at every length, or every so many, and load it."""
    content = whole_checkpoint(folder)
    lengths = range(0, len(content), every)
    bad = sum([_loads(folder / "truncated", content[:length]) for length in lengths])
    return Count("cut short at every length: loaded, or another error", len(lengths), bad)


def disk_full(folder: Path, count: int) -> Count:
    """Save on a disk that is nearly full: the old checkpoint must stay, and nothing beside it."""
    with _small_disk(folder) as (disk, kind):
        model = MLP(2, [4, 1], "tanh")
        save_checkpoint(disk / "run", model)
        before = (disk / "run").read_bytes()
        _fill(disk / "ballast")
        bad = 0
        for _ in range(count):
            try:
                save_checkpoint(disk / "run", model, about={"more": "than a page" * PAGE})
                bad += 1
            except OSError:
                files = [file.name for file in disk.iterdir() if file.name != "ballast"]
                bad += files != ["run"] or (disk / "run").read_bytes() != before
    return Count("disk full while saving: old one lost, or leftovers", count, bad, kind)


def _fill(ballast: Path) -> None:
    """Fill a disk to the last page but one, or to the largest file there may be."""
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(PAGE)):
            pass
    os.truncate(ballast, ballast.stat().st_size - PAGE)


@contextlib.contextmanager
def _small_disk(folder: Path) -> Iterator[tuple[Path, str]]:
    """Make a full disk in memory; where that takes rights we lack, a limit on the size of files."""
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() == 0 and not subprocess.run(mount, capture_output=True, check=False).returncode:
        try:
            yield disk, "on a tmpfs of 64 KiB"
        finally:
            subprocess.run(["umount", str(disk)], check=True)  # noqa: S607 - whichever is there
        return
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (PAGE, limits[1]))
    try:
        yield disk, "with files limited to 4 KiB"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def signed_again(file: bytes) -> bytes:
    """Return a checkpoint with the right digest for what it now holds."""
    body = file.split(b"\n", 2)[2]
    return b"glassgrad checkpoint 1\n" + hashlib.sha256(body).hexdigest().encode() + b"\n" + body
