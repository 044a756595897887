"""What is derived by hand: expressions written as a person writes them, and small networks."""

from __future__ import annotations

import math
from collections import defaultdict
from functools import cached_property
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import autograd
import nn
from autograd import DomainError, Value
from autograd.expression import parse
from tests.slips.catalogue import catalogue
from tests.slips.graphs import Graph

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from tests.slips.catalogue import Slip

NAMES = ("x", "y", "w", "b")
SMOOTH = ("tanh", "sin", "cos", "exp", "log", "sqrt", "sigmoid", "softplus", "relu", "tanh", "sigmoid")
EXPONENTS = ("2", "2", "3", "4", "-1", "-2", "1.5", "0.5")


class Problem:
    """A recorded graph, in words, with all slips that can be made on it.

    Parameters
    ----------
    text
        An expression, with named intermediate results before it: ``u = x*y; tanh(u) + u``.
        Or, for a network, a description.
    output
        What it computes.
    matrices
        The parameters of a network, layer by layer: matrices of weights, vectors of biases.
    """

    def __init__(self, text: str, output: Value, matrices: Sequence[Any] = ()) -> None:
        self.text = text
        self.matrices = matrices
        self.graph = Graph(output)

    @cached_property
    def slips(self) -> list[tuple[Slip, list[float]]]:
        """Every slip, with the adjoints it gives."""
        indices = [
            [[self.graph.index[w] for w in row] for row in matrix]
            for matrix in self.matrices
            if isinstance(matrix[0], list)
        ]
        return catalogue(self.graph, indices)

    @cached_property
    def natural(self) -> dict[tuple[str, str], dict[str, list[tuple[Slip, list[float]]]]]:
        """The slips that a person would make, by kind and scope, then by their words."""
        found: dict[Any, Any] = defaultdict(lambda: defaultdict(list))
        for slip, adjoints in self.slips:
            if slip.natural:
                found[slip.kind, slip.scope][slip.words].append((slip, adjoints))
        return found

    @property
    def point(self) -> dict[str, float]:
        """The numbers at the leaves."""
        return {str(x.label): x.data for x in (self.graph.nodes[i] for i in self.graph.leaves)}

    def __str__(self) -> str:
        return f"{self.text}  at  {', '.join(f'{name} = {x!r}' for name, x in self.point.items())}"


def record(text: str, point: dict[str, float]) -> tuple[Value, dict[str, Value]]:
    """Compute an expression on labelled leaves; return it, and all that has a name."""
    known = {name: Value(x, label=name) for name, x in point.items()}
    *definitions, last = text.split(";")
    for definition in definitions:
        name, expression = (part.strip() for part in definition.split(" = "))
        known[name] = value(expression, known)
        known[name].label = name
    return value(last, known), known


def value(text: str, known: dict[str, Value]) -> Value:
    """Evaluate one expression on what is known."""
    expression = parse(text)
    found = expression.evaluate({name: known[name] for name in expression.names})
    return found if isinstance(found, Value) else Value(found)


# Random expressions ------------------------------------------------------------------------------


def expressions(random: Random, count: int) -> list[Problem]:
    """Return random expressions on which rounding and kinks do not matter."""
    found: list[Problem] = []
    while len(found) < count:
        names = list(NAMES[: random.choice((1, 2, 2, 3, 3))])
        point = {name: round(random.choice((-1, 1, 1)) * random.uniform(0.3, 2.5), 3) for name in names}
        lines, known = [], list(names)
        for name in ("u", "s")[: random.choice((0, 0, 1, 1, 2))]:
            lines.append(f"{name} = {written(random, known, random.randint(1, 3), spare=False)}")
            known += [name] * 3
        text = "; ".join([*lines, written(random, known, random.randint(2, 6), spare=False)])
        problem = well_conditioned(text, point)
        if problem and (len(problem.graph.nodes) > 5 or random.random() < 0.3):
            found.append(problem)
    return found


def written(  # noqa: PLR0911 - one return for each kind of expression
    random: Random, names: list[str], depth: int, *, spare: bool = True
) -> str:
    """Write a random expression; `spare` ones may be a constant or a name alone."""
    if depth <= 0 or (spare and random.random() < 0.1):
        return random.choice(names) if random.random() < 0.9 else random.choice(("2", "3", "0.5"))

    def part(down: int = 1) -> str:
        return written(random, names, depth - down)

    def other() -> str:
        return part(random.randint(1, depth))

    choice = random.random()
    if choice < 0.4:
        return f"{random.choice(SMOOTH)}({part()})"
    if choice < 0.52:
        return f"({part()})**{random.choice(EXPONENTS)}"
    if choice < 0.6:
        return f"{random.choice('2345')} * ({part()})"
    if choice < 0.7:
        call = random.choice(("mean", "mean", "sum", "logsumexp", "max"))
        return f"{call}({', '.join([part(), *(other() for _ in range(random.choice((1, 2, 2))))])})"
    if choice < 0.72:
        return f"({random.choice(names)})**({part()})"
    sides = [part(), other()]
    random.shuffle(sides)
    return f"({sides[0]}) {random.choice('+-***/')} ({sides[1]})"


