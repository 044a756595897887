"""Programs: a function of Values, recorded once, then run on plain numbers.

A `Program` lays arguments out in a row of numbers and puts slopes back into their structures; a
`Runner` does the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.conversion import to_float
from autograd.errors import LengthError
from autograd.graph import watcher
from autograd.replay.arguments import NUMBER, Layout, Row, build, describe, flatten, joined
from autograd.replay.runner import Runner
from autograd.value import RULES, Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd.replay.bound import Bound, BoundBatch
    from autograd.replay.descent import Descent
    from autograd.replay.lower import WengertList


class Program:
    """A recorded function, made by `record`: it runs the same operations on other numbers.

    Immutable; threads may share it.

    Attributes
    ----------
    backend
        How it runs: "python", "numpy" or "numba".
    wengert
        The operations that were recorded.

    Notes
    -----
    What equality with eager evaluation is promised, by backend:

    "python" computes the same to the last bit, value and gradient; `record(..., exact=True)` asks for it.

    "numpy" computes the same operations, but adds up in another order, and takes `exp`, `tanh` and their
    like from numpy, which may differ from `math` by an ulp or two. Each operation is as accurate as before: a
    sum of n terms to n·u·Σ|terms|, the length of a vector of n numbers to n·u of itself, u = 2**-53. A sum
    of zeros is 0, also if each is -0.0, which only `atan2` tells apart.

    "numba" promises the same; it calls the functions of `math`, and may round a product and the sum it
    belongs to once instead of twice.

    Batches, by `map` and `bind_batch`, are never exact: they run in numpy or numba.

    Whatever is out of the ordinary is evaluated eagerly on every backend, at the cost of an eager
    evaluation: a division by zero in a partial, an overflow, an operand outside a domain, a result that
    is not finite, a comparison that comes out otherwise. So errors and special values are eager's own.

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

    __slots__ = ("_layouts", "_runner", "_scalars", "wengert")

    def __init__(self, wengert: WengertList, layouts: tuple[Layout, ...], backend: str | None = None) -> None:
        self.wengert = wengert
        self._runner = Runner(wengert, backend)
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
        value, slopes = self._runner.gradient(numbers)
        if self._scalars >= 0 and isinstance(slopes, list):
            return value, tuple(slopes)
        row = Row(slopes)
        return value, tuple([build(layout, row) for layout in self._layouts])

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
                return self._runner.reading.output(numbers)
            return RULES.wide(self._runner.primitive).forward(*numbers)
        return self._runner.value(list(map(to_float, numbers)))

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
        from autograd.replay.batches import batch_of, gradients_of

        batch = batch_of(arguments, self._layouts, reduce)
        value, slopes, rows = self._runner.batch(batch)
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
        from autograd.replay.bound import bindable, bound

        return bound(self._runner, bindable(arrays, self._layouts))

    def descent(
        self,
        rule: Sequence[Program],
        samples: Any,  # noqa: ANN401 - an array
        groups: Sequence[Sequence[int]],
        *,
        backend: str = "numpy",
    ) -> Descent:
        """Prepare gradient steps x ← rule(x, v), where x is the first argument and the others are a sample.

        Parameters
        ----------
        rule
            Programs of three lists: ‖v‖ and the numbers of a step; the settings of a group; a
            number of x, its slope, and what is remembered of it. The first program gives the new
            number of x, the others what to remember.
        samples
            An array with a row for each sample.
        groups
            The places of the numbers of x that move, group by group. ‖v‖ is over these.
        backend
            "numpy", or "numba" for steps in machine code: many in one call.

        Raises
        ------
        OperandError
            If numba is asked for and not installed, or a rule compares numbers.
        LengthError
            If a row of `samples` is not what the program takes.
        PrimitiveError
            If an operation cannot be compiled.

        Examples
        --------
        >>> import numpy as np
        >>> from autograd import record
        >>> loss = record(lambda x, y: (x[0] - y) ** 2, [0.0], 0.0)
        >>> rule = record(lambda step, group, own: own[0] - step[1] * own[1], [0.0, 0.0], [], [0.0, 0.0])
        >>> descent = loss.descent([rule], np.array([[4.0], [8.0]]), groups=[[0]])
        >>> x, memory = np.zeros(1), np.zeros((0, 1))
        >>> descent.run(x, memory, draws=[1, 0], steps=[[0.25], [0.25]], settings=[[]])
        (array([64.,  0.]), array([16.,  0.]))
        >>> x
        array([4.])
        """
        from autograd.replay.descent import Descent

        return Descent(self, rule, samples, groups, backend=backend)

    def bind_batch(self, *arrays: Any, reduce: str = "mean") -> BoundBatch:  # noqa: ANN401 - numpy arrays
        """Bind the program to arrays of which some are batches: `map` that need not look at its arguments.

        Parameters
        ----------
        arrays
            A float64 array for each argument as recorded, or with one more axis in front, a sample each.
        reduce
            "mean" or "sum", over the samples.

        Returns
        -------
        BoundBatch
            Call it, without arguments, for the value; the gradients are then in its arrays.

        Raises
        ------
        LengthError
            If an array has another type or shape, or batches differ in length.

        Examples
        --------
        >>> import numpy as np
        >>> from autograd import record
        >>> program = record(lambda w, x, y: (w * x - y) ** 2, 1.0, 1.0, 1.0)
        >>> w, x, y = np.array(3.0), np.array([1.0, 2.0]), np.array([1.0, 4.0])
        >>> bound = program.bind_batch(w, x, y)
        >>> bound(), bound.gradients[0]
        (4.0, array(6.))
        >>> y[:] = x
        >>> bound(), bound.gradients[0]
        (10.0, array(10.))
        """
        from autograd.replay.bound import BoundBatch

        return BoundBatch(self._runner, arrays, self._layouts, reduce)

    def eager(self, *arguments: Any) -> tuple[Value, Any]:  # noqa: ANN401 - any structure
        """Evaluate eagerly: return the output and its arguments as Values, a graph to look into."""
        leaves = [
            Value(x, label=name)
            for x, name in zip(self._numbers(arguments), self.wengert.inputs, strict=True)
        ]
        output = self._runner.reading.output(leaves)
        row = Row(leaves)
        return output, tuple([build(layout, row) for layout in self._layouts])

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
        return self._runner.reading.first_nonfinite(leaves)

    # Looking --------------------------------------------------------------------------------------

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many numbers each argument has."""
        return tuple([layout.size for layout in self._layouts])

    @property
    def backend(self) -> str:
        """How the program runs: "python", "numpy" or "numba"."""
        return self._runner.executor.backend

    @property
    def source(self) -> str:
        """The generated source, which an inspector or debugger also shows."""
        return self._runner.executor.source

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
        tanh1: 9 × tanh
        sum1: 1 × sum of 9 terms
        """
        return self._runner.executor.explain()

    def __str__(self) -> str:
        return str(self._runner.reading)

    def __repr__(self) -> str:
        return (
            f"<program of {len(self.wengert.inputs)} inputs and {len(self.wengert.rows)} statements, "
            f"backend {self.backend}>"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return Program, (self.wengert, self._layouts, self._runner.asked)  # what was generated is so again

    # Arguments ------------------------------------------------------------------------------------

    def _numbers(self, arguments: tuple[Any, ...]) -> Sequence[float]:
        if len(arguments) == self._scalars:
            for x in arguments:
                if type(x) is not float:
                    break
            else:
                return arguments
        numbers: list[Any] = []
        self._check(tuple([flatten(x, numbers, whole=self.backend != "python") for x in arguments]))
        return joined(numbers)

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
