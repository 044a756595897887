"""The chain rule, told for one gradient: its steps and its paths.

Room: views. Everything here follows from one list, `shares`: for a node, each operand that
is a Value with the local derivative by it. Counting paths and finding the largest are each
one pass over the topological order with those numbers.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.errors import AutogradError, OperandError
from autograd.graph import topological_order
from autograd.symbols import Symbol
from autograd.value import Value, gradients
from autograd.views.formula import Name, Term, applied, partials_in_terms
from autograd.views.local import local_derivatives, row_of
from autograd.views.setting import NO_BREAK, ROWS, Row, aligned, counted, cut, ends, joined, wrapped
from autograd.views.words import names, number, printable, save, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    from autograd.primitives import Primitive

LARGEST = 5
"""The most paths that are listed."""

WIDE = 6
"""The most operands that are written out."""


class ChainError(AutogradError, ValueError):
    """An explanation that cannot be saved in the way that was asked for."""


class Lesson:
    """Text for a reader; a notebook shows it as it is.

    Attributes
    ----------
    text
        The lesson, in lines of at most 80 columns.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def save(self, path: str | PathLike[str]) -> None:
        """Write the text to a file: `.txt`, or `.md` for Markdown.

        Raises
        ------
        ChainError
            If the name ends in anything else.
        """
        forms = {".txt": lambda: f"{self.text}\n", ".md": lambda: f"{self._repr_markdown_()}\n"}
        save(path, "an explanation", forms, ChainError)

    def _repr_markdown_(self) -> str:
        # four spaces make a block of code that nothing in a label can end
        return "\n".join([f"    {line}" if line else "" for line in self.text.split("\n")])

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {shortened(self.text.partition(chr(10))[0], 60)}>"


class Path(NamedTuple):
    """One way from the output to an input."""

    nodes: tuple[Value, ...]
    factors: tuple[float, ...]
    product: float


class Explanation(Lesson):
    """A derivative and where it comes from; made by `explain`.

    Attributes
    ----------
    derivative
        The derivative itself.
    path_count
        How many paths lead from the output to the input, exactly.
    paths
        The largest of them by the size of their product, at most five: each with its
        `nodes` from output to input, the `factors` between them, and their `product`.
    """

    __slots__ = ("derivative", "path_count", "paths")

    def __init__(self, text: str, derivative: float, path_count: int, paths: list[Path]) -> None:
        super().__init__(text)
        self.derivative = derivative
        self.path_count = path_count
        self.paths = paths


def explain(output: Value, wrt: Value) -> Explanation:
    """Explain why the derivative of a Value by another is the number it is.

    The composition or the paths that lead from one to the other, each step as upstream ×
    local derivative, what every kind of operation does with a gradient, and a check that
    moves `wrt` a little and computes again.

    Parameters
    ----------
    output
        The Value whose derivative is explained.
    wrt
        The Value, a leaf or not, by which it is taken.

    Raises
    ------
    OperandError
        If either is not a Value.
    StaleGraphError
        If a leaf was changed after it was used.

    Notes
    -----
    Linear in the size of the graph, however many paths there are. No `grad` is touched.

    Examples
    --------
    >>> a, b = Value(2.0, label="a"), Value(1.0, label="b")
    >>> explanation = explain((a + b) * (b + 1), wrt=b)
    >>> explanation.derivative, explanation.path_count
    (5.0, 2)
    >>> [path.product for path in explanation.paths]
    [3.0, 2.0]
    >>> print(explanation.text.splitlines()[0])
    How v3 changes with b: dv3/db = 5
    """
    check(output, wrt)
    interior, leaves = topological_order(output)
    reached = {wrt}
    reached.update(node for node in interior if node is not wrt and not reached.isdisjoint(node.parents))
    way = [node for node in interior if node in reached and node is not wrt]
    derivative, *adjoints = gradients(output, [wrt, *way])
    written = Writer(dict.fromkeys((*leaves, *interior, wrt)))
    z, x = written[output], written[wrt]
    heading = f"How {z} changes with {x}: d{z}/d{x} = {derivative + 0.0:.12g}"
    if not way:
        same = output is wrt
        why = (
            f"{z} is {x} itself: where one moves, the other moves with it."
            if same
            else f"No path leads from {x} to {z}: {z} was computed without {x}, and stays when {x} moves."
        )
        paths = [Path((output,), (), 1.0)] if same else []
        return Explanation("\n".join([*wrapped(heading), "", *wrapped(why)]), derivative, len(paths), paths)
    steps = {node: [share for share in shares(node) if share[1] in reached] for node in reversed(way)}
    count, paths = _count(output, wrt, steps), _largest(output, wrt, steps)
    sections = [
        wrapped(heading),
        _values(way, written),
        *(_composition(paths[0], written) if count == 1 else _sum(count, paths, steps, derivative, written)),
        _table(
            steps, dict(zip((wrt, *way), (derivative, *adjoints), strict=True)), written, single=count == 1
        ),
        _gates(way),
        _nudge(way, wrt, derivative, written),
    ]
    return Explanation("\n\n".join(map("\n".join, sections)), derivative, count, paths)


