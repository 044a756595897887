"""The slips people make in deriving a gradient by hand, each made on purpose to see what it gives.

Room: behind `search`, which makes them all. A `Guess` is a slip at a place of a graph: a kind, words,
and a function that gives the targets' adjoints if it is made. Most change local derivatives in some
steps of the sweep; others take another operand, another order, or another point.
"""

from __future__ import annotations

import math
from collections import defaultdict
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.errors import AutogradError
from autograd.expression import parse
from autograd.marking.mistakes import LEFT_OUT, MEAN, ONE_TERM, Mistake, mistakes
from autograd.value import Value, gradients
from autograd.views.local import row_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from autograd.expression import Expression
    from autograd.marking.sweep import Graph, Step, Sweep, Vector

FEW, FEW_EVALUATIONS = 12, 100_000
"""The most numbers that are tried in one another's places, and the most Values computed for other points."""

MOST_COUNTED = 1000
"""A larger constant is not taken for a count."""

KINDS = {
    "mean": "the 1/n of a mean",
    "evaluated at output": "an operand and a result in one another's place",
    "power": "the power rule",
    "one term": "a rule with a term for each operand",
    "path forgotten": "a way by which an input reaches the output",
    "sign": "a plus and a minus",
    "inner derivative": "the derivative of what stands inside",
    "factor": "a number that multiplies or divides",
    "wrong rule": "the derivative of one operation",
    "swapped operand": "operands, or derivatives, in one another's place",
    "overwritten": "shares that replace one another and should add up",
    "another point": "the numbers that were put in",
}
"""The kinds, with what to look at; where several give the same numbers, the first is named."""


class Slip(NamedTuple):
    """A slip that gives the numbers of a hand derivation.

    Attributes
    ----------
    kind
        One of `KINDS`.
    node
        The first Value, from the output, whose adjoint it makes wrong.
    words
        What was done, in a sentence; it may show the right local derivative.
    """

    kind: str
    node: Value
    words: str


class Guess(NamedTuple):
    """A slip to be tried: what it is called, and the targets' adjoints if it is made."""

    kind: str
    node: int  # whose adjoint is wrong first
    words: str
    make: Callable[[Sweep], Vector]
    step: int | None = None  # the step that the words are about


# What may have been done -------------------------------------------------------------------------


class Shape:
    """What the guesses are made about.

    Attributes
    ----------
    graph, sweep
        The graph, and its numbers at the recorded point, aimed at the targets.
    wrong
        An array of bool: which targets differ.
    plausible
        Whether some other local derivative in a step may explain something.
    reaching
        And so for steps of which none is below another.
    factors
        Counts that may stand where they do not belong.
    candidates
        For each step, what its local derivative may have been mistaken for.
    arrays
        Which array of targets a node is in, if in any.
    matrices
        The square ones.
    """

    def __init__(
        self,
        sweep: Sweep,
        wrong: Any,  # noqa: ANN401 - an array of bool
        arrays: Sequence[Sequence[Any]],
        plausible: Callable[[int], bool],
        reaching: Callable[[list[int]], bool],
    ) -> None:
        self.graph, self.sweep, self.wrong = sweep.graph, sweep, wrong
        self.plausible, self.reaching = plausible, reaching
        self.factors = _factors(self.graph)
        self.candidates = _candidates(self.graph, self.factors)
        self.arrays = {self.graph.index[w]: a for a, array in enumerate(arrays) for w in _elements(array)}
        self.matrices = [
            array
            for array in arrays
            if all(isinstance(row, list) and len(row) == len(array) for row in array)
        ]

    def first_changed(self, made: Mapping[int, Mistake]) -> int:
        """Return the step, nearest to the output, through which mistakes make the first difference."""
        nearest = sorted(made, key=lambda k: (-self.graph.steps[k].operand, k))
        differ = (k for k in nearest if _wrong_local(k, made[k], self.sweep) != self.sweep.locals[k])
        return next(differ, nearest[0])


