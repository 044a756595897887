"""JAX, compiled: W1 and W2 as scalar programs; W2, W3, W5 on arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from tests.benchmarks import gpt, single_sample, workloads
from tests.benchmarks.by_hand.in_numpy import flat, samples, weights_and_biases
from tests.benchmarks.libraries.scalars import Scalar
from tests.benchmarks.task import Task, after_training

if TYPE_CHECKING:
    from collections.abc import Callable

jax.config.update("jax_enable_x64", True)  # noqa: FBT003 - its own way
jax.config.update("jax_cpu_enable_async_dispatch", False)  # noqa: FBT003 - a hand-over costs more than it gives


def readme_expression() -> Task:
    def g(point: Any) -> Any:
        return workloads.readme_function(*(Scalar(x, relu) for x in point)).x

    return task(g, (-4.0, 2.0), lambda slopes: [float(x) for x in slopes])


def two_moons_of_scalars(count: int) -> Task:
    function = workloads.training_function(workloads.two_moons(count))

    def loss(w: Any) -> Any:
        return function(scalars(w)).x

    return task(loss, np.array(workloads.start()), lambda slopes: [float(x) for x in slopes])


def two_moons_in_lanes(count: int) -> Task:
    """The scalar program of one sample, which JAX runs on all of them at once."""
    x, y = samples(count)

    def loss(w: Any, x: Any, y: Any) -> Any:
        return workloads.training_function([(scalars(x), Scalar(y, relu))])(scalars(w)).x

    def gradient(w: Any) -> Any:
        losses, slopes = jax.vmap(jax.value_and_grad(loss), (None, 0, 0))(w, x, y)
        return losses.mean(), slopes.mean(
            axis=0
        )  # which compiles faster, and to faster code, than mean first

    return task_of(gradient, np.array(workloads.start()), lambda slopes: [float(x) for x in slopes])


def scalars(row: Any) -> list[Any]:
    return [Scalar(x, relu) for x in jnp.unstack(row)]


def relu(x: Any) -> Any:
    """Half a slope at 0, where these programs are not; `jax.nn.relu` takes much longer to compile."""
    return jax.lax.max(x, 0.0)


def two_moons(count: int) -> Task:
    x, y = samples(count)

    def loss(layers: Any) -> Any:
        h = x
        for w, b in layers[:-1]:
            h = jax.nn.relu(h @ w.T + b)
        w, b = layers[-1]
        squares = sum((w * w).sum() + (b * b).sum() for w, b in layers)
        return jax.nn.relu(1.0 - y * (h @ w[0] + b)).mean() + 1e-4 * squares

    return task(loss, weights_and_biases(workloads.start(), workloads.SIZES), flat)


def gpt_of_one_name() -> Task:
    tokens = jnp.array(gpt.encode(gpt.EXAMPLE))
    steps, heads, size = len(tokens) - 1, gpt.HEADS, gpt.WIDTH // gpt.HEADS
    future = np.triu(np.full((steps, steps), -np.inf), k=1)

    def normed(x: Any) -> Any:
        return x * jax.lax.rsqrt((x * x).mean(axis=1, keepdims=True) + gpt.SMALL)

    def loss(p: Any, tokens: Any) -> Any:
        before, after = tokens[:-1], tokens[1:]
        x = normed(p["tokens"][before] + p["positions"][:steps])
        n = normed(x)
        query, key, value = (
            (n @ p[name].T).reshape(steps, heads, size).swapaxes(0, 1) for name in ("query", "key", "value")
        )
        shares = jax.nn.softmax(query @ key.swapaxes(1, 2) * size**-0.5 + future)
        x = x + (shares @ value).swapaxes(0, 1).reshape(steps, gpt.WIDTH) @ p["output"].T
        x = x + jax.nn.relu(normed(x) @ p["widen"].T) @ p["narrow"].T
        logits = x @ p["logits"].T
        return (jax.nn.logsumexp(logits, axis=1) - logits[jnp.arange(steps), after]).mean()

    parameters: dict[str, Any] = {name: np.array(matrix) for name, matrix in gpt.start().items()}
    return task(
        loss,
        parameters,
        lambda slopes: [float(x) for name in gpt.SHAPES for x in slopes[name].ravel()],
        tokens,
    )


def single_sample_step() -> Task:
    drawn_from, draw = single_sample.samples(), single_sample.draws()
    inputs = jnp.array([inputs for inputs, _ in drawn_from])
    signs = jnp.array([single_sample.sign(target) for _, target in drawn_from])
    layers: Any = jax.tree.map(jnp.array, weights_and_biases(single_sample.start(), single_sample.SIZES))

    def loss(layers: Any, x: Any, side: Any) -> Any:
        (w1, b1), (w2, b2) = layers
        return jax.nn.softplus(side * (w2[0] @ jnp.tanh(w1 @ x + b1) + b2[0]))

    def move(layers: Any, k: Any) -> Any:
        error, slopes = jax.value_and_grad(loss)(layers, inputs[k], signs[k])
        rate, decay = single_sample.RATE, single_sample.WEIGHT_DECAY
        return error, jax.tree.map(lambda w, v: w - rate * (v + decay * w), layers, slopes)

    run = jax.jit(move)

    def step() -> float:
        nonlocal layers
        error, layers = run(layers, next(draw))
        return float(error)

    return after_training(step, lambda: flat(jax.tree.map(np.array, layers)))


def task(
    loss: Callable[..., Any], parameters: Any, listed: Callable[[Any], list[float]], *constants: Any
) -> Task:
    """Return the task of the gradient of a loss by its first argument."""
    return task_of(jax.value_and_grad(loss), parameters, listed, *constants)


def task_of(
    gradient: Callable[..., Any], parameters: Any, listed: Callable[[Any], list[float]], *constants: Any
) -> Task:
    """Return the task of a function that gives a value and its gradient."""
    gradient = jax.jit(gradient)
    arguments = jax.tree.map(jnp.array, parameters), *constants

    def step() -> Any:
        return jax.block_until_ready(gradient(*arguments))

    def answer() -> list[float]:
        value, slopes = step()
        return [float(value), *listed(jax.tree.map(np.array, slopes))]

    return Task(step, answer)
