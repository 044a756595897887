"""Derivations that no single slip explains: two slips at once, and errors of no known kind."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from autograd import DomainError
from autograd.expression import parse
from tests.slips.cases import Case, case_of, explanations, visible
from tests.slips.catalogue import Local, Slip
from tests.slips.forms import DIGITS, NETWORK_FORMS, Given, rounded
from tests.slips.graphs import finite
from tests.slips.problems import written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from random import Random

    from tests.slips.problems import Problem


def two_slips(
    random: Random, problems: list[Problem], forms: Sequence[str], count: int
) -> Iterator[Case | None]:
    """Yield cases of two slips in two places; None where a single one would explain the numbers."""
    for form in forms:
        yield from wanted(count, partial(two_in_one, random, problems, form))


def unknown(
    random: Random, problems: list[Problem], nets: list[Problem], count: int
) -> Iterator[Case | None]:
    """Yield cases of no kind: one gradient is noise, a random number, another function, or misread."""
    for error in (noise, random_number, digits_transposed, other_function):
        yield from wanted(count, partial(error, random, problems))
    yield from wanted(count, partial(one_weight, random, nets))


def wanted(count: int, made: Callable[[], Case | None]) -> Iterator[Case | None]:
    """Yield `count` cases that no slip explains, and None for each that one does."""
    found = 0
    for _ in range(1000 * count):
        case = made()
        if case is not None:
            found += not case.kinds
            yield None if case.kinds else case
        if found == count:
            return


def two_in_one(random: Random, problems: list[Problem], form: str) -> Case | None:
    """Make two slips with wrong local derivatives on different edges."""
    problem = random.choice(problems)
    local = [
        slip
        for slip, _ in problem.slips
        if isinstance(slip, Local) and slip.natural and slip.scope == "one place"
    ]
    first, second = random.sample(local, 2)
    if set(first.rules) & set(second.rules):
        return None
    both = Local("two slips", f"{first}; {second}", {**first.rules, **second.rules})
    adjoints = both.adjoints(problem.graph, problem.graph.here)
    return case_of(random, problem, both, adjoints, form) if finite(adjoints) else None


def one_weight(random: Random, problems: list[Problem]) -> Case | None:
    """Multiply one element of a network's arrays by a random factor."""
    problem = random.choice(problems)
    adjoints = list(problem.graph.right)
    adjoints[random.choice(problem.graph.leaves)] *= random.uniform(1.1, 1.9)
    noisy = Slip("no known kind", "one element times a random factor")
    return case_of(random, problem, noisy, adjoints, random.choice(NETWORK_FORMS))


def one_wrong(random: Random, problem: Problem, form: str, words: str, wrong: Any) -> Case | None:
    """Return a case in which one leaf's gradient is changed and the others are right."""
    graph = problem.graph
    given = {i: Given(graph.right[i]) if form == "numbers" else rounded(graph.right[i]) for i in graph.leaves}
    leaf = random.choice(graph.leaves)
    number, what = wrong(given[leaf].number)
    given[leaf] = Given(number, given[leaf].unit)
    if not visible(problem, given):
        return None
    derived: dict[str, Any] = {str(graph.nodes[i].label): x.number for i, x in given.items()}
    if what:
        derived[str(graph.nodes[leaf].label)] = what
    kinds, nodes = explanations(problem, given)
    return Case("no known kind", form if not what else "formula", problem, derived, words, "", kinds, nodes)


def noise(random: Random, problems: list[Problem]) -> Case | None:
    """Multiply a gradient by a random factor."""
    factor = random.uniform(1.05, 1.95) * random.choice((1, -1))
    return one_wrong(
        random, random.choice(problems), "numbers", f"times {factor:.6f}", lambda x: (x * factor, "")
    )


def random_number(random: Random, problems: list[Problem]) -> Case | None:
    """Put a random number in place of a gradient."""
    number = float(f"{random.uniform(-5, 5):.6g}")
    return one_wrong(random, random.choice(problems), "rounded", "a random number", lambda x: (number, ""))


def digits_transposed(random: Random, problems: list[Problem]) -> Case | None:
    """Exchange two neighbouring digits of a gradient with six."""

    def misread(x: float) -> tuple[float, str]:
        text = f"{x:.{DIGITS}g}"
        places = [k for k in range(len(text) - 1) if text[k : k + 2].isdigit() and "e" not in text[:k]]
        k = random.choice(places) if places else 0
        return float(text[:k] + text[k + 1] + text[k] + text[k + 2 :]) if places else x, ""

    return one_wrong(random, random.choice(problems), "rounded", "two digits transposed", misread)


def other_function(random: Random, problems: list[Problem]) -> Case | None:
    """Put another function in place of a derivative."""
    problem = random.choice(problems)
    text = written(random, list(problem.point), 3, spare=False)
    expression = parse(text)
    try:
        number = expression.evaluate({name: problem.point[name] for name in expression.names})
    except DomainError:
        return None
    if not finite([number]) or not 0.01 < abs(number) < 100:
        return None
    return one_wrong(random, problem, "numbers", "another function", lambda x: (number, text))
