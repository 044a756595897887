"""Gradient steps in generated code, sample after sample: draw, forward, backward, update.

The loss and its gradient are what is printed for a program, as loops or as arrays. How a number
moves against its slope is recorded too, as programs of a few numbers, whose rows are
printed here: inside a loop over all numbers that move, or on whole arrays of them.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.errors import OUT_OF_THE_ORDINARY, LengthError, OperandError
from autograd.replay import emit, native
from autograd.replay.arrays.rows import ArrayRows
from autograd.replay.dialects import PYTHON
from autograd.replay.loops.printer import Loops, typed
from autograd.replay.loops.rows import Called
from autograd.replay.schedule import scheduled
from autograd.replay.vectorised import Vectorised
from autograd.symbols import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.replay.dialects import Dialect
    from autograd.replay.program import Program
    from autograd.replay.schedule import Schedule

MEMORY = ("x", "batch", "weight", "v", "g", "u", "h")
"""What the function of a loss works in; arrays of constants come after."""

TINY = 1e-140
"""The square root of a smaller sum of squares may have lost digits: some squares are subnormal."""

LOOPS = """\
def program(draws, steps, settings, memory, values, sizes, samples, places, moved, {arguments}):
    for i in range(len(draws)):
        sample = draws[i]
        for j in range({width}):
            x[{length} + j] = samples[sample, j]
        value = loss({arguments})
        squares = 0.0
        for j in range({count}):
            squares += {slope} * {slope}
        size = math.sqrt(squares)
        if not (-inf < value < inf and size < inf): return
        if size < {tiny}:
            for j in range({count}):
                if {slope} != 0.0: return
        wrong = 0.0
{rule}
        if wrong != 0.0: return
        for j in range({count}):
{move}
        values[i], sizes[i] = value, size
"""
"""The steps, up to one whose numbers are not all finite, or whose ‖v‖ has lost digits."""

ARRAYS = """\
def program(draws, steps, settings, memory, values, sizes, samples, places, moved, x, loss):
    for i, sample in enumerate(draws):
        x[{length}:] = samples[sample]
        value, g = loss(x)
        w, v = x[places], g[places]
        size = math.sqrt(v.dot(v))
        if not (-inf < value < inf and size < inf): return
        if size < {tiny} and v.any(): return
{rule}
        if not np.vdot(moved, moved) < inf: return
        x[places] = moved[0]
        memory[:] = moved[1:]
        values[i], sizes[i] = value, size
