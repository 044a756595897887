"""What `compare` found, and how it is told: as text, and as a dict for an autograder.

Room: behind `compare`. Nothing here looks at a graph.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.marking.derivation import FULL, ROUNDED, decimals
from autograd.marking.slips import KINDS
from autograd.views.chain import Lesson
from autograd.views.setting import aligned, counted, joined, wrapped

if TYPE_CHECKING:
    from autograd.marking.slips import Slip
    from autograd.value import Value

SHOWN = 12
"""The most rows of a report."""


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

    __slots__ = (
        *("_alone", "_at", "_hints", "_kink", "_one_side", "_searched"),
        *("node", "points", "reveal", "rows", "slips"),
    )

    def __init__(
        self,
        rows: list[Row],
        node: Value | None,
        slips: tuple[Slip, ...],
        *,
        at: str,
        alone: str,
        searched: bool,
        one_side: bool,
        kink: str,
        points: int,
        reveal: bool,
        hints: int,
    ) -> None:
        self.rows, self.node, self.slips = rows, node, slips
        self.points, self.reveal, self._at, self._hints = points, reveal, at, hints
        self._searched, self._one_side, self._kink = searched, one_side, kink
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
        slip, proof = self.slip, "Making it gives just what was derived by hand"
        if self._alone:
            proof = f"Made in the derivative by {self._alone} alone, it gives just that number"
        proof += ", until an operation goes over its kink." if self._one_side else "."
        lines = wrapped(f"The likely slip ({slip.kind}): {slip.words}. {proof}")
        others = list(dict.fromkeys([slip.kind for slip in self.slips if slip.kind != self.slip.kind]))
        if others:
            lines += wrapped(f"Slips of other kinds give the same numbers: {joined(others, ', ', 60)}.")
        return lines


def _too_short(row: Row) -> bool:
    """Whether a number of two digits, which may as well be exact, would be right if it was rounded."""
    if not math.isfinite(row.hand - row.autodiff):
        return False
    digits, last = decimals(row.hand)
    return digits == ROUNDED - 1 and abs(row.hand - row.autodiff) <= 0.5 * 10.0**last


def _plain(x: float) -> float | str:
    return x if math.isfinite(x) else str(x)
