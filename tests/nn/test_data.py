"""Data sets, splitting and standardising."""

import hashlib
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from autograd import LengthError, OperandError
from nn import (
    Dataset,
    NonFiniteError,
    SettingError,
    TargetError,
    breast_cancer,
    digits,
    split,
    standardise,
    two_moons,
)
from nn.data import dataset, samples


def digest(array: np.ndarray) -> str:
    """Return a fingerprint of the numbers to the last bit."""
    return hashlib.sha256(np.ascontiguousarray(array).astype("<f8").tobytes()).hexdigest()[:16]


def test_two_moons_without_noise_are_half_circles() -> None:
    moons = two_moons(200, noise=0.0, seed=3)
    upper, lower = moons.inputs[moons.targets == 0], moons.inputs[moons.targets == 1]
    assert len(upper) == len(lower) == 100
    assert np.hypot(*upper.T) == pytest.approx(1.0)
    assert np.hypot(*(lower - [1.0, 0.5]).T) == pytest.approx(1.0)
    assert upper[:, 1].min() >= 0
    assert lower[:, 1].max() <= 0.5


def test_two_moons_noise() -> None:
    moved = two_moons(4000, noise=0.1, seed=1).inputs - two_moons(4000, noise=0.0, seed=1).inputs
    assert moved.std() == pytest.approx(0.1, rel=0.05)


def test_two_moons_seed() -> None:
    assert (two_moons(10, seed=1).inputs == two_moons(10, seed=1).inputs).all()
    assert (two_moons(10, seed=1).inputs != two_moons(10, seed=2).inputs).all()


@pytest.mark.parametrize("arguments", [{"count": 0}, {"count": 1.5}, {"noise": -1.0}, {"noise": math.nan}])
def test_two_moons_refuses(arguments: dict[str, Any]) -> None:
    with pytest.raises(SettingError):
        two_moons(**{"count": 3, **arguments})


def test_breast_cancer_is_whole() -> None:
    cancer = breast_cancer()
    assert cancer.inputs.shape == (569, 30)
    assert cancer.inputs.dtype == np.float64
    assert np.bincount(cancer.targets).tolist() == [212, 357]
    assert len(set(cancer.feature_names)) == 30
    assert cancer.inputs[0, :3].tolist() == [17.99, 10.38, 122.8]
    assert cancer.inputs.mean(axis=0)[0] == pytest.approx(14.127291739894552, rel=1e-14)
    assert (digest(cancer.inputs), digest(cancer.targets)) == ("6b202a2072f9a038", "bad6d9428eff14b5")


def test_digits_are_whole() -> None:
    images = digits()
    assert images.inputs.shape == (1797, 64)
    assert np.bincount(images.targets).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert set(np.unique(images.inputs)) == set(range(17))
    assert len(set(images.feature_names)) == 64
    assert (digest(images.inputs), digest(images.targets)) == ("20def7f70a702f0a", "061ad6ef55db4321")


def test_each_call_reads_a_set_of_its_own() -> None:
    breast_cancer().inputs[:] = 0
    assert breast_cancer().inputs[0, 0] == 17.99


@pytest.mark.parametrize("data", [breast_cancer(), digits()])
def test_source_and_licence_travel_along(data: Dataset) -> None:
    assert "doi 10.24432/" in data.description
    assert "CC BY 4.0" in data.description


@settings(max_examples=50)
@given(
    st.lists(st.integers(0, 3), min_size=12, max_size=120),
    st.lists(st.integers(1, 5), min_size=1, max_size=4),
    st.integers(0, 2**70),
    st.booleans(),
)
def test_split_puts_every_sample_in_one_part(
    targets: list[int],
    weights: list[int],
    seed: int,
    stratified: bool,  # noqa: FBT001 - a parametrised test
) -> None:
    fractions = [w / sum(weights) for w in weights]
    inputs = np.arange(len(targets), dtype=float)[:, None]
    if min(fractions) * len(targets) <= 1:
        return
    parts = split((inputs, targets), fractions, seed=seed, stratified=stratified)
    assert sorted(np.concatenate([part.inputs[:, 0] for part in parts])) == list(range(len(targets)))
    for part, fraction in zip(parts, fractions, strict=True):
        assert abs(len(part.inputs) - fraction * len(targets)) <= 1
        assert [targets[int(k)] for k in part.inputs[:, 0]] == part.targets.tolist()
        if stratified:
            for kind in set(targets):
                share = targets.count(kind) / len(targets)
                slack = 2 + len(set(targets)) * share
                assert abs(sum(part.targets == kind) - fraction * targets.count(kind)) <= slack


