"""`compare`: a gradient derived by hand against autodiff; where they part, and the likely slip.

Room: the last one that looks at graphs. It reads the hand derivation in whatever form it
comes, looks at several points where it is a formula, and hands the numbers to `search`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.conversion import to_float
from autograd.errors import AutogradError, DomainError, LengthError, OperandError
from autograd.expression import Expression, parse
from autograd.search import Found, Search, agree
from autograd.slips import KINDS, Guess, Slip
from autograd.sweep import Graph, Sweep
from autograd.value import Value
from autograd.views.chain import Lesson, Writer
from autograd.views.setting import aligned, counted, joined, wrapped
from autograd.views.words import names, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from autograd.sweep import Vector

POINTS = 6
"""How many other points formulas are checked at."""

TRIES = 60
"""How many points are tried to find so many inside the domain."""

FULL = 12
"""A number of so many digits was not rounded by its writer."""

ROUNDED = 3
"""A number of so many digits may have been rounded; one of fewer is taken at its word."""

NEAR, NEAR_FORMULA = 1e-9, 1e-7
"""How near counts as equal, relative to the sum of absolute path products; a formula may cancel."""

CANCELLED = 1e-14
"""What a local derivative may be off by in itself: 1 - tanh(x)**2 has lost its digits where tanh is flat."""

MOST_DIGITS = 15
"""More digits than these are not told apart."""

SHOWN = 12
"""The most rows of a report."""


class CompareError(AutogradError, ValueError):
    """A hand derivation that cannot be read."""


class Row(NamedTuple):
    """One derivative, by hand and by autodiff.

    Attributes
    ----------
    name, node
        The Value by which the derivative is taken.
    hand, autodiff
        The two numbers at the recorded point.
    digits
        How many significant digits they have in common there, at most 15.
    verdict
        "agrees"; "differs"; "follows": wrong, but right if what was derived before it were right;
        or "cannot tell": both are 0 there, and what is multiplied by 0 may be anything.
    slips
        What explains this one, taken alone.
    where
        The point at which a formula differs, if it is not the recorded one.
    """

    name: str
    node: Value
    hand: float
    autodiff: float
    digits: int
    verdict: str
    slips: tuple[Slip, ...] = ()
    where: str = ""

    @property
    def wrong(self) -> bool:
        """Whether the two differ."""
        return self.verdict in {"differs", "follows"}


class Comparison(Lesson):
    """A hand derivation and what is right and wrong with it; made by `compare`.

    Attributes
    ----------
    rows
        A `Row` for each derivative.
    node
        The first Value, from the output, at which they part; None if they do not, or if
        it cannot be known.
    slips
        The slips that give all the hand's numbers, the likeliest first.
    points
        At how many points formulas were checked.
    reveal
        Whether the text may show the right numbers.
    """

    __slots__ = ("_alone", "_at", "_hints", "_kink", "_searched", "node", "points", "reveal", "rows", "slips")

    def __init__(
        self,
        rows: list[Row],
        node: Value | None,
        slips: tuple[Slip, ...],
        *,
        at: str,
        alone: str,
        searched: bool,
        kink: str,
        points: int,
        reveal: bool,
        hints: int,
    ) -> None:
        self.rows, self.node, self.slips = rows, node, slips
        self.points, self.reveal, self._at, self._hints = points, reveal, at, hints
        self._searched, self._kink = searched, kink
        self._alone = alone  # the name of the one derivative that the slips explain, if not all
        super().__init__("")
        self.text = "\n\n".join(["\n".join(section) for section in self._sections() if section])

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        return not any(row.wrong for row in self.rows)

    @property
    def slip(self) -> Slip | None:
        """The likeliest slip, if one explains everything that differs."""
        return self.slips[0] if self.slips else None

    @property
    def credit(self) -> float:
        """The share of derivatives that are right, or follow rightly from one that is not."""
        return sum(row.verdict != "differs" for row in self.rows) / len(self.rows)

    def __bool__(self) -> bool:
        return self.agrees

    def as_dict(self) -> dict[str, Any]:
        """Return what an autograder needs, for JSON; without the right numbers unless `reveal`."""
        rows = []
        for row in self.rows:
            entry: dict[str, Any] = {"name": row.name, "hand": _plain(row.hand), "verdict": row.verdict}
            entry |= {"autodiff": _plain(row.autodiff), "digits": row.digits} if self.reveal else {}
            rows.append(entry)
        told = self.reveal or self._hints > 1
        return {
            "agrees": self.agrees,
            "credit": round(self.credit, 6),
            "derivatives": rows,
            "parts_at": self._at if (self.reveal or self._hints) and not self.agrees else None,
            "slip": {"kind": self.slip.kind} | ({"words": self.slip.words} if self.reveal else {})
            if self.slip and told
            else None,
            "points": self.points,
        }

    # The text -------------------------------------------------------------------------------------

    def _sections(self) -> list[list[str]]:
        return [self._heading(), self._table(), self._where(), self._at_kink(), self._why()]

    def _heading(self) -> list[str]:
        wrong = sum(row.wrong for row in self.rows)
        count = len(self.rows)
        at = f", at {self.points} points" if self.points > 1 else ""
        if count == 1:
            verdict = f"the derivative {'differs' if wrong else 'agrees'}"
        elif not wrong:
            verdict = "both derivatives agree" if count == 2 else f"all {count} derivatives agree"  # noqa: PLR2004 - both
        else:
            verdict = f"{wrong} of {count} derivatives differ{'s' * (wrong == 1)}"
        return wrapped(f"By hand and by autodiff: {verdict}{at}.")

    def _table(self) -> list[str]:
        shown = (
            sorted(self.rows, key=lambda row: not row.wrong)[:SHOWN] if len(self.rows) > SHOWN else self.rows
        )
        head = ("by", "by hand", "by autodiff", "") if self.reveal else ("by", "by hand", "")
        lines: list[Any] = [head]
        for row in shown:
            numbers = [f"{row.hand + 0.0:.10g}"] + [f"{row.autodiff + 0.0:.10g}"] * self.reveal
            lines.append((row.name, *numbers, self._verdict(row)))
        if len(shown) < len(self.rows):
            lines.append(f"… and {counted(len(self.rows) - len(shown))} more")
        return aligned(lines)

    def _verdict(self, row: Row) -> str:
        if row.verdict == "agrees":
            return f"agree to {row.digits} digits" if self.reveal and row.digits < FULL else "agree"
        if row.verdict == "cannot tell":
            return "both 0 here, which cannot tell"
        if row.verdict == "follows":
            return "differ, as follows from the above"
        if row.where:
            return f"agree here, DIFFER at {row.where}" if self.reveal else "agree here, DIFFER elsewhere"
        return "DIFFER; right to its two digits, write four" if _too_short(row) else "DIFFER"

    def _where(self) -> list[str]:
        if self.agrees or not (self.reveal or self._hints):
            return []
        return wrapped(f"Read from the output on, they part at {self._at}.") if self._at else []

    def _at_kink(self) -> list[str]:
        if self.agrees or not self._kink:
            return []
        text = (
            f"Mind the kink: {self._kink} has no derivative at this point. What autodiff takes for one is "
            "a convention, which a derivation by hand need not share."
        )
        return wrapped(text)

    def _why(self) -> list[str]:
        if self.agrees or not (self.reveal or self._hints > 1):
            return []
        if self.slip is None:
            alone = [row for row in self.rows if row.verdict == "differs" and row.slips]
            if not self._searched:
                return wrapped("The graph is too large to search for the slip; compare a part of it.")
            stand = "; both numbers stand above" * self.reveal
            lines = wrapped(f"No single slip that is known here explains it{stand}.")
            if self.reveal and len(alone) > 0 and sum(row.verdict == "differs" for row in self.rows) > 1:
                lines += wrapped("Each taken alone, these would be explained:")
                for row in alone[:SHOWN]:
                    lines += wrapped(f"{row.name} ({row.slips[0].kind}): {row.slips[0].words}.", "    ")
            return lines
        if not self.reveal and self._hints < 3:  # noqa: PLR2004 - the third hint tells it
            return wrapped(f"Look for a slip of this kind: {self.slip.kind} ({KINDS[self.slip.kind]}).")
        slip, proof = self.slip, "Making it gives just what was derived by hand."
        if self._alone:
            proof = f"Made in the derivative by {self._alone} alone, it gives just that number."
        lines = wrapped(f"The likely slip ({slip.kind}): {slip.words}. {proof}")
        others = list(dict.fromkeys([slip.kind for slip in self.slips if slip.kind != self.slip.kind]))
        if others:
            lines += wrapped(f"Slips of other kinds give the same numbers: {joined(others, ', ', 60)}.")
        return lines


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
    x² and 2x, which agree at 2, are told apart. Operations are repeated there as recorded:
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
    reader = _Reader(graph)
    entries, arrays = reader.read(derived)
    sweeps = [graph.at({}), *reader.other_points(entries)]
    for sweep in sweeps:
        sweep.aim([entry.node for entry in entries])
    hands, tolerances = _numbers(sweeps, entries, reader)
    found = Search(sweeps, hands, tolerances, arrays).run()
    rows = _rows(sweeps, entries, hands, tolerances, found, reader)
    return _conclusion(reader, rows, found, sweeps, reveal=reveal, hints=hints)


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


# Reading the hand side ---------------------------------------------------------------------------


class _Entry(NamedTuple):
    """One derivative by hand: the node by which it is taken, and its numbers."""

    node: int
    name: str
    given: Any  # a float, or a function of a dict with the numbers of the names it uses
    uses: tuple[str, ...]  # names of the graph; empty for a number
    unit: float  # what the number may be off, from its rounding; 0 for a formula

    def at(self, numbers: Mapping[str, float], *, recorded: bool) -> float:
        """Return the derivative by hand at a point, nan if it has none there."""
        if not self.uses:
            return float(self.given)
        try:
            x = self.given({name: numbers[name] for name in self.uses})
            return to_float(x.data if isinstance(x, Value) else x)
        except (AutogradError, ArithmeticError, ValueError, TypeError) as error:
            if recorded:
                raise CompareError(
                    f"the derivative by {self.name} has no value at the recorded point: {error}"
                ) from error
            return math.nan


class _Reader:
    """Reads the hand derivation, with the names of the graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.named = names(graph.nodes)
        self.writer = Writer(graph.nodes)
        self.told: dict[Guess, Slip] = {}  # one slip may explain hundreds of derivatives
        self.by_name: dict[str, list[int]] = {}
        for node, name in self.named.items():
            self.by_name.setdefault(name, []).append(graph.index[node])

    def read(self, derived: Any) -> tuple[list[_Entry], list[Sequence[Any]]]:  # noqa: ANN401 - what a user passes
        """Return an entry for each derivative, and the arrays of Values among the keys."""
        if isinstance(derived, str) or not hasattr(derived, "__iter__"):
            raise OperandError(f"pass a dict such as {{x: 2.0}}; got {derived!r} ({type(derived).__name__})")
        pairs = list(derived.items() if isinstance(derived, Mapping) else derived)
        flat: list[tuple[Any, Any, str]] = []
        arrays: list[Sequence[Any]] = []
        for pair in pairs:
            if not isinstance(pair, tuple) or len(pair) != len(("key", "hand")):
                raise CompareError(f"pass a dict, or pairs of a Value and its derivative; got {pair!r}")
            key, hand = (getattr(x, "tolist", lambda x=x: x)() for x in pair)
            if isinstance(key, list | tuple):
                _flatten(key, hand, "", flat)
                arrays.append(key)
            else:
                flat.append((key, hand, ""))
        if not flat:
            raise CompareError("there is no derivative to compare; pass a dict such as {x: 2.0}")
        flat = [(key, _as_number(hand), place) for key, hand, place in flat]
        numbers = [hand for _, hand, _ in flat if isinstance(hand, int | float)]
        unit = _rounding(numbers)
        entries = [self.entry(key, hand, place, unit) for key, hand, place in flat]
        for entry in entries:
            if sum(other.node == entry.node for other in entries) > 1:
                raise CompareError(f"the derivative by {entry.name} is given twice")
        return entries, arrays

    def entry(self, key: Any, hand: Any, place: str, unit: Callable[[float], float]) -> _Entry:  # noqa: ANN401 - what a user passes
        """Read one derivative."""
        node = self.node(key)
        name = self.writer[self.graph.nodes[node]]
        if place and not self.graph.nodes[node].label:
            name = f"{name} at {place}"
        if isinstance(hand, str):
            hand = parse(hand)
        uses: tuple[str, ...] = ()
        if isinstance(hand, Expression):
            uses = tuple([x for x in hand.names if not self.unknown(x, name)])
        elif callable(hand):
            uses = self.parameters(hand, name)
        if uses:
            given = hand.evaluate if isinstance(hand, Expression) else _called(hand, uses)
            return _Entry(node, name, given, uses, 0.0)
        try:
            x = to_float(hand() if callable(hand) else hand)
        except (OperandError, DomainError) as error:
            raise type(error)(f"the derivative by {name}: {error}") from error
        if math.isnan(x):
            raise CompareError(f"the derivative by {name} is nan, which equals nothing")
        return _Entry(node, name, x, (), 0.0 if callable(hand) else unit(x))

    def node(self, key: Any) -> int:  # noqa: ANN401 - what a user passes
        """Return the number of the node that a key means."""
        if isinstance(key, Value):
            if key not in self.graph.index:
                raise CompareError(f"{key!r} is not in the graph of the output, whose derivative by it is 0")
            return self.graph.index[key]
        if not isinstance(key, str):
            raise OperandError(
                f"a derivative is by a Value, or by its label; got {key!r} ({type(key).__name__})"
            )
        if self.unknown(key, "") or len(self.by_name[key]) > 1:
            raise CompareError(f"{len(self.by_name[key])} Values are called {key!r}; pass the Value itself")
        return self.by_name[key][0]

    def unknown(self, name: str, derivative: str) -> bool:
        """Refuse a name that the graph has not, or that is not one Value's alone."""
        if name not in self.by_name:
            known = [name for node, name in self.named.items() if node.label] or [*self.by_name]
            where = f" in the derivative by {derivative}" if derivative else ""
            raise CompareError(
                f"nothing in the graph is called {name!r}{where}; it has {joined(known, ', ', 60)}"
            )
        return False

    def parameters(self, hand: Callable[..., Any], name: str) -> tuple[str, ...]:
        """Return which Values a function takes, by the names of its parameters."""
        from inspect import Parameter, signature

        try:
            found = signature(hand).parameters.values()
        except ValueError as error:
            raise CompareError(
                f"the function for {name} does not tell its parameters; write a lambda"
            ) from error
        if any(p.kind in {Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD} for p in found):
            raise CompareError(
                f"the function for {name} takes parameters without a name; call each like a Value it uses"
            )
        needed = [p.name for p in found if p.default is Parameter.empty]
        leaves = [self.named[leaf] for leaf in self.graph.nodes[: self.graph.leaves]]
        if len(needed) == 1 == len(leaves) and needed[0] not in self.by_name:
            return (leaves[0],)
        return tuple([x for x in needed if not self.unknown(x, name)])

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

    def numbers(self, sweep: Sweep) -> dict[str, float]:
        """Return the number of every name at a point."""
        return {name: sweep.data[places[0]] for name, places in self.by_name.items()}

    def other_points(self, entries: Sequence[_Entry]) -> list[Sweep]:
        """Move the inputs that formulas name, and compute there, where that is possible."""
        used = {name for entry in entries for name in entry.uses}
        if not used:
            return []
        named = {self.by_name[name][0] for name in used} | {entry.node for entry in entries if entry.uses}
        leaves = [i for i in sorted(named) if i < self.graph.leaves]
        interior = range(self.graph.leaves, len(self.graph.nodes))
        random, sweeps = Random(1), []  # noqa: S311 - points need not be secret
        for _ in range(TRIES):
            moved = {}
            for i in leaves:
                x = self.graph.nodes[i].data
                moved[i] = x + (1 + abs(x)) * random.choice((0.1, 0.4, 1.0)) * random.uniform(-1, 1)
            try:
                sweep = self.graph.at(moved)
            except (AutogradError, ArithmeticError):
                continue
            if (
                all(map(math.isfinite, (*sweep.data, *sweep.adjoints)))
                and next(_kinks(self.graph, sweep, interior), None) is None
            ):
                sweeps.append(sweep)
            if len(sweeps) == POINTS:
                break
        return sweeps


