"""The order, the sweep, and graphs of a size at which anything recursive would fail."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

import autograd
from autograd import Value, gradients, topological_order

if TYPE_CHECKING:
    from collections.abc import Iterator

CHAIN = 1_000_000


def chain(length: int) -> tuple[Value, Value]:
    x = z = Value(1.0)
    for i in range(length):
        z = z * 1.0000001 if i % 2 else z + 1e-9
    return x, z


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def living_values() -> int:
    return sum(type(thing) is Value for thing in gc.get_objects())


def test_operands_come_before_results_once_each_and_in_operand_order() -> None:
    x, y = Value(2.0), Value(3.0)
    a = x * y
    b = a + x
    c = autograd.sum([b, a, y, b])
    interior, leaves = topological_order(c)
    assert interior == [a, b, c]
    assert leaves == [x, y]
    assert topological_order(x) == ([], [x])


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=30))
def test_order_is_topological_on_random_graphs(links: list[tuple[int, int]]) -> None:
    nodes = [Value(1.0)]
    for i, j in links:
        nodes.append(nodes[i % len(nodes)] + nodes[j % len(nodes)])
    interior, leaves = topological_order(nodes[-1])
    place = {node: k for k, node in enumerate([*leaves, *interior])}
    assert len(place) == len(interior) + len(leaves)
    assert all(place[parent] < place[node] for node in interior for parent in node.parents)


def test_a_chain_of_a_million_operations(no_collector: None) -> None:  # noqa: ARG001 - a fixture
    before = living_values()
    x, z = chain(CHAIN)
    z.backward()
    assert x.grad == pytest.approx(1.0000001 ** (CHAIN // 2), rel=1e-9)
    assert gradients(z, [x]) == [x.grad]
    assert repr(z).startswith("Value(")
    assert living_values() == before + CHAIN + 1
    del z
    assert living_values() == before + 1  # dropping the output frees every node, without the collector


def test_a_wide_node_and_a_deep_stack_of_wide_nodes() -> None:
    xs = [Value(float(i)) for i in range(10_000)]
    total = autograd.sum([x * x for x in xs])
    total.backward()
    assert [x.grad for x in xs] == [2.0 * i for i in range(10_000)]
    z = x = Value(1.0)
    for _ in range(5_000):
        z = autograd.mean([z, x])
    assert gradients(z, [x]) == [1.0]


PROGRAM = """
from autograd import Value, logsumexp
xs = [Value(0.1 * i, label=str(i)) for i in range(1, 30)]
nodes = list(xs)
for k in range(300):
    x, y = nodes[(7 * k) % len(nodes)], nodes[(11 * k + 3) % len(nodes)]
    nodes.append((x * y).tanh() + x / (1.5 + y * y))
logsumexp(nodes).backward()
print([x.grad.hex() for x in xs])
"""


def test_the_same_program_gives_the_same_bits_in_every_process() -> None:
    outputs = set()
    for seed in range(20):
        outputs.add(
            subprocess.run(
                [sys.executable, "-c", PROGRAM],
                env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": os.pathsep.join(sys.path)},
                capture_output=True,
                check=True,
                text=True,
            ).stdout,
        )
    assert len(outputs) == 1
    assert "0x1." in outputs.pop()


def test_threads_may_share_leaves() -> None:
    shared = Value(1.5)
    expected = gradients(shared.tanh() * shared, [shared])
    wrong: list[object] = []

    def work() -> None:
        for _ in range(300):
            if gradients(shared.tanh() * shared, [shared]) != expected:
                wrong.append("gradients")
            (shared * 2.0).backward()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert shared.grad == 8 * 300 * 2.0
