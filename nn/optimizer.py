"""`Optimizer`: a step that moves weights against their gradient, all but the formula."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

import numpy as np

from autograd import LengthError, OperandError, Value, clip
from nn.errors import NonFiniteError, SettingError, finite_setting
from nn.module import set_data
from nn.schedules import schedule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nn.schedules import StepSizes

Rule: TypeAlias = Callable[..., tuple[float, ...]]
"""From w, v and what is remembered of the steps before: the new w, and what to remember."""


class Group(NamedTuple):
    """Parameters with settings of their own; an optimizer takes a list of groups as well.

    Attributes
    ----------
    parameters
        Leaf Values.
    factor
        Multiplies the step sizes of the optimizer, 0 or more.
    weight_decay
        λ for these parameters; None is the optimizer's own.

    Examples
    --------
    Weights decay, biases do not:

    >>> from nn import MLP, SGD
    >>> model = MLP(2, [3, 1])
    >>> weights = [w for name, w in model.named_parameters() if "weights" in name]
    >>> biases = [b for name, b in model.named_parameters() if "bias" in name]
    >>> SGD([Group(weights), Group(biases, weight_decay=0.0)], lr=0.1, weight_decay=0.01)
    SGD([Group(<9 parameters>), Group(<4 parameters>, weight_decay=0.0)],
        lr=Constant(lr=0.1), weight_decay=0.01)
    """

    parameters: Sequence[Value]
    factor: float = 1.0
    weight_decay: float | None = None

    def __repr__(self) -> str:
        count = len(self.parameters)
        shown = [f"<{count} parameter{'s' * (count != 1)}>"]
        if self.factor != 1:
            shown.append(f"factor={self.factor!r}")
        if self.weight_decay is not None:
            shown.append(f"weight_decay={self.weight_decay!r}")
        return f"Group({', '.join(shown)})"


class Leaves:
    """The weights that an optimizer moves, in leaf Values, with their names."""

    def __init__(self, named: Sequence[tuple[str, Value]]) -> None:
        self.named = named

    def get(self) -> Any:  # noqa: ANN401 - a list here, an array elsewhere
        """Return the numbers."""
        return [value.data for _, value in self.named]

    def gradients(self) -> Any:  # noqa: ANN401
        """Return the gradient, or None if there is none at all."""
        has_any = any(value.has_grad for _, value in self.named)
        return [value.grad for _, value in self.named] if has_any else None

    @staticmethod
    def norm(gradients: Any) -> float:  # noqa: ANN401
        """Return the norm of a gradient."""
        return math.hypot(*gradients)

    def set(self, numbers: Any) -> None:  # noqa: ANN401
        """Set the numbers, all or none."""
        set_data(self.named, numbers)

    def zero_grad(self) -> None:
        """Forget the gradient."""
        for _, value in self.named:
            value.zero_grad()

    def moved(self, rule: Rule, columns: Sequence[Any], *, elementwise: bool) -> tuple[Any, ...]:  # noqa: ARG002
        """Apply a formula to each weight; `elementwise` says that it would do for arrays too."""
        return tuple(zip(*map(rule, *columns), strict=True))

    @staticmethod
    def joined(parts: Sequence[Any]) -> Any:  # noqa: ANN401
        """Put the columns of groups one after another."""
        return [*chain(*parts)]


class Optimizer:
    """What every optimizer does about a step, except the formula: `rule` is that.

    Parameters
    ----------
    parameters
        Leaf Values, such as ``model.parameters()``, each counted once; or `Group`s.
    lr
        The step sizes η: one number, a sequence η_1 … η_T, a function of i, or a
        `Schedule` from `nn.schedules`.
    weight_decay
        λ, 0 or more. It acts on all parameters, biases included.
    max_norm
        Scale a gradient whose norm ‖v‖, over all parameters, is larger down to this
        norm (Pascanu, Mikolov and Bengio, 2013, algorithm 1). None does not.

    Attributes
    ----------
    iteration : int
        How many steps have been taken.
    memory : dict of str to list of float
        What is remembered of earlier steps: columns, a number for each parameter.
    gradient_norm : float
        ‖v‖ at the last step, before it was scaled; 0.0 before the first.

    Raises
    ------
    SettingError
        If λ or a step size is negative or not finite, another setting is out of
        range, or there are no parameters.
    OperandError
        If something among the parameters is not a leaf Value.
    """

    settings: ClassVar[tuple[str, ...]] = ()
    """The names of the settings that an optimizer has besides those of all."""

    remembers: ClassVar[tuple[str, ...]] = ()
    """The names of the columns of `memory`."""

    def __init__(
        self,
        parameters: Iterable[Value | Group],
        lr: StepSizes,
        weight_decay: float = 0.0,
        *,
        max_norm: float | None = None,
    ) -> None:
        self.lr = schedule(lr)
        self.weight_decay = finite_setting("weight_decay (λ)", weight_decay)
        self.max_norm = None if max_norm is None else finite_setting("max_norm", max_norm)
        self.groups = self._grouped(parameters)
        self.parameters = [parameter for group in self.groups for parameter in group.parameters]
        if len(set(self.parameters)) < len(self.parameters):
            raise SettingError("a parameter is in two groups, which could mean either's settings")
        self._named = [
            (parameter.label or f"{k}, without a label,", parameter)
            for k, parameter in enumerate(self.parameters)
        ]
        self.weights: Any = Leaves(self._named)  # or what `fit` holds them in, for a time
        self.memory = {name: [0.0] * len(self.parameters) for name in self.remembers}
        self.gradient_norm = 0.0
        self.iteration = 0

    def rule(self, rate: float, decay: float) -> Rule:
        """Return the formula of this step, for step size η and λ."""
        raise NotImplementedError(f"{type(self).__name__} does not say how weights move; define rule")

    def shortened(self, v: Any, norm: Any) -> Any:  # noqa: ANN401 - numbers of any kind
        """Return v, of a gradient of this norm, scaled down if the norm is more than `max_norm`."""
        return v if self.max_norm is None else v * clip(self.max_norm / norm, 0.0, 1.0)

    def step_size(self, i: int) -> float:
        """Return η_i, the step size of iteration i, counted from 1.

        Raises
        ------
        SettingError
            If the sequence of step sizes ends before i, or η_i is not a finite number,
            0 or more.
        """
        return self.lr(i)

    def step(self) -> float:
        """Move every parameter by the formula, and return the step size η_i taken.

        A parameter without a gradient has v = 0.

        Raises
        ------
        NonFiniteError
            If a gradient or a new weight is inf or nan.
        SettingError
            If there is no step size, or no parameter has a gradient.

        Notes
        -----
        Everything is checked first: whatever is raised, nothing has changed.
        """
        rate = self.step_size(self.iteration + 1)
        gradients, norm = self._gradients()
        columns = [self.weights.get(), gradients, *self.memory.values()]
        moved, end = [], 0
        for group in self.groups:
            part = slice(end, end := end + len(group.parameters))
            decay = self.weight_decay if group.weight_decay is None else group.weight_decay
            rule = self.rule(rate * group.factor, decay)
            own = [column[part] for column in columns]
            moved.append(self.weights.moved(rule, own, elementwise=self.elementwise))
        weights, *memory = [self.weights.joined(parts) for parts in zip(*moved, strict=True)]
        for name, column in zip(self.remembers, memory, strict=True):
            self._refuse_non_finite(column, f"{name}, remembered for")
        self.weights.set(weights)
        self.memory = dict(zip(self.remembers, memory, strict=True))
        self.gradient_norm = norm
        self.iteration += 1
        return rate

    def took(self, steps: int, memory: Any, norm: float) -> None:  # noqa: ANN401 - columns of numbers
        """Note steps that were taken elsewhere, by the same formula: what to remember, and the last ‖v‖."""
        self.memory = dict(zip(self.remembers, memory, strict=True))
        self.gradient_norm = norm
        self.iteration += steps

    def zero_grad(self) -> None:
        """Forget the gradient of every parameter."""
        self.weights.zero_grad()

    @property
    def elementwise(self) -> bool:
        """Whether the formula is one of `nn.optim`, which do for arrays as for numbers."""
        return type(self).rule.__module__ == f"{__package__}.optim"

    @property
    def follows_its_rule(self) -> bool:
        """Whether a step is what is described here, with whatever formula."""
        mine = type(self)
        own = {"step", "zero_grad", "rule"} & vars(self).keys()  # put into this optimizer alone
        return not own and (mine.step, mine.zero_grad) == (Optimizer.step, Optimizer.zero_grad)

    def state(self) -> dict[str, Any]:
        """Return what the next steps depend on, for a checkpoint."""
        return {
            "iteration": self.iteration,
            "gradient_norm": self.gradient_norm,
            "memory": {name: array("d", column) for name, column in self.memory.items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a `state`.

        Raises
        ------
        LengthError
            If it is of another number of parameters, or of another kind of optimizer.
        NonFiniteError
            If a number in it is inf or nan.
        """
        memory = {name: list(column) for name, column in state["memory"].items()}
        if {name: len(column) for name, column in memory.items()} != dict.fromkeys(
            self.remembers, len(self.parameters)
        ):
            shown = ", ".join([f"{name} of {len(column)}" for name, column in memory.items()]) or "nothing"
            raise LengthError(f"{self!r} cannot go on from a state that remembers {shown}")
        for name, column in memory.items():
            self._refuse_non_finite(column, f"{name}, remembered for")
        self.iteration, self.gradient_norm = int(state["iteration"]), float(state["gradient_norm"])
        self.memory = memory

    def _gradients(self) -> tuple[Any, float]:
        """Return the gradient v, scaled down if that is asked for, and its norm before."""
        gradients = self.weights.gradients()
        if gradients is None:
            raise SettingError(
                "no parameter has a gradient; call backward() on a loss that depends on them first"
            )
        norm = self.weights.norm(gradients)
        if not math.isfinite(norm):
            self._refuse_non_finite(gradients, "the gradient of")
        if self.max_norm is not None and norm > self.max_norm:
            if norm == math.inf:
                raise NonFiniteError("the gradient's norm overflows; no parameter was changed")
            (gradients,) = self.weights.moved(
                lambda v: (self.shortened(v, norm),), [gradients], elementwise=True
            )
        return gradients, norm

    def _refuse_non_finite(self, numbers: list[float], what: str) -> None:
        """Raise an error that names the parameter whose number is inf or nan."""
        if np.isfinite(numbers).all():
            return
        name, number = next(
            (name, float(number))
            for (name, _), number in zip(self._named, numbers, strict=True)
            if not math.isfinite(number)
        )
        raise NonFiniteError(
            f"{what} parameter {name} is {number!r}; no parameter was changed. "
            "Smaller steps or initial weights, or standardised inputs, may help",
        )

    def _grouped(self, parameters: Iterable[Value | Group]) -> list[Group]:
        """Return the groups, checked; parameters that are in none make one."""
        if not isinstance(parameters, Iterable):
            raise OperandError(
                f"{type(self).__name__} takes Values, such as model.parameters(); got {parameters!r}"
            )
        given: list[Any] = list(parameters)
        groups = given if given and all(isinstance(part, Group) for part in given) else [Group(given)]
        for members, factor, decay in groups:
            for parameter in members:
                if not isinstance(parameter, Value) or parameter.primitive is not None:
                    raise OperandError(
                        f"a parameter is a Value that was given, not computed; got {parameter!r}"
                    )
            if not members:
                raise SettingError("there are no parameters to optimise; pass model.parameters()")
            finite_setting("the factor of a group", factor)
            finite_setting("weight_decay (λ) of a group", 0.0 if decay is None else decay)
        return [group._replace(parameters=list(dict.fromkeys(group.parameters))) for group in groups]

    def __repr__(self) -> str:
        names = ("lr", "weight_decay", *self.settings) + ("max_norm",) * (self.max_norm is not None)
        shown = [f"{name}={getattr(self, name)!r}" for name in names]
        count = len(self.parameters)
        groups = f"<{count} parameter{'s' * (count != 1)}>"
        if any(group != Group(group.parameters) for group in self.groups):
            groups = repr(self.groups)
        return f"{type(self).__name__}({groups}, {', '.join(shown)})"