def _kinks(graph: Graph, sweep: Sweep, among: Iterable[int]) -> Iterator[int]:
    """List the operations that stand on a kink."""
    for i in among:
        kink = graph.nodes[i].primitive.kink  # type: ignore[union-attr]
        if kink is not None and kink.at(*sweep.operands(i)):
            yield i


def _as_number(hand: Any) -> Any:  # noqa: ANN401 - what a user passes
    """Read text that is a decimal fraction as a number, which may have been rounded; a formula is not."""
    try:
        return float(hand) if isinstance(hand, str) and "." in hand else hand
    except ValueError:
        return hand


def _called(function: Callable[..., Any], uses: Sequence[str]) -> Callable[[Mapping[str, float]], Any]:
    return lambda numbers: function(*[numbers[x] for x in uses])


def _flatten(key: Any, hand: Any, place: str, flat: list[tuple[Any, Any, str]]) -> None:  # noqa: ANN401 - nested lists
    """Pair the Values of an array with the numbers of another of the same shape."""
    keyed, given = isinstance(key, list | tuple), isinstance(hand, list | tuple)
    if keyed and given and len(key) == len(hand) and (place or _shape(key) == _shape(hand)):
        for i, (inner, number) in enumerate(zip(key, hand, strict=True)):
            _flatten(inner, getattr(number, "tolist", lambda number=number: number)(), f"{place}[{i}]", flat)
    elif keyed or given:
        where = f" at {place}" if place else ""
        turned = _shape(key)[::-1] == _shape(hand)
        advice = ": is it transposed? dl/dW has the shape of W" if turned else "; they must have one shape"
        raise LengthError(
            f"the Values{where} are an array {_shape_text(key)}, the derivatives {_shape_text(hand)}{advice}"
        )
    else:
        flat.append((key, hand, place))


