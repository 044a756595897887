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
from unittest.mock import patch

import numpy as np

import nn.run
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
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PAGE = 4096
TRAIN, VALIDATION = split(two_moons(40), (0.7, 0.3))


class Count(NamedTuple):
    """How often something was tried, and how often it went badly."""

    what: str
    tried: int
    bad: int
    note: str = ""


class Kind(NamedTuple):
    """A way to take steps, and how many of them take long enough to be hit by an accident."""

    name: str
    iterations: int
    settings: dict[str, Any]


KINDS = [
    Kind(
        "one by one",
        60,
        {"batch_size": 2, "replacement": False, "validate_every": 10, "every": 1, "replay": False},
    ),
    Kind("replayed", 60, {"batch_size": 2, "replacement": False, "validate_every": 10, "every": 1}),
    Kind("many at a time", 4000, {"validate_every": 130, "every": 70}),
]
"""The last is compiled, where numba is installed."""


def train(checkpoint: str | Path | None, kind: Kind) -> tuple[History, MLP, Adam]:
    """Train a small network, saving now and then; go on from the checkpoint if it is there."""
    model = MLP(2, [4, 1], "tanh", seed=1)
    optimizer = Adam(model.parameters(), InverseSqrt(0.1), 0.001)
    with patch.object(nn.run, "WORTHWHILE", 0):
        history = fit(
            model,
            binary_cross_entropy,
            TRAIN,
            VALIDATION,
            iterations=kind.iterations,
            optimizer=optimizer,
            checkpoint=checkpoint,
            seed=2,
            progress=False,
            **kind.settings,
        )
    return history, model, optimizer


def bits(*parts: Any) -> bytes:
    """Return the states of parts as bytes, equal only if every bit is."""
    return repr([part.state() for part in parts]).encode()


def result_bits(history: History, model: MLP, optimizer: Adam) -> bytes:
    """Return all that a training has come to, as bytes."""
    return bits(history, optimizer) + np.array([w.data for w in model.parameters()]).tobytes()


def kills(folder: Path, count: int, seed: int, kind: Kind = KINDS[0]) -> Count:
    """Kill a training at a random moment, go on from its checkpoint to the end, and compare.

    Every kill is of a new process, at a moment from its start to its last iteration.
    """
    expected = result_bits(*train(None, kind))
    moments = random.Random(seed)
    bad = early = orphans = 0
    took = _run_and_kill(folder / "timed", kind, after=60.0)
    for k in range(count):
        path = folder / f"run-{k}"
        _run_and_kill(path, kind, after=moments.uniform(0.0, took))
        early += not path.exists()
        orphans += len(list(folder.glob(f".run-{k}.*.part")))
        left = History()
        if path.exists():
            load_checkpoint(path, history=left)  # whatever the moment, it is whole
        bad += result_bits(*train(path, kind)) != expected or bool(list(folder.glob(f".run-{k}.*.part")))
    note = f"{orphans} left a temporary file, {early} had saved nothing yet"
    return Count(f"killed while training {kind.name}, then gone on: another result", count, bad, note)


def interruptions(count: int, seed: int, kind: Kind = KINDS[0]) -> Count:
    """Press Ctrl-C at a random moment of a training; what is returned must fit together."""
    moments = random.Random(seed)
    whole = train(None, kind)[0]
    begun = time.perf_counter()
    train(None, kind)
    took = time.perf_counter() - begun
    bad = stopped = raised = 0
    training = False

    def ctrl_c(*_: object) -> None:
        if training:  # not when it came too late
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, ctrl_c)
    try:
        for _ in range(count):
            training = True
            signal.setitimer(signal.ITIMER_REAL, moments.uniform(1e-4, 0.9 * took))
            try:
                history, model, _ = train(None, kind)
            except KeyboardInterrupt:  # before or after the training itself, where fit cannot catch it
                raised += 1
                continue
            finally:
                training = False
                signal.setitimer(signal.ITIMER_REAL, 0.0)
            stopped += history.interrupted
            bad += not _fits_together(history, model, whole)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    return Count(
        f"Ctrl-C while training {kind.name}: the result does not fit",
        count,
        bad,
        f"{stopped} in time, {raised} raised at the very start or end",
    )


def _fits_together(history: History, model: MLP, whole: History) -> bool:
    """Tell whether a training that was stopped has left the first part of the whole one."""
    before_any_look = MLP(2, [4, 1], "tanh", seed=1)
    best = history.best_weights or [w.data for w in before_any_look.parameters()]
    taken, seen = history.iterations, len(history.looks)
    return (
        [w.data for w in model.parameters()] == best
        and history.losses == whole.losses[:taken]
        and history.step_sizes == whole.step_sizes[:taken]
        and history.validation_losses == whole.validation_losses[:seen]
        and (not history.best or history.best.loss == min(history.validation_losses))
        and not any(w.has_grad for w in model.parameters())
        and bool(str(history))
    )


def _run_and_kill(path: Path, kind: Kind, after: float) -> float:
    """Run the training in a process, kill it so long after its start; return how long it ran."""
    training = f"train({str(path)!r}, KINDS[{KINDS.index(kind)}])"
    command = f"from tests.faults.faults import *; print(flush=True); {training}"
    process = subprocess.Popen([sys.executable, "-c", command], cwd=ROOT, stdout=subprocess.PIPE)
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
    history, model, optimizer = train(None, KINDS[0])
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
