"""What is put before the checker: a problem, what was derived by hand, and which answers are right.

Different slips may give the same numbers. All that do, among every slip that can be made on the
graph, are right answers; so are the nodes that each of them makes the first to be wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import DomainError
from tests.slips.catalogue import KINDS, Bypass
from tests.slips.forms import handed_in
from tests.slips.graphs import near
from tests.slips.terms import UnwritableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from tests.slips.catalogue import Slip
    from tests.slips.forms import Given
    from tests.slips.problems import Problem


class Case(NamedTuple):
    """One question to the checker.

    `kinds` and `nodes` are the right answers; without kinds, there is no slip to be named.
    """

    group: str
    form: str
    problem: Problem
    derived: Any
    words: str
    scope: str = ""
    kinds: frozenset[str] = frozenset()
    nodes: frozenset[int] = frozenset()
    agrees: bool = False

    def __str__(self) -> str:
        names = [self.problem.graph.nodes[i].label or f"node {i}" for i in sorted(self.nodes)]
        return (
            f"{self.group}, {self.form}: {self.words}\n  {self.problem}\n  by hand {shown(self)}\n"
            f"  right answers {', '.join(sorted(self.kinds)) or 'none'}; at {', '.join(names) or 'no node'}"
        )


def shown(case: Case) -> str:
    """Write what was derived by hand, nodes by their place in the graph."""
    derived = case.derived.items() if isinstance(case.derived, dict) else case.derived
    parts = []
    for key, hand in derived:
        if isinstance(key, str):
            name = key
        elif isinstance(key, list):
            name = "array"
        else:
            name = key.label or f"node {case.problem.graph.index[key]}"
        parts.append(f"{name}: {getattr(hand, '__doc__', None) if callable(hand) else repr(hand)}")
    return ", ".join(parts)


# Which answers are right -------------------------------------------------------------------------


def explanations(problem: Problem, given: dict[int, Given]) -> tuple[frozenset[str], frozenset[int]]:
    """Return every kind of slip that gives these numbers, and the nodes where it may be.

    Who derives one number after the other may slip for one of them alone. So where a single one
    is wrong, a slip explains it that gives this number, whatever it would give for others; it may
    be anywhere on the way there that is not known to be right.
    """
    graph = problem.graph
    wrong = {i for i, x in given.items() if not near(graph.right[i], *x)}
    alone = len(wrong) == 1 and not problem.matrices
    kinds: set[str] = set()
    nodes: set[int] = set()
    for slip, adjoints in problem.slips:
        if not all(near(adjoints[i], *given[i]) for i in wrong):
            continue
        if all(near(adjoints[i], *x) for i, x in given.items()):
            kinds.add(slip.kind)
            nodes |= slip.nodes(graph, adjoints)
        elif alone:
            found = {i for i in slip.nodes(graph, adjoints) if wrong & {i, *graph.below[i]}}
            found -= given.keys() - wrong
            if found or slip.kind == "another point":
                kinds.add(slip.kind)
                nodes |= found
    return frozenset(kinds), frozenset(nodes)


def visible(problem: Problem, given: dict[int, Given]) -> bool:
    """Whether the numbers are wrong by far more than rounding."""
    right = problem.graph.right
    largest = max(abs(right[i]) for i in given)
    return any(
        abs(x.number - right[i]) > max(1e-3 * abs(right[i]), 1e-4 * largest, 300 * x.unit)
        for i, x in given.items()
    )


# Cases -------------------------------------------------------------------------------------------


def slips(random: Random, problems: list[Problem], forms: Sequence[str], count: int) -> Iterator[Case]:
    """Yield `count` cases of every kind in every form."""
    for kind in KINDS:
        for form in forms:
            found = 0
            for _ in range(400 * count):
                problem = random.choice(problems)
                slip_found = choose(random, problem, kind)
                if slip_found is None:
                    continue
                slip, adjoints = slip_found
                if form == "staged" and isinstance(slip, Bypass):
                    continue  # which says nothing about the nodes on the way
                case = case_of(random, problem, slip, adjoints, form)
                if case is not None:
                    found += 1
                    yield case
                if found == count:
                    break


def choose(random: Random, problem: Problem, kind: str) -> tuple[Slip, list[float]] | None:
    """Choose a slip of one kind: where first, then which."""
    scopes = ["one place"] * 4 + ["everywhere"]
    if problem.matrices:
        scopes = ["one place", "one node", "a layer", "everywhere"]
    scope = random.choice(scopes)
    found = problem.natural.get((kind, scope))
    return random.choice(found[random.choice(sorted(found))]) if found else None


def case_of(
    random: Random, problem: Problem, slip: Slip, adjoints: Sequence[float], form: str
) -> Case | None:
    """Return the case of a person who makes this slip, if it shows in this form."""
    try:
        derived, given = handed_in(problem, slip, adjoints, form, random)
    except (UnwritableError, DomainError):
        return None
    if not visible(problem, given):
        return None
    kinds, nodes = explanations(problem, given)
    return Case(slip.kind, form, problem, derived, str(slip), slip.scope, kinds, nodes)
