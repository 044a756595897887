"""Weights as plain arrays: whole, in PyTorch's shapes, and refused by name if they do not fit."""

import contextlib
import math
import pickle
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import Value
from nn import (
    MLP,
    CheckpointError,
    Layer,
    MissingExtraError,
    Module,
    NonFiniteError,
    SettingError,
    export_weights,
    import_weights,
)

SUFFIXES = [
    ".npz",
    pytest.param(
        ".safetensors",
        marks=pytest.mark.skipif(
            not any((Path(folder) / "safetensors").exists() for folder in sys.path), reason="it is an extra"
        ),
    ),
]


def weights(model: Module) -> list[float]:
    return [w.data for w in model.parameters()]


class Mixed(Module):
    def __init__(self, seed: int) -> None:
        self.layer = Layer(2, 3, seed=seed, bias=False)
        self.scale = Value(float(seed))
        self.inner = {"mlp": MLP(3, [2, 1], seed=seed)}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "make", [lambda seed: MLP(4, [3, 2], seed=seed), Mixed, lambda seed: Layer(2, 2, seed=seed)]
)
def test_there_and_back_to_the_bit(tmp_path: Path, suffix: str, make: Any) -> None:
    model, twin = make(1), make(2)
    path = tmp_path / f"weights{suffix}"
    export_weights(path, model)
    import_weights(path, twin)
    assert weights(twin) == weights(model)
    assert list(tmp_path.iterdir()) == [path]


def test_a_layer_is_a_matrix_that_multiplies_as_in_pytorch(tmp_path: Path) -> None:
    model = MLP(3, [4, 2], "tanh", seed=1)
    for parameter in model.parameters():
        parameter.data += 0.5
    export_weights(tmp_path / "weights.npz", model)
    arrays = np.load(tmp_path / "weights.npz")
    x = np.array([0.5, -1.0, 2.0])
    hidden = np.tanh(arrays["layers.0.weight"] @ x + arrays["layers.0.bias"])
    outputs = arrays["layers.1.weight"] @ hidden + arrays["layers.1.bias"]
    assert [o.data for o in model(x)] == pytest.approx(outputs.tolist(), rel=1e-14)
    assert all(array.dtype == np.float64 for array in arrays.values())
    named = Mixed(1)
    export_weights(tmp_path / "mixed.npz", named)
    assert {name: array.shape for name, array in np.load(tmp_path / "mixed.npz").items()} == {
        "layer.weight": (3, 2),
        "scale": (),
        "inner.mlp.layers.0.weight": (2, 3),
        "inner.mlp.layers.0.bias": (2,),
        "inner.mlp.layers.1.weight": (1, 2),
        "inner.mlp.layers.1.bias": (1,),
    }


def test_arrays_of_32_bits_are_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", weight=np.array([[0.5, 0.25]], np.float32), bias=np.zeros(1, np.float16))
    model = Layer(2, 1)
    import_weights(tmp_path / "w.npz", model)
    assert weights(model) == [0.5, 0.25, 0.0]


RIGHT = {"weight": np.ones((1, 2)), "bias": np.ones(1)}


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ({"weight": np.ones((1, 2))}, "w.npz has no bias"),
        ({**RIGHT, "gain": np.ones(1)}, r"Layer\(2, 1\) has no gain"),
        ({**RIGHT, "weight": np.ones((2, 1))}, r"weight in .* has the shape \(2, 1\) .* needs \(1, 2\)"),
        ({**RIGHT, "weight": np.ones((1, 2), dtype=int)}, "of int64"),
        ({**RIGHT, "bias": np.array([math.nan])}, "bias in .* holds inf or nan"),
        ({**RIGHT, "bias": np.array([{}])}, "damaged, or not what its ending says: Object arrays"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(tmp_path: Path, arrays: dict[str, Any], text: str) -> None:
    np.savez(tmp_path / "w.npz", **arrays)
    model = Layer(2, 1)
    before = weights(model)
    with pytest.raises(CheckpointError, match=text):
        import_weights(tmp_path / "w.npz", model)
    assert weights(model) == before


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_damaged_files_have_one_error(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    export_weights(path, Layer(2, 1))
    content = path.read_bytes()
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(CheckpointError):
            import_weights(path, Layer(2, 1))
    flips = random.Random(0)
    for _ in range(200):  # neither format promises to notice; what is noticed is a CheckpointError
        damaged = bytearray(content)
        place = flips.randrange(8 * len(content))
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        with contextlib.suppress(CheckpointError):
            import_weights(path, Layer(2, 1))
    path.write_bytes(pickle.dumps({"weight": 1}))
    with pytest.raises(CheckpointError, match="damaged"):
        import_weights(path, Layer(2, 1))


def test_what_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = MLP(2, [2, 1])
    with pytest.raises(SettingError, match=r"\.npz or \.safetensors, not '\.pt'"):
        export_weights(tmp_path / "w.pt", model)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(MissingExtraError, match=r'pip install "glassgrad\[safetensors\]"'):
        export_weights(tmp_path / "w.safetensors", model)
    model.parameters()[0].data = math.inf
    with pytest.raises(NonFiniteError, match=r"parameter layers\.0\.neurons\.0\.weights\.0 is inf"):
        export_weights(tmp_path / "w.npz", model)
    tied = MLP(2, [2, 1])
    tied.layers[0].neurons[1].weights[0] = tied.layers[0].neurons[0].weights[0]
    with pytest.raises(SettingError, match=r"layers\.0\.weight is no whole array"):
        export_weights(tmp_path / "w.npz", tied)
    assert not list(tmp_path.iterdir())
