"""Samples: a toy set, two real sets that travel with the package, splitting and standardising.

Wherever data is asked for, a `Dataset` will do, or a pair (inputs, targets).
"""

from __future__ import annotations

import gzip
import math
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from autograd import LengthError, OperandError
from nn.errors import NonFiniteError, SettingError, TargetError, finite_setting, whole_setting
from nn.initializers import generator
from nn.module import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from nn.initializers import Seed

    Data: TypeAlias = "Dataset | tuple[ArrayLike, ArrayLike]"


class Dataset(NamedTuple):
    """Samples, a row of inputs and a target each, and what they are called.

    Attributes
    ----------
    inputs
        Floats, of shape (samples, features).
    targets
        Of shape (samples,), whole numbers for classes; (samples, outputs) for several.
    feature_names, target_names
        Names of the columns of `inputs`, and of the classes 0, 1, …; may be empty.
    description
        A sentence: what it is and where it comes from.
    """

    inputs: NDArray[np.float64]
    targets: NDArray[Any]
    feature_names: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    description: str = ""

    def __repr__(self) -> str:
        samples, features = np.shape(self.inputs)
        return f"<Dataset: {samples} samples of {features} features>"


def two_moons(count: int, *, noise: float = 0.1, seed: Seed = 0) -> Dataset:
    """Draw samples from two interleaved half circles, a class each.

    Class 0 is the upper half of the unit circle about (0, 0), class 1 the lower half
    of the one about (1, 0.5). A sample is a point at a uniformly random angle, plus
    Gaussian noise of standard deviation `noise` in both coordinates. The classes
    alternate.

    Parameters
    ----------
    count
        How many samples.
    noise
        The standard deviation of the noise.
    seed
        A seed, or a generator to draw on from.

    Raises
    ------
    SettingError
        If `count` is not 1 or more, or `noise` is negative or not finite.

    Examples
    --------
    >>> two_moons(4, noise=0.0).targets
    array([0, 1, 0, 1])
    """
    count, noise = whole_setting("count", count, least=1), finite_setting("noise", noise)
    random = generator(seed, "two moons")
    targets = np.arange(count) % 2
    angles = random.uniform(0.0, math.pi, count)
    upper = np.column_stack([np.cos(angles), np.sin(angles)])
    inputs = np.where(targets[:, None] == 0, upper, [1.0, 0.5] - upper)
    return Dataset(
        inputs + random.normal(0.0, noise, inputs.shape),
        targets,
        ("x1", "x2"),
        ("upper", "lower"),
        f"Two moons: interleaved half circles of radius 1, Gaussian noise of {noise}",
    )


def breast_cancer() -> Dataset:
    """Return the Wisconsin diagnostic breast cancer data: 569 samples, 30 features.

    The features describe the cell nuclei in an image of a needle aspirate. Class 0 is
    malignant (212 samples), class 1 benign (357). Source, licence and what was changed
    stand in ``nn/datasets/README.md``.

    Notes
    -----
    By Wolberg, Mangasarian, Street and Street (1993), UCI Machine Learning Repository,
    https://doi.org/10.24432/C5DW2B, licence CC BY 4.0.

    Examples
    --------
    >>> cancer = breast_cancer()
    >>> cancer, cancer.feature_names[0], cancer.target_names
    (<Dataset: 569 samples of 30 features>, 'mean radius', ('malignant', 'benign'))
    """
    return _read(
        "breast_cancer",
        ("malignant", "benign"),
        "Breast Cancer Wisconsin (Diagnostic), UCI, doi 10.24432/C5DW2B, CC BY 4.0",
    )


def digits() -> Dataset:
    """Return handwritten digits: 1,797 images of 8 by 8 pixels, each 0 to 16.

    Row by row, a pixel counts the ink in a square of 4 by 4 dots. Source, licence and
    what was changed stand in ``nn/datasets/README.md``.

    Notes
    -----
    By Alpaydin and Kaynak (1998), UCI Machine Learning Repository,
    https://doi.org/10.24432/C50P49, licence CC BY 4.0.

    This is UCI's test part, by 13 writers who are not in its training part. A random
    split of it has the same writers on both sides, which flatters the result.

    Examples
    --------
    >>> digits().inputs[0].reshape(8, 8)[:2]
    array([[ 0.,  0.,  5., 13.,  9.,  1.,  0.,  0.],
           [ 0.,  0., 13., 15., 10., 15.,  5.,  0.]])
    """
    return _read(
        "digits",
        tuple("0123456789"),
        "Optical Recognition of Handwritten Digits, test part, UCI, doi 10.24432/C50P49, CC BY 4.0",
    )


