"""Programs: a function of Values, recorded once, then run on plain numbers.

What equality is promised:

* backend "python" computes what eager evaluation computes, to the last bit, value and
  gradient; `record(..., exact=True)` asks for it.
* backend "numpy" computes the same statements in another order, sums of products with
  BLAS, and `exp`, `tanh` and their like with numpy, which may differ from `math` by an ulp or two:
  each statement is as accurate as before, a sum to n·u·Σ|terms|, u = 2**-53.
* backend "numba" promises the same; it calls the functions of `math`.
* Whatever is out of the ordinary is evaluated eagerly, node by node, on every backend: a
  division by zero in a partial, an overflow, an operand outside a domain, a result that is not
  finite, a comparison that comes out otherwise. So errors and special values are eager's own.
"""

from __future__ import annotations

import inspect
import math
from collections import OrderedDict
from functools import cached_property, partial, update_wrapper
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from autograd.conversion import to_float
from autograd.errors import AutogradError, LengthError, OperandError, PrimitiveError, StaleProgram
from autograd.graph import watcher
from autograd.primitives import Primitive
from autograd.replay import emit
from autograd.replay.arguments import NUMBER, Layout, build, describe, flatten, names
from autograd.replay.lower import Guard, Operand, WengertList, record_list
from autograd.symbols import Symbol
from autograd.value import RULES, Value, gradients

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.replay.batches import Batch, Bound
    from autograd.replay.schedule import Schedule
    from autograd.replay.vectorised import Vectorised

SHOWN = 60
"""How many statements of a list are printed; of longer ones the beginning and the end."""

VARIANTS = 8
"""How many ways through its comparisons a recorded function remembers for one structure of arguments."""

STRUCTURES = 32
"""For how many structures of arguments it does."""

NARROW = 64
"""A shorter list is not worth looking for groups in."""

LINE = 25
"""About so many statements of plain Python take as long as one line of numpy."""

BACKENDS = ("python", "numpy", "numba")

OUT_OF_THE_ORDINARY = (ArithmeticError, ValueError, StaleProgram)
"""What generated code raises where eager evaluation has to say what happens."""