def _shape(array: Any) -> tuple[int, ...]:  # noqa: ANN401 - nested lists
    shape: tuple[int, ...] = ()
    while isinstance(array, list | tuple):
        shape += (len(array),)
        array = array[0] if array else None
    return shape


def _shape_text(array: Any) -> str:  # noqa: ANN401 - nested lists
    return " × ".join(map(str, _shape(array))) or "of one number"


def _decimals(x: float) -> tuple[int, int]:
    """Return how many digits a number is written with, and the power of ten of its last one."""
    _, digits, exponent = Decimal(repr(float(x))).normalize().as_tuple()
    return len(digits), int(exponent)


def _too_short(row: Row) -> bool:
    """Whether a number of two digits, which may as well be exact, would be right if it was rounded."""
    if not math.isfinite(row.hand - row.autodiff):
        return False
    digits, last = _decimals(row.hand)
    return digits == ROUNDED - 1 and abs(row.hand - row.autodiff) <= 0.5 * 10.0**last


def _rounding(numbers: Sequence[float]) -> Callable[[float], float]:
    """Return how far off each of some numbers may be, if their writer rounded them all alike.

    A float does not keep the zeros at its end, so that 24.00 beside 8.003 shows its four digits only
    by the company it is in.
    """
    written = [_decimals(x) for x in numbers if math.isfinite(x) and x != 0]
    most = max([digits for digits, _ in written], default=FULL)
    last = min([exponent for _, exponent in written], default=0)

    def unit(x: float) -> float:
        if most >= FULL or not math.isfinite(x):
            return 0.0
        units = [10.0**last] if last <= -ROUNDED and len(numbers) > 1 else [0.0]  # rounded to decimals
        if x:
            digits = max(most, ROUNDED + 1)
            units.append(10.0 ** (math.floor(math.log10(abs(x))) + 1 - digits))
            units += [10.0 ** _decimals(x)[1]] if _decimals(x)[0] >= ROUNDED else []
        return max(units)

    return unit