def split(
    data: Data,
    fractions: Sequence[float] = (0.6, 0.2, 0.2),
    *,
    seed: Seed = 0,
    stratified: bool = False,
) -> tuple[Dataset, ...]:
    """Split samples at random into parts: training, validation and test, say.

    Every sample is in exactly one part.

    Parameters
    ----------
    data
        The samples.
    fractions
        The share of each part; together 1.
    seed
        A seed, or a generator to draw on from.
    stratified
        Whether each part has its share of every class, as nearly as whole samples allow.

    Returns
    -------
    tuple of Dataset
        A part for each fraction.

    Raises
    ------
    SettingError
        If the fractions are not positive with sum 1, or a part would be empty.

    Examples
    --------
    >>> split(two_moons(100), (0.8, 0.2))
    (<Dataset: 80 samples of 2 features>, <Dataset: 20 samples of 2 features>)
    """
    whole = dataset(data)
    shares = np.asarray(fractions, dtype=float)
    if shares.ndim != 1 or not (shares > 0).all() or not math.isclose(math.fsum(shares), 1.0):
        raise SettingError(f"fractions must be positive numbers whose sum is 1, got {fractions!r}")
    count = len(whole.inputs)
    order = generator(seed, "split").permutation(count)
    if stratified:
        order = order[np.argsort(_spread(whole.targets[order]), kind="stable")]
    cuts = np.rint(np.cumsum(shares)[:-1] * count).astype(int)
    parts = [
        whole._replace(inputs=whole.inputs[part], targets=whole.targets[part])
        for part in np.split(order, cuts)
    ]
    if not all(len(part.inputs) for part in parts):
        raise SettingError(f"{count} samples are too few for parts of {fractions!r}: one would be empty")
    return tuple(parts)


def standardise(train: Data, *others: Data) -> tuple[Dataset, ...]:
    """Shift and scale every feature to mean 0 and standard deviation 1 in the training part.

    The other parts are shifted and scaled by the same numbers, so that nothing about
    them leaks into training. A feature that is constant in the training part becomes 0
    everywhere: nothing could be learned about it.

    Raises
    ------
    LengthError
        If a part has another number of features.

    Examples
    --------
    >>> train, test = standardise(([[1.0, 5.0], [3.0, 5.0]], [0, 1]), ([[4.0, 6.0]], [1]))
    >>> train.inputs.tolist(), test.inputs.tolist()
    ([[-1.0, 0.0], [1.0, 0.0]], [[2.0, 0.0]])
    """
    parts = [dataset(part) for part in (train, *others)]
    inputs = parts[0].inputs
    widths = {part.inputs.shape[1] for part in parts}
    if len(widths) > 1:
        raise LengthError(f"the parts differ in their number of features: {sorted(widths)}")
    constant = inputs.min(axis=0) == inputs.max(axis=0)  # rounding may leave such a column a tiny deviation
    shift = np.where(constant, 0.0, inputs.mean(axis=0))
    scale = np.where(constant, math.inf, inputs.std(axis=0))
    return tuple([part._replace(inputs=(part.inputs - shift) / scale) for part in parts])


def dataset(data: Data) -> Dataset:
    """Return data as a `Dataset` that was checked: finite, and a target for each sample.

    Raises
    ------
    OperandError
        If `data` is neither a Dataset nor a pair, or is not numbers.
    LengthError
        If rows differ in length, targets are not as many as samples, or there are none.
    NonFiniteError
        If an input or a target is inf or nan.
    """
    if not isinstance(data, tuple) or len(data) not in {2, len(Dataset._fields)}:
        raise OperandError(
            f"samples are a Dataset or a pair (inputs, targets), not {type(data).__name__}; "
            "for a list of (x, y) write ([x for x, _ in samples], [y for _, y in samples])",
        )
    inputs, targets = _array("inputs", data[0]).astype(np.float64), _array("targets", data[1])
    if inputs.ndim != 2:  # noqa: PLR2004 - samples and features
        raise LengthError(
            f"inputs must be rows of numbers, one row for each sample; got shape {inputs.shape}"
        )
    if len(inputs) != len(np.atleast_1d(targets)) or not inputs.size:
        raise LengthError(
            f"got {len(inputs)} samples and targets of shape {targets.shape}; each sample needs one"
        )
    for name, numbers in (("inputs", inputs), ("targets", targets)):
        bad = np.argwhere(~np.isfinite(numbers))
        if len(bad):
            raise NonFiniteError(
                f"{name}{bad[0].tolist()} is {numbers[tuple(bad[0])]}; leave such samples out"
            )
    return Dataset(inputs, targets, *data[2:])


