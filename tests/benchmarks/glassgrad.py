"""Ours: recording again at each step, and replaying what was recorded once: W1, W2, W3, W5."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

import nn.run
from autograd import Value, record
from tests.benchmarks import gpt, single_sample, workloads
from tests.benchmarks.by_hand.in_numpy import samples
from tests.benchmarks.task import Task, after_training

if TYPE_CHECKING:
    from collections.abc import Callable


def problem(workload: str, count: int = workloads.SAMPLES) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return the function of W1, of W2 on some samples, or of W3, and the arguments it is evaluated at."""
    if workload == "W1":
        return workloads.readme_function, (-4.0, 2.0)
    if workload == "W2":
        return workloads.training_function(workloads.two_moons(count)), (np.array(workloads.start()),)
    tokens = gpt.encode(gpt.EXAMPLE)
    matrices: dict[str, Any] = {name: np.array(matrix) for name, matrix in gpt.start().items()}
    return lambda parameters: gpt.loss(parameters, tokens), (matrices,)


def parts(arguments: Any) -> list[Any]:
    """Return the numbers and arrays of a structure in order."""
    if isinstance(arguments, dict):
        return list(arguments.values())
    return [part for x in arguments for part in parts(x)] if isinstance(arguments, tuple) else [arguments]


def flat(arguments: Any) -> list[float]:
    """Return the numbers of a structure in order."""
    return [float(x) for part in parts(arguments) for x in np.ravel(part)]


def values(argument: Any) -> Any:
    """Return the same structure of Values, arrays as lists."""
    if isinstance(argument, dict):
        return {name: values(part) for name, part in argument.items()}
    if isinstance(argument, np.ndarray):
        argument = argument.tolist()
    return [values(part) for part in argument] if isinstance(argument, list) else Value(argument)


def eager(workload: str, *count: int) -> Task:
    """Record, differentiate and drop a graph at each step."""
    if workload == "W5":
        return after_training(*single_sample.eagerly())
    function, arguments = problem(workload, *count)
    operands = tuple(values(argument) for argument in arguments)
    leaves = [leaf for part in parts(operands) for leaf in np.ravel(part)]

    def step() -> list[float]:
        for leaf in leaves:
            leaf.zero_grad()
        loss = function(*operands)
        loss.backward()
        return [loss.data, *(leaf.grad for leaf in leaves)]

    return Task(step, step)


def recorded(function: Callable[..., Any], arguments: tuple[Any, ...], backend: str) -> Any:
    """Record a program, to be run in one of the ways there are; `ModuleNotFoundError` if it is not here."""
    if backend == "numba":
        import numba  # noqa: F401 - to know whether it is there
    return record(function, *arguments, backend=backend)


def called(backend: str, workload: str, *count: int) -> Task:
    """Call a program with its arguments, and be given the gradient in their structure."""
    function, arguments = problem(workload, *count)
    program = recorded(function, arguments, backend)

    def answer() -> list[float]:
        loss, slopes = program(*arguments)
        return [loss, *flat(slopes)]

    return Task(lambda: program(*arguments), answer)


def bound(backend: str, workload: str, *count: int) -> Task:
    """Bind a program to arrays, and find the gradient in others."""
    function, arguments = problem(workload, *count)
    arrays = [np.array(flat(argument)) for argument in arguments]
    run = recorded(function, arguments, backend).bind(*arrays)
    return Task(run, lambda: [run(), *flat(run.gradients)])


def mapped(backend: str, count: int) -> Task:
    """W2 from the graph of one sample, run on all of them at once."""

    def loss(w: Any, x: Any, y: Any) -> Any:
        return workloads.training_function([(x, y)])(w)

    w, (x, y) = np.array(workloads.start()), samples(count)
    run = recorded(loss, (w, x[0], y[0]), backend).bind_batch(w, x, y)
    return Task(run, lambda: [run(), *run.gradients[0].tolist()])


def fitted(backend: str) -> Task:
    """W5 by `nn.fit`, draws and looks at a validation set included."""
    if backend == "numba":
        import numba  # noqa: F401 - to know whether it is there
    nn.run.WORTHWHILE = 0 if backend == "numba" else sys.maxsize
    losses, weights = single_sample.first_steps()
    return Task(single_sample.trained_in_pieces(), lambda: [*losses, *weights], steps=single_sample.PAUSE)
