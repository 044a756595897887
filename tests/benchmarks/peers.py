"""Replay: recorded programs against compiled and vectorised peers, each on the same numbers.

Every engine is a function of a workload that returns the step to time and a function
for its answer, a loss and the gradient. One that is not installed raises ImportError.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks import workloads

if TYPE_CHECKING:
    from collections.abc import Callable

    Engine = Callable[[str], tuple[Callable[[], Any], Callable[[], list[float]]]]

AT = (-4.0, 2.0)
WEIGHT_DECAY = 1e-4


def samples() -> tuple[Any, Any]:
    """Return W2's inputs and targets as arrays."""
    import numpy as np

    drawn = workloads.two_moons()
    return np.array([x for x, _ in drawn]), np.array([float(y) for _, y in drawn])


def layers(parameters: Any) -> list[tuple[Any, Any]]:
    """Return views of a row of parameters: for each layer its weights and biases."""
    found, start = [], 0
    for fan_in, fan_out in pairwise(workloads.SIZES):
        end = start + fan_out * (fan_in + 1)
        block = parameters[start:end].reshape(fan_out, fan_in + 1)
        found.append((block[:, :fan_in], block[:, fan_in]))
        start = end
    return found


def vectorised_loss(parameters: Any, x: Any, y: Any, relu: Callable[[Any], Any]) -> Any:
    """W2 as a person writes it for arrays."""
    outputs = x
    *hidden, (weights, bias) = layers(parameters)
    for w, b in hidden:
        outputs = relu(outputs @ w.T + b)
    margins = relu(1 - y * (outputs @ weights[0] + bias[0]))
    return margins.sum() / len(y) + WEIGHT_DECAY * (parameters * parameters).sum()


def scalar_function(workload: str) -> tuple[Callable[..., Any], list[float]]:
    """Return a workload as a function of one list of numbers, and where to evaluate it."""
    if workload == "W1 replay":
        return lambda p: workloads.readme_function(*p), list(AT)
    return workloads.training_function(), workloads.start()


def program(backend: str, way: str) -> Engine:
    """Build glassgrad: a recorded program, called or bound."""

    def build(workload: str) -> tuple[Callable[[], Any], Callable[[], list[float]]]:
        import numpy as np

        from autograd import record

        if backend == "numba":
            import numba  # noqa: F401 - to know whether it is there

        if workload == "W1 replay":
            made = record(workloads.readme_function, *AT)
            bound = made.bind(np.array(AT[0]), np.array(AT[1]))
            call = lambda: made(*AT)  # noqa: E731
        else:
            f, start = scalar_function(workload)
            point = np.array(start)
            made = record(f, point, backend=backend)
            bound = made.bind(point)
            call = lambda: made(point)  # noqa: E731

        def answer() -> list[float]:
            return [bound(), *(float(x) for array in bound.gradients for x in array.ravel())]

        return (bound if way == "bound" else call), answer

    return build


def numpy_by_hand(workload: str) -> tuple[Callable[[], Any], Callable[[], list[float]]]:
    """Build W2 in numpy with its gradient derived by a person."""
    import numpy as np

    if workload == "W1 replay":
        raise ImportError
    x, y = samples()
    parameters = np.array(workloads.start())
    (w1, b1), (w2, b2), (w3, b3) = layers(parameters)

    def step() -> tuple[Any, Any]:
        gradient = (2 * WEIGHT_DECAY) * parameters
        (g1, h1), (g2, h2), (g3, h3) = layers(gradient)
        a1 = x @ w1.T + b1
        o1 = np.maximum(a1, 0)
        a2 = o1 @ w2.T + b2
        o2 = np.maximum(a2, 0)
        margins = 1 - y * (o2 @ w3[0] + b3[0])
        loss = np.maximum(margins, 0).sum() / len(y) + WEIGHT_DECAY * (parameters @ parameters)
        d3 = (margins > 0) * (-y / len(y))
        g3[0] += d3 @ o2
        h3[0] += d3.sum()
        d2 = np.outer(d3, w3[0]) * (a2 > 0)
        g2 += d2.T @ o1
        h2 += d2.sum(axis=0)
        d1 = (d2 @ w2) * (a1 > 0)
        g1 += d1.T @ x
        h1 += d1.sum(axis=0)
        return loss, gradient

    return step, lambda: [float(step()[0]), *step()[1].tolist()]