def guesses(shape: Shape) -> Iterator[Guess]:
    """List every slip that may have been made: in one step, in alike ones together, or everywhere."""
    yield from _in_one_step(shape)
    yield from _in_one_node(shape.graph)
    yield from _in_alike_steps(shape)
    yield from _everywhere(shape)
    yield from _before_activation(shape)
    yield from _exchanged(shape)
    for matrix in shape.matrices:
        yield from _transposed(shape.graph, matrix)


def _factors(graph: Graph) -> list[int]:
    """Collect the counts that a factor may come from: of operands, or as constants."""
    interior = graph.nodes[graph.leaves :]
    counts = {len(node.operands) for node in interior if row_of(node).variadic}
    constants = {x for node in interior for x in node.operands if isinstance(x, float)}
    counts |= {int(x) for x in constants if x.is_integer() and 0 < x <= MOST_COUNTED}
    return sorted(counts - {1, 2})[:6]


def _candidates(graph: Graph, factors: list[int]) -> list[list[Mistake]]:
    """List for each step what its local derivative may have been mistaken for."""
    results = [graph.nodes[step.result] for step in graph.steps]
    return [
        mistakes(row_of(z), step.slot, z.operands, factors)
        for z, step in zip(results, graph.steps, strict=True)
    ]


def _elements(array: Sequence[Any]) -> Iterator[Value]:
    for x in array:
        if isinstance(x, Value):
            yield x
        else:
            yield from _elements(x)


def _is_term(graph: Graph, step: Step) -> bool:
    """Whether an operand is a computed term of the output, such as a penalty in a loss."""
    row = row_of(graph.nodes[step.result])
    is_output = step.result == len(graph.nodes) - 1
    return is_output and step.operand >= graph.leaves and row.name in {"add", "sub", "sum"}


def _has_terms(shape: Shape, k: int) -> bool:
    """Whether a target is reached through another operand of a product, quotient or power as well."""
    graph, influence = shape.graph, shape.sweep.influence
    step = graph.steps[k]
    reached = influence[step.operand] != 0
    others = [influence[graph.steps[j].operand] for j in graph.out_of[step.result] if j != k]
    row = row_of(graph.nodes[step.result])
    return row.name in {"mul", "div", "dot", "pow"} and any(other[reached].any() for other in others)


def _in_one_step(shape: Shape) -> Iterator[Guess]:
    for k, step in enumerate(shape.graph.steps):
        if shape.plausible(k):
            made = list(shape.candidates[k])
            if len(shape.graph.out_of[step.result]) > 1 and MEAN in made:
                made.remove(MEAN)  # forgotten for one is forgotten for all
            if _has_terms(shape, k):
                made.append(ONE_TERM)
            elif len(shape.graph.into[step.operand]) > 1 or _is_term(shape.graph, step):
                made.append(LEFT_OUT)
            for mistake in made:
                yield Guess(mistake.kind, step.operand, mistake.words, partial(_mistaken, {k: mistake}), k)


def _in_one_node(graph: Graph) -> Iterator[Guess]:
    """Guess at a node as a whole: shares that it lacks, or that its derivative is missing."""
    for x, steps in graph.into.items():
        if len(steps) > 1:
            words = f"{{{x}}} keeps only the share that arrives last: = in place of +="
            yield Guess("overwritten", x, words, partial(_kept, {x: steps[-1]}))
        users: dict[int, list[int]] = defaultdict(list)
        for k in steps:
            users[graph.steps[k].result].append(k)
        for user, uses in users.items():
            if 1 < len(uses) < len(steps):
                words = f"{{{x}}} lacks what {{{user}}} hands down to it"
                yield Guess("path forgotten", x, words, partial(_mistaken, dict.fromkeys(uses, LEFT_OUT)))
    for u in range(graph.leaves, len(graph.nodes) - 1):  # nothing stands around the output
        for k in graph.out_of[u][:1]:
            words = f"The derivative of {{{u}}}, which stands inside, is missing (taken as 1)"
            yield Guess("inner derivative", graph.steps[k].operand, words, partial(_without_inner, u), k)


