"""`Module`: something that has parameters, such as a neuron, a layer or a network."""

from __future__ import annotations

import math
from functools import wraps
from typing import TYPE_CHECKING, Any, SupportsFloat

import numpy as np

from autograd import LengthError, Value, innermost_scope, scope, watches
from nn.errors import NonFiniteError, SettingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


class Module:
    """Base of everything with parameters; they are found by themselves.

    A parameter is a leaf `Value` in an attribute, or in lists, tuples, dicts, arrays and
    Modules in attributes, however deep. One that is shared counts once. Each call is a
    scope of its own in a drawing, see `autograd.scopes`.

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

    def __init_subclass__(cls, **settings: Any) -> None:  # noqa: ANN401 - whatever another base takes
        super().__init_subclass__(**settings)
        if "__call__" in vars(cls):
            cls.__call__ = _watched(cls.__call__)  # type: ignore[method-assign]

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
        found, _ = _all_in(self)
        for parameter, name in found.items():
            if parameter.primitive is not None:
                raise SettingError(
                    f"{name} is a computed Value, which cannot be trained: give its number, Value(v.data), "
                    "or keep it somewhere else than in an attribute",
                )
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
    check_data(named, numbers)
    for (_, parameter), number in zip(named, numbers, strict=True):
        parameter.data = number


def check_data(named: Sequence[tuple[str, Value]], numbers: Sequence[float]) -> None:
    """Refuse numbers that will not do for parameters."""
    if len(named) != len(numbers):
        raise LengthError(f"there are {len(named)} parameters; got {len(numbers)} numbers for them")
    if not np.isfinite(numbers).all():
        name, number = next(
            (name, float(number))
            for (name, _), number in zip(named, numbers, strict=True)
            if not math.isfinite(number)
        )
        raise NonFiniteError(f"parameter {name} would become {number!r}; no parameter was changed")


def _collect(part: object, name: str, found: dict[Value, str], seen: dict[int, tuple[str, object]]) -> None:
    """Add the Values in `part` to `found`, and what they are in to `seen`, with the way to each."""
    part = plain(part)
    if isinstance(part, Value):
        found.setdefault(part, name)
        return
    items: Iterable[tuple[object, object]]
    if isinstance(part, Module):
        items = vars(part).items()
    elif isinstance(part, dict):
        items = part.items()
    elif isinstance(part, list | tuple):
        items = enumerate(part)
    elif isinstance(part, set | frozenset) and any(isinstance(inner, Value) for inner in part):
        raise SettingError(f"{name} is a set, whose order is arbitrary; keep parameters in a list")
    else:
        return
    if id(part) not in seen:
        seen[id(part)] = name, part  # which keeps it, so that nothing else can have its id
        for key, inner in items:
            inner_name = f"{name}.{key}" if name else str(key)
            if type(inner) is Value:  # as most are
                found.setdefault(inner, inner_name)
            else:
                _collect(inner, inner_name, found, seen)


def _watched(call: Callable[..., Any]) -> Callable[..., Any]:
    """Make each call a scope while somebody watches; that of a subclass includes its `super()`'s."""

    @wraps(call)
    def watched(self: Module, *inputs: Any, **settings: Any) -> Any:  # noqa: ANN401 - whatever `call` takes
        if not watches or type(self).__call__ is not watched:
            return call(self, *inputs, **settings)
        with scope(_name_of(self), self, lambda: _all_in(self)[0]):
            return call(self, *inputs, **settings)

    return watched


def _name_of(module: Module) -> str:
    """Name a module by the attribute of the calling one that holds it, or else by its class."""
    outer = innermost_scope()
    while outer is not None and outer.owner is None:  # a block within a module's own code
        outer = outer.parent
    if outer is None or outer.owner is module:
        return type(module).__name__
    name, _ = _all_in(outer.owner)[1].get(id(module), (type(module).__name__, module))
    return name


def _all_in(module: object) -> tuple[dict[Value, str], dict[int, tuple[str, object]]]:
    found: dict[Value, str] = {}
    seen: dict[int, tuple[str, object]] = {}
    _collect(module, "", found, seen)
    return found, seen
