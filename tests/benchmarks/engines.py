"""Who is measured on what, by name; whatever an engine needs is imported when it is asked for.

An engine that cannot be had here raises `ModuleNotFoundError`, which names what is missing.
"""

from __future__ import annotations

from importlib import import_module

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

GRADIENTS: dict[str, dict[str, tuple[str, ...]]] = {
    "W1": {
        "glassgrad replay, bound": (OURS, "bound", "W1", "python"),
        "glassgrad replay, called": (OURS, "called", "W1", "python"),
        "glassgrad replay [fast], bound": (OURS, "bound", "W1", "numba"),
        "glassgrad eager": (OURS, "eager", "W1"),
        "Python by hand": (f"{HAND}.in_python", "readme_expression"),
        "CasADi, buffer": (f"{LIBRARY}.in_casadi", "readme_expression_by_buffer"),
        "CasADi, called": (f"{LIBRARY}.in_casadi", "readme_expression"),
        "jax.jit": (f"{LIBRARY}.in_jax", "readme_expression"),
        "torch eager": (f"{LIBRARY}.in_torch", "readme_expression"),
    },
    "W2": {
        "glassgrad replay, bound": (OURS, "bound", "W2", "numpy"),
        "glassgrad replay, called": (OURS, "called", "W2", "numpy"),
        "glassgrad replay [fast], bound": (OURS, "bound", "W2", "numba"),
        "glassgrad eager": (OURS, "eager", "W2"),
        "numpy by hand": (f"{HAND}.in_numpy", "two_moons"),
        "numpy by hand, arrays reused": (f"{HAND}.in_buffers", "two_moons"),
        "numba by hand": (f"{HAND}.in_numba", "two_moons"),
        PLAIN_C: (f"{HAND}.in_c", "two_moons", "-O3"),
        VECTOR_C: (f"{HAND}.in_c", "two_moons", "-O2 -ftree-vectorize"),
        "CasADi, buffer": (f"{LIBRARY}.in_casadi", "two_moons_by_buffer"),
        "CasADi, called": (f"{LIBRARY}.in_casadi", "two_moons"),
        "jax.jit on arrays": (f"{LIBRARY}.in_jax", "two_moons"),
        "jax.jit of scalars": (f"{LIBRARY}.in_jax", "two_moons_of_scalars"),
        "jax.vmap of one sample's scalars": (f"{LIBRARY}.in_jax", "two_moons_in_lanes"),
        "torch eager on arrays": (f"{LIBRARY}.in_torch", "two_moons"),
    },
    "W3": {
        "glassgrad replay, bound": (OURS, "bound", "W3", "numpy"),
        "glassgrad replay, called": (OURS, "called", "W3", "numpy"),
        "glassgrad replay [fast], bound": (OURS, "bound", "W3", "numba"),
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

SLOW = {"jax.jit of scalars"}
"""Compiling it takes JAX 0.10 about 4 CPU seconds and 0.3 GB for each of the 100 samples."""


def task(engine: str, workload: str) -> Task:
    """Return what an engine does for a workload."""
    if engine not in RECORDERS:
        module, function, *arguments = TRAININGS.get(engine) or GRADIENTS[workload][engine]
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