def _in_alike_steps(shape: Shape) -> Iterator[Guess]:
    """Guess that the same was done to every operand of a node, or at every operation alike."""
    told: set[tuple[int, ...]] = set()
    for (where, *_, last), steps in _groups(shape).items():
        of_leaves = shape.arrays and (where == IN_ARRAY or (where == IN_LAYER and last is True))
        if len(steps) == 1 or tuple(steps) in told or not (where == ALIKE or shape.reaching(steps)):
            continue
        told.add(tuple(steps))
        alike: dict[tuple[str, str], dict[int, Mistake]] = defaultdict(dict)
        for k in steps:
            for mistake in [LEFT_OUT] * bool(of_leaves) + shape.candidates[k]:
                alike[mistake.kind, mistake.words][k] = mistake
        for (kind, words), made in alike.items():
            if len(made) > 1:
                first = shape.first_changed(made)
                node = shape.graph.steps[first].operand
                yield Guess(kind, node, words + where, partial(_mistaken, made), first)


IN_LAYER = ", and so at every operation of its kind in this layer"
IN_ARRAY = ", and so for the whole array"
ALIKE = ", and so at every operation of its kind"


def _groups(shape: Shape) -> dict[tuple[Any, ...], list[int]]:
    """Put steps together that a person takes in one: of a node, of a layer, into an array, of a kind."""
    graph = shape.graph
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for k, step in enumerate(graph.steps):
        row, to_leaf = row_of(graph.nodes[step.result]), step.operand < graph.leaves
        above, below = graph.heights[step.result], graph.heights[step.operand]
        groups["", step.result].append(k)
        for which in (None, to_leaf):  # the way to a layer's inputs is taken apart from that to its weights
            groups[IN_LAYER, row.name, above, which].append(k)
            groups[ALIKE, row.name, which].append(k)
        if not row.variadic:
            groups[IN_LAYER, row.name, above, f"operand {step.slot}"].append(k)
            groups[ALIKE, row.name, f"operand {step.slot}"].append(k)
        if not to_leaf:
            groups[IN_LAYER, row.name, f"to height {below}"].append(k)
        elif step.operand in shape.arrays:
            groups[IN_ARRAY, row.name, above, shape.arrays[step.operand]].append(k)
    return groups


def _everywhere(shape: Shape) -> Iterator[Guess]:
    """Guess at every shared node, and at the whole gradient."""
    graph = shape.graph
    shared = {x: steps[-1] for x, steps in graph.into.items() if len(steps) > 1}
    if shared:
        first = min(shared, key=shared.__getitem__)
        words = f"{{{first}}}, like all that is used more than once, keeps only the share that arrives last: "
        yield Guess("overwritten", first, f"{words}= in place of +=", partial(_kept, shared))
    if len(graph.out_of[len(graph.nodes) - 1]) > 1:  # else it is the same as a slip in the first step
        ways: list[tuple[str, float, str]] = [
            ("sign", -1.0, "changed in sign"),
            ("factor", 2.0, "doubled"),
            ("factor", 0.5, "halved"),
            *[("factor", n, f"multiplied by {n}") for n in shape.factors],
            *[("factor", 1 / n, f"divided by {n}") for n in shape.factors],
        ]
        for kind, factor, how in ways:
            words = f"The whole gradient is {how}"
            yield Guess(kind, graph.steps[0].operand, words, partial(_multiplied, factor))


def _partner(graph: Graph, k: int) -> Value | float | None:
    """Return what the operand of a step is multiplied with."""
    step = graph.steps[k]
    row, operands = row_of(graph.nodes[step.result]), graph.nodes[step.result].operands
    partner: Value | float | None = None
    half = len(operands) // 2
    if row.name == "mul":
        partner = operands[1 - step.slot]
    elif row.name == "dot" and step.slot < 2 * half:
        partner = operands[(step.slot + half) % (2 * half)]
    return partner


