"""The benchmark compares like with like: every engine finds the same numbers."""

from __future__ import annotations

import pytest

import autograd
from tests.benchmarks import minimal, workloads
from tests.benchmarks.__main__ import OPERATIONS
from tests.benchmarks.task import agree


def test_readme_expression_is_the_same_for_both_engines() -> None:
    ours = workloads.readme_expression(autograd.Value)()
    assert agree(ours, workloads.readme_expression(minimal.Value)())
    assert ours == pytest.approx([24.70408163265306, 138.83381924198252, 645.5772594752186])


def test_training_step_is_the_same_for_both_engines_and_with_wide_nodes() -> None:
    step, record = workloads.training_step(autograd.Value)
    first, second = step(), step()
    assert len(autograd.topological_order(record())[0]) == pytest.approx(OPERATIONS["W2"], abs=2)
    assert second[0] < first[0]
    theirs, _ = workloads.training_step(minimal.Value)
    assert agree(first, theirs())
    assert agree(second, theirs())
    wide, _ = workloads.training_step(
        autograd.Value,
        dot=autograd.dot,
        add_up=lambda terms, start: autograd.sum(start, *terms),
    )
    assert agree(first, wide())