def well_conditioned(text: str, point: dict[str, float]) -> Problem | None:
    """Return the problem, unless a number is extreme, a kink near, or a sum cancels."""
    try:
        output, known = record(text, point)
    except DomainError:
        return None
    problem = Problem(text, output)
    graph = problem.graph
    all_used = set(known.values()) <= set(graph.nodes) and len(graph.leaves) == len(point)
    if not all_used or not 3 <= len(graph.nodes) <= 26:
        return None
    if not 2 <= max(graph.level) <= 8 or not all(0.05 <= abs(x.data) <= 30 for x in graph.nodes):
        return None
    try:
        partials = graph.here.partials
    except DomainError:  # that of a power by its exponent
        return None
    scales = [0.0] * len(graph.nodes)
    scales[-1] = 1.0
    for edge, p in zip(graph.edges, partials, strict=True):
        scales[edge.operand] += abs(graph.right[edge.node] * p)
    fine = (
        all(
            0.02 <= abs(p) <= 50 or graph.row(edge.node).name == "max"
            for edge, p in zip(graph.edges, partials, strict=True)
        )
        and all(0.01 <= abs(graph.right[i]) <= 100 for i in graph.leaves)
        and all(abs(x) >= 0.05 * scale for x, scale in zip(graph.right, scales, strict=True))
    )
    return problem if fine and not near_kink(graph) else None


def near_kink(graph: Graph) -> bool:
    """Whether two operands of a max are nearly equal; a relu's are far from 0 as all numbers are."""
    return any(
        abs(x - y) < 0.1
        for i in graph.interior
        if graph.row(i).name == "max"
        for x, y in combinations(graph.operands(i, graph.here.numbers), 2)
    )


# Networks ----------------------------------------------------------------------------------------


def networks(random: Random, count: int) -> list[Problem]:
    """Return small networks with a loss, some written by hand in Values, some of `nn`."""
    return [network(random, by_hand=k % 3 > 0) for k in range(count)]


def network(random: Random, *, by_hand: bool) -> Problem:
    """Return a perceptron of two or three layers with its loss on one to three samples."""
    width, inputs = random.choice((2, 3)), random.choice((2, 3))
    hidden = [width] * random.choice((1, 2))
    classes = random.choice((1, 2, 3))
    activation = random.choice(("tanh", "sigmoid", "tanh"))
    samples = [
        [round(random.uniform(-2, 2), 2) for _ in range(inputs)] for _ in range(random.choice((1, 1, 2, 3)))
    ]
    kind = random.choice(("mse", "cross entropy"))
    if by_hand:
        matrices = parameters(random, [inputs, *hidden, classes])
        dots = random.random() < 0.5
        outputs = [forward(matrices, sample, activation, dots=dots) for sample in samples]
    else:
        model = nn.MLP(inputs, [*hidden, classes], activation, seed=random.randrange(10**6))
        for layer in model.layers:
            for neuron in layer.neurons:
                assert neuron.bias is not None
                neuron.bias.data = round(random.uniform(-0.5, 0.5), 2)
        matrices = [
            part
            for layer in model.layers
            for part in ([n.weights for n in layer.neurons], [n.bias for n in layer.neurons])
        ]
        outputs = [o if isinstance(o, list) else [o] for o in map(model, samples)]
    losses = [loss_of(random, kind, output) for output in outputs]
    loss = losses[0] if len(losses) == 1 else autograd.mean(losses)
    sizes = "-".join(map(str, [inputs, *hidden, classes]))
    text = f"{activation} network {sizes}, {kind}, {len(samples)} samples"
    if random.random() < 0.3:
        weights = [w for matrix in matrices[::2] for row in matrix for w in row]
        loss = loss + 0.05 * autograd.sum([w**2 for w in weights])
        text += ", 0.05 * sum(w**2)"
    return Problem(text, loss, matrices)


def parameters(random: Random, sizes: list[int]) -> list[Any]:
    """Return labelled weights and biases, layer by layer."""
    found: list[Any] = []
    for t, (m, n) in enumerate(pairwise(sizes), start=1):
        scale = 1.5 / math.sqrt(m)
        found += [
            [[Value(round(random.gauss(0, scale), 2), f"W{t}_{j}{i}") for i in range(m)] for j in range(n)],
            [Value(round(random.uniform(-0.5, 0.5), 2), f"b{t}_{j}") for j in range(n)],
        ]
    return found


def forward(matrices: list[Any], sample: list[float], activation: str, *, dots: bool) -> list[Value]:
    """Compute a network by hand, as dot products or as sums of products."""
    signals: list[Any] = list(sample)
    for t in range(0, len(matrices), 2):
        if t:
            signals = [getattr(a, activation)() for a in signals]
        signals = [
            autograd.dot(row, signals, bias)
            if dots
            else autograd.sum([*(w * o for w, o in zip(row, signals, strict=True)), bias])
            for row, bias in zip(matrices[t], matrices[t + 1], strict=True)
        ]
    return signals


def loss_of(random: Random, kind: str, outputs: list[Value]) -> Value:
    """Return the loss for one sample with a random target."""
    if kind == "mse":
        return nn.mse(outputs, [round(random.uniform(-1, 1), 2) for _ in outputs])
    if len(outputs) == 1:
        return nn.binary_cross_entropy(outputs[0], random.randrange(2))
    return nn.softmax_cross_entropy(outputs, random.randrange(len(outputs)))