def _before_activation(shape: Shape) -> Iterator[Guess]:
    """Guess that a weight's gradient has the pre-activation of the layer below in place of its output."""
    graph = shape.graph
    groups: dict[int | None, dict[int, int]] = defaultdict(dict)
    for k, step in enumerate(graph.steps):
        other = _partner(graph, k)
        if (
            step.operand < graph.leaves
            and isinstance(other, Value)
            and len(other.operands) == len(other.parents) == 1
        ):
            groups[graph.heights[step.result]][k] = groups[None][k] = graph.index[other.parents[0]]
    for instead in groups.values():
        first = min(instead)
        words = "has the pre-activation where the output belongs"
        yield Guess(
            "evaluated at output", graph.steps[first].operand, words, partial(_instead, instead), first
        )


def _exchanged(shape: Shape) -> Iterator[Guess]:
    """Guess that right numbers stand in wrong places."""
    targets = shape.sweep.targets
    place = {x: t for t, x in enumerate(targets)}
    swaps: list[tuple[str, dict[int, int]]] = []
    for matrix in shape.matrices:
        at = [[place[shape.graph.index[w]] for w in row] for row in matrix]
        n = range(len(at))
        swaps.append(("An array of derivatives is transposed", {at[i][j]: at[j][i] for i in n for j in n}))
    arrays: dict[int, list[int]] = defaultdict(list)
    for x, array in shape.arrays.items():
        arrays[array].append(place[x])
    for one, other in combinations(arrays.values(), 2):
        if len(one) == len(other):
            swap = dict(zip((*one, *other), (*other, *one), strict=True))
            swaps.append(("Two arrays of derivatives are exchanged", swap))
    leaves = [t for t, x in enumerate(targets) if x < shape.graph.leaves]
    wrong = [t for t in leaves if shape.wrong[t]]
    pairs = combinations(leaves if len(leaves) <= FEW else wrong[:FEW], 2)
    for s, t in pairs:
        swaps.append(
            (f"The derivatives by {{{targets[s]}}} and {{{targets[t]}}} are exchanged", {s: t, t: s})
        )
    for words, swap in swaps:
        order = [swap.get(t, t) for t in range(len(targets))]
        moved = [targets[t] for t, other in swap.items() if t != other]
        yield Guess("swapped operand", max(moved, default=0), words, partial(_reordered, order))


def _transposed(graph: Graph, matrix: Sequence[Sequence[Value]]) -> Iterator[Guess]:
    """Guess that W stands where its transpose belongs, on the way to what it is multiplied with."""
    place = {w: (i, j) for i, row in enumerate(matrix) for j, w in enumerate(row)}
    instead: dict[int, int] = {}
    for k in range(len(graph.steps)):
        other = _partner(graph, k)
        if isinstance(other, Value) and other in place:
            i, j = place[other]
            instead[k] = graph.index[matrix[j][i]]
    if instead:
        words = "A matrix of weights stands where its transpose belongs"
        first = graph.steps[min(instead)].operand
        yield Guess("swapped operand", first, words, partial(_instead, instead))


WAYS_OFF: tuple[tuple[str, str], ...] = (
    ("with its sign changed", "-x"),
    ("as 0", "0*x"),
    ("as 1", "1 + 0*x"),
    ("one larger", "x + 1"),
    ("one smaller", "x - 1"),
    ("doubled", "2*x"),
    ("halved", "x/2"),
    ("squared", "x*x"),
    ("turned upside down", "1/x"),
    ("without its sign", "abs(x)"),
)
"""How an input may have been taken, and what it is then."""

RATES = (0.5, 0.1, 0.05, 0.01, 0.001, 1.0)
"""Steps of this size may have been made before the gradient was taken."""


