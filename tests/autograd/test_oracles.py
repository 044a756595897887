"""The same random programs by torch, jax and HIPS autograd, each skipped where it is absent.

`pip install --group oracle` brings torch and jax. HIPS autograd has our import name: install it into
a folder of its own, `pip install --no-deps --target FOLDER autograd`, and set HIPS_AUTOGRAD=FOLDER.
"""

from __future__ import annotations

import importlib
import json
import operator
import os
import subprocess
import sys
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from autograd import TABLE, grad, jvp
from autograd.value import names_of
from tests.random_graphs.graphs import PUBLIC, Program, random_program

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COUNT = 40
OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "neg": operator.neg,
    "abs": abs,
    "sum": lambda *xs: reduce(operator.add, xs),
    "mean": lambda *xs: reduce(operator.add, xs) / len(xs),
    "prod": lambda *xs: reduce(operator.mul, xs),
}
FUNCTIONS = {
    row.name: name
    for row in PUBLIC
    for name in names_of(row)
    if row.compiled and hasattr(np, name) and name != "hypot"  # which HIPS cannot differentiate
}
"""What numpy, and those who follow it, call a primitive."""

ROWS = [TABLE[name] for name in (*OPERATORS, *FUNCTIONS)]
PROGRAMS = [random_program(7, number, ROWS) for number in range(COUNT)]


def run(program: Program, library: Any, leaves: Sequence[Any]) -> Any:
    """Compute a program in numbers of another library."""
    results = list(leaves)
    for name, operands in program.steps:
        numbers = [results[x] if type(x) is int else leaves[0] * 0 + x for x in operands]
        function = OPERATORS.get(name) or getattr(library, FUNCTIONS[name])
        results.append(function(*numbers))
    return results[-1]


def ours(program: Program) -> list[float]:
    return list(grad(program.run, range(len(program.leaves)))(*program.leaves))


@pytest.mark.parametrize("program", PROGRAMS, ids=range(COUNT))
def test_torch_agrees(program: Program) -> None:
    torch = pytest.importorskip("torch")
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in program.leaves]
    slopes = torch.autograd.grad(run(program, torch, leaves), leaves, materialize_grads=True)
    assert_agree(ours(program), [float(slope) for slope in slopes])


@pytest.mark.parametrize("program", PROGRAMS[:10], ids=range(10))
def test_jax_agrees_in_both_modes(program: Program) -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", val=True)
    library = importlib.import_module("jax.numpy")

    def f(*leaves: Any) -> Any:
        return run(program, library, leaves)

    count = len(program.leaves)
    slopes = jax.grad(f, tuple(range(count)))(*program.leaves)
    assert_agree(ours(program), [float(slope) for slope in slopes])
    direction = tuple(float(k + 1) for k in range(count))
    _, theirs = jax.jvp(f, program.leaves, direction)
    assert_agree([jvp(program.run, program.leaves, direction)[1]], [float(theirs)])


def test_hips_autograd_agrees() -> None:
    folder = os.environ.get("HIPS_AUTOGRAD")
    if folder is None:
        pytest.skip("HIPS_AUTOGRAD names no folder with HIPS autograd")
    theirs = """
import json, operator, sys
from functools import reduce
sys.path.insert(0, sys.argv[1])
import autograd, autograd.numpy as np
assert hasattr(autograd, "elementwise_grad"), autograd
operators = {"sum": lambda *xs: reduce(operator.add, xs), "prod": lambda *xs: reduce(operator.mul, xs),
             "mean": lambda *xs: reduce(operator.add, xs) / len(xs), "div": operator.truediv, "abs": np.abs}
def run(steps, functions, leaves):
    results = list(leaves)
    for name, operands in steps:
        f = operators.get(name) or getattr(operator, name, None) or getattr(np, functions[name])
        results.append(f(*[results[x] if type(x) is int else x for x in operands]))
    return results[-1]
programs, functions = json.load(sys.stdin)
def answer(leaves, steps):
    f = lambda xs: run(steps, functions, [xs[i] for i in range(len(leaves))])
    return list(autograd.grad(f)(np.array(leaves)))
print(json.dumps([answer(*program) for program in programs]))
"""
    answer = subprocess.run(
        [sys.executable, "-c", theirs, folder],
        input=json.dumps([PROGRAMS, FUNCTIONS]),
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    for program, slopes in zip(PROGRAMS, json.loads(answer.stdout), strict=True):
        assert_agree(ours(program), slopes)


def assert_agree(ours: list[float], theirs: list[float]) -> None:
    size = max(1.0, *map(abs, ours))
    assert theirs == pytest.approx(ours, rel=1e-9, abs=1e-10 * size)