# Numbers -----------------------------------------------------------------------------------------


def check(*values: object) -> None:
    """Refuse what is not a Value."""
    for value in values:
        if type(value) is not Value:
            raise OperandError(
                f"an explanation is of a Value, by a Value; pass those, not "
                f"{value!r} ({type(value).__name__})",
            )


def shares(node: Value) -> list[tuple[int, Value, float]]:
    """List a node's operands that are Values: the slot, the operand, the local derivative by it."""
    slopes = zip(node.operands, local_derivatives(node), strict=True)
    return [(slot, x, slope) for slot, (x, slope) in enumerate(slopes) if slope is not None]


Steps = dict[Value, list[tuple[int, Value, float]]]
"""The shares of nodes, from the output on down."""


def uses(steps: Steps) -> Counter[Value]:
    """Count how often each node is used."""
    return Counter(x for step in steps.values() for _, x, _ in step)


def _count(output: Value, wrt: Value, steps: Steps) -> int:
    """Count the paths, exactly, without walking them: a node has as many as its consumers together."""
    counts = defaultdict(int, {output: 1})
    for node, step in steps.items():
        count = counts.pop(node)  # the numbers can be long; no more are kept than are needed
        for _, x, _ in step:
            counts[x] += count
    return counts[wrt]


class _Route(NamedTuple):
    product: float
    factor: float
    node: Value
    before: _Route | None


def _largest(output: Value, wrt: Value, steps: Steps) -> list[Path]:
    """Find the largest paths without walking all: those of a node begin as the largest of its consumers.

    A common factor keeps products in their order of size, so nothing larger is lost on the way.
    """
    routes: dict[Value, list[_Route]] = defaultdict(list, {output: [_Route(1.0, 1.0, output, None)]})
    for node, step in steps.items():
        kept = _best(routes.pop(node))
        for _, x, local in step:
            routes[x] += [_Route(route.product * local, local, x, route) for route in kept]
    return [_walked(route) for route in _best(routes[wrt])]


def _best(routes: list[_Route]) -> list[_Route]:
    return sorted(routes, key=lambda r: -1.0 if math.isnan(r.product) else abs(r.product), reverse=True)[
        :LARGEST
    ]


def _walked(route: _Route) -> Path:
    nodes, factors, here = [route.node], [], route
    while here.before is not None:
        factors.append(here.factor)
        here = here.before
        nodes.append(here.node)
    return Path(tuple(nodes[::-1]), tuple(factors[::-1]), route.product)


# The text of explain -----------------------------------------------------------------------------


class Writer:
    """Writes nodes by name, and the one operation of each as a formula in its parents' names."""

    def __init__(self, nodes: Iterable[Value]) -> None:
        self.named = names(nodes, room=12)

    def __getitem__(self, node: Value) -> str:
        return self.named[node]

    def operation(self, node: Value) -> str:
        """Write `z = x * y`, or the name alone of a leaf."""
        if node.primitive is None:
            return self[node]
        if len(node.operands) > WIDE:
            return f"{self[node]} = {printable(node.primitive.name)}(… {len(node.operands):,} operands …)"
        return f"{self[node]} = {_text(self.term(node))}"

    def partial(self, node: Value, slot: int) -> str:
        """Write `dz/dx = y`, or `dz/dx` alone if the row has no formula that helps a reader."""
        row, name = row_of(node), f"d{self[node]}/d{self[node.operands[slot]]}"
        if len(node.operands) > WIDE:
            return name
        z, whole = Term(Name(self[node], "")), self.term(node)
        operands = [term if isinstance(term.head, Name) else term.head for term in self.terms(node)]
        partial = partials_in_terms(row, z, operands)[slot]
        if isinstance(partial, Term) and whole.operands:
            partial = _rewritten(partial, _text(whole), z)
        text = _text(partial)
        return name if " == " in text else f"{name} = {text}"

    def terms(self, node: Value) -> list[Term]:
        """Return the operands of a node as terms of a formula."""
        return [Term(Name(self[x], "") if type(x) is Value else x) for x in node.operands]

    def term(self, node: Value) -> Term:
        """Return the operation of a node as a term, as a reader would write it."""
        return applied(row_of(node), self.terms(node))