def at_another_point(shape: Shape) -> Iterator[Guess]:
    """Guess that the right formula was evaluated somewhere else."""
    graph = shape.graph
    leaves = range(graph.leaves)
    few = graph.leaves**2 * len(graph.nodes) <= FEW_EVALUATIONS
    moves: list[tuple[str, Callable[[list[float]], dict[int, float]]]] = []
    for words, text in WAYS_OFF:
        taken = partial(_taken, parse(text))
        moves += [(f"{{{i}}} is taken {words}", partial(taken, (i,))) for i in leaves if few]
        moves.append((f"Every input is taken {words}", partial(taken, leaves)))
    for rate in RATES:
        words = f"The inputs are those after a step of size {rate:g} against the gradient"
        moves.append((words, partial(_stepped, shape.sweep.adjoints[: graph.leaves], rate)))
    if few:
        moves += [
            (f"{{{i}}} and {{{j}}} are exchanged", partial(_swap, i, j)) for i, j in combinations(leaves, 2)
        ]
    for words, move in moves:
        yield Guess("another point", len(graph.nodes) - 1, words, partial(_moved, move))


# What it gives -----------------------------------------------------------------------------------


def _mistaken(made: Mapping[int, Mistake], sweep: Sweep) -> Vector:
    """Make mistakes in some steps."""
    return sweep.changed({k: _wrong_local(k, mistake, sweep) for k, mistake in made.items()})


def _wrong_local(k: int, mistake: Mistake, sweep: Sweep) -> float:
    """Return what a mistake takes for the local derivative of a step; computed once."""
    if (k, mistake) not in sweep.mistaken:
        step = sweep.graph.steps[k]
        z, operands = sweep.data[step.result], sweep.operands(step.result)
        sweep.mistaken[k, mistake] = mistake.local(sweep.locals[k], z, operands, step.slot)
    return sweep.mistaken[k, mistake]


def _instead(places: Mapping[int, int], sweep: Sweep) -> Vector:
    """Take the number of another node for the local derivative in some steps."""
    return sweep.changed({k: sweep.data[i] for k, i in places.items()})


def _kept(kept: Mapping[int, int], sweep: Sweep) -> Vector:
    """Let each of some nodes keep one share only."""
    return sweep.changed({k: 0.0 for x, one in kept.items() for k in sweep.graph.into[x] if k != one})


def _without_inner(u: int, sweep: Sweep) -> Vector:
    """Take the derivative of a node by everything below it as 1."""
    import numpy as np

    inner = sweep.influence[u]
    below = (inner != 0) & (np.array(sweep.targets) != u)
    return np.where(below, sweep.base + sweep.adjoints[u] * (1 - inner), sweep.base)


def _multiplied(factor: float, sweep: Sweep) -> Vector:
    """Multiply everything but the derivative of the output by itself."""
    import numpy as np

    return np.where(np.array(sweep.targets) == len(sweep.data) - 1, 1.0, factor) * sweep.base


def _reordered(order: list[int], sweep: Sweep) -> Vector:
    return sweep.base[order]


def _moved(move: Callable[[list[float]], dict[int, float]], sweep: Sweep) -> Vector:
    """Differentiate at another point, to nan where that cannot be done."""
    import numpy as np

    here = dict(enumerate(sweep.data[: sweep.graph.leaves]))
    try:
        nodes = sweep.graph.computed(here | move(sweep.data))
        found = gradients(nodes[-1], [nodes[i] for i in sweep.targets])
    except (AutogradError, ArithmeticError):
        found = [math.nan] * len(sweep.targets)
    return np.array(found)


def _swap(i: int, j: int, data: list[float]) -> dict[int, float]:
    return {i: data[j], j: data[i]}


def _taken(formula: Expression, inputs: Sequence[int], data: list[float]) -> dict[int, float]:
    return {i: formula.evaluate({"x": data[i]}) for i in inputs}


def _stepped(gradient: Sequence[float], rate: float, data: list[float]) -> dict[int, float]:
    return {i: data[i] - rate * v for i, v in enumerate(gradient)}