def torch_eager(workload: str) -> tuple[Callable[[], Any], Callable[[], list[float]]]:
    """Build a workload in torch: W2 vectorised, W1 on 0-d tensors."""
    import torch

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    leaves: Any
    if workload == "W1 replay":
        leaves = [torch.tensor(x, requires_grad=True) for x in AT]

        def loss() -> Any:
            return workloads.readme_function(*leaves)

    else:
        leaves = [torch.tensor(workloads.start(), requires_grad=True)]
        x, y = (torch.from_numpy(array) for array in samples())

        def loss() -> Any:
            return vectorised_loss(leaves[0], x, y, torch.relu)

    def step() -> tuple[Any, Any]:
        value = loss()
        return value, torch.autograd.grad(value, leaves)

    def answer() -> list[float]:
        value, slopes = step()
        return [value.item(), *(float(x) for slope in slopes for x in slope.reshape(-1))]

    return step, answer


def jax_jit(*, scalar: bool) -> Engine:
    """Build a workload in jax.jit: vectorised by hand, or the scalar program that glassgrad gets."""

    def build(workload: str) -> tuple[Callable[[], Any], Callable[[], list[float]]]:
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", True)  # noqa: FBT003 - how jax has it
        if workload == "W1 replay":
            if scalar:
                raise ImportError
            run = jax.jit(jax.value_and_grad(_with_relu(jax.nn.relu), argnums=(0, 1)))
            arguments: tuple[Any, ...] = AT
        elif scalar:
            run = jax.jit(jax.value_and_grad(_scalar_training(jax.nn.relu)))
            arguments = (jnp.array(workloads.start()),)
        else:
            x, y = map(jnp.array, samples())
            run = jax.jit(jax.value_and_grad(lambda p: vectorised_loss(p, x, y, jax.nn.relu)))
            arguments = (jnp.array(workloads.start()),)

        def step() -> Any:
            return jax.block_until_ready(run(*arguments))

        def answer() -> list[float]:
            value, slopes = step()
            return [float(value), *(float(x) for slope in jax.tree.leaves(slopes) for x in slope.reshape(-1))]

        return step, answer

    return build


class WithRelu:
    """A number of another library that has `relu` as a method, as the workloads call it."""

    def __init__(self, x: Any, relu: Callable[[Any], Any]) -> None:
        self.x, self.function = x, relu

    def relu(self) -> WithRelu:
        return WithRelu(self.function(self.x), self.function)

    def _lifted(self, method: str, other: Any) -> WithRelu:
        operand = other.x if isinstance(other, WithRelu) else other
        return WithRelu(getattr(self.x, method)(operand), self.function)

    def __add__(self, other: Any) -> WithRelu:
        return self._lifted("__add__", other)

    def __radd__(self, other: Any) -> WithRelu:
        return self._lifted("__radd__", other)

    def __sub__(self, other: Any) -> WithRelu:
        return self._lifted("__sub__", other)

    def __mul__(self, other: Any) -> WithRelu:
        return self._lifted("__mul__", other)

    def __rmul__(self, other: Any) -> WithRelu:
        return self._lifted("__rmul__", other)

    def __truediv__(self, other: Any) -> WithRelu:
        return self._lifted("__truediv__", other)

    def __rtruediv__(self, other: Any) -> WithRelu:
        return self._lifted("__rtruediv__", other)

    def __pow__(self, other: Any) -> WithRelu:
        return self._lifted("__pow__", other)

    def __neg__(self) -> WithRelu:
        return WithRelu(-self.x, self.function)


