"""The catalogue makes the slips it says, its right derivations are right, and compare knows most of them."""

from __future__ import annotations

import inspect
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from autograd import compare, gradients
from autograd.expression import parse
from tests.slips.cases import Case, slips, visible
from tests.slips.catalogue import KINDS
from tests.slips.correct import right
from tests.slips.forms import FORMS, NETWORK_FORMS, Given
from tests.slips.graphs import near
from tests.slips.handwritten import SLIPS, handwritten
from tests.slips.measure import Size, examine, generated, shortfalls, table
from tests.slips.problems import Problem, expressions, networks, record
from tests.slips.unexplained import two_slips, unknown

SHORT = Size(expressions=60, networks=3, each=1, right=60, double=1, unknown=1)


@pytest.fixture(scope="module")
def problems() -> list[Problem]:
    return expressions(Random(1), 60)


@pytest.fixture(scope="module")
def nets() -> list[Problem]:
    return networks(Random(1), 4)


def numbers_of(case: Case, moved: float = 0.0) -> dict[int, float]:
    """Evaluate what was derived by hand, at the point or a little beside it."""
    graph = case.problem.graph
    numbers = graph.at([graph.nodes[i].data + moved for i in graph.leaves]).numbers
    known = {node.label: numbers[i] for i, node in enumerate(graph.nodes) if node.label}
    index = {node.label: i for i, node in enumerate(graph.nodes) if node.label}
    if isinstance(case.derived, list):
        return {
            graph.index[w]: x
            for matrix, array in case.derived
            for w, x in zip(np.ravel(np.array(matrix, dtype=object)), np.ravel(array).tolist(), strict=True)
        }
    found = {}
    for key, hand in case.derived.items():
        i = index[key] if isinstance(key, str) else graph.index[key]
        if isinstance(hand, str):
            expression = parse(hand)
            found[i] = expression.evaluate({name: known[name] for name in expression.names})
        elif callable(hand):
            found[i] = hand(*[known[name] for name in inspect.signature(hand).parameters])
        else:
            found[i] = hand
    return found


def test_the_sweep_without_a_slip_is_the_gradient(problems: list[Problem], nets: list[Problem]) -> None:
    for problem in (*problems, *nets):
        graph = problem.graph
        assert graph.right == pytest.approx(gradients(graph.output, graph.nodes), rel=1e-12)


def test_every_kind_is_made_in_every_form_and_shows(problems: list[Problem], nets: list[Problem]) -> None:
    cases = [*slips(Random(2), problems, FORMS, 1), *slips(Random(2), nets, NETWORK_FORMS, 1)]
    assert [(case.group, case.form) for case in cases] == [
        (kind, form) for forms in (FORMS, NETWORK_FORMS) for kind in KINDS for form in forms
    ]
    for case in cases:
        assert case.group in case.kinds
        assert visible(case.problem, {i: Given(x) for i, x in numbers_of(case).items()}), str(case)


def test_a_slip_in_a_formula_gives_the_numbers_of_the_slip(problems: list[Problem]) -> None:
    for case in slips(Random(3), problems, ("formula", "callable"), 2):
        graph = case.problem.graph
        meant = [adjoints for slip, adjoints in case.problem.slips if str(slip) == case.words]
        numbers = numbers_of(case)
        assert any(all(near(found[i], numbers[i]) for i in graph.leaves) for found in meant), str(case)


def test_right_derivations_are_right_beside_the_point_too(
    problems: list[Problem], nets: list[Problem]
) -> None:
    for case in right(Random(4), problems, nets, 80):
        graph = case.problem.graph
        assert numbers_of(case) == pytest.approx(
            {i: graph.right[i] for i in numbers_of(case)}, rel=6e-6, abs=6e-7
        )
        if "rearranged" in case.form:
            beside = graph.at([graph.nodes[i].data + 1e-3 for i in graph.leaves])
            expected = graph.sweep(beside.partials)
            moved = numbers_of(case, 1e-3)
            assert moved == pytest.approx({i: expected[i] for i in moved}, rel=1e-8), str(case)


def test_what_no_slip_explains_is_wrong_all_the_same(problems: list[Problem], nets: list[Problem]) -> None:
    cases = [*two_slips(Random(5), problems, FORMS, 3), *unknown(Random(5), problems, nets, 3)]
    wanted = [case for case in cases if case is not None]
    assert len(wanted) == 30
    for case in wanted:
        assert not case.kinds
        assert visible(case.problem, {i: Given(x) for i, x in numbers_of(case).items()})


@pytest.mark.parametrize(
    ("slip", "case"), [*zip(SLIPS, handwritten(), strict=True)], ids=lambda x: getattr(x, "words", "")
)
def test_a_handwritten_slip_is_wrong_for_every_leaf_it_names(slip: Any, case: Case) -> None:
    output, known = record(slip.expression, slip.point)
    assert set(slip.hand) == set(slip.point)
    assert set(slip.kinds) <= set(KINDS)
    assert bool(case.kinds) == bool(slip.kinds)
    assert case.problem.graph.output.data == output.data
    assert not slip.kinds or case.nodes or "another point" in slip.kinds, "its nodes are in the graph"
    numbers = {
        name: numbers_of(case)[i]
        for i, name in enumerate(x.label for x in case.problem.graph.nodes)
        if name in slip.hand
    }
    right_ones = dict(zip(known, gradients(output, list(known.values())), strict=True))
    assert any(abs(numbers[name] - right_ones[name]) > 1e-3 * abs(right_ones[name]) for name in slip.hand)


def test_there_are_sixty_handwritten_slips_of_every_kind() -> None:
    assert sum(bool(slip.kinds) for slip in SLIPS) >= 60
    assert {kind for slip in SLIPS for kind in slip.kinds} == set(KINDS)
    assert len({slip.words for slip in SLIPS}) == len(SLIPS)


def test_a_checker_that_knows_nothing_fails_and_one_that_accuses_gives_alarms(
    problems: list[Problem], nets: list[Problem]
) -> None:
    cases = [*slips(Random(6), problems, ("numbers",), 1), *right(Random(6), problems, nets, 10)]

    def agreeable(output: Any, derived: Any) -> Any:  # noqa: ARG001 - it looks at nothing
        return SimpleNamespace(agrees=True, node=None, slip=None)

    def accusing(output: Any, derived: Any) -> Any:  # noqa: ARG001 - nor does this one
        return SimpleNamespace(agrees=False, node=output, slip=SimpleNamespace(kind="sign"))

    assert shortfalls([examine(agreeable, case) for case in cases])[:2] == [
        "node: 0.0 %, not 98 %",
        "kind: 0.0 %, not 90 %",
    ]
    assert "10 false alarms" in shortfalls([examine(accusing, case) for case in cases])


def test_compare_names_slips_and_raises_no_false_alarm() -> None:
    cases, aside = generated(7, SHORT)
    outcomes = [examine(compare, case) for case in cases]
    wrong = "\n\n".join(f"{x.case}\n  answer {x.answer}" for x in outcomes if x.failed)
    assert not shortfalls(outcomes), wrong
    assert all(len(line) <= 80 for line in table(outcomes, aside).splitlines())
