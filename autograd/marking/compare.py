"""`compare`: a gradient derived by hand against autodiff; where they part, and the likely slip.

Room: the last one that looks at graphs. The hand derivation is read by `derivation`, and made into
numbers here, at several points where it is a formula; `search` finds the slips that give them.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from autograd.errors import OperandError
from autograd.marking.comparison import Comparison, Row
from autograd.marking.derivation import Reader
from autograd.marking.points import kinks, other_points
from autograd.marking.search import Found, Search, agree
from autograd.marking.slips import Slip
from autograd.marking.sweep import Graph
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from autograd.marking.derivation import Entry
    from autograd.marking.slips import Guess
    from autograd.marking.sweep import Sweep, Vector
    from autograd.views.chain import Writer

NEAR, NEAR_FORMULA = 1e-9, 1e-7
"""How near counts as equal, relative to the sum of absolute path products; a formula may cancel."""

CANCELLED = 1e-14
"""What a local derivative may be off by in itself: 1 - tanh(x)**2 has lost its digits where tanh is flat."""

MOST_DIGITS = 15
"""More digits than these are not told apart."""


def compare(
    output: Value,
    derived: Mapping[Any, Any] | Iterable[tuple[Any, Any]],
    *,
    reveal: bool = True,
    hints: int = 0,
) -> Comparison:
    """Compare derivatives derived by hand with autodiff, and find the slip if they differ.

    Parameters
    ----------
    output
        The Value that was differentiated.
    derived
        For each Value, or its label, the derivative of `output` by it: a number; a formula as
        text, in the labels of the graph; or a function whose parameters are called like the
        labels. Interior Values may be among them, which makes the answer more certain. Or
        pairs of an array of Values, as nested lists, and an array of numbers of that shape.
    reveal
        If false, the text and the JSON tell right from wrong and no more: not the right
        numbers, nor where and why, unless `hints` say so.
    hints
        With ``reveal=False``: 1 says where they part, 2 also the kind of slip, 3 the slip.

    Returns
    -------
    Comparison
        True in an `if` when nothing differs. Print it.

    Raises
    ------
    CompareError
        If the hand derivation cannot be read: a name that is not in the graph, an
        array of another shape.
    ExpressionError
        If a formula is not an expression; it is never run as code.
    StaleGraphError
        If a leaf was changed after it was used.

    Notes
    -----
    A number counts as equal if it is right to the digits that are written, three or more. A
    formula is checked at up to six more points, at which the inputs it names are moved; so
    x² and 2x, which agree at 2, are told apart. Where all these leave a relu, a max or the like
    on one side, up to six points beyond are looked for. Operations are repeated there as recorded:
    a Python `if` is not decided again.

    Slips are found by making them, at every operation of the graph; its cost is some dozen
    sweeps for each. No slip is named that does not give the numbers derived by hand.

    Examples
    --------
    >>> x, y = Value(2.0, label="x"), Value(0.5, label="y")
    >>> z = (x * y).tanh()
    >>> print(compare(z, {x: "1 - tanh(x*y)**2", y: "(1 - tanh(x*y)**2) * x"}))
    By hand and by autodiff: 1 of 2 derivatives differs, at 7 points.
    <BLANKLINE>
        by  by hand        by autodiff
        x   0.4199743416   0.2099871708  DIFFER
        y   0.8399486832   0.8399486832  agree
    <BLANKLINE>
    Read from the output on, they part at x.
    <BLANKLINE>
    The likely slip (inner derivative): In v1 = x * y, the local derivative dv1/dx =
    y is missing from the product (taken as 1). Making it gives just what was
    derived by hand.
    """
    if type(output) is not Value:
        raise OperandError(
            f"compare takes the output, a Value, first; got {output!r} ({type(output).__name__})"
        )
    graph = Graph(output)
    reader = Reader(graph)
    entries, arrays = reader.read(derived)
    inputs = reader.inputs(entries)
    near, beyond = other_points(graph, inputs)
    sweeps = [graph.at({}), *near, *beyond]
    for sweep in sweeps:
        sweep.aim([entry.node for entry in entries])
    hands, tolerances = _numbers(sweeps, entries, reader)
    found = Search(sweeps, hands, tolerances, arrays).run()
    if beyond and not found.together:  # who forgets a gate may slip before it as well
        here = len(sweeps) - len(beyond)
        found = found.or_else(Search(sweeps[:here], hands[:here], tolerances[:here], arrays).run())
    words = _Words(graph, reader.writer)
    rows = _rows(sweeps, entries, hands, tolerances, found, reader, words)
    return _conclusion(words, rows, found, sweeps, reveal=reveal, hints=hints)


def assert_gradients_match(output: Value, derived: Mapping[Any, Any] | Iterable[tuple[Any, Any]]) -> None:
    """Fail a test with the report of `compare` unless a derivation by hand agrees with autodiff.

    Raises
    ------
    AssertionError
        If something differs; its message is the report.

    Examples
    --------
    >>> x = Value(3.0, label="x")
    >>> assert_gradients_match(x**2, {x: "2*x"})
    """
    __tracebackhide__ = True
    report = compare(output, derived)
    if not report.agrees:
        raise AssertionError(f"the gradients differ\n{report}")


def _numbers(
    sweeps: Sequence[Sweep],
    entries: Sequence[Entry],
    reader: Reader,
) -> tuple[list[Vector], list[Vector]]:
    """Return the hand's numbers at each point, nan where it has none, and how near is near enough."""
    import numpy as np

    hands = np.full((len(sweeps), len(entries)), math.nan)
    tolerances = np.zeros(hands.shape)
    for p, sweep in enumerate(sweeps):
        numbers = reader.numbers(sweep)
        for t, entry in enumerate(entries):
            tolerances[p, t] = (NEAR_FORMULA if entry.uses else NEAR) * sweep.scale[entry.node] + entry.unit
            tolerances[p, t] += CANCELLED * sweep.slack[entry.node] if entry.uses else 0.0
            if p == 0 or entry.uses:
                hands[p, t] = entry.at(numbers, recorded=p == 0)
    right = agree(np.array([sweeps[0].adjoints[entry.node] for entry in entries]), hands[0], tolerances[0])
    constant = np.array([bool(entry.uses) for entry in entries]) & (hands == hands[0]).all(axis=0)
    tolerances[~np.isfinite(tolerances)] = 0.0  # next to an infinite slope, all would be near
    hands[1:, constant & ~right] = math.nan  # a function that is a wrong constant is a wrong number, no more
    return list(hands), list(tolerances)


