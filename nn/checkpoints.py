"""Checkpoints: a training run in one file, from which it can go on to the bit.

A checkpoint is a line of text that says what it is, the SHA-256 of all that follows, a
line of JSON, and the columns of numbers that the JSON points into, as 64-bit floats.
Reading one runs nothing, and a single wrong bit is found out.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import re
import secrets
import sys
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from nn.errors import CheckpointError, NonFiniteError
from nn.module import set_data

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nn.data import Draws
    from nn.history import History
    from nn.module import Module
    from nn.optimizer import Optimizer

MAGIC = b"glassgrad checkpoint "
VERSION = b"1"


class Part(Protocol):
    """Something whose state can be saved: dicts, lists, text, numbers, and arrays of floats."""

    def state(self) -> dict[str, Any]:
        """Return the state."""

    def restore(self, state: dict[str, Any], /) -> None:
        """Return to a state."""


def save_checkpoint(
    path: str | os.PathLike[str],
    model: Module,
    *,
    optimizer: Optimizer | None = None,
    draws: Draws | None = None,
    history: History | None = None,
    about: Mapping[str, str] | None = None,
) -> None:
    """Save a model, and of a training run what else is given, in one file.

    Parameters
    ----------
    path
        The file; one that is there is replaced, at once or not at all.
    model
        Its weights are saved, with their names.
    optimizer
        Its iteration, and so its place in the step sizes, and its memory are saved.
    draws
        The state of its random numbers is saved.
    history
        It is saved with its best weights w*.
    about
        Facts, by name, that must be the same when the checkpoint is loaded.

    Raises
    ------
    NonFiniteError
        If a weight is inf or nan.
    OSError
        If the file cannot be written; one that was there is as it was.

    Notes
    -----
    The file is written under another name in the same folder, forced to the disk, and
    renamed. What a killed run has left of such a file is cleared by the next one.

    Examples
    --------
    >>> import tempfile
    >>> from nn import MLP
    >>> model, twin = MLP(2, [3, 1], seed=1), MLP(2, [3, 1], seed=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_checkpoint(f"{folder}/moons", model)
    ...     load_checkpoint(f"{folder}/moons", twin)
    >>> [w.data for w in twin.parameters()] == [w.data for w in model.parameters()]
    True
    """
    state = {name: part.state() for name, part in _parts(model, optimizer, draws, history).items()}
    for name, number in zip(state["model"]["names"], state["model"]["weights"], strict=True):
        if not math.isfinite(number):
            raise NonFiniteError(f"parameter {name} is {number!r}; nothing was saved")
    write_atomically(path, _packed({"facts": _facts(model, optimizer, about), "state": state}))


def load_checkpoint(
    path: str | os.PathLike[str],
    model: Module | None = None,
    *,
    optimizer: Optimizer | None = None,
    draws: Draws | None = None,
    history: History | None = None,
    about: Mapping[str, str] | None = None,
) -> None:
    """Restore a model, and what else is given, from a checkpoint: all of it, or nothing.

    Parameters
    ----------
    path, model, optimizer, draws, history, about
        As for `save_checkpoint`; what is not given is left alone.

    Raises
    ------
    CheckpointError
        If the file is not a checkpoint, is damaged, or is of another model, optimizer or
        run; nothing was changed.
    OSError
        If the file cannot be read.
    """
    name = os.fspath(path)
    content = _unpacked(name, Path(path).read_bytes())
    done: list[tuple[Part, dict[str, Any]]] = []
    try:
        _compare(name, content, _facts(model, optimizer, about), _parts(model, optimizer, draws, history))
        for what, part in _parts(model, optimizer, draws, history).items():
            before = part.state()
            part.restore(content["state"][what])
            done.append((part, before))
    except BaseException as problem:
        for part, before in done:
            part.restore(before)
        if isinstance(problem, CheckpointError) or not isinstance(problem, Exception):
            raise
        raise CheckpointError(f"{name} cannot be restored: {problem}") from problem


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Replace a file at once or not at all, whatever happens meanwhile, and wait for the disk."""
    target = Path(path).resolve()  # through a link, whose place must not be taken
    clear_orphans(target)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException as problem:
        temporary.unlink(missing_ok=True)
        problem.add_note(f"while saving {target}, which is as it was")
        raise
    if os.name == "posix":  # elsewhere a folder cannot be opened
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def clear_orphans(path: str | os.PathLike[str]) -> None:
    """Delete what killed runs have left of files written for `path`.

    Another run that is just writing one loses it, and its renaming then fails with an
    error: no file is ever mixed from two.
    """
    target = Path(path).resolve()
    pattern = re.compile(re.escape(f".{target.name}.") + r"[0-9a-f]{8}\.part")
    with contextlib.suppress(FileNotFoundError):
        for file in target.parent.iterdir():
            if pattern.fullmatch(file.name):
                file.unlink(missing_ok=True)


class _Weights:
    """A model as a part of a checkpoint."""

    def __init__(self, model: Module) -> None:
        self.named = model.named_parameters()

    def state(self) -> dict[str, Any]:
        return {
            "names": [name for name, _ in self.named],
            "weights": array("d", [parameter.data for _, parameter in self.named]),
        }

    def restore(self, state: dict[str, Any]) -> None:
        for mine, theirs in zip(self.named, state["names"], strict=False):
            if mine[0] != theirs:
                raise CheckpointError(f"parameter {mine[0]} is {theirs} in the checkpoint")
        set_data(self.named, state["weights"])


def _parts(
    model: Module | None, optimizer: Optimizer | None, draws: Draws | None, history: History | None
) -> dict[str, Part]:
    """Return what is given, by name; the model last, since it may be what a checkpoint is to rescue."""
    weights = None if model is None else _Weights(model)
    given: dict[str, Part | None] = {
        "draws": draws,
        "history": history,
        "optimizer": optimizer,
        "model": weights,
    }
    return {name: part for name, part in given.items() if part is not None}


def _facts(
    model: Module | None, optimizer: Optimizer | None, about: Mapping[str, str] | None
) -> dict[str, str]:
    """Return what must be the same when a checkpoint is loaded."""
    given = {"model": model, "optimizer": optimizer}
    return {**{name: described(part) for name, part in given.items() if part is not None}, **(about or {})}


def described(thing: object) -> str:
    """Return the repr of something, without addresses in memory, which change from run to run."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(thing))


def _compare(path: str, content: dict[str, Any], ours: dict[str, str], parts: dict[str, Part]) -> None:
    """Refuse a checkpoint of something else, or without a part that is asked for."""
    missing = [*(parts.keys() - content["state"].keys()), *(ours.keys() - content["facts"].keys())]
    if missing:
        raise CheckpointError(f"{path} says nothing of the {missing[0]}: it was saved without")
    for name, fact in ours.items():
        if content["facts"][name] != fact:
            raise CheckpointError(
                f"{path} is of another {name}: {content['facts'][name]}, not {fact}. "
                "Take the same one, or another file",
            )


def _packed(content: dict[str, Any]) -> bytes:
    """Write nested dicts, lists, text, numbers and arrays of floats as a checkpoint."""
    columns = bytearray()

    def column(numbers: object) -> dict[str, int]:
        if not isinstance(numbers, array) or numbers.typecode != "d":
            raise TypeError(f"a checkpoint has no place for {numbers!r}")
        place = {"column at": len(columns), "floats": len(numbers)}
        columns.extend(_little_endian(numbers).tobytes())
        return place

    text = json.dumps(content, default=column, ensure_ascii=False).encode()
    body = text + b"\n" + columns
    return MAGIC + VERSION + b"\n" + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def _unpacked(path: str, file: bytes) -> dict[str, Any]:
    """Read a checkpoint, or say what is wrong with the file."""
    title, _, rest = file.partition(b"\n")
    if not title.startswith(MAGIC):
        raise CheckpointError(f"{path} is not a checkpoint of glassgrad")
    if title != MAGIC + VERSION:
        version = title.removeprefix(MAGIC)[:20].decode(errors="replace")
        raise CheckpointError(
            f"{path} is a checkpoint of version {version!r}, and this glassgrad reads version "
            f"{VERSION.decode()}; or it is damaged"
        )
    digest, _, body = rest.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise CheckpointError(f"{path} is damaged: what it holds is not what was saved")
    text, _, columns = body.partition(b"\n")

    def column(part: dict[str, Any]) -> Any:  # noqa: ANN401 - an array in place of where it is
        if part.keys() != {"column at", "floats"}:
            return part
        numbers = array("d")
        numbers.frombytes(columns[part["column at"] :][: 8 * part["floats"]])
        return _little_endian(numbers)

    try:
        content: dict[str, Any] = json.loads(text, object_hook=column)
    except (ValueError, TypeError, RecursionError) as problem:  # whole, but never written by us
        raise CheckpointError(f"{path} is not a checkpoint of glassgrad: {problem}") from problem
    return content


def _little_endian(numbers: array[float]) -> array[float]:
    """Return numbers in the order of bytes that the file has, or back from it: the same exchange."""
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers
