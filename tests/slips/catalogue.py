"""Every slip that a person may make on a graph, as a change of the reverse sweep.

A rule gives a wrong local derivative in place of the right one, p; it runs on floats and on
terms, so that the wrong numbers and the wrong formula have one source.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from typing import TYPE_CHECKING, Any, TypeAlias

from autograd import DomainError, Value, cos, exp, log, sigmoid, sin, tanh
from tests.slips.graphs import finite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tests.slips.graphs import Graph, Setting

    Rule: TypeAlias = Callable[..., Any]  # of the right partial p, the result z and the operands
    Move: TypeAlias = Callable[[list[Any]], list[Any]]  # of the leaves
    Matrix: TypeAlias = Sequence[Sequence[int]]  # of nodes

KINDS = (
    *("path forgotten", "overwritten", "sign", "inner derivative", "evaluated at output", "factor"),
    *("one term", "power", "swapped operand", "another point", "mean", "wrong rule"),
)

WRONG_RULES: dict[str, dict[str, Rule] | list[dict[str, Rule]]] = {
    "tanh": [
        {
            "1 - tanh": lambda p, z, x: 1 - z,
            "1 + tanh²": lambda p, z, x: 1 + z**2,
            "tanh (1 - tanh)": lambda p, z, x: z * (1 - z),
            "1 / (1 + x²)": lambda p, z, x: 1 / (1 + x**2),
            "sech": lambda p, z, x: p**0.5,
        }
    ],
    "sigmoid": [
        {
            "s": lambda p, z, x: z,
            "1 - s": lambda p, z, x: 1 - z,
            "1 - s²": lambda p, z, x: 1 - z**2,
            "s²": lambda p, z, x: z**2,
            "s (1 + s)": lambda p, z, x: z * (1 + z),
        }
    ],
    "exp": [
        {
            "x e^(x-1)": lambda p, z, x: x * exp(x - 1),
            "x e^x": lambda p, z, x: x * z,
            "x": lambda p, z, x: x,
        }
    ],
    "log": [
        {
            "1 / log": lambda p, z, x: 1 / z,
            "log": lambda p, z, x: z,
            "x": lambda p, z, x: x,
            "1 / x²": lambda p, z, x: 1 / x**2,
        }
    ],
    "sqrt": [
        {
            "1 / sqrt": lambda p, z, x: 1 / z,
            "sqrt / 2": lambda p, z, x: z / 2,
            "1 / 2x": lambda p, z, x: 1 / (2 * x),
            "sqrt": lambda p, z, x: z,
        }
    ],
    "sin": [{"sin": lambda p, z, x: z, "-sin": lambda p, z, x: -z}],
    "cos": [{"cos": lambda p, z, x: z, "-cos": lambda p, z, x: -z}],
    "relu": [{"the output": lambda p, z, x: z}],
    "abs": [{"x": lambda p, z, x: x, "|x|": lambda p, z, x: z}],
    "softplus": [{"1 - σ": lambda p, z, x: 1 - p, "σ (1 - σ)": lambda p, z, x: p * (1 - p)}],
    "div": [
        {},
        {
            "not squared": lambda p, z, x, y: -z,
            "-1 / y²": lambda p, z, x, y: -1 / y**2,
            "log": lambda p, z, x, y: x * log(y),
        },
    ],
    "pow": [
        {"as of the exponent": lambda p, z, x, y: z * log(x)},
        {
            "the power rule": lambda p, z, x, y: y * x ** (y - 1),
            "without the logarithm": lambda p, z, x, y: z,
            "log of the exponent": lambda p, z, x, y: z * log(y),
        },
    ],
    "logsumexp": {
        "without the sum": lambda p, z, *xs: p * exp(z),
        "the same share for all": lambda p, z, *xs: 1 / len(xs),
    },
    "max": {"1 for all": lambda p, z, *xs: 1.0, "the same share for all": lambda p, z, *xs: 1 / len(xs)},
}
"""What a person may take for the derivative: by the one operand, by each of two, or by any of many."""

AT_OUTPUT: dict[str, dict[str, Rule]] = {
    "tanh": {"1 - a²": lambda p, z, x: 1 - x**2, "tanh'(o)": lambda p, z, x: 1 - tanh(z) ** 2},
    "sigmoid": {
        "a (1 - a)": lambda p, z, x: x * (1 - x),
        "σ'(o)": lambda p, z, x: sigmoid(z) * (1 - sigmoid(z)),
    },
    "exp": {"a": lambda p, z, x: x, "e^o": lambda p, z, x: exp(z)},
    "sqrt": {"1 / 2a": lambda p, z, x: 0.5 / x, "1 / 2 sqrt(o)": lambda p, z, x: 0.5 / z**0.5},
    "log": {"1 / o": lambda p, z, x: 1 / z},
    "sin": {"cos(o)": lambda p, z, x: cos(z)},
    "cos": {"-sin(o)": lambda p, z, x: -sin(z)},
    "softplus": {"σ(o)": lambda p, z, x: sigmoid(z)},
}

POWERS: dict[str, Rule] = {
    "not lowered": lambda p, z, x, n: n * x**n,
    "lowered twice": lambda p, z, x, n: n * x ** (n - 2),
    "without the factor": lambda p, z, x, n: x ** (n - 1),
    "factor n - 1": lambda p, z, x, n: (n - 1) * x ** (n - 1),
    "lowered, then the factor": lambda p, z, x, n: (n - 1) * x ** (n - 2),
}

SWAPPED = {
    "mul": [{"itself": lambda p, z, x, y: x}, {"itself": lambda p, z, x, y: y}],
    "div": [{"of the dividend": lambda p, z, x, y: 1 / x}, {"upside down": lambda p, z, x, y: -y / x**2}],
}


class Slip:
    """One way to go wrong: what kind it is, and the adjoints it gives."""

    def __init__(self, kind: str, words: str, *, scope: str = "one place", natural: bool = True) -> None:
        self.kind = kind
        self.words = words
        self.scope = scope
        self.natural = natural  # whether a person would make it; if not, it only explains numbers

    def adjoints(self, graph: Graph, setting: Setting) -> list[Any]:
        """Return the adjoints that a person who slips so computes."""
        raise NotImplementedError

    def nodes(self, graph: Graph, adjoints: Sequence[float]) -> set[int]:
        """Return the nodes that are the first to be wrong."""
        return graph.first_wrong(adjoints)

    def __repr__(self) -> str:
        return f"{self.kind}: {self.words}, {self.scope}"


class Local(Slip):
    """A wrong local derivative, on one edge or on several."""

    def __init__(self, kind: str, words: str, rules: Mapping[int, Rule], **about: Any) -> None:
        super().__init__(kind, words, **about)
        self.rules = rules

    def adjoints(self, graph: Graph, setting: Setting) -> list[Any]:
        return graph.sweep(self.partials(graph, setting))

    def partials(self, graph: Graph, setting: Setting) -> list[Any]:
        """Return the local derivatives, wrong ones among them."""
        partials = list(setting.partials)
        for e, rule in self.rules.items():
            i = graph.edges[e].node
            partials[e] = rule(partials[e], setting.numbers[i], *graph.operands(i, setting.numbers))
        return partials


class Bypass(Slip):
    """The whole derivative of an inner function, by whatever it depends on, taken as 1."""

    def __init__(self, graph: Graph, inner: int) -> None:
        uses = {graph.row(graph.edges[e].node).name for e in graph.uses[inner]}
        natural = bool(uses & {*AT_OUTPUT, "relu", "pow", "abs"})
        super().__init__("inner derivative", "all of the inner function's", natural=natural)
        self.inner = inner

    def adjoints(self, graph: Graph, setting: Setting) -> list[Any]:
        partials = [
            0.0 if edge.node == self.inner else p
            for edge, p in zip(graph.edges, setting.partials, strict=True)
        ]
        adjoints = graph.sweep(partials)
        for leaf in graph.leaves:
            if leaf in graph.below[self.inner]:
                adjoints[leaf] = adjoints[leaf] + adjoints[self.inner]
        return adjoints

    def nodes(self, graph: Graph, adjoints: Sequence[float]) -> set[int]:  # noqa: ARG002 - any may be
        return graph.below[self.inner]  # nothing is said about those on the way: each may be it


class Exchanged(Slip):
    """Right gradients, given to the wrong leaves."""

    def __init__(self, words: str, places: Mapping[int, int], **about: Any) -> None:
        super().__init__("swapped operand", words, **about)
        self.places = places

    def adjoints(self, graph: Graph, setting: Setting) -> list[Any]:
        right = graph.sweep(setting.partials)
        return [right[self.places.get(i, i)] for i in range(len(right))]


class Elsewhere(Slip):
    """The right formulas, at another point; `moved` gives another number or term for each leaf."""

    def __init__(self, words: str, moved: Move, **about: Any) -> None:
        super().__init__("another point", words, **about)
        self.moved = moved

    def adjoints(self, graph: Graph, setting: Setting) -> list[Any]:
        there = graph.at(self.moved(setting.numbers[: len(graph.leaves)]))
        return graph.sweep(there.partials)

    def nodes(self, graph: Graph, adjoints: Sequence[float]) -> set[int]:  # noqa: ARG002 - any may be
        return set()


def catalogue(graph: Graph, matrices: Sequence[Matrix] = ()) -> list[tuple[Slip, list[float]]]:
    """List every slip on a graph, with the adjoints it gives; those that give none are left out."""
    found = []
    for slip in every_slip(graph, matrices):
        try:
            adjoints = slip.adjoints(graph, graph.here)
        except (DomainError, ZeroDivisionError, OverflowError):
            continue
        if finite(adjoints):
            found.append((slip, adjoints))
    return found


def every_slip(graph: Graph, matrices: Sequence[Matrix]) -> Iterator[Slip]:
    """Yield every slip, whether or not it can be made at this point."""
    yield from shared_operands(graph)
    yield from local_derivatives(graph)
    yield from whole_nodes(graph)
    for i in graph.interior[:-1]:
        yield Bypass(graph, i)
    yield from swapped_gradients(graph, matrices)
    yield from other_points(graph, network=bool(matrices))


# Sums over uses ----------------------------------------------------------------------------------


def zero(p: Any, z: Any, *operands: Any) -> float:  # noqa: ARG001 - a rule takes them all
    """Leave a share out."""
    return 0.0


def one(p: Any, z: Any, *operands: Any) -> float:  # noqa: ARG001 - a rule takes them all
    """Take a derivative for 1."""
    return 1.0


def shared_operands(graph: Graph) -> Iterator[Slip]:
    """Yield what becomes of a node with several uses: a share left out, or all but the last lost."""
    shared = [uses for uses in graph.uses if len(uses) > 1]
    for uses in shared:
        yield Local("overwritten", "= in place of +=", dict.fromkeys(uses[:-1], zero))
        users = grouped(uses, lambda e: graph.edges[e].node)
        for edges in [[e] for e in uses] + (users if len(users) > 1 else []):
            yield Local("path forgotten", "one use", dict.fromkeys(edges, zero))
    for e, edge in enumerate(graph.edges):
        if len(graph.uses[edge.operand]) == 1 and any(
            graph.uses[x] in shared for x in graph.below[edge.operand]
        ):
            yield Local("path forgotten", "cut further up", {e: zero}, natural=False)
    lost = [e for uses in shared for e in uses[:-1]]
    if lost:
        yield Local("overwritten", "= in place of +=", dict.fromkeys(lost, zero), scope="everywhere")
    of_leaves = [e for uses in shared for e in uses if graph.edges[e].operand in graph.leaves]
    for edges in grouped(of_leaves, lambda e: (graph.level[(i := graph.edges[e].node)], graph.row(i).name)):
        if len({graph.edges[e].operand for e in edges}) > 1:
            penalty = graph.row(graph.edges[edges[0]].node).name == "pow"
            cut = dict.fromkeys(edges, zero)
            yield Local("path forgotten", "a whole term", cut, scope="a layer", natural=penalty)


def grouped(edges: Iterable[int], key: Callable[[int], Any]) -> list[list[int]]:
    """Return edges in groups that have the same key."""
    found = defaultdict(list)
    for e in edges:
        found[key(e)].append(e)
    return list(found.values())


# Local derivatives -------------------------------------------------------------------------------


def local_derivatives(graph: Graph) -> Iterator[Slip]:
    """Yield each wrong local derivative in one place, in one layer, and wherever it occurs."""
    groups: dict[tuple[Any, ...], dict[int, Rule]] = defaultdict(dict)
    for e, (i, slot, x) in enumerate(graph.edges):
        name, count = graph.row(i).name, len(graph.nodes[i].operands)
        part = slot * 2 // count if name == "dot" else None if graph.row(i).variadic else slot
        for kind, words, rule, natural in rules_of(graph, e):
            yield Local(kind, words, {e: rule}, natural=natural)
            if kind != "one term":
                at = kind, words, natural
                groups[*at, "one node", name, None, i][e] = rule
                groups[*at, "a layer", name, part, graph.level[i], x in graph.leaves][e] = rule
                groups[*at, "everywhere", name, part][e] = rule
                groups[*at, "everywhere", name, "all"][e] = rule
                if kind in {"sign", "factor"}:
                    groups[*at, "one node", "", "all uses", x][e] = rule
    for (kind, words, natural, scope, name, part, *_), rules in groups.items():
        if len(rules) > 1:
            made = natural and likely(kind, scope, name, part)
            yield Local(kind, words, rules, scope=scope, natural=made)


def likely(kind: str, scope: str, name: str, part: Any) -> bool:
    """Whether a person slips in all these places at once: by a wrong belief, or layer by layer."""
    if scope == "one node":
        return kind == "factor" and name == "mean"
    if part != "all" and name in AT_OUTPUT.keys() | {"relu", "abs", "pow"}:
        believed = kind in {"wrong rule", "evaluated at output", "power"}
        return believed or (kind == "inner derivative" and name != "pow") or (kind, name) == ("sign", "cos")
    return scope == "a layer" and (kind, name) in {("swapped operand", "dot"), ("sign", "sub")}


def rules_of(graph: Graph, e: int) -> Iterator[tuple[str, str, Rule, bool]]:
    """Yield what may be taken for the local derivative on an edge: kind, words, rule, natural."""
    i, slot, _ = graph.edges[e]
    row, operands = graph.row(i), graph.nodes[i].operands
    both = len(operands) == 2 and all(isinstance(y, Value) for y in operands)
    unary = len(operands) == 1 and row.name != "neg"
    yield "sign", "the other sign", lambda p, z, *xs: -p, True
    inner = i != len(graph.nodes) - 1 and (unary or (not both and row.name in {"mul", "div", "pow"}))
    yield "inner derivative", "taken as 1", one, inner
    for n in counts(graph):
        natural = n == 2 or (row.variadic and n == len(operands))
        yield "factor", f"times {n}", lambda p, z, *xs, n=n: p * n, natural
        yield "factor", f"divided by {n}", lambda p, z, *xs, n=n: p / n, natural
    if both and row.name in {"mul", "div", "pow"}:
        depend = [{y} | graph.below[y] for y in (graph.index[y] for y in operands)]
        yield "one term", "left out", zero, bool(depend[0] & depend[1] & set(graph.leaves))
        yield "swapped operand", "that by the other operand", other_partial(graph, e), row.name != "mul"
    if row.name == "dot":
        yield "swapped operand", "itself", lambda p, z, *xs, k=slot: xs[k], True
        yield "one term", "left out", zero, False
    for words, rule in rules_for(SWAPPED, row.name, slot):
        yield "swapped operand", words, rule, both
    for words, rule in rules_for(WRONG_RULES, row.name, slot):
        yield "wrong rule", words, rule, True
    for words, rule in rules_for(AT_OUTPUT, row.name, slot):
        yield "evaluated at output", words, rule, True
    if row.name == "sqrt" or (row.name == "pow" and slot == 0 and not isinstance(operands[1], Value)):
        for words, rule in POWERS.items():
            root = row.name == "sqrt"
            yield "power", words, (lambda p, z, x, n=0.5, rule=rule: rule(p, z, x, n)), not root


def rules_for(rules: Mapping[str, Any], name: str, slot: int) -> list[tuple[str, Rule]]:
    """Return the rules for one operand of an operation; a dictionary holds for every operand."""
    found = rules.get(name, {})
    return list((found if isinstance(found, dict) else found[slot]).items())


def other_partial(graph: Graph, e: int) -> Rule:
    """Return the local derivative by the other of two operands."""
    i, slot, _ = graph.edges[e]
    return lambda p, z, x, y: graph.row(i).partials[1 - slot](z, x, y)


def counts(graph: Graph) -> list[int]:
    """Return the numbers that a person may forget or count twice: 2, how many terms, exponents."""
    found = {2}
    for i in graph.interior:
        operands = graph.nodes[i].operands
        if len(operands) > 2:
            found |= {len(operands), len(operands) // 2}
        found |= {int(abs(x)) for x in operands if isinstance(x, float) and x == int(x) and 2 < abs(x) < 100}
    return sorted(found - {1})


def whole_nodes(graph: Graph) -> Iterator[Slip]:
    """Yield means without their 1/n, of the primitive or a sum divided, and quotients without the square."""
    layers: dict[int, dict[int, Rule]] = defaultdict(dict)
    for i in graph.interior:
        name, operands = graph.row(i).name, graph.nodes[i].operands
        edges = [e for e, edge in enumerate(graph.edges) if edge.node == i]
        first = getattr(operands[0], "primitive", None)
        constant = name == "div" and not isinstance(operands[1], Value)
        if name == "mean":
            layers[graph.level[i]] |= dict.fromkeys(edges, one)
            for e in edges:
                yield Local("mean", "one share without 1/n", {e: one}, natural=False)
        if name == "mean" or (constant and first and first.name in {"add", "sum"} and operands[1] % 1 == 0):
            yield Local("mean", "without 1/n", dict.fromkeys(edges, one))
        if name == "div" and len(edges) == 2:
            yield Local(
                "wrong rule", "the divisor not squared", dict.fromkeys(edges, lambda p, z, x, y: p * y)
            )
    for edges_of_layer in layers.values():
        yield Local("mean", "without 1/n", edges_of_layer, scope="a layer")


# Gradients in the wrong place, and at another point ----------------------------------------------


def swapped_gradients(graph: Graph, matrices: Sequence[Matrix]) -> Iterator[Slip]:
    """Yield two gradients exchanged, dW transposed, and W in place of its transpose on the way back."""
    for i, j in combinations(graph.leaves, 2):
        yield Exchanged("two gradients exchanged", {i: j, j: i}, natural=not matrices)
    for first, second in combinations([m for m in matrices if len(m) > 1], 2):
        if [len(row) for row in first] == [len(row) for row in second]:
            places = dict(zip(flat(first), flat(second), strict=True))
            there = {j: i for i, j in places.items()}
            yield Exchanged("two matrices exchanged", places | there, scope="a layer")
    for matrix in matrices:
        if len(matrix) == len(matrix[0]) > 1:
            columns = [list(column) for column in zip(*matrix, strict=True)]
            places = dict(zip(flat(matrix), flat(columns), strict=True))
            yield Exchanged("dW transposed", places, scope="a layer")
            yield Local("swapped operand", "W for its transpose", transposed(graph, places), scope="a layer")


def transposed(graph: Graph, places: Mapping[int, int]) -> dict[int, Rule]:
    """Return rules that hand back the gradient of each activation by the transposed weight."""
    rules: dict[int, Rule] = {}
    for e, (i, slot, x) in enumerate(graph.edges):
        name, operands = graph.row(i).name, graph.nodes[i].operands
        if name == "mul":
            partner = operands[1 - slot]
        elif name == "dot" and slot < len(operands) // 2 * 2:
            n = len(operands) // 2
            partner = operands[slot - n if slot >= n else slot + n]
        else:
            continue
        weight = graph.index[partner] if isinstance(partner, Value) else -1
        if weight in places and x not in graph.leaves:
            rules[e] = lambda p, z, *xs, w=graph.nodes[places[weight]].data: w
    return rules


def flat(matrix: Iterable[Iterable[int]]) -> list[int]:
    """Return the elements, row by row."""
    return [x for row in matrix for x in row]


def other_points(graph: Graph, *, network: bool) -> Iterator[Slip]:
    """Yield the gradient at points that a person may take for the right one."""
    point = [graph.nodes[i].data for i in graph.leaves]
    few = not network
    for i, j in combinations(graph.leaves, 2):
        yield Elsewhere("inputs exchanged", exchanged(i, j), natural=few)
    for i in graph.leaves:
        words = "a sign dropped" if point[i] < 0 else "another sign"
        yield Elsewhere(words, negated({i}), natural=few and point[i] < 0)
        for number in (0.0, 1.0):
            yield Elsewhere(f"an input of {number:g}", constant({i: number}), natural=few)
    yield Elsewhere("all signs", negated(set(graph.leaves)), natural=False)
    yield Elsewhere("no signs", negated({i for i in graph.leaves if point[i] < 0}), natural=few)
    for number in (0.0, 1.0):
        yield Elsewhere(f"at {number:g}", constant(dict.fromkeys(graph.leaves, number)), natural=few)
    for rate in (0.01, 0.1, 0.5, 1.0):
        moved = {i: point[i] - rate * graph.right[i] for i in graph.leaves}
        yield Elsewhere("after an update", constant(moved), natural=rate == 0.1)


def exchanged(i: int, j: int) -> Move:
    """Return a move to the point where two leaves have each other's number."""
    places = {i: j, j: i}
    return lambda xs: [xs[places.get(k, k)] for k in range(len(xs))]


def negated(leaves: set[int]) -> Move:
    """Return a move to the point where these leaves have the other sign."""
    return lambda xs: [-x if i in leaves else x for i, x in enumerate(xs)]


def constant(numbers: Mapping[int, float]) -> Move:
    """Return a move to the point where these leaves have these numbers."""
    return lambda xs: [numbers.get(i, x) for i, x in enumerate(xs)]