def _carried(sweep: Sweep, entries: Sequence[Entry], hand: Vector) -> list[float]:
    """Run the sweep with what was derived by hand wherever there is something, as its author would."""
    given = {entry.node: float(x) for entry, x in zip(entries, hand, strict=True)}
    arrived = sweep.graph.swept(sweep.locals, given)
    return [arrived[entry.node] for entry in entries]


def _rows(  # noqa: PLR0917 - what was read, computed and found, in this order
    sweeps: Sequence[Sweep],
    entries: Sequence[Entry],
    hands: Sequence[Vector],
    tolerances: Sequence[Vector],
    found: Found,
    reader: Reader,
    words: _Words,
) -> list[Row]:
    """Give each derivative its verdict."""
    rows = []
    carried = _carried(sweeps[0], entries, hands[0])
    rough = max(
        [entry.unit / abs(entry.given) for entry in entries if entry.unit and entry.given], default=0.0
    )
    for t, entry in enumerate(entries):
        hand, autodiff = float(hands[0][t]), sweeps[0].adjoints[entry.node]
        alone = found.alone.get(t)
        near = tolerances[0][t] + rough * abs(carried[t])
        if alone is None:
            hidden = all(sweep.scale[entry.node] == 0 for sweep in sweeps) and autodiff == 0
            verdict = "cannot tell" if hidden else "agrees"
        else:
            moved = not agree(carried[t], autodiff, tolerances[0][t])
            follows = not entry.uses and moved and agree(carried[t], hand, near)
            verdict = "follows" if follows else "differs"
        where = ""
        differs = [
            p for p, sweep in enumerate(sweeps) if not agree(sweep.base[t], hands[p][t], tolerances[p][t])
        ]
        if differs and differs[0] > 0:
            p = differs[0]
            where = reader.place(sweeps[p], entries)
        slips = tuple(words.slips(alone or [], entry.node))
        node = reader.graph.nodes[entry.node]
        rows.append(Row(entry.name, node, hand, autodiff, _digits(hand, autodiff), verdict, slips, where))
    return rows


