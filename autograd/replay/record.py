"""`record`: from a function of Values to a program, at once or when the function is called."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial, update_wrapper
from threading import Lock
from typing import TYPE_CHECKING, Any

from autograd.errors import OperandError, RecordingError, StaleProgram
from autograd.replay.arguments import Layout, Row, build, flatten, names
from autograd.replay.choose import BACKENDS
from autograd.replay.lower import record_list
from autograd.replay.program import Program
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable

VARIANTS = 8
"""How many ways through its comparisons a recorded function remembers for one structure of arguments."""

STRUCTURES = 32
"""For how many structures of arguments it does."""


class Recorded:
    """A function that is recorded when it is first called, and again where it must be; made by `record`.

    It is called like a `Program`. There is one for each structure of arguments, and one for
    each way through the function's comparisons; the last `STRUCTURES` structures and `VARIANTS` ways
    are kept. Threads may share it.

    Examples
    --------
    >>> @record
    ... def bent(x):
    ...     return x * x if x > 1 else x
    >>> bent(3.0), bent(-2.0)
    ((9.0, (6.0,)), (-2.0, (1.0,)))
    >>> print(bent.program(3.0))
    inputs x
    v1 = x * x
    expects x > 1 to be True
    """

    def __init__(self, f: Callable[..., Any], *, backend: str | None, stale: str) -> None:
        self._f = f
        self._backend = backend
        self._stale = stale
        self._programs: OrderedDict[tuple[Layout, ...], tuple[Program, ...]] = OrderedDict()
        self._lock = Lock()
        update_wrapper(self, f)

    def __call__(self, *arguments: Any) -> tuple[float, Any]:  # noqa: ANN401 - any structure
        """Return the value, and the gradient by each argument: `Program.__call__`."""
        result: tuple[float, Any] = self._first_that_holds(arguments, Program.__call__)
        return result

    def value(self, *arguments: Any) -> Any:  # noqa: ANN401 - a float, or a Value
        """Return the value alone: `Program.value`."""
        return self._first_that_holds(arguments, Program.value)

    def program(self, *arguments: Any) -> Program:  # noqa: ANN401 - any structure
        """Return the program that runs with these arguments."""
        found: Program = self._first_that_holds(arguments, _holding)
        return found

    def __reduce__(self) -> str:
        return str(getattr(self._f, "__qualname__", self._f))  # by its name, as every function

    def _first_that_holds(self, arguments: tuple[Any, ...], run: Callable[..., Any]) -> Any:  # noqa: ANN401
        if not arguments:
            raise RecordingError("a function without arguments is a constant; there is nothing to record")
        key = tuple([flatten(x, []) for x in arguments])
        with self._lock:
            programs = self._programs.get(key, ())
            if programs:
                self._programs.move_to_end(key)
        for program in programs:
            try:
                return run(program, *arguments)
            except StaleProgram:
                if self._stale == "raise":
                    raise
        program = record(self._f, *arguments, backend=self._backend)
        with self._lock:
            self._programs[key] = (program, *self._programs.get(key, ()))[:VARIANTS]
            while len(self._programs) > STRUCTURES:
                self._programs.popitem(last=False)
        return run(program, *arguments)


def record(
    f: Callable[..., Any] | None = None,
    *example: Any,  # noqa: ANN401 - any structure
    backend: str | None = None,
    exact: bool = False,
    stale: str = "record",
) -> Any:  # noqa: ANN401 - a Program, or a decorated function
    """Record a function of Values, to run it on numbers without building a graph.

    Parameters
    ----------
    f
        A function of numbers, or of nested lists, tuples, dicts or arrays of them, that
        returns one Value.
    example
        Arguments to record it with. A Value stands for itself, so the function may reach
        it by another way too, as a parameter of a model. Without any, the
        result is a function that is recorded when it is called: `record` is also a decorator.
    backend
        "python", "numpy" or "numba", if not the one that promises to be fastest: plain Python for
        few statements, else machine code if numba is installed, else numpy.
    exact
        Whether every bit must be that of eager evaluation: the backend is then "python". What the others
        promise stands with `Program`.
    stale
        What a decorated function does when a comparison comes out otherwise than in any
        recording: "record" again, or "raise" `StaleProgram`, which a single Program always does.

    Returns
    -------
    Program or Recorded
        Call either with numbers: it returns the value and the gradient.

    Raises
    ------
    RecordingError
        If the function reads or sets the number in a Value that depends on an argument, uses a Value
        that is not among its arguments, or does not return one.

    Notes
    -----
    Recording costs one to two µs an operation, linear in the size of the graph. The garbage
    collector is paused meanwhile.

    Examples
    --------
    >>> @record
    ... def length(v):
    ...     return sum(x * x for x in v).sqrt()
    >>> length([3.0, 4.0])
    (5.0, ([0.6000000000000001, 0.8],))
    >>> length([2.0, 3.0, 6.0])[0]
    7.0
    """
    if stale not in {"record", "raise"}:
        raise OperandError(f'stale is "record" or "raise", not {stale!r}')
    if exact:
        backend = "python"
    if backend not in {None, *BACKENDS}:
        raise OperandError(f"backend is one of {', '.join(BACKENDS)}, not {backend!r}")
    if f is not None and not callable(f):
        raise OperandError(f"record takes a function first; got {f!r} ({type(f).__name__})")
    if f is None:
        return partial(record, backend=backend, stale=stale)
    if not example:
        return Recorded(f, backend=backend, stale=stale)
    found: list[Any] = []
    layouts = tuple([flatten(x, found) for x in example])
    seen: set[Value] = set()
    leaves = []
    inputs = [
        name
        for layout, argument in zip(layouts, _parameters(f, len(example)), strict=True)
        for name in names(layout, argument)
    ]
    for x in found:
        itself = type(x) is Value and x._pull is None and x not in seen
        leaves.append(x if itself else Value(x._data if type(x) is Value else x))
        seen.add(leaves[-1])
    row = Row(leaves)
    arguments = tuple([build(layout, row) for layout in layouts])
    return Program(record_list(f, arguments, leaves, inputs), layouts, backend)


def _holding(program: Program, *arguments: Any) -> Program:  # noqa: ANN401 - any structure
    program.eager(*arguments)  # which raises StaleProgram if it does not hold for them
    return program


def _parameters(f: Callable[..., Any], count: int) -> list[str]:
    """Name the arguments as the function does, or by number."""
    import inspect

    try:
        signature = inspect.signature(f)
        bound = signature.bind(*range(count)).arguments
    except (TypeError, ValueError):
        return [f"x{k + 1}" for k in range(count)]
    found: list[str] = []
    for name, given in bound.items():
        found += [f"{name}_{k}" for k in range(len(given))] if isinstance(given, tuple) else [name]
    return found