def test_a_stratified_split_keeps_the_classes_in_proportion() -> None:
    parts = split(breast_cancer(), seed=5, stratified=True)
    assert [len(part.inputs) for part in parts] == [341, 114, 114]
    assert [part.targets.mean() for part in parts] == pytest.approx([357 / 569] * 3, abs=0.005)


def test_split_is_decided_by_its_seed() -> None:
    first, again, other = (split(digits(), seed=seed)[0].inputs for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize(
    "fractions", [(0.5, 0.6), (0.5, 0.4), (1.5, -0.5), (1.0, 0.0), (), (math.nan, 1.0), 0.5]
)
def test_fractions_that_are_refused(fractions: Any) -> None:
    with pytest.raises(SettingError, match="fractions must be positive numbers whose sum is 1"):
        split(two_moons(10), fractions)


def test_a_part_may_not_be_empty() -> None:
    with pytest.raises(SettingError, match="too few"):
        split(two_moons(3), (0.9, 0.1))


def test_standardise_uses_the_training_part_alone() -> None:
    train, test = standardise(*split(breast_cancer(), (0.5, 0.5)))
    assert train.inputs.mean(axis=0) == pytest.approx(0.0, abs=1e-12)
    assert train.inputs.std(axis=0) == pytest.approx(1.0)
    assert np.abs(test.inputs.mean(axis=0)).max() > 0.01


def test_standardised_digits_have_no_nan() -> None:
    train, test = standardise(*split(digits(), (0.5, 0.5)))
    constant = digits().inputs.std(axis=0) == 0
    assert constant.any()
    assert np.isfinite(train.inputs).all()
    assert np.isfinite(test.inputs).all()
    assert (train.inputs[:, constant] == 0).all()


@given(st.floats(-1e6, 1e6), st.integers(1, 50), st.floats(-1e6, 1e6))
def test_a_constant_feature_becomes_zero(constant: float, count: int, other: float) -> None:
    train, test = standardise(([[constant]] * count, [0] * count), ([[other]], [0]))
    assert (train.inputs == 0).all()
    assert (test.inputs == 0).all()


def test_standardise_refuses_parts_of_different_width() -> None:
    with pytest.raises(LengthError, match=r"\[1, 2\]"):
        standardise(([[1.0]], [0]), ([[1.0, 2.0]], [0]))


@pytest.mark.parametrize(
    ("data", "error", "text"),
    [
        ([([1.0], 0)], OperandError, "a Dataset or a pair"),
        (np.zeros((3, 2)), OperandError, "a Dataset or a pair"),
        (([1.0, 2.0], [0, 1]), LengthError, "rows of numbers"),
        (([[1.0], [2.0, 3.0]], [0, 1]), LengthError, "rows of inputs differ in length"),
        (([[1.0], [2.0]], [0]), LengthError, "2 samples and targets of shape"),
        (([[1.0], [2.0]], 0), LengthError, "2 samples and targets of shape"),
        (([], []), LengthError, "rows of numbers"),
        ((np.zeros((0, 2)), []), LengthError, "0 samples"),
        (([[1.0], [math.nan]], [0, 1]), NonFiniteError, r"inputs\[1, 0\] is nan"),
        (([[1.0], [2.0]], [0, math.inf]), NonFiniteError, r"targets\[1\] is inf"),
        (
            (np.ma.masked_array([[1.0], [2.0]], [[False], [True]]), [0, 1]),
            NonFiniteError,
            "of inputs are masked",
        ),
        (([["1"]], [0]), OperandError, "inputs must be real numbers"),
        (([[1j]], [0]), OperandError, "inputs must be real numbers"),
        (([[1.0]], ["benign"]), TargetError, "number the classes"),
    ],
)
def test_data_that_is_refused(data: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        dataset(data)


def test_samples_are_python_numbers() -> None:
    ((x, y),) = samples((np.array([[1, 2]], dtype=np.float32), np.array([3])))
    assert (x, y) == ([1.0, 2.0], 3)
    assert [type(number) for number in (*x, y)] == [float, float, int]
    assert samples(([[1.0]], [[2.0, 3.0]])) == [([1.0], [2.0, 3.0])]


def test_a_dataset_prints_in_a_line() -> None:
    assert repr(digits()) == "<Dataset: 1797 samples of 64 features>"