# Comparing ---------------------------------------------------------------------------------------


def _numbers(
    sweeps: Sequence[Sweep],
    entries: Sequence[_Entry],
    reader: _Reader,
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


def _carried(sweep: Sweep, entries: Sequence[_Entry], hand: Vector) -> list[float]:
    """Run the sweep with what was derived by hand wherever there is something, as its author would."""
    given = {entry.node: float(x) for entry, x in zip(entries, hand, strict=True)}
    arrived = sweep.graph.swept(sweep.locals, given)
    return [arrived[entry.node] for entry in entries]


def _rows(  # noqa: PLR0917 - what was read, computed and found, in this order
    sweeps: Sequence[Sweep],
    entries: Sequence[_Entry],
    hands: Sequence[Vector],
    tolerances: Sequence[Vector],
    found: Found,
    reader: _Reader,
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
            where = joined([f"{x} = {number(reader.numbers(sweeps[p])[x])}" for x in entry.uses], ", ", 30)
        slips = tuple(reader.slips(alone or [], entry.node))
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
    reader: _Reader,
    rows: list[Row],
    found: Found,
    sweeps: Sequence[Sweep],
    *,
    reveal: bool,
    hints: int,
) -> Comparison:
    """Say where hand and autodiff part, and by which slip."""
    graph = reader.graph
    wrong = [row for row in rows if row.verdict == "differs"] or [row for row in rows if row.wrong]
    first = max(wrong, key=lambda row: graph.index[row.node], default=None)
    slips: tuple[Slip, ...] = ()
    alone = ""
    if first is not None:
        explained = found.together
        if not explained and len(wrong) == 1:  # derived for itself, perhaps, not like its neighbours
            x, alone = graph.index[first.node], first.name
            explained = [guess._replace(node=x) for guess in found.alone[rows.index(first)]]
        slips = tuple(reader.slips(explained, graph.index[first.node]))
    node = slips[0].node if slips else first.node if first is not None else None
    at = reader.writer.operation(node) if node is not None else ""
    kink = next(_kinks(graph, sweeps[0], _above(graph, {graph.index[row.node] for row in wrong})), None)
    return Comparison(
        rows,
        node,
        slips,
        at=at,
        alone=alone,
        searched=found.searched,
        kink="" if kink is None else reader.writer.operation(graph.nodes[kink]),
        points=len(sweeps),
        reveal=reveal,
        hints=hints,
    )


def _above(graph: Graph, nodes: set[int]) -> set[int]:
    """Return everything that was computed from some nodes."""
    found: set[int] = set()
    for step in reversed(graph.steps):
        if step.operand in nodes or step.operand in found:
            found.add(step.result)
    return found


def _plain(x: float) -> float | str:
    return x if math.isfinite(x) else str(x)
