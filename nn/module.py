"""`Module`: something that has parameters, such as a neuron, a layer or a network."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, SupportsFloat

from autograd import LengthError, Value
from nn.errors import NonFiniteError, SettingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Module:
    """Base of everything with parameters; they are found by themselves.

    A parameter is a leaf `Value` in an attribute, or in lists, tuples, dicts, arrays and
    Modules in attributes, however deep. One that is shared counts once.

    Examples
    --------
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...
    ...     def __call__(self, x):
    ...         return self.slope * x + self.offset
    >>> line = Line()
    >>> line.named_parameters()
    [('slope', Value(2.0)), ('offset', Value(1.0))]
    >>> line(3.0).backward()
    >>> [w.grad for w in line.parameters()]
    [3.0, 1.0]
    """

    def __call__(self, inputs: Any, /) -> Any:  # noqa: ANN401 - each model has its own inputs and outputs
        """Compute the outputs for one sample; a model defines this."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it computes; define __call__")

    def named_parameters(self) -> list[tuple[str, Value]]:
        """List each parameter with the way to it, such as ``layers.0.neurons.1.bias``.

        The order is that of the attributes' first assignment, then of the lists and
        dicts; it is the order of the vector w. A shared parameter has its first name.

        Raises
        ------
        SettingError
            If an attribute holds a computed Value, or Values in a set.
        """
        found: dict[Value, str] = {}
        _collect(self, "", found, set())
        return [(name, parameter) for parameter, name in found.items()]

    def parameters(self) -> list[Value]:
        """List each parameter once, in the order of `named_parameters`."""
        return [parameter for _, parameter in self.named_parameters()]

    def set_parameters(self, numbers: Iterable[SupportsFloat]) -> None:
        """Set the data of all parameters: the vector w, in the order of `parameters`.

        Raises
        ------
        LengthError
            If there are not as many numbers as parameters.
        NonFiniteError
            If one is inf or nan. Whatever is raised, no parameter has changed.
        """
        set_data(self.named_parameters(), [float(number) for number in numbers])

    def zero_grad(self) -> None:
        """Forget the gradient of every parameter."""
        for parameter in self.parameters():
            parameter.zero_grad()


def plain(numbers: Any) -> Any:  # noqa: ANN401 - one number, or a sequence
    """Return an array as lists of Python numbers, which compute quicker; anything else as it is."""
    tolist = getattr(numbers, "tolist", None)
    return numbers if tolist is None else tolist()


def set_data(named: Sequence[tuple[str, Value]], numbers: Sequence[float]) -> None:
    """Set the data of all the named parameters, or of none if a number will not do."""
    if len(named) != len(numbers):
        raise LengthError(f"there are {len(named)} parameters; got {len(numbers)} numbers for them")
    for (name, _), number in zip(named, numbers, strict=True):
        if not math.isfinite(number):
            raise NonFiniteError(f"parameter {name} would become {number!r}; no parameter was changed")
    for (_, parameter), number in zip(named, numbers, strict=True):
        parameter.data = number


def _collect(part: object, name: str, found: dict[Value, str], seen: set[int]) -> None:
    """Add the parameters in `part` to `found`; `seen` guards against going in circles."""
    part = plain(part)
    if isinstance(part, Value):
        if part.primitive is not None:
            raise SettingError(
                f"{name} is a computed Value, which cannot be trained: give its number, Value(v.data), "
                "or keep it somewhere else than in an attribute",
            )
        found.setdefault(part, name)
        return
    if isinstance(part, set | frozenset) and any(isinstance(inner, Value) for inner in part):
        raise SettingError(f"{name} is a set, whose order is arbitrary; keep parameters in a list")
    items: Iterable[tuple[object, object]]
    if isinstance(part, Module):
        items = vars(part).items()
    elif isinstance(part, dict):
        items = part.items()
    elif isinstance(part, list | tuple):
        items = enumerate(part)
    else:
        return
    if id(part) not in seen:
        seen.add(id(part))
        for key, inner in items:
            _collect(inner, f"{name}.{key}" if name else str(key), found, seen)
