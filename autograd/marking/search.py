"""The search for the slip: make each that may have been made, and keep what gives the hand's numbers.

Room: behind `compare`. It knows nothing of how the person went about it; so a slip that is
found is one that *would* give these numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.marking.slips import KINDS, Guess, Shape, at_another_point, guesses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd.marking.sweep import Sweep, Vector

LARGEST, LONGEST = 10_000_000, 10_000
"""The most products of Values and targets, and the most Values, for which slips are searched."""

FEW = 12
"""Where no more derivatives are wrong, what explains one of them is looked at too."""

RANKS = {kind: rank for rank, kind in enumerate(KINDS)}


def likeliest_first(guess: Guess) -> tuple[int, bool]:
    """Sort by the kind, and the whole before its parts."""
    return RANKS[guess.kind], guess.step is not None


class Found(NamedTuple):
    """What slips explain: all targets together, or one of them alone (by its place)."""

    together: list[Guess]
    alone: dict[int, list[Guess]]
    searched: bool  # false for a graph that is too large
    one_side: bool = False  # whether no slip explains what was derived beyond the gates as well

    def or_else(self, here: Found) -> Found:
        """Explain by what was found without the points beyond gates what is not explained otherwise."""
        alone = {t: guesses or here.alone.get(t, []) for t, guesses in self.alone.items()}
        return Found(here.together, alone, self.searched, one_side=alone != self.alone or bool(here.together))


class Search:
    """A hand derivation at one or more points, and the slips that give it.

    Parameters
    ----------
    sweeps
        The graph at these points, aimed at the targets.
    hands, tolerances
        At each point, for each target, the hand derivation and how near is near enough;
        nan where it says nothing.
    arrays
        Nested lists of Values that belong together, such as a matrix of weights.
    """

    def __init__(
        self,
        sweeps: Sequence[Sweep],
        hands: Sequence[Vector],
        tolerances: Sequence[Vector],
        arrays: Sequence[Sequence[Any]],
    ) -> None:
        import numpy as np

        graph, self.arrays = sweeps[0].graph, arrays
        self.points = list(zip(sweeps, hands, tolerances, strict=True))
        self.wrong = np.zeros(len(sweeps[0].targets), dtype=bool)
        for sweep, hand, tolerance in self.points:
            self.wrong |= ~agree(sweep.base, hand, tolerance)
        small = len(graph.nodes) * len(self.wrong) <= LARGEST and len(graph.nodes) <= LONGEST
        self.found = Found([], {int(t): [] for t in np.flatnonzero(self.wrong)}, searched=small)

    def run(self) -> Found:
        """Make every slip, and keep those that give what the hand derivation gives."""
        import numpy as np

        if self.wrong.any() and self.found.searched:
            with np.errstate(all="ignore"):
                shape = Shape(self.points[0][0], self.wrong, self.arrays, self.plausible, self.reaching)
                for guess in guesses(shape):
                    self.consider(guess)
                if not self.found.together:
                    for guess in at_another_point(shape):
                        self.consider(guess)
        for explained in (self.found.together, *self.found.alone.values()):
            explained.sort(key=likeliest_first)
        return self.found

    def plausible(self, k: int) -> bool:
        """Whether one number for the local derivative of a step could explain everything that is wrong.

        Where little is wrong, it is enough if it could explain some of it.
        """
        import numpy as np

        sweep, hand, tolerance = self.points[0]
        step = sweep.graph.steps[k]
        effect = sweep.adjoints[step.result] * sweep.influence[step.operand]
        if self.wrong.sum() <= FEW or not effect.any():
            return bool(effect[self.wrong].any())
        most = int(np.argmax(np.abs(effect)))
        change = (hand[most] - sweep.base[most]) / effect[most]
        return bool(agree(sweep.base + change * effect, hand, 2 * tolerance).all())

    def reaching(self, steps: list[int]) -> bool:
        """Whether other local derivatives in some steps could change all that is wrong; a little, some of it.

        None of the steps is below another: then what has no influence now has none with other numbers.
        """
        import numpy as np

        changed = np.zeros(len(self.wrong), dtype=bool)
        for sweep, _, _ in self.points:
            taken = [sweep.graph.steps[k] for k in steps]
            operands = [step.operand for step in taken if sweep.adjoints[step.result] != 0]
            changed |= (sweep.influence[operands] != 0).any(axis=0)
        reached = changed[self.wrong]
        return bool(reached.any() if len(reached) <= FEW else reached.all())

    def consider(self, guess: Guess) -> None:
        """Keep a guess for what it explains at every point."""
        import numpy as np

        alike = np.ones(len(self.wrong), dtype=bool)
        for sweep, hand, tolerance in self.points:
            alike &= agree(guess.make(sweep), hand, tolerance)
            if not (alike & self.wrong).any():
                return
        if alike.all():
            self.found.together.append(guess)
        for t in np.flatnonzero(alike & self.wrong):
            self.found.alone[int(t)].append(guess)


def agree(got: Vector | float, hand: Vector | float, tolerance: Vector | float) -> Any:  # noqa: ANN401 - bool, or an array of it
    """Tell where numbers are as near as they should be; nan by hand says nothing, and so agrees."""
    import numpy as np

    with np.errstate(invalid="ignore"):  # inf - inf
        near = np.isfinite(got) & np.isfinite(hand) & (np.abs(got - hand) <= tolerance)
    return np.isnan(hand) | (got == hand) | near