def _rewritten(term: Term, whole: str, z: Term) -> Term:
    """Write the result's name where a partial repeats the operation: 1 - z ** 2 for 1 - tanh(x) ** 2."""
    if _text(term) == whole:
        return z
    return Term(term.head, tuple([_rewritten(x, whole, z) for x in term.operands]))


def _values(way: list[Value], written: Writer) -> list[str]:
    """Write the numbers that the explanation is about, and how those on the way were computed."""
    computed = set(way)
    nodes = list(dict.fromkeys(x for node in way for x in (*node.parents, node)))
    items = []
    for node in ends(nodes):
        if node is None:
            items.append("…")
        else:
            text = written.operation(node) if node in computed else written[node]
            items.append(cut(f"{text} = {number(node.data)}", 60).replace(" ", NO_BREAK))
    return wrapped(f"Here {', '.join(items)}.")


def _composition(path: Path, written: Writer) -> list[list[str]]:
    z, x, letters = written[path.nodes[0]], written[path.nodes[-1]], _letters(len(path.factors))
    if len(letters) == 1:
        return [wrapped(f"One operation leads from {x} to {z}; its local derivative is the answer:")]
    nested = x
    for letter in letters if len(letters) <= WIDE else [*letters[:2], None, *letters[-2:]]:
        nested = f"{letter}({nested})" if letter else f"… {nested} …"
    why = (
        f"One path leads from {x} to {z}, through {len(letters):,} operations, each applied to the result of "
        f"the one before; so {z} is a composition:"
    )
    rule = (
        "The chain rule: multiply the local derivatives. Begin with 1 at the output and read down; each step "
        "takes what has arrived from above (upstream) and multiplies it by its own local derivative:"
    )
    composed = f"    {z} = {nested}      {letters[0]} acts first, {letters[-1]} last"
    return [wrapped(why), [composed], wrapped(rule)]


def _letters(n: int) -> list[str]:
    return list("fgh"[:n]) if n <= len("fgh") else [f"f{i}" for i in range(1, n + 1)]


def _sum(
    count: int,
    paths: list[Path],
    steps: Steps,
    derivative: float,
    written: Writer,
) -> list[list[str]]:
    name = f"d{written[paths[0].nodes[0]]}/d{written[paths[0].nodes[-1]]}"
    shared = [written[node] for node, times in uses(steps).items() if times > 1]
    why = (
        f"{name} is a sum over {counted(count)} paths, because {joined(shared[::-1], ' and ', 40)} "
        f"{'is' if len(shared) == 1 else 'are'} used more than once. Along each path the chain rule "
        "multiplies the local derivatives, one for each arrow"
    )
    why += f"; the {LARGEST} largest:" if count > LARGEST else ":"
    rows: list[Row] = [
        (
            joined([written[node] for node in path.nodes], " → ", 34),
            joined([number(factor, 8) for factor in path.factors], " × ", 24),
            f"= {number(path.product)}",
        )
        for path in paths
    ]
    if count > len(paths):
        more = derivative - sum(path.product for path in paths)
        together = f", together {number(more)}" if math.isfinite(more) else ""
        rows.append(f"… and {counted(count - len(paths))} more path{'s'[: count - len(paths) - 1]}{together}")
    if len({path.nodes for path in paths}) < len(paths):
        rows.append("Paths that look alike differ: an operation uses one Value in two places.")
    rule = (
        "Backward need not walk the paths one by one. It visits every node once, from the output on down, "
        "adds up the shares that reach it (upstream), and only then multiplies by each local derivative:"
    )
    total = f"The sum is {name} = {derivative + 0.0:.12g}."
    return [wrapped(why), aligned([*rows, total]), wrapped(rule)]


