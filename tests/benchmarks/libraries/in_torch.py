"""PyTorch, eager: W1 on tensors without axes, the others on arrays: W2, W3, W5."""

from __future__ import annotations

from typing import Any

import torch

from tests.benchmarks import gpt, single_sample, workloads
from tests.benchmarks.by_hand.in_numpy import flat, samples, weights_and_biases
from tests.benchmarks.task import Task, after_training

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
relu = torch.nn.functional.relu
cross_entropy = torch.nn.functional.cross_entropy
softplus = torch.nn.functional.softplus


def readme_expression() -> Task:
    a, b = leaf(-4.0), leaf(2.0)

    def step() -> Any:
        g = workloads.readme_function(a, b)
        return g, *torch.autograd.grad(g, (a, b))

    return Task(step, lambda: [x.item() for x in step()])


def two_moons(count: int) -> Task:
    x, y = map(torch.from_numpy, samples(count))
    layers = leaves(workloads.start(), workloads.SIZES)
    parameters = [p for layer in layers for p in layer]
    (w1, b1), (w2, b2), (w3, b3) = layers

    def step() -> Any:
        h = relu(torch.addmm(b1, x, w1.T))
        h = relu(torch.addmm(b2, h, w2.T))
        scores = torch.addmm(b3, h, w3.T)[:, 0]
        squares = torch.cat([p.flatten() for p in parameters]).square().sum()
        loss = relu(1.0 - y * scores).mean() + 1e-4 * squares
        return loss, torch.autograd.grad(loss, parameters)

    def answer() -> list[float]:
        loss, slopes = step()
        return [loss.item(), *flat(zip(slopes[::2], slopes[1::2], strict=True))]

    return Task(step, answer)


def gpt_of_one_name() -> Task:
    p = {name: leaf(matrix) for name, matrix in gpt.start().items()}
    tokens = torch.tensor(gpt.encode(gpt.EXAMPLE))
    before, after = tokens[:-1], tokens[1:]
    steps, heads, size = len(before), gpt.HEADS, gpt.WIDTH // gpt.HEADS

    def normed(x: Any) -> Any:
        return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + gpt.SMALL)

    def step() -> Any:
        x = normed(p["tokens"][before] + p["positions"][:steps])
        n = normed(x)
        query, key, value = (
            (n @ p[name].T).view(steps, heads, size).transpose(0, 1) for name in ("query", "key", "value")
        )
        mixed = torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + mixed.transpose(0, 1).reshape(steps, gpt.WIDTH) @ p["output"].T
        x = x + relu(normed(x) @ p["widen"].T) @ p["narrow"].T
        loss = cross_entropy(x @ p["logits"].T, after)
        return loss, torch.autograd.grad(loss, list(p.values()))

    def answer() -> list[float]:
        loss, slopes = step()
        return [loss.item(), *(x for slope in slopes for x in slope.flatten().tolist())]

    return Task(step, answer)


def single_sample_step() -> Task:
    drawn_from, draw = single_sample.samples(), single_sample.draws()
    inputs = torch.tensor([inputs for inputs, _ in drawn_from])
    signs = [single_sample.sign(target) for _, target in drawn_from]
    layers = leaves(single_sample.start(), single_sample.SIZES)
    parameters = [p for layer in layers for p in layer]
    (w1, b1), (w2, b2) = layers
    optimizer = torch.optim.SGD(
        parameters, lr=single_sample.RATE, weight_decay=single_sample.WEIGHT_DECAY, foreach=False
    )

    def step() -> float:
        k = next(draw)
        optimizer.zero_grad()
        o = torch.tanh(torch.addmv(b1, w1, inputs[k]))
        loss = softplus(signs[k] * torch.addmv(b2, w2, o), threshold=50.0)
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return after_training(step, lambda: flat([(w.detach(), b.detach()) for w, b in layers]))


def leaf(numbers: Any) -> Any:
    return torch.tensor(numbers, requires_grad=True)


def leaves(numbers: list[float], sizes: tuple[int, ...]) -> Any:
    """Return the weights and biases of each layer."""
    return [(leaf(w), leaf(b)) for w, b in weights_and_biases(numbers, sizes)]