class Program:
    """A recorded function, made by `record`: it runs the same operations on other numbers.

    Immutable; threads may share it.

    Attributes
    ----------
    backend
        How it runs: "python", "numpy" or "numba".
    wengert
        The operations that were recorded.

    Examples
    --------
    >>> from autograd import record
    >>> program = record(lambda x, y: x * y + x.sin(), 2.0, 5.0)
    >>> value, (dx, dy) = program(3.0, 4.0)
    >>> value, dx, dy
    (12.141120008059866, 3.010007503399555, 3.0)
    >>> print(program)
    inputs x, y
    v1 = x * y
    v2 = sin(x)
    v3 = v1 + v2
    """

    __slots__ = ("__dict__", "_layouts", "_scalars", "_wanted", "wengert")

    def __init__(self, wengert: WengertList, layouts: tuple[Layout, ...], backend: str | None = None) -> None:
        self.wengert = wengert
        self._wanted = backend
        self._layouts = layouts
        self._scalars = len(layouts) if all(layout == NUMBER for layout in layouts) else -1

    # Calling --------------------------------------------------------------------------------------

    def __call__(self, *arguments: Any) -> tuple[float, Any]:  # noqa: ANN401 - any structure
        """Return the value, and a tuple with the gradient by each argument, in its structure.

        Parameters
        ----------
        arguments
            Numbers, or Values, in the structures of the recorded arguments.

        Raises
        ------
        LengthError
            If an argument has another structure than when the program was recorded.
        StaleProgram
            If a comparison comes out otherwise than when the program was recorded.
        DomainError
            If an operation is not defined at its operands.
        """
        numbers = self._numbers(arguments)
        value, slopes = self._run(numbers)
        if self._scalars >= 0:
            return value, tuple(slopes)
        return value, self._structured(slopes)

    def value(self, *arguments: Any) -> Any:  # noqa: ANN401 - a float, or a Value
        """Return the value alone.

        If there is a Value among the arguments the result is a Value: one node, whose
        gradient is that of the whole program, of any order.

        Examples
        --------
        >>> from autograd import Value, record
        >>> square = record(lambda x: x * x, 1.0)
        >>> x = Value(3.0)
        >>> y = square.value(x) + x
        >>> y.backward()
        >>> y.data, x.grad
        (12.0, 7.0)
        """
        numbers: list[Any] = []
        self._check(tuple([flatten(x, numbers) for x in arguments]))
        if any(type(x) is Value for x in numbers):
            if watcher() is not None:
                return self.replayed(numbers)
            return RULES.wide(self._row).forward(*numbers)
        return self._value(list(map(to_float, numbers)))

    def map(self, *arguments: Any, reduce: str = "mean") -> tuple[float, Any]:  # noqa: ANN401 - any structure
        """Run the program on many samples at once, and add up or average values and gradients.

        Parameters
        ----------
        arguments
            As recorded, for all samples; or a batch: a list of samples each as recorded,
            or an array with one more axis in front.
        reduce
            "mean" or "sum", over the samples.

        Returns
        -------
        value, gradients
            The mean or sum of the values, and its gradient by each argument: in the structure of
            the argument, so that of a batch has a part for each sample.

        Raises
        ------
        LengthError
            If an argument fits neither way, or batches differ in length.
        StaleProgram, DomainError
            As for a single call; a note says which sample it was.

        Notes
        -----
        Each operation is one of numpy, over all samples; sums over samples are added up
        in another order than sample by sample.

        Examples
        --------
        >>> from autograd import record
        >>> program = record(lambda w, x, y: (w * x - y) ** 2, 1.0, 1.0, 1.0)
        >>> program.map(3.0, [1.0, 2.0], [1.0, 4.0])
        (4.0, (6.0, [6.0, 6.0], [-2.0, -2.0]))
        """
        if reduce not in {"mean", "sum"}:
            raise OperandError(f'reduce is "mean" or "sum", not {reduce!r}')
        from autograd.replay.batches import batch_of, gradients_of

        batch = batch_of(arguments, self._layouts)
        weight = 1 / batch.samples if reduce == "mean" else 1.0
        run = self._mapped(batch.inputs).batch
        try:
            value, slopes, rows = run(batch.numbers, batch.rows, weight)
        except OUT_OF_THE_ORDINARY:
            value, slopes, rows = self._sample_by_sample(batch, weight)
        return value, gradients_of(batch, self._layouts, slopes, rows)

    def bind(self, *arrays: Any) -> Bound:  # noqa: ANN401 - numpy arrays
        """Bind the program to arrays, so that a call need not look at its arguments.

        Parameters
        ----------
        arrays
            A float64 array for each argument, with its numbers in order.

        Returns
        -------
        Bound
            Call it, without arguments, for the value; the gradients are then in its arrays.

        Raises
        ------
        LengthError
            If an array has another type or size.

        Examples
        --------
        >>> import numpy as np
        >>> from autograd import record
        >>> program = record(lambda x, y: x * y, 2.0, 3.0)
        >>> x, y = np.array(4.0), np.array(5.0)
        >>> bound = program.bind(x, y)
        >>> bound(), bound.gradients
        (20.0, (array(5.), array(4.)))
        >>> x[...] = 6.0
        >>> bound()
        30.0
        """
        from autograd.replay.batches import Bound, bindable

        return Bound(self._direct, bindable(arrays, self._layouts))

    def eager(self, *arguments: Any) -> tuple[Value, Any]:  # noqa: ANN401 - any structure
        """Evaluate eagerly: return the output and its arguments as Values, a graph to look into."""
        leaves = [
            Value(x, label=name)
            for x, name in zip(self._numbers(arguments), self.wengert.inputs, strict=True)
        ]
        output = self.replayed(leaves)
        rest = iter(leaves)
        return output, tuple([build(layout, rest) for layout in self._layouts])

    def first_nonfinite(self, *arguments: Any) -> str:  # noqa: ANN401 - any structure
        """Name the first statement whose result is nan or infinite, forward and then backward; or ''.

        Examples
        --------
        >>> from autograd import record
        >>> program = record(lambda x: (x * 2).exp() - 1, 1.0)
        >>> program.first_nonfinite(400.0)
        'v2 = exp(v1) is inf, at v1 = 800.0'
        """
        leaves = [Value(x) for x in self._numbers(arguments)]
        results = self._results(leaves)
        slots = range(len(leaves), len(results))
        for slot in slots:
            if not math.isfinite(_number(results[slot])):
                return self._described(slot, results, "is", _number(results[slot]))
        nodes = [x for x in results if type(x) is Value]
        output = results[self.wengert.output] if isinstance(self.wengert.output, int) else None
        if type(output) is Value:
            adjoints = dict(zip(nodes, gradients(output, nodes), strict=True))
            for slot in reversed(slots):
                for x in self.wengert.operands[slot - len(leaves)]:
                    adjoint = adjoints.get(results[x], 0.0) if isinstance(x, int) else 0.0
                    if not math.isfinite(adjoint):
                        verb = f"makes the adjoint of {self._operand(x)}"
                        return self._described(slot, results, verb, adjoint)
        return ""

    # Looking --------------------------------------------------------------------------------------

    @property
    def backend(self) -> str:
        """How the program runs: "python", "numpy" or "numba"."""
        return self._executor.backend

    @property
    def source(self) -> str:
        """The generated source, which an inspector or debugger also shows."""
        return self._executor.source

    def explain(self) -> str:
        """Say what was fused into what.

        Examples
        --------
        >>> from autograd import record
        >>> weights = [[0.1 * i * j for j in range(9)] for i in range(9)]
        >>> def layer(w, x):
        ...     return sum(sum(a * b for a, b in zip(row, x)).tanh() for row in w)
        >>> print(record(layer, weights, [1.0] * 9, backend="numpy").explain())
        180 statements
        dot1: 9 × sum of 9 products
        10 statements one by one
        """
        return self._executor.explain()

    def __str__(self) -> str:
        lines = [f"inputs {_listed(self.wengert.inputs)}"]
        slots = range(len(self.wengert.inputs), len(self._names))
        lines += [self._statement(slot) for slot in (slots if len(slots) <= SHOWN else slots[: SHOWN // 2])]
        if len(slots) > SHOWN:
            lines.append(f"… {len(slots) - SHOWN} statements …")
            lines += [self._statement(slot) for slot in slots[-SHOWN // 2 :]]
        lines += [f"expects {self._comparison(guard)}" for guard in self.wengert.guards[:SHOWN]]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return (
            f"<program of {len(self.wengert.inputs)} inputs and {len(self.wengert.rows)} statements, "
            f"backend {self.backend}>"
        )

    def _statement(self, slot: int) -> str:
        k = slot - len(self.wengert.inputs)
        row, operands = self.wengert.rows[k], self.wengert.operands[k]
        symbols = [Symbol(self._operand(x)) for x in operands]
        long = len(operands) > 6  # noqa: PLR2004 - more fill the line
        text = (
            f"{row.name}({_listed([str(x) for x in symbols])})"
            if long
            else Symbol("").apply(row, tuple(symbols))
        )
        label = self.wengert.labels.get(slot)
        return f"{self._names[slot]} = {text}" + (f"  # {label}" if label else "")

    def _operand(self, x: Operand) -> str:
        return self._names[x] if isinstance(x, int) else Symbol("").number(x)

    def _comparison(self, guard: Guard) -> str:
        return f"{self._operand(guard.left)} {guard.sign} {self._operand(guard.right)} to be {guard.outcome}"

    def _described(self, slot: int, results: Sequence[Any], verb: str, number: float) -> str:
        operands = self.wengert.operands[slot - len(self.wengert.inputs)]
        at = [
            f"{self._names[x]} = {_number(results[x])!r}"
            for x in dict.fromkeys(operands)
            if isinstance(x, int)
        ]
        return f"{self._statement(slot)} {verb} {number!r}, at {_listed(at)}"

    @cached_property
    def _names(self) -> list[str]:
        return emit.variable_names(self.wengert)

    # Running --------------------------------------------------------------------------------------

    @cached_property
    def _executor(self) -> Executor:
        return executor(self.wengert, self._wanted)

    def _structured(self, slopes: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a list or an array
        """Put one slope for each input into the structure of the arguments."""
        if isinstance(slopes, list):
            rest = iter(slopes)
            return tuple([build(layout, rest) for layout in self._layouts])
        found, start = [], 0
        for layout in self._layouts:
            part = slopes[start : start + layout.size]
            start += layout.size
            found.append(
                part.reshape(layout.keys) if layout.kind == "array" else build(layout, iter(part.tolist()))
            )
        return tuple(found)

    def _numbers(self, arguments: tuple[Any, ...]) -> Sequence[float]:
        if len(arguments) == self._scalars:
            for x in arguments:
                if type(x) is not float:
                    break
            else:
                return arguments
        if len(arguments) == 1 and self._layouts[0].kind == "array" and self.backend != "python":
            (x,) = arguments
            if getattr(x, "dtype", "") == "float64" and x.shape == self._layouts[0].keys:
                return x.reshape(-1)  # type: ignore[no-any-return]
        numbers: list[Any] = []
        self._check(tuple([flatten(x, numbers) for x in arguments]))
        return [x._data if type(x) is Value else x for x in numbers]

    def _check(self, layouts: tuple[Layout, ...]) -> None:
        if layouts == self._layouts:
            return
        if len(layouts) != len(self._layouts):
            raise LengthError(f"the program takes {len(self._layouts)} arguments, not {len(layouts)}")
        k = next(k for k, layout in enumerate(layouts) if layout != self._layouts[k])
        raise LengthError(
            f"argument {k + 1} is {describe(layouts[k])}, but {describe(self._layouts[k])} was recorded; "
            "record the function for this structure, or decorate it with @record, which does",
        )

    def _run(self, numbers: Sequence[float]) -> tuple[float, Sequence[float]]:
        run = self._executor.gradient  # printed and compiled outside the try
        try:
            return run(numbers)
        except OUT_OF_THE_ORDINARY:
            return self._eagerly(numbers)

    def _value(self, numbers: Sequence[float]) -> float:
        run = self._executor.value
        try:
            return run(numbers)
        except OUT_OF_THE_ORDINARY:
            return _number(self.replayed([Value(x) for x in numbers]))

    @property
    def _direct(self) -> Callable[[Any], tuple[float, Any]]:
        run, eagerly = self._executor.gradient, self._eagerly

        def direct(numbers: Any) -> tuple[float, Any]:  # noqa: ANN401 - a list or an array
            try:
                return run(numbers)
            except OUT_OF_THE_ORDINARY:
                return eagerly(numbers)

        return direct

    def _mapped(self, inputs: tuple[int, ...]) -> Vectorised:
        """Return what runs a batch in which these inputs vary; made once."""
        from autograd.replay.schedule import scheduled
        from autograd.replay.vectorised import Vectorised

        known: dict[tuple[int, ...], Vectorised] = self.__dict__.setdefault("_batched", {})
        if inputs not in known:
            schedule = scheduled(self.wengert, inputs)
            numpy_asked = self._wanted in {"numpy", "python"}
            known[inputs] = (
                Vectorised(schedule) if numpy_asked else compiled_if_possible(schedule, self._wanted)
            )
        return known[inputs]

    def _sample_by_sample(self, batch: Batch, weight: float) -> tuple[float, Any, Any]:
        import numpy as np

        value, slopes = 0.0, np.zeros(len(self.wengert.inputs))
        rows = np.zeros(batch.rows.shape)
        for k in range(batch.samples):
            try:
                one, found = self._eagerly(batch.sample(k))
            except AutogradError as error:
                error.add_note(f"in sample {k} of the batch")
                raise
            value += one * weight
            slopes += np.multiply(found, weight)
            rows[:, k] = np.multiply(found, weight)[list(batch.inputs)]
        return value, slopes, rows

    def _eagerly(self, numbers: Sequence[float]) -> tuple[float, list[float]]:
        leaves = [Value(x, label=name) for x, name in zip(numbers, self.wengert.inputs, strict=True)]
        output = self.replayed(leaves)
        if type(output) is not Value:
            return output, [0.0] * len(leaves)
        return output._data, gradients(output, leaves)

    @cached_property
    def _row(self) -> Primitive:
        """The program as an operation of its own, to be one node of an eager graph."""

        def partials(_: Any, *operands: Any) -> Sequence[Any]:  # noqa: ANN401 - floats or Values
            if not any(type(x) is Value for x in operands):
                return self._run(operands)[1]
            inputs = [x if type(x) is Value else Value(x) for x in operands]
            return gradients(self.replayed(inputs), inputs, create_graph=True)

        return Primitive(
            name="program",
            function=lambda *operands: self._value(operands),
            partials=partials,
            summary="A recorded program.",
        )

    def replayed(self, inputs: Sequence[Value]) -> Any:  # noqa: ANN401 - a Value, or a constant
        """Apply the recorded operations to Values.

        Raises
        ------
        StaleProgram
            If a comparison comes out otherwise than when the program was recorded.
        """
        output = self.wengert.output
        return self._results(inputs)[output] if isinstance(output, int) else output

    def _results(self, inputs: Sequence[Value]) -> list[Any]:
        """Compute every slot: what a comparison needs first, since it may keep the rest inside its domain."""
        results: list[Any] = [*inputs, *[None] * len(self.wengert.rows)]
        for guard in self.wengert.guards:
            self._compute((guard.left, guard.right), results)
            left, right = [results[x] if isinstance(x, int) else x for x in (guard.left, guard.right)]
            if COMPARE[guard.sign](left, right) is not guard.outcome:
                raise StaleProgram(
                    f"{self._comparison(guard)} was recorded ({guard.place}); now it is {not guard.outcome}: "
                    f"{_number(left)!r} {guard.sign} {_number(right)!r}, and the function would take another "
                    "way; record it again with these arguments, or decorate it with @record",
                )
        self._compute(range(len(results)), results)
        return results

    def _compute(self, wanted: Sequence[Operand], results: list[Any]) -> None:
        first = len(self.wengert.inputs)
        waiting = [x for x in wanted if isinstance(x, int) and results[x] is None]
        needed: set[int] = set()
        while waiting:
            slot = waiting.pop()
            if slot not in needed:
                needed.add(slot)
                waiting += [
                    x
                    for x in self.wengert.operands[slot - first]
                    if isinstance(x, int) and results[x] is None
                ]
        for slot in sorted(needed):
            operands = [results[x] if isinstance(x, int) else x for x in self.wengert.operands[slot - first]]
            result = results[slot] = self.wengert.rows[slot - first](*operands)
            if type(result) is Value:
                result.label = self.wengert.labels.get(slot)


class Executor(Protocol):
    """Runs a Wengert list. What is out of the ordinary it refuses with one of `OUT_OF_THE_ORDINARY`."""

    @property
    def backend(self) -> str:
        """What it runs on."""

    @property
    def source(self) -> str:
        """The text that it runs."""

    @property
    def gradient(self) -> Callable[[Any], tuple[float, Any]]:
        """The value, and a slope for each input, as a function of the inputs."""

    @property
    def value(self) -> Callable[[Any], float]:
        """The value alone."""

    def explain(self) -> str:
        """Say what was fused into what."""


def executor(wengert: WengertList, backend: str | None) -> Executor:
    """Choose what runs a Wengert list: numpy where enough statements go together, else plain Python."""
    if backend == "python" or (backend is None and len(wengert.rows) < NARROW):
        return emit.Plain(wengert)
    from autograd.replay.schedule import scheduled
    from autograd.replay.vectorised import Vectorised

    schedule = scheduled(wengert)
    if backend is None and LINE * schedule.lines > len(wengert.rows):
        return emit.Plain(wengert)
    return Vectorised(schedule) if backend == "numpy" else compiled_if_possible(schedule, backend)


def compiled_if_possible(schedule: Schedule, backend: str | None) -> Vectorised:
    """Choose machine code if there is a compiler, and it can have all of the text; else numpy."""
    from autograd.replay.native import Native, available
    from autograd.replay.vectorised import Vectorised

    if backend == "numba" and not available():
        raise OperandError("there is no numba: pip install 'glassgrad[fast]', or leave the backend to record")
    if not available():
        return Vectorised(schedule)
    native = Native(schedule)
    try:
        _ = native.source
    except PrimitiveError:
        if backend == "numba":
            raise
        return Vectorised(schedule)
    return native


COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda x, y: x < y,
    "<=": lambda x, y: x <= y,
    ">": lambda x, y: x > y,
    ">=": lambda x, y: x >= y,
}


class Recorded:
    """A function that is recorded when it is first called, and again where it must be; made by `record`.

    It is called like a `Program`. There is one for each structure of arguments, and one for
    each way through the function's comparisons.
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
        found: Program = self._first_that_holds(
            arguments, lambda program, *given: (program.eager(*given), program)[1]
        )
        return found

    def _first_that_holds(self, arguments: tuple[Any, ...], run: Callable[..., Any]) -> Any:  # noqa: ANN401
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
        Whether every bit must be that of eager evaluation: the backend is then "python".
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
        If the function reads the number in a Value that depends on an argument, uses a Value
        that is not among its arguments, or does not return one.

    Notes
    -----
    Recording costs about 3 µs an operation, linear in the size of the graph.

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
    rest = iter(leaves)
    arguments = tuple([build(layout, rest) for layout in layouts])
    return Program(record_list(f, arguments, leaves, inputs), layouts, backend)


def _parameters(f: Callable[..., Any], count: int) -> list[str]:
    """Name the arguments as the function does, or by number."""
    try:
        signature = inspect.signature(f)
        bound = signature.bind(*range(count)).arguments
    except (TypeError, ValueError):
        return [f"x{k + 1}" for k in range(count)]
    found: list[str] = []
    for name, given in bound.items():
        found += [f"{name}_{k}" for k in range(len(given))] if isinstance(given, tuple) else [name]
    return found


def _number(x: Value | float) -> float:
    return x._data if type(x) is Value else x  # type: ignore[return-value]


def _listed(texts: Sequence[str]) -> str:
    shown = texts if len(texts) <= 6 else [*texts[:3], "…", *texts[-2:]]  # noqa: PLR2004 - what fits a line
    return ", ".join(shown)