def _table(steps: Steps, adjoints: dict[Value, float], written: Writer, *, single: bool) -> list[str]:
    """Write a row for every step, and one wherever shares are added up."""
    arrived: dict[Value, list[float]] = defaultdict(list)
    times = uses(steps)
    events: list[Any] = []
    for node, step in steps.items():
        for slot, x, local in step:
            events.append((node, slot, local))
            arrived[x].append(adjoints[node] * local)
            if len(arrived[x]) == times[x] > 1:
                events.append(x)
    letters = _letters(len(events))[::-1] if single else [""] * len(events)
    shown = ends(list(zip(letters, events, strict=True)))
    rows: list[Row] = [("operation", "local derivative", "upstream × local")]
    told = None
    for pair in shown:
        if pair is None:
            rows.append(f"… {len(events) - ROWS:,} more rows …")
        elif type(pair[1]) is Value:
            node = pair[1]
            shares = joined([number(share) for share in arrived[node]], " + ", 44)
            rows.append(f"{written[node]} adds up {shares} = {number(adjoints[node])}")
        else:
            letter, (node, slot, local) = pair
            operation = "" if node is told else f"{letter}: {written.operation(node)}".removeprefix(": ")
            upstream, factor = number(adjoints[node], 9), number(local, 9)
            product = f"{upstream:>7} × {factor:<7} = {number(adjoints[node] * local, 9)}"
            rows.append((operation, written.partial(node, slot), product))
            told = node
    return aligned(rows)


def _gates(way: list[Value]) -> list[str]:
    """Say what each kind of operation on the way does with the gradient."""
    lines = ["What each kind of operation does with the gradient that reaches it:", ""]
    for row in dict.fromkeys(map(row_of, reversed(way))):
        name = row.name.strip("_")
        lines += wrapped(f"{shortened(printable(name), 20)} {row.gate or _in_general(row)}.", "    ")
    return lines


def _in_general(row: Primitive) -> str:
    if row.variadic:
        return "multiplies it, for every operand, by the local derivative by that operand"
    letters = "xy" if len(row.partials) <= len("xy") else [f"x{i}" for i, _ in enumerate(row.partials, 1)]
    z, *operands = [Term(Name(letter, "")) for letter in ("z", *letters[: len(row.partials)])]
    factors = [_text(partial(z, *operands)) for partial in row.partials]
    texts = [f"by {factor} on the way to {x}" for factor, x in zip(factors, letters, strict=False)]
    return f"multiplies it {', '.join(texts)}, where z is the result"


def _text(partial: Any) -> str:  # noqa: ANN401 - a term, or a number where the row gives one
    return str(partial.written(Symbol)) if isinstance(partial, Term) else number(float(partial))


def _nudge(way: list[Value], wrt: Value, derivative: float, written: Writer) -> list[str]:
    """Move the input a little, compute again, and compare."""
    output, here = way[-1], wrt.data
    moved = here + 1e-4 * max(1.0, abs(here))
    h = moved - here  # what the sum was rounded to
    title = f"A check: move {written[wrt]} from {here:.8g} to {moved:.8g}, by h = {h:.3g}, and compute again."
    numbers = {wrt: moved}
    try:
        for node in way:
            operands = [numbers.get(x, x.data) if type(x) is Value else x for x in node.operands]
            numbers[node] = row_of(node).of_floats(*operands)
    except (ArithmeticError, ValueError) as error:
        return wrapped(f"{title} That cannot be done here: {error}.")
    change, expected = numbers[output] - output.data, derivative * h
    agree = math.isclose(change, expected, rel_tol=0.01, abs_tol=0.01 * h)
    rows: list[Row] = [
        (f"{written[output]} changes by", f"{change + 0.0:.6g}"),
        ("derivative × h is", f"{expected + 0.0:.6g}"),
    ]
    verdict = (
        "They agree; the smaller h, the closer."
        if agree
        else "They differ: the slope itself changes within this step (a kink, a pole, a steep bend), or "
        "so small a change cannot be seen beside the rounding of the numbers."
    )
    return [*wrapped(title), "", *aligned(rows), "", *wrapped(verdict)]