"""
"""The same on arrays."""


class Descent:
    """What `Program.descent` returns: steps in generated code. Not to be shared by threads.

    Attributes
    ----------
    backend
        How they are taken: "numpy" or "numba".
    source
        The generated source.

    Examples
    --------
    >>> from autograd import record
    >>> loss = record(lambda x, y: (x[0] - y) ** 2, [0.0], 0.0)
    >>> rule = record(lambda step, group, own: own[0] - step[1] * own[1], [0.0, 0.0], [], [0.0, 0.0])
    >>> descent = loss.descent([rule], np.array([[4.0]]), groups=[[0]])
    >>> print(descent.source, end="")
    def program(draws, steps, settings, memory, values, sizes, samples, places, moved, x, loss):
        for i, sample in enumerate(draws):
            x[1:] = samples[sample]
            value, g = loss(x)
            w, v = x[places], g[places]
            size = math.sqrt(v.dot(v))
            if not (-inf < value < inf and size < inf): return
            if size < 1e-140 and v.any(): return
            s1 = steps[i][0]
            t1 = w[0:1]
            t2 = v[0:1]
            t3 = s1 * t2
            t4 = t1 - t3
            moved[0, 0:1] = t4
            if not np.vdot(moved, moved) < inf: return
            x[places] = moved[0]
            memory[:] = moved[1:]
            values[i], sizes[i] = value, size
    """

    def __init__(
        self,
        loss: Program,
        rule: Sequence[Program],
        samples: Any,  # noqa: ANN401 - an array
        groups: Sequence[Sequence[int]],
        *,
        backend: str,
    ) -> None:
        if backend == "numba":
            native.needed()
        if any(program.wengert.guards for program in rule):
            raise OperandError(
                "a rule that compares numbers would choose for all as it did for one; take clip"
            )
        self.rule, self.backend = rule, backend
        self.samples = np.ascontiguousarray(samples, dtype=float)
        self.length, width = loss.sizes[0], self.samples.shape[1]
        if sum(loss.sizes) != self.length + width:
            raise LengthError(f"a row of {width} numbers is no sample of what was recorded")
        self.places = [place for group in groups for place in group]
        self.ends = [0, *accumulate(map(len, groups))]
        self.whole = self.places == [*range(len(self.places))]
        self.x = np.zeros(self.length + width)  # and then a sample
        self.moved = np.zeros((len(rule), len(self.places)))
        prepare = self._compiled if backend == "numba" else self._on_arrays
        self.source, self._take = prepare(scheduled(loss.wengert))

    def run(self, x: Any, memory: Any, draws: Any, steps: Any, settings: Any) -> tuple[Any, Any]:  # noqa: ANN401
        """Take steps, and return the values and the norms ‖v‖ of those that were taken.

        The first step that would meet a number that is not finite, or an operation outside its
        domain, is not taken, and none after it: eager evaluation has to say what happens.

        Parameters
        ----------
        x
            An array of the numbers, which are moved in place.
        memory
            An array of what is remembered, a row for each program of the rule but the first; in place too.
        draws
            On which sample each step is to be.
        steps, settings
            A row of numbers for each step, and for each group.
        """
        values, sizes = np.full(len(draws), np.nan), np.empty(len(draws))
        remembered = np.array(memory, dtype=float)
        self.x[: self.length] = x
        self._take(draws, steps, settings, (remembered, values, sizes))
        taken = int(np.count_nonzero(values == values))  # noqa: PLR0124 - only nan differs from itself
        x[:], memory[:] = self.x[: self.length], remembered
        return values[:taken], sizes[:taken]

    # Printing -------------------------------------------------------------------------------------

    def _compiled(self, schedule: Schedule) -> tuple[str, Callable[..., None]]:
        """Print loops; return the text, and what compiles and runs it."""
        loops, dialect = Loops(schedule), Called()
        loss = loops.source(gradient=True, name="loss")
        constants = typed(loops.constants)
        place = "j" if self.whole else "places[j]"
        targets = [f"x[{place}]", *[f"memory[{k}, j]" for k in range(len(self.rule) - 1)]]
        rule = []
        for group, (start, end) in enumerate(pairwise(self.ends)):
            own = [f"x[{place}]", f"g[{place}]", *targets[1:]]
            once, each, results = self._formulas(group, own, dialect, dialect)
            each += [f"moved[{k}, j] = {result}" for k, result in enumerate(results)]
            each.append(f"wrong += {' + '.join(f'0.0 * {result}' for result in results)}")
            rule += [*once, f"for j in range({start}, {end}):", *[f"    {line}" for line in each]]
        steps = LOOPS.format(
            arguments=", ".join([*MEMORY, *[f"c{k + 1}" for k in range(len(constants))]]),
            width=self.samples.shape[1],
            length=self.length,
            count=len(self.places),
            slope=f"g[{place}]",
            tiny=TINY,
            rule=indented(2, rule),
            move=indented(3, [f"{target} = moved[{k}, j]" for k, target in enumerate(targets)]),
        )
        source = "\n".join([loss, *dialect.definitions(), steps])
        nothing = np.zeros((0, 1))
        places, v, g = np.array(self.places, dtype=np.int64), np.zeros(schedule.size), np.zeros(schedule.size)
        memory = [self.x, nothing, 1.0, v, g, nothing, nothing, *constants]

        def take(draws: Any, steps: Any, settings: Any, results: Sequence[Any]) -> None:  # noqa: ANN401
            numbers = [np.array(rows, dtype=float) for rows in (steps, settings)]
            given = [np.asarray(draws, dtype=np.int64), *numbers, *results]
            native.compiled(source)(*given, self.samples, places, self.moved, *memory)

        return source, take

    def _on_arrays(self, schedule: Schedule) -> tuple[str, Callable[..., None]]:
        """Print operations on arrays; return the text, and what runs it."""
        dialect = ArrayRows("array", "<=>?")
        rule = []
        for group, (start, end) in enumerate(pairwise(self.ends)):
            own = [
                f"{memory}[{start}:{end}]"
                for memory in ("w", "v", *[f"memory[{k}]" for k in range(len(self.rule) - 1)])
            ]
            once, each, results = self._formulas(group, own, PYTHON, dialect)
            rule += [*once, *each, *[f"moved[{k}, {start}:{end}] = {x}" for k, x in enumerate(results)]]
        steps = ARRAYS.format(length=self.length, tiny=TINY, rule=indented(2, rule))
        source = "\n".join([*dialect.definitions(), steps])
        names = emit.namespace([row for program in self.rule for row in program.wengert.rows])
        program = emit.made(source, {**names, **dialect.called, "np": np})["program"]
        loss = Vectorised(schedule).unchecked(0, gradient=True)
        places = slice(len(self.places)) if self.whole else np.array(self.places)

        def take(draws: Any, steps: Any, settings: Any, results: Sequence[Any]) -> None:  # noqa: ANN401
            given = [*[np.asarray(rows).tolist() for rows in (draws, steps, settings)], *results]
            with np.errstate(all="ignore"), suppress(*OUT_OF_THE_ORDINARY):
                program(*given, self.samples, places, self.moved, self.x, loss)

        return source, take

    def _formulas(
        self, group: int, own: Sequence[str], of_floats: Dialect, of_columns: Dialect
    ) -> tuple[list[str], list[str], list[str]]:
        """Print the rule: what is the same for all of a group, what differs, and the names of the results."""
        once: dict[str, str] = {}
        each: dict[str, str] = {}

        def named(text: str, lines: dict[str, str]) -> str:
            return lines.setdefault(text, f"{'s' if lines is once else 't'}{len(lines) + 1}")

        step, settings, _ = self.rule[0].sizes
        inputs = [
            "size",
            *[named(f"steps[i][{k}]", once) for k in range(step - 1)],
            *[named(f"settings[{group}][{k}]", once) for k in range(settings)],
            *[named(text, each) for text in own],
        ]
        results = []
        for program in self.rule:
            names = list(inputs)
            for row, operands in zip(program.wengert.rows, program.wengert.operands, strict=True):
                moving = any(isinstance(x, int) and names[x].startswith("t") for x in operands)
                dialect = of_columns if moving else of_floats
                terms = [dialect.term(names[x]) if isinstance(x, int) else x for x in operands]
                names.append(named(str(dialect.value(row, terms)), each if moving else once))
            output = program.wengert.output
            results.append(names[output] if isinstance(output, int) else Source("").number(output))
        before, inside = ([f"{name} = {text}" for text, name in lines.items()] for lines in (once, each))
        return before, inside, results


def indented(depth: int, lines: Sequence[str]) -> str:
    """Join lines at a depth."""
    return "\n".join(["    " * depth + line for line in lines])
