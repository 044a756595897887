"""A thousand random graphs a run, half of them new, and the means by which they are judged."""

from __future__ import annotations

import math
import random
from collections import Counter

import mpmath as mp
import pytest

import autograd
from autograd import TABLE, Value, topological_order
from tests.accuracy.reference import REFERENCES
from tests.random_graphs.graphs import PUBLIC, Program, Step, deep_program, examine, random_program

FRESH = random.SystemRandom().randrange(2**32)


@pytest.mark.parametrize("seed", [1, FRESH], ids=["fixed", "fresh"])
def test_all_adjoints_are_those_of_fifty_digits_within_the_bound(seed: int) -> None:
    print(f"seed {seed}")
    used: Counter[str] = Counter()
    for number in range(500):
        verdict = examine(random_program(seed, number))
        assert verdict.holds, f"python -m tests.random_graphs --seed {seed} --only {number}"
        used += verdict.used
    assert used.keys() == {row.name for row in PUBLIC}


def test_a_graph_of_depth_ten_thousand() -> None:
    program = deep_program(1, 10_000)
    assert len(program.steps) >= 9_990
    assert examine(program).holds


@pytest.mark.parametrize("off", [1 + 1e-14, 1 - 1e-14, -1])
def test_a_partial_that_is_off_in_the_last_digits_is_found(
    off: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    autograd.primitive("off", math.sin, (lambda z, x: off * autograd.cos(x),))
    monkeypatch.setitem(REFERENCES, "off", mp.sin)
    steps = (Step("off", (0,)), Step("mul", (1, 0)), Step("add", (2, 1)))
    verdict = examine(Program((0.5,), steps))
    assert not verdict.holds
    assert min(verdict.reverse, verdict.forward) > 1
    assert examine(Program((0.5,), (Step("sin", (0,)), *steps[1:]))).holds


def test_programs_share_results_and_meet_again() -> None:
    fan_out: Counter[int] = Counter()
    for number in range(100):
        program = random_program(1, number)
        interior, _ = topological_order(program.run(*map(Value, program.leaves)))
        uses = Counter(x for node in interior for x in node.parents)
        fan_out.update(uses.values())
    assert sum(count for uses, count in fan_out.items() if uses > 1) > 200
    assert max(fan_out) > 5


def test_programs_depend_on_their_seed_alone() -> None:
    assert random_program(1, 2) == random_program(1, 2) != random_program(2, 2)
    assert all(name in TABLE for name, _ in random_program(1, 2).steps)
