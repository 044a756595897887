"""The forms in which a person hands in a derivation: numbers, formulas, functions, arrays."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd.expression import parse
from tests.slips.catalogue import Elsewhere
from tests.slips.terms import Term, UnwritableError, write

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from random import Random

    from autograd import Value
    from tests.slips.catalogue import Slip
    from tests.slips.problems import Problem

FORMS = ("numbers", "rounded", "staged", "callable", "formula")
NETWORK_FORMS = ("matrices", "rounded matrices")
DIGITS = 6
"""How many digits a rounded number keeps: significant ones, or decimals in an array."""


class Given(NamedTuple):
    """A number that was derived by hand, and the unit to which it was rounded."""

    number: float
    unit: float = 0.0


def rounded(x: float) -> Given:
    """Round to 6 significant digits."""
    number = float(f"{x:.{DIGITS}g}")
    return Given(number, 10.0 ** (math.floor(math.log10(abs(number))) - DIGITS + 1) if number else 0.0)


def numbers(
    problem: Problem, adjoints: Sequence[float], form: str, random: Random
) -> tuple[dict[str | Value, float], dict[int, Given]]:
    """Hand in numbers for every leaf, and for interior nodes too if derived in stages."""
    graph = problem.graph
    wanted = list(graph.leaves)
    if form == "staged":
        share = random.choice((0.5, 0.8, 1.0))
        wanted += [i for i in graph.interior[:-1] if random.random() < share]
        random.shuffle(wanted)
    exact = form == "numbers" or (form == "staged" and random.random() < 0.5)
    given = {i: Given(adjoints[i]) if exact else rounded(adjoints[i]) for i in wanted}
    by_label = random.random() < 0.5
    derived: dict[str | Value, float] = {}
    for i, x in given.items():
        node = graph.nodes[i]
        derived[node.label if by_label and node.label else node] = x.number
    return derived, given


def arrays(problem: Problem, adjoints: Sequence[float], form: str) -> tuple[list[Any], dict[int, Given]]:
    """Hand in an array for each matrix of weights and each vector of biases."""
    graph, unit = problem.graph, 10.0**-DIGITS if form == "rounded matrices" else 0.0
    derived: list[Any] = []
    given: dict[int, Given] = {}
    for matrix in problem.matrices:
        rows = matrix if isinstance(matrix[0], list) else [matrix]
        array = np.array([[adjoints[graph.index[w]] for w in row] for row in rows])
        array = np.round(array, DIGITS) if unit else array
        for row, line in zip(rows, array.tolist(), strict=True):
            given |= {graph.index[w]: Given(x, unit) for w, x in zip(row, line, strict=True)}
        derived.append((matrix, array if rows is matrix else array[0]))
    return derived, given


def formulas(problem: Problem, slip: Slip, random: Random) -> dict[str, str]:
    """Write the formula of each leaf's gradient, in the leaves, or also in what else has a name."""
    graph = problem.graph
    names = {}
    if not isinstance(slip, Elsewhere) and random.random() < 0.5:
        names = {i: Term(str(graph.nodes[i].label)) for i in graph.interior if graph.nodes[i].label}
    leaves = [Term(str(graph.nodes[i].label)) for i in graph.leaves]
    adjoints = slip.adjoints(graph, graph.at(leaves, names))
    return {leaves[i].name: write(adjoints[i]) for i in graph.leaves}


def called(formula: str, labels: Iterable[str]) -> Any:
    """Return the formula as a function whose parameters are the labels of all leaves."""
    expression = parse(formula)
    names = ", ".join(labels)
    values = ", ".join(f"{name!r}: {name}" for name in expression.names)
    function = eval(f"lambda {names}: evaluate({{{values}}})", {"evaluate": expression.evaluate})  # noqa: S307 - names of our own
    function.__doc__ = f"lambda {names}: {formula}"
    return function


def handed_in(
    problem: Problem, slip: Slip, adjoints: Sequence[float], form: str, random: Random
) -> tuple[Any, dict[int, Given]]:
    """Return a derivation in one of the forms, and the numbers it comes to.

    Raises
    ------
    UnwritableError
        If it cannot be had in this form.
    """
    graph = problem.graph
    if form in NETWORK_FORMS:
        return arrays(problem, adjoints, form)
    if form in {"numbers", "rounded", "staged"}:
        return numbers(problem, adjoints, form, random)
    written_out = formulas(problem, slip, random)
    if form == "callable":
        if any(set(parse(text).names) - set(problem.point) for text in written_out.values()):
            raise UnwritableError
        return (
            {name: called(text, problem.point) for name, text in written_out.items()},
            {i: Given(adjoints[i]) for i in graph.leaves},
        )
    return written_out, {i: Given(adjoints[i]) for i in graph.leaves}
