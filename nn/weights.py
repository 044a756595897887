"""Plain weights as named arrays, for other programs: ``.npz``, or safetensors.

A fully connected layer is a matrix ``weight``, of a row for each neuron, and a vector
``bias``, as in PyTorch; any other parameter stands alone under its own name.
"""

from __future__ import annotations

import io
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from nn.checkpoints import write_atomically
from nn.errors import CheckpointError, MissingExtraError, NonFiniteError, SettingError
from nn.module import set_data

if TYPE_CHECKING:
    from os import PathLike

    from nn.module import Module

    Place: TypeAlias = tuple[str, tuple[int, ...]]
    Arrays: TypeAlias = dict[str, np.ndarray]

OF_A_LAYER = re.compile(r"(?P<layer>(?:.*\.)?)neurons\.(?P<row>\d+)\.(?:weights\.(?P<column>\d+)|bias)")
"""The name of a parameter of a neuron in a layer."""


def export_weights(path: str | PathLike[str], model: Module) -> None:
    """Write the weights of a model to a file, ``.npz`` or ``.safetensors``, as 64-bit floats.

    Parameters
    ----------
    path
        The file; its ending says which format. One that is there is replaced at once,
        or not at all.
    model
        Any model.

    Raises
    ------
    SettingError
        If the ending is neither, or weights are shared so that a layer is no matrix.
    NonFiniteError
        If a weight is inf or nan.
    MissingExtraError
        If the package safetensors is needed and not installed.

    Notes
    -----
    An MLP's names are ``layers.0.weight``, ``layers.0.bias``, ``layers.1.weight``, and so
    on: as in a `torch.nn.ModuleList` of Linear layers called ``layers``.

    Examples
    --------
    >>> import tempfile
    >>> from nn import MLP
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_weights(f"{folder}/moons.npz", MLP(2, [3, 1]))
    ...     arrays = dict(np.load(f"{folder}/moons.npz"))
    >>> {name: array.shape for name, array in arrays.items()}
    {'layers.0.weight': (3, 2), 'layers.0.bias': (3,), 'layers.1.weight': (1, 3), 'layers.1.bias': (1,)}
    """
    write = _format(path)[0]
    arrays = {name: np.full(shape, math.nan) for name, shape in _shapes(model).items()}
    for (name, index), (own_name, parameter) in zip(_places(model), model.named_parameters(), strict=True):
        if not math.isfinite(parameter.data):
            raise NonFiniteError(f"parameter {own_name} is {parameter.data!r}; nothing was written")
        arrays[name][index] = parameter.data
    for name, array in arrays.items():
        if np.isnan(array).any():
            raise SettingError(f"{name} is no whole array: some of its weights are shared with another layer")
    write_atomically(path, write(arrays))


def import_weights(path: str | PathLike[str], model: Module) -> None:
    """Set the weights of a model from a file that `export_weights` or another program wrote.

    Raises
    ------
    CheckpointError
        If the file is damaged or not of its format, an array is missing, superfluous or
        of another shape, or a weight is inf or nan; no weight was changed.
    SettingError
        If the ending is neither ``.npz`` nor ``.safetensors``.
    OSError
        If the file cannot be read.
    MissingExtraError
        If the package safetensors is needed and not installed.

    Notes
    -----
    Nothing in the file is run. Arrays of 16- and 32-bit floats are welcome too. Of a
    damaged bit in the numbers ``.npz`` says so and ``.safetensors`` does not; for what
    must be safe, see `save_checkpoint`.
    """
    read = _format(path)[1]
    content = Path(path).read_bytes()
    try:
        arrays = read(content)
    except Exception as problem:  # the readers raise a dozen kinds, of which some are theirs alone
        raise CheckpointError(f"{path} is damaged, or not what its ending says: {problem}") from problem
    shapes = _shapes(model)
    for name in [*(shapes.keys() - arrays.keys()), *(arrays.keys() - shapes.keys())]:
        whose = model if name in arrays else path
        raise CheckpointError(f"{whose} has no {name}; {path} has {', '.join(arrays)}")
    for name, array in arrays.items():
        if array.shape != shapes[name] or array.dtype.kind != "f":
            raise CheckpointError(
                f"{name} in {path} has the shape {array.shape} of {array.dtype}, "
                f"and {model!r} needs {shapes[name]} of floats"
            )
        if not np.isfinite(array).all():
            raise CheckpointError(f"{name} in {path} holds inf or nan")
    numbers = [float(arrays[name][index]) for name, index in _places(model)]
    set_data(model.named_parameters(), numbers)


def _places(model: Module) -> list[Place]:
    """Return for each parameter the array it is in, and its index there."""
    places: list[Place] = []
    for name, _ in model.named_parameters():
        found = OF_A_LAYER.fullmatch(name)
        if found is None:
            places.append((name, ()))
        elif found["column"] is None:
            places.append((f"{found['layer']}bias", (int(found["row"]),)))
        else:
            places.append((f"{found['layer']}weight", (int(found["row"]), int(found["column"]))))
    return places


def _shapes(model: Module) -> dict[str, tuple[int, ...]]:
    """Return the shape of each array, in order."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, index in _places(model):
        before = shapes.get(name, (0,) * len(index))
        shapes[name] = tuple([max(size, k + 1) for size, k in zip(before, index, strict=True)])
    return shapes


def _format(path: str | PathLike[str]) -> tuple[Any, Any]:
    """Return what writes arrays as bytes, and reads them, in the format that a path's ending names."""
    suffix = Path(path).suffix
    if suffix == ".npz":
        return _write_npz, _read_npz
    if suffix != ".safetensors":
        raise SettingError(
            f"weights are kept in files .npz or .safetensors, not {suffix or 'without ending'!r}"
        )
    try:
        import safetensors.numpy
    except ImportError as problem:
        message = 'safetensors files need a package: pip install "glassgrad[safetensors]"'
        raise MissingExtraError(message) from problem
    return safetensors.numpy.save, safetensors.numpy.load


def _write_npz(arrays: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def _read_npz(content: bytes) -> Arrays:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)
