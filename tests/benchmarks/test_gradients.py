"""Before anything is timed: whoever differentiates a workload finds what our eager engine finds."""

from __future__ import annotations

import math
from functools import cache
from itertools import islice

import pytest

import autograd
from autograd import Value
from tests.benchmarks import glassgrad, gpt, minimal, single_sample
from tests.benchmarks.engines import GRADIENTS, GROWTH, PLAIN_C, SLOW, task
from tests.benchmarks.task import agree

NOT_HERE = {*SLOW, PLAIN_C}
"""Compiled for too long to be a test; the C source is also compiled with other options."""

HERE = ("W1", "W2/10", "W2", "W3", "W5")
"""What is small enough."""


@cache
def eagerly(workload: str) -> list[float]:
    return task("glassgrad eager", workload).answer()


@pytest.mark.parametrize(
    ("workload", "engine"),
    [(workload, engine) for workload in HERE for engine in GRADIENTS[workload] if engine not in NOT_HERE],
)
def test_every_engine_that_is_here_finds_the_same_numbers(workload: str, engine: str) -> None:
    try:
        found = task(engine, workload).answer()
    except ModuleNotFoundError as missing:
        pytest.skip(f"no {missing.name}")
    assert agree(found, eagerly(workload))


@pytest.mark.parametrize("workload", ["W1", "W2", "W3"])
def test_the_exact_form_finds_them_to_the_last_bit(workload: str) -> None:
    assert glassgrad.called("python", workload).answer() == eagerly(workload)


@pytest.mark.parametrize("workload", GRADIENTS.keys() - set(HERE))
def test_what_is_too_large_for_a_test_is_a_small_one_with_more_samples(workload: str) -> None:
    samples = int(workload.removeprefix("W2/"))
    for engine, call in GRADIENTS[workload].items():
        assert tuple(10 if x == samples else x for x in call) == GRADIENTS["W2/10"][engine]


@pytest.mark.parametrize("shape", GROWTH)
def test_growth_is_of_graphs_about_as_large_as_they_say(shape: str) -> None:
    size = GROWTH[shape][0]
    operations, *seconds = task("seconds", f"{shape}/{size}").answer()
    assert operations == {"wide": 1_319, "narrow": 1_000}[shape]
    assert len(seconds) == 3
    assert min(seconds) > 0
    again, listed, most = task("sizes", f"{shape}/{size}").answer()
    assert again == operations
    assert 0 < listed < most


def test_agreement_is_judged_number_by_number() -> None:
    assert agree([1.0, 0.0], [1.0 + 1e-10, 1e-13])
    assert not agree([1.0, 2.0], [1.0, 2.0 + 1e-8])
    with pytest.raises(ValueError, match="shorter"):
        agree([1.0, 2.0], [1.0])


def test_gpt_has_the_size_that_is_printed() -> None:
    assert len(gpt.flat(gpt.start())) == 4_192
    parameters = glassgrad.values(glassgrad.problem("W3")[1][0])
    loss = gpt.loss(parameters, gpt.encode(gpt.EXAMPLE))
    assert len(autograd.topological_order(loss)[0]) == pytest.approx(59_816, abs=2)


def test_gpt_runs_on_any_class_of_values() -> None:
    tokens = gpt.encode("bo")
    found = []
    for kind in (Value, minimal.Value):
        parameters = {
            name: [[kind(x) for x in row] for row in matrix] for name, matrix in gpt.start().items()
        }
        loss = gpt.loss(parameters, tokens)
        loss.backward()
        found.append([loss.data, *(x.grad for x in gpt.flat(parameters))])
    assert agree(found[0], found[1])


def test_adam_teaches_the_gpt_a_name() -> None:
    matrices = gpt.start(spread=0.1)
    parameters = {name: [[Value(x) for x in row] for row in matrix] for name, matrix in matrices.items()}
    leaves, tokens = gpt.flat(parameters), gpt.encode("eve")
    adam = gpt.Adam(len(leaves))
    losses = []
    for _ in range(12):
        loss = gpt.loss(parameters, tokens)
        losses.append(loss.data)
        slopes = autograd.gradients(loss, leaves)
        for leaf, x in zip(leaves, adam.moved([leaf.data for leaf in leaves], slopes), strict=True):
            leaf.data = x
    assert losses[0] == pytest.approx(math.log(27), abs=0.5)
    assert losses[-1] < losses[0] / 2


def test_names_are_short_enough_and_spelt_with_the_alphabet() -> None:
    tokens = [token for name in gpt.NAMES for token in gpt.encode(name)]
    assert set(tokens) == set(range(gpt.TOKENS))
    assert max(map(len, gpt.NAMES)) < gpt.BLOCK
    assert len(set(gpt.NAMES)) == len(gpt.NAMES)


def test_single_sample_descent_is_that_of_the_networks() -> None:
    """The loss written for any class of Values is that of `nn`, on each of the first draws."""
    samples, weights = single_sample.samples(), [Value(x) for x in single_sample.start()]
    step, _ = single_sample.eagerly()
    first = next(single_sample.draws())
    inputs, target = samples[first]
    assert single_sample.loss(weights, inputs, single_sample.sign(target)).data == pytest.approx(
        step(), rel=1e-12
    )
    targets = {samples[k][1] for k in islice(single_sample.draws(), 100)}
    assert targets == {0, 1}
