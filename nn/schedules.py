"""Sequences of step sizes η_1, η_2, …, as objects: called with i, they give η_i.

Wherever step sizes are asked for, a number, a list or a function of i will do as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from nn.errors import SettingError, finite_setting, fraction_setting, whole_setting
from nn.module import plain

if TYPE_CHECKING:
    from nn.plots import Plot

StepSizes: TypeAlias = float | Sequence[float] | Callable[[int], float]
"""A number, a sequence η_1 … η_T, or a function of i, such as a `Schedule`."""


class Schedule:
    """A sequence of step sizes: called with i, counted from 1, it gives η_i.

    Examples
    --------
    >>> steps = Inverse(0.5)
    >>> steps(1), steps(4)
    (0.5, 0.125)
    >>> print(steps)
    η_i = lr / i
    where lr = 0.5
    η_1 = 0.5, η_10 = 0.05, η_100 = 0.005, η_1000 = 0.0005
    """

    formula: ClassVar[str]
    """What η_i is, in the names of the settings."""

    def __call__(self, i: int) -> float:
        """Return η_i."""
        raise NotImplementedError(f"{type(self).__name__} does not say its step sizes; define __call__")

    def __post_init__(self) -> None:
        """Check every setting, by its name."""
        settings = vars(self)  # which can be set where the attributes of a frozen object cannot
        for name, setting in settings.items():
            if name in {"iterations", "every"}:
                settings[name] = whole_setting(name, setting, least=1)
            elif name == "factor":
                settings[name] = fraction_setting(name, setting)
            elif name != "then":
                settings[name] = finite_setting(f"{name}, of the step sizes η,", setting)

    def require(self, iterations: int) -> None:
        """Raise a `SettingError` if there are fewer step sizes than `iterations`; most have no end."""

    def plot(self, iterations: int) -> Plot:
        """Plot η_1 … η_T; needs ``pip install "glassgrad[plots]"``."""
        from nn.plots import plot_step_sizes

        return plot_step_sizes(self, iterations)

    def __str__(self) -> str:
        settings = ", ".join([f"{name} = {setting!r}" for name, setting in vars(self).items()])
        return f"η_i = {self.formula}\nwhere {settings}\n{self._first_few()}"

    def _first_few(self) -> str:
        """Write η_1, η_10, and so on."""
        return ", ".join([f"η_{i} = {self(i):.3g}" for i in (1, 10, 100, 1000)])


@dataclass(frozen=True)
class Constant(Schedule):
    """The same step size always: η_i = lr."""

    lr: float
    formula = "lr"

    def __call__(self, _i: int) -> float:
        """Return η_i."""
        return self.lr


@dataclass(frozen=True)
class Inverse(Schedule):
    """η_i = lr / i, for strongly convex problems: Σ η_i diverges and Σ η_i² does not.

    Robbins and Monro (1951); with lr = 1/λ, Shalev-Shwartz and Ben-David (2014), 14.4.4.
    """

    lr: float
    formula = "lr / i"

    def __call__(self, i: int) -> float:
        """Return η_i."""
        return self.lr / i


@dataclass(frozen=True)
class InverseSqrt(Schedule):
    """η_i = lr / √i, for convex problems (Zinkevich, 2003)."""

    lr: float
    formula = "lr / √i"

    def __call__(self, i: int) -> float:
        """Return η_i."""
        return self.lr / math.sqrt(i)


@dataclass(frozen=True)
class Stairs(Schedule):
    """η_i = lr · factor^k after k times `every` iterations: step sizes in steps.

    Examples
    --------
    >>> steps = Stairs(1.0, factor=0.5, every=2)
    >>> [steps(i) for i in range(1, 6)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    lr: float
    factor: float
    every: int
    formula = "lr · factor^⌊(i - 1) / every⌋"

    def __call__(self, i: int) -> float:
        """Return η_i."""
        return self.lr * self.factor ** ((i - 1) // self.every)


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a cosine, from `lr` down to `least` in so many iterations; `least` ever after.

    Loshchilov and Hutter (2017), "SGDR", equation 5, without restarts.

    Examples
    --------
    >>> steps = Cosine(1.0, iterations=4)
    >>> [round(steps(i), 3) for i in range(1, 7)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """

    lr: float
    iterations: int
    least: float = 0.0
    formula = "least + ½ (lr - least) (1 + cos(π min(1, (i - 1) / iterations)))"

    def __call__(self, i: int) -> float:
        """Return η_i."""
        done = min(1.0, (i - 1) / self.iterations)
        return self.least + 0.5 * (self.lr - self.least) * (1 + math.cos(math.pi * done))


class WarmUp(Schedule):
    """Other step sizes, the first `iterations` of them reduced: η_i is i / iterations of its like.

    Goyal et al. (2017), "Accurate, large minibatch SGD", section 2.2.

    Examples
    --------
    >>> steps = WarmUp(0.5, iterations=4)
    >>> [steps(i) for i in range(1, 7)]
    [0.125, 0.25, 0.375, 0.5, 0.5, 0.5]
    """

    formula = "then(i) · min(1, i / iterations)"

    def __init__(self, then: StepSizes, iterations: int) -> None:
        self.then = schedule(then)
        self.iterations = iterations
        self.__post_init__()

    def __call__(self, i: int) -> float:
        """Return η_i."""
        return self.then(i) * min(1.0, i / self.iterations)

    def require(self, iterations: int) -> None:
        """Raise a `SettingError` if the other step sizes are fewer."""
        self.then.require(iterations)

    def __repr__(self) -> str:
        return f"WarmUp({self.then!r}, iterations={self.iterations})"


class Listed(Schedule):
    """The step sizes η_1 … η_T themselves.

    Raises
    ------
    SettingError
        If one is negative or not finite, or there are none; if called with i > T.
    """

    def __init__(self, step_sizes: Sequence[float]) -> None:
        self.step_sizes = tuple(
            [
                finite_setting(f"the step size η_{i}", size)
                for i, size in enumerate(plain(step_sizes), start=1)
            ]
        )
        if not self.step_sizes:
            raise SettingError("lr is an empty sequence; it needs a step size η_i for each iteration i")

    def __call__(self, i: int) -> float:
        """Return η_i."""
        self.require(i)
        return self.step_sizes[i - 1]

    def require(self, iterations: int) -> None:
        """Raise a `SettingError` if there are fewer step sizes than `iterations`."""
        if iterations > len(self.step_sizes):
            raise SettingError(
                f"iteration {iterations} needs a step size η_{iterations}, "
                f"but lr is a sequence of T = {len(self.step_sizes)}; "
                "make it longer, or pass a number or a function of i",
            )

    def __repr__(self) -> str:
        return f"Listed(<{len(self.step_sizes)} step sizes>)"

    def __str__(self) -> str:
        shown = [f"η_{i} = {size:.4g}" for i, size in enumerate(self.step_sizes, start=1)]
        return ", ".join(shown if len(shown) <= 5 else [*shown[:3], "…", shown[-1]])  # noqa: PLR2004 - a line


class Function(Schedule):
    """Step sizes by a function of i."""

    def __init__(self, function: Callable[[int], float]) -> None:
        self.function = function

    def __call__(self, i: int) -> float:
        """Return η_i, or raise a `SettingError` if it is not a finite number, 0 or more."""
        return finite_setting(f"lr({i}), the step size η_{i},", self.function(i))

    def __repr__(self) -> str:
        return f"Function({getattr(self.function, '__qualname__', repr(self.function))})"

    def __str__(self) -> str:
        return f"η_i = {getattr(self.function, '__name__', repr(self.function))}(i)\n{self._first_few()}"


def schedule(lr: StepSizes) -> Schedule:
    """Return step sizes as a `Schedule`, checked as far as can be before they are asked for.

    Raises
    ------
    SettingError
        If a step size is negative or not finite, or there are none.

    Examples
    --------
    >>> schedule(0.1), schedule([0.3, 0.2, 0.1])
    (Constant(lr=0.1), Listed(<3 step sizes>))
    """
    if isinstance(lr, Schedule):
        return lr
    if callable(lr):
        return Function(lr)
    numbers = plain(lr)
    if isinstance(numbers, str | dict) or not hasattr(numbers, "__len__"):
        return Constant(numbers)
    return Listed(numbers)
