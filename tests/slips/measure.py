"""Put cases before a checker and count what it gets right."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.slips.cases import Case, slips
from tests.slips.catalogue import KINDS
from tests.slips.correct import right
from tests.slips.forms import FORMS, NETWORK_FORMS
from tests.slips.handwritten import handwritten
from tests.slips.problems import expressions, networks
from tests.slips.unexplained import two_slips, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

Checker = Callable[..., Any]
"""`autograd.compare`, or another function with its interface."""

NODE, KIND, DOES_NOT_KNOW = 98.0, 90.0, 95.0
"""The least that will do, in percent; and there may be no false alarm."""


class Size(NamedTuple):
    """How many problems to make, and how many cases of each group."""

    expressions: int = 400
    networks: int = 40
    each: int = 6  # of a kind in a form
    right: int = 1000
    double: int = 22  # in a form
    unknown: int = 30  # of each of five errors


class Outcome(NamedTuple):
    """What the checker said about a case, and whether that is right; None where nothing is asked."""

    case: Case
    answer: str
    agrees: bool | None  # None if it raised an error
    kind: bool | None
    node: bool | None
    silent: bool  # whether it named no slip

    @property
    def failed(self) -> bool:
        """Whether anything is wrong about the answer."""
        if not self.case.kinds:
            return self.agrees is not self.case.agrees or not self.silent
        return self.kind is False or self.node is False


def examine(compare: Checker, case: Case) -> Outcome:
    """Put one case before the checker."""
    graph = case.problem.graph
    asked = bool(case.kinds)
    try:
        report = compare(graph.output, case.derived)
        agrees, node, slip = bool(report.agrees), report.node, report.slip
    except Exception as error:  # noqa: BLE001 - whatever a checker does is an answer, and this one is wrong
        text = f"{type(error).__name__}: {error}"
        kind, place = (False, False) if asked else (None, None)
        return Outcome(case, text, None, kind, place if case.nodes else None, silent=False)
    named = not agrees and slip is not None and slip.kind in case.kinds
    there = not agrees and node is not None and graph.index.get(node) in case.nodes
    elsewhere = "another point" in {case.group, slip.kind if slip and named else ""}
    where = "no node" if node is None else f"node {graph.index.get(node)} {node!r}"
    return Outcome(
        case,
        f"agrees {agrees}, {where}, {slip or 'no slip'}",
        agrees,
        named if asked else None,
        there if asked and case.nodes and not elsewhere else None,
        silent=slip is None,
    )


def generated(seed: int, size: Size) -> tuple[list[Case], dict[str, int]]:
    """Return all cases of a seed, and how many were put aside since a single slip explains them."""
    random = Random(seed)
    problems, nets = expressions(random, size.expressions), networks(random, size.networks)
    aside = {"two slips": 0, "no known kind": 0}
    cases = [
        *slips(random, problems, FORMS, size.each),
        *slips(random, nets, NETWORK_FORMS, size.each),
        *handwritten(),
    ]
    doubles = [
        *two_slips(random, problems, FORMS, size.double),
        *two_slips(random, nets, NETWORK_FORMS, size.double // 2),
    ]
    for group, found in (
        ("two slips", doubles),
        ("no known kind", [*unknown(random, problems, nets, size.unknown)]),
    ):
        aside[group] = found.count(None)
        cases += [case for case in found if case is not None]
    return [*cases, *right(random, problems, nets, size.right)], aside


def says_not(outcome: Outcome) -> bool:
    """Whether the checker said that the derivation is wrong, and that it does not know why."""
    return outcome.silent and outcome.agrees is False


# The table ---------------------------------------------------------------------------------------


def percent(answers: Iterable[bool | None]) -> float:
    """Return the share that is true, of those that were asked; nan of none."""
    asked = [x for x in answers if x is not None]
    return 100 * sum(asked) / len(asked) if asked else math.nan


def row(title: str, outcomes: list[Outcome]) -> str:
    """Write one line of the table of single slips."""
    several = percent(len(x.case.kinds) > 1 for x in outcomes)
    nodes = percent(len(x.case.nodes) > 1 for x in outcomes if x.node is not None)
    figures = (percent(x.node for x in outcomes), percent(x.kind for x in outcomes), nodes, several)
    shown = "".join(f"{'-' if math.isnan(x) else f'{x:.1f}':>11}" for x in figures)
    return f"  {title:<22}{len(outcomes):>6}{shown}"


def table(outcomes: list[Outcome], aside: dict[str, int]) -> str:
    """Write what was measured, in 80 columns."""
    single = [x for x in outcomes if x.case.kinds]
    made = [x for x in single if x.case.group != "handwritten"]
    heading = f"{'n':>6}{'node':>11}{'kind':>11}{'>1 node':>11}{'>1 kind':>11}"
    lines = [
        "One slip: right answers in percent, and where several answers are right",
        "",
        f"  {'kind':<22}{heading}",
        *(row(kind, [x for x in made if x.case.group == kind]) for kind in KINDS),
        "",
        f"  {'form':<22}{heading}",
        *(row(form, [x for x in made if x.case.form == form]) for form in (*FORMS, *NETWORK_FORMS)),
        "",
        f"  {'where':<22}{heading}",
        *(
            row(scope, [x for x in made if x.case.scope == scope])
            for scope in ("one place", "one node", "a layer", "everywhere")
        ),
        "",
        f"  {'':<22}{heading}",
        row("generated", made),
        row("handwritten", [x for x in single if x.case.group == "handwritten"]),
        row("all", single),
        "",
        "No single slip: the checker must not agree, and name none",
        "",
    ]
    for group in ("two slips", "no known kind", "handwritten, no single slip"):
        found = [x for x in outcomes if x.case.group == group]
        put_aside = f"; {aside[group]} put aside: one slip explains them" if group in aside else ""
        lines.append(f"  {group:<28}{len(found):>4}{percent(map(says_not, found)):>7.1f} %{put_aside}")
    correct = [x for x in outcomes if x.case.agrees]
    alarms = sum(x.agrees is not True for x in correct)
    return "\n".join([*lines, "", f"Right derivations: {alarms} false alarms of {len(correct)}"])


def shortfalls(outcomes: list[Outcome]) -> list[str]:
    """Say what is below the least that will do."""
    single = [x for x in outcomes if x.case.kinds]
    silent = [x for x in outcomes if not x.case.kinds and not x.case.agrees]
    alarms = sum(x.agrees is not True for x in outcomes if x.case.agrees)
    reached = (
        ("node", percent(x.node for x in single), NODE),
        ("kind", percent(x.kind for x in single), KIND),
        (
            "says that it does not know",
            percent(map(says_not, silent)),
            DOES_NOT_KNOW,
        ),
    )
    found = [
        f"{what}: {share:.1f} %, not {least:g} %" for what, share, least in reached if not share >= least
    ]
    return [*found, *([f"{alarms} false alarms"] if alarms else [])]