def _with_relu(relu: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda *operands: workloads.readme_function(*(WithRelu(x, relu) for x in operands)).x


def _scalar_training(relu: Callable[[Any], Any]) -> Callable[..., Any]:
    f = workloads.training_function()
    return lambda parameters: f([WithRelu(x, relu) for x in parameters]).x


def casadi_program(*, buffered: bool) -> Engine:
    """Build a workload in CasADi's virtual machine, called from Python or through a buffer."""

    def build(workload: str) -> tuple[Callable[[], Any], Callable[[], list[float]]]:
        import casadi
        import numpy as np

        f, start = scalar_function(workload)
        symbols = casadi.SX.sym("p", len(start))
        operands = [WithRelu(symbols[i], lambda x: casadi.fmax(x, 0)) for i in range(len(start))]
        value = f(operands).x
        function = casadi.Function("f", [symbols], [value, casadi.gradient(value, symbols)])
        point = np.array(start)
        if not buffered:
            return lambda: function(point), lambda: [
                float(y) for x in function(point) for y in x.full().ravel()
            ]
        buffer, run = function.buffer()
        loss, slopes = np.zeros(1), np.zeros(len(start))
        buffer.set_arg(0, point.data)
        buffer.set_res(0, loss.data)
        buffer.set_res(1, slopes.data)

        def step(alive: Any = (function, buffer, point)) -> Any:  # noqa: ARG001 - CasADi keeps none of them
            return run()

        def answer() -> list[float]:
            step()
            return [*loss.tolist(), *slopes.tolist()]

        return step, answer

    return build


C_SOURCE = """
#include <math.h>
#define N %(samples)d
double step(const double *p, const double *x, const double *y, double *g) {
    const double *w1 = p, *w2 = p + 48, *w3 = p + 320;
    double *g1 = g, *g2 = g + 48, *g3 = g + 320, loss = 0, squares = 0;
    for (int i = 0; i < 337; i++) { squares += p[i] * p[i]; g[i] = 2e-4 * p[i]; }
    for (int n = 0; n < N; n++) {
        double a1[16], o1[16], a2[16], o2[16], d1[16] = {0}, d2[16], out = w3[16];
        for (int i = 0; i < 16; i++) {
            a1[i] = w1[3*i] * x[2*n] + w1[3*i+1] * x[2*n+1] + w1[3*i+2];
            o1[i] = a1[i] > 0 ? a1[i] : 0;
        }
        for (int i = 0; i < 16; i++) {
            double s = w2[17*i+16];
            for (int j = 0; j < 16; j++) s += w2[17*i+j] * o1[j];
            a2[i] = s; o2[i] = s > 0 ? s : 0;
            out += w3[i] * o2[i];
        }
        double margin = 1 - y[n] * out;
        if (!(margin > 0)) continue;
        loss += margin;
        double d3 = -y[n] / N;
        g3[16] += d3;
        for (int i = 0; i < 16; i++) { g3[i] += d3 * o2[i]; d2[i] = a2[i] > 0 ? d3 * w3[i] : 0; }
        for (int i = 0; i < 16; i++) {
            for (int j = 0; j < 16; j++) { g2[17*i+j] += d2[i] * o1[j]; d1[j] += d2[i] * w2[17*i+j]; }
            g2[17*i+16] += d2[i];
        }
        for (int i = 0; i < 16; i++) {
            double d = a1[i] > 0 ? d1[i] : 0;
            g1[3*i] += d * x[2*n]; g1[3*i+1] += d * x[2*n+1]; g1[3*i+2] += d;
        }
    }
    return loss / N + 1e-4 * squares;
}
"""
"""W2 in C, by hand."""


def c_by_hand(workload: str) -> tuple[Callable[[], Any], Callable[[], list[float]]]:
    """Build W2 in C, if there is a compiler."""
    import numpy as np

    compiler = shutil.which("gcc") or shutil.which("cc")
    if workload == "W1 replay" or compiler is None:
        raise ImportError
    folder = Path(tempfile.mkdtemp())
    (folder / "step.c").write_text(C_SOURCE % {"samples": workloads.SAMPLES})
    subprocess.run(
        [
            compiler,
            "-O3",
            "-march=native",
            "-shared",
            "-fPIC",
            "-o",
            folder / "step.so",
            folder / "step.c",
            "-lm",
        ],
        check=True,
    )
    function = ctypes.CDLL(str(folder / "step.so")).step
    function.restype = ctypes.c_double
    x, y = samples()
    arrays = [np.array(workloads.start()), x, y, np.zeros(337)]
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in arrays]

    def step() -> float:
        loss: float = function(*pointers)
        return loss

    return step, lambda: [step(), *arrays[3].tolist()]


ENGINES: dict[str, Engine] = {
    "glassgrad bound": program("numpy", "bound"),
    "glassgrad call": program("numpy", "call"),
    "[fast] bound": program("numba", "bound"),
    "[fast] call": program("numba", "call"),
    "numpy by hand": numpy_by_hand,
    "C by hand": c_by_hand,
    "torch": torch_eager,
    "jax.jit": jax_jit(scalar=False),
    "jax.jit scalar": jax_jit(scalar=True),
    "casadi call": casadi_program(buffered=False),
    "casadi buffer": casadi_program(buffered=True),
}

SLOW = {"jax.jit scalar"}
"""Engines that take long to compile."""
