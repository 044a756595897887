"""Who is measured on what, by name; whatever an engine needs is imported when it is asked for.

An engine that cannot be had here raises `ModuleNotFoundError`, which names what is missing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tests.benchmarks import workloads
from tests.benchmarks.task import Task

RECORDERS = {
    "glassgrad": "autograd",
    "glassgrad n-ary": "autograd",
    "micrograd": "micrograd.engine",
    "minimal": "tests.benchmarks.minimal",
}
"""Engines that record at each step, and the module of their Value; n-ary is ours with wide nodes."""

OURS, HAND, LIBRARY = "glassgrad", "by_hand", "libraries"
PLAIN_C, VECTOR_C = "C by hand, gcc -O3", "C by hand, gcc -O2 -ftree-vectorize"

LARGEST = {
    "jax.jit of scalars": 10,
    "glassgrad eager": 1_000,
    "glassgrad replay, bound": 1_000,
    "glassgrad replay, called": 1_000,
    "glassgrad replay [fast], bound": 1_000,
    "CasADi, buffer": 1_000,
    "CasADi, called": 1_000,
}
"""To so many samples of W2 are those compared that are given every operation on every one of them."""


def two_moons(count: int) -> dict[str, tuple[Any, ...]]:
    """W2 on so many samples: return who can differentiate it."""
    engines: dict[str, tuple[Any, ...]] = {
        "glassgrad replay, bound": (OURS, "bound", "numpy", "W2", count),
        "glassgrad replay, called": (OURS, "called", "numpy", "W2", count),
        "glassgrad replay [fast], bound": (OURS, "bound", "numba", "W2", count),
        "glassgrad replay, mapped": (OURS, "mapped", "numpy", count),
        "glassgrad replay [fast], mapped": (OURS, "mapped", "numba", count),
        "glassgrad eager": (OURS, "eager", "W2", count),
        "numpy by hand": (f"{HAND}.in_numpy", "two_moons", count),
        "numpy by hand, arrays reused": (f"{HAND}.in_buffers", "two_moons", count),
        "numba by hand": (f"{HAND}.in_numba", "two_moons", count),
        PLAIN_C: (f"{HAND}.in_c", "two_moons", count, "-O3"),
        VECTOR_C: (f"{HAND}.in_c", "two_moons", count, "-O2 -ftree-vectorize"),
        "CasADi, buffer": (f"{LIBRARY}.in_casadi", "two_moons_by_buffer", count),
        "CasADi, called": (f"{LIBRARY}.in_casadi", "two_moons", count),
        "jax.jit on arrays": (f"{LIBRARY}.in_jax", "two_moons", count),
        "jax.jit of scalars": (f"{LIBRARY}.in_jax", "two_moons_of_scalars", count),
        "jax.vmap of one sample's scalars": (f"{LIBRARY}.in_jax", "two_moons_in_lanes", count),
        "torch eager on arrays": (f"{LIBRARY}.in_torch", "two_moons", count),
    }
    return {name: call for name, call in engines.items() if count <= LARGEST.get(name, count)}


GRADIENTS: dict[str, dict[str, tuple[Any, ...]]] = {
    "W1": {
        "glassgrad replay, bound": (OURS, "bound", "python", "W1"),
        "glassgrad replay, called": (OURS, "called", "python", "W1"),
        "glassgrad replay [fast], bound": (OURS, "bound", "numba", "W1"),
        "glassgrad eager": (OURS, "eager", "W1"),
        "Python by hand": (f"{HAND}.in_python", "readme_expression"),
        "CasADi, buffer": (f"{LIBRARY}.in_casadi", "readme_expression_by_buffer"),
        "CasADi, called": (f"{LIBRARY}.in_casadi", "readme_expression"),
        "jax.jit": (f"{LIBRARY}.in_jax", "readme_expression"),
        "torch eager": (f"{LIBRARY}.in_torch", "readme_expression"),
    },
    "W2/10": two_moons(10),
    "W2": two_moons(workloads.SAMPLES),
    "W2/1000": two_moons(1_000),
    "W2/10000": two_moons(10_000),
    "W3": {
        "glassgrad replay, bound": (OURS, "bound", "numpy", "W3"),
        "glassgrad replay, called": (OURS, "called", "numpy", "W3"),
        "glassgrad replay [fast], bound": (OURS, "bound", "numba", "W3"),
        "glassgrad eager": (OURS, "eager", "W3"),
        "numpy by hand": (f"{HAND}.in_numpy", "gpt_of_one_name"),
        PLAIN_C: (f"{HAND}.in_c", "gpt_of_one_name", "-O3"),
        VECTOR_C: (f"{HAND}.in_c", "gpt_of_one_name", "-O2 -ftree-vectorize"),
        "jax.jit on arrays": (f"{LIBRARY}.in_jax", "gpt_of_one_name"),
        "torch eager on arrays": (f"{LIBRARY}.in_torch", "gpt_of_one_name"),
    },
    "W5": {
        "glassgrad replay, by fit": (OURS, "fitted", "numpy"),
        "glassgrad replay [fast], by fit": (OURS, "fitted", "numba"),
        "glassgrad eager": (OURS, "eager", "W5"),
        "numpy by hand": (f"{HAND}.in_numpy", "single_sample_step"),
        "numpy by hand, arrays reused": (f"{HAND}.in_buffers", "single_sample_step"),
        "numba by hand": (f"{HAND}.in_numba", "single_sample_step"),
        PLAIN_C: (f"{HAND}.in_c", "single_sample_step", "-O3"),
        VECTOR_C: (f"{HAND}.in_c", "single_sample_step", "-O2 -ftree-vectorize"),
        "jax.jit": (f"{LIBRARY}.in_jax", "single_sample_step"),
        "torch eager": (f"{LIBRARY}.in_torch", "single_sample_step"),
    },
}
"""For each workload the engines that can differentiate it: a module, a function and its arguments."""

TRAININGS = {
    "glassgrad, nn.fit replayed": ("digits", "replayed"),
    "scikit-learn MLPClassifier": ("digits", "in_scikit_learn"),
}
"""What trains on the digits; to the same accuracy, and not with the same numbers."""

GROWTH = {"wide": (1, 15, 100, 155, 1_550), "narrow": (1_000, 10_000, 100_000, 1_000_000)}
"""Sizes of graphs: samples of W2, or operations one after another."""

MEASURED: dict[str, dict[str, tuple[Any, ...]]] = {
    **GRADIENTS,
    "digits": TRAININGS,
    **{
        f"{shape}/{size}": {meter: ("growth", meter, shape, size) for meter in ("seconds", "sizes")}
        for shape, of_shape in GROWTH.items()
        for size in of_shape
    },
}

SLOW = {"jax.jit of scalars", "narrow/1000000"}
"""JAX 0.10 compiles for about 4 CPU seconds, in 0.3 GB, for each of the samples; Python for 20, in 4 GB."""


def task(engine: str, workload: str) -> Task:
    """Return what an engine does for a workload."""
    if engine not in RECORDERS:
        module, function, *arguments = MEASURED[workload][engine]
        found: Task = getattr(import_module(f"tests.benchmarks.{module}"), function)(*arguments)
        return found
    module_of = import_module(RECORDERS[engine])
    if workload == "W1":
        step, record = workloads.readme_expression(module_of.Value), None
    elif workload == "W4":
        step, record = workloads.chain(module_of.Value), None
    elif engine == "glassgrad n-ary":
        step, record = workloads.training_step(
            module_of.Value,
            dot=module_of.dot,
            add_up=lambda terms, start: module_of.sum(start, *terms),
        )
    else:
        step, record = workloads.training_step(module_of.Value)
    return Task(step, step, record)