def samples(data: Data) -> list[tuple[list[float], Any]]:
    """Return data as a list of samples (x, y), of Python numbers, which are quicker than numpy's."""
    inputs, targets, *_ = dataset(data)
    return list(zip(inputs.tolist(), targets.tolist(), strict=True))


class Draws:
    """Draw samples at random, so many at a time: their numbers, from 0.

    Parameters
    ----------
    count
        How many samples there are.
    size
        How many to draw at a time.
    replacement
        If true, every draw is from all of them, (x, y) ~ D. If false, each is drawn once
        in a pass, in an order that is new in each pass; the last draw of a pass may be
        smaller.
    seed
        A seed, or a generator to draw on from.

    Examples
    --------
    >>> draws = Draws(5, size=2, replacement=False)
    >>> a_pass = [draws.draw() for _ in range(3)]
    >>> [len(batch) for batch in a_pass], sorted(sum(a_pass, []))
    ([2, 2, 1], [0, 1, 2, 3, 4])
    """

    def __init__(self, count: int, size: int = 1, *, replacement: bool = True, seed: Seed = 0) -> None:
        self.count = whole_setting("count", count, least=1)
        self.size = whole_setting("batch_size", size, least=1)
        self.replacement = replacement
        self.random = generator(seed, "training")
        self.waiting: list[int] = []

    def draw(self) -> list[int]:
        """Return the numbers of the next samples."""
        if self.replacement:
            return [int(self.random.integers(self.count)) for _ in range(self.size)]
        if not self.waiting:
            self.waiting = self.random.permutation(self.count).tolist()
        batch, self.waiting = self.waiting[: self.size], self.waiting[self.size :]
        return batch

    def several(self, draws: int) -> NDArray[np.int64]:
        """Return the numbers of the samples of so many draws, one after another: those of `draw`."""
        if self.replacement:
            return self.random.integers(self.count, size=draws * self.size)
        return np.array([k for _ in range(draws) for k in self.draw()], dtype=np.int64)

    def state(self) -> dict[str, Any]:
        """Return what the next draws depend on."""
        return {"random": _plain_state(self.random.bit_generator.state), "waiting": self.waiting}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a `state`."""
        waiting = [int(k) for k in state["waiting"]]
        self.random.bit_generator.state = state["random"]
        self.waiting = waiting


def _plain_state(state: Any) -> Any:  # noqa: ANN401 - dicts, arrays and numbers
    """Return the state of a bit generator as dicts, lists and whole numbers."""
    if isinstance(state, dict):
        return {name: _plain_state(part) for name, part in state.items()}
    return plain(state)


def _array(name: str, numbers: Any) -> NDArray[Any]:  # noqa: ANN401 - anything may be tried
    try:
        array = np.asarray(numbers)
    except ValueError:
        raise LengthError(f"the rows of {name} differ in length") from None
    if array.dtype.kind not in "biuf":
        error = TargetError if name == "targets" else OperandError
        raise error(f"{name} must be real numbers, not {array.dtype}; number the classes of a name from 0")
    if np.ma.is_masked(numbers):
        raise NonFiniteError(f"numbers of {name} are masked; leave such samples out")
    return array


def _spread(targets: NDArray[Any]) -> NDArray[np.float64]:
    """Place the members of each class evenly over (0, 1), so that every cut has its share of each."""
    place = np.empty(len(targets))
    for target in np.unique(targets):
        members = np.flatnonzero(targets == target)
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
    return place


def _read(name: str, target_names: tuple[str, ...], description: str) -> Dataset:
    """Read a bundled set: a header, then a row of features and a class for each sample."""
    file = resources.files("nn") / "datasets" / f"{name}.csv.gz"
    with file.open("rb") as packed, gzip.open(packed, "rt", encoding="ascii") as text:
        header = text.readline().strip().split(",")
        table = np.loadtxt(text, delimiter=",")
    return Dataset(
        table[:, :-1].copy(), table[:, -1].astype(np.int64), tuple(header[:-1]), target_names, description
    )