def _digits(hand: float, autodiff: float) -> int:
    """Count the significant digits that two numbers have in common."""
    if hand == autodiff:
        return MOST_DIGITS
    error = abs(hand - autodiff) / max(abs(autodiff), abs(hand))
    return max(0, min(MOST_DIGITS, math.floor(-math.log10(2 * error)))) if math.isfinite(error) else 0


def _conclusion(
    words: _Words,
    rows: list[Row],
    found: Found,
    sweeps: Sequence[Sweep],
    *,
    reveal: bool,
    hints: int,
) -> Comparison:
    """Say where hand and autodiff part, and by which slip."""
    graph = words.graph
    wrong = [row for row in rows if row.verdict == "differs"] or [row for row in rows if row.wrong]
    first = max(wrong, key=lambda row: graph.index[row.node], default=None)
    slips: tuple[Slip, ...] = ()
    alone = ""
    if first is not None:
        explained = found.together
        if not explained and len(wrong) == 1:  # derived for itself, perhaps, not like its neighbours
            x, alone = graph.index[first.node], first.name
            explained = [guess._replace(node=x) for guess in found.alone[rows.index(first)]]
        slips = tuple(words.slips(explained, graph.index[first.node]))
    node = slips[0].node if slips else first.node if first is not None else None
    at = words.writer.operation(node) if node is not None else ""
    kink = next(kinks(graph, sweeps[0], graph.above({graph.index[row.node] for row in wrong})), None)
    return Comparison(
        rows,
        node,
        slips,
        at=at,
        alone=alone,
        searched=found.searched,
        kink="" if kink is None else words.writer.operation(graph.nodes[kink]),
        points=len(sweeps),
        one_side=found.one_side,
        reveal=reveal,
        hints=hints,
    )


class _Words:
    """Writes the nodes of a graph, and the slips found there."""

    def __init__(self, graph: Graph, writer: Writer) -> None:
        self.graph, self.writer = graph, writer
        self.told: dict[Guess, Slip] = {}  # one slip may explain hundreds of derivatives

    def slips(self, guesses: Sequence[Guess], node: int) -> Iterator[Slip]:
        """Put slips into words; one that is about no Value in particular is about `node`."""
        for guess in dict.fromkeys(guesses):
            if guess not in self.told:
                self.told[guess] = self.slip(guess)
            slip = self.told[guess]
            yield slip._replace(node=self.graph.nodes[node]) if guess.kind == "another point" else slip

    def slip(self, guess: Guess) -> Slip:
        """Put a slip into words."""
        words = re.sub(r"\{(\d+)\}", self.written, guess.words)
        if guess.step is not None and words[0].islower():
            step = self.graph.steps[guess.step]
            result = self.graph.nodes[step.result]
            partial = self.writer.partial(result, step.slot)
            words = f"In {self.writer.operation(result)}, the local derivative {partial} {words}"
        return Slip(guess.kind, self.graph.nodes[guess.node], words)

    def written(self, number: re.Match[str]) -> str:
        """Write the node of which some words have the number, with its operation."""
        return self.writer.operation(self.graph.nodes[int(number[1])])
