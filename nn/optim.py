"""Optimizers: how weights move against their gradient, one formula each.

In the formulas w is a weight, v its gradient, η the step size and λ the weight decay. What else
a step takes stands in `nn.optimizer`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from nn.errors import SettingError, finite_setting, fraction_setting
from nn.optimizer import Optimizer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from autograd import Value
    from nn.optimizer import Group, Rule
    from nn.schedules import StepSizes


class SGD(Optimizer):
    """Stochastic gradient descent: step i, from 1, is w ← w - η_i (v_i + λ w).

    Here v_i is the gradient that the parameters hold. The term λ w is the gradient of
    ½ λ ‖w‖². For the parameters see `Optimizer`.

    Notes
    -----
    Source: Shalev-Shwartz and Ben-David, "Understanding Machine Learning" (2014),
    section 20.6.

    Examples
    --------
    >>> from autograd import Value
    >>> w = Value(3.0, label="w")
    >>> optimizer = SGD([w], lr=[0.5, 0.25], weight_decay=0.5)
    >>> (w * w).backward()
    >>> optimizer.step()
    0.5
    >>> w.data
    -0.75
    """

    def rule(self, rate: float, decay: float) -> Rule:
        """Return the formula of this step."""
        return lambda w, v: (w - rate * (v + decay * w),)


class Momentum(Optimizer):
    """SGD with momentum μ: u ← μ u + (v + λ w), then w ← w - η u.

    With `nesterov` it is w ← w - η (v + λ w + μ u): the step from where momentum
    would lead.

    Parameters
    ----------
    parameters, lr, weight_decay, max_norm
        As for `Optimizer`.
    momentum
        μ, from 0 up to, but not including, 1.
    nesterov
        Whether to look ahead.

    Notes
    -----
    Sources: Polyak (1964); Nesterov (1983), in the form of Sutskever, Martens, Dahl and
    Hinton (2013). As in PyTorch, η multiplies u and is no part of it, which differs from
    the paper where η changes.

    Examples
    --------
    >>> from autograd import Value
    >>> w = Value(1.0)
    >>> optimizer = Momentum([w], lr=0.5, momentum=0.5)
    >>> w.grad = 1.0
    >>> for _ in range(3):
    ...     step_size = optimizer.step()
    ...     print(w.data, optimizer.memory)
    0.5 {'u': [1.0]}
    -0.25 {'u': [1.5]}
    -1.125 {'u': [1.75]}
    """

    settings = ("momentum", "nesterov")
    remembers = ("u",)

    def __init__(
        self,
        parameters: Iterable[Value | Group],
        lr: StepSizes,
        weight_decay: float = 0.0,
        *,
        momentum: float = 0.9,
        nesterov: bool = False,
        max_norm: float | None = None,
    ) -> None:
        super().__init__(parameters, lr, weight_decay, max_norm=max_norm)
        self.momentum = fraction_setting("momentum (μ)", momentum)
        self.nesterov = bool(nesterov)

    def rule(self, rate: float, decay: float) -> Rule:
        """Return the formula of this step."""
        momentum = self.momentum

        def heavy_ball(w: float, v: float, u: float) -> tuple[float, ...]:
            u = momentum * u + (v + decay * w)
            return w - rate * u, u

        def nesterov(w: float, v: float, u: float) -> tuple[float, ...]:
            v += decay * w
            u = momentum * u + v
            return w - rate * (v + momentum * u), u

        return nesterov if self.nesterov else heavy_ball


class RMSProp(Optimizer):
    """Steps relative to the recent size of the gradient: w ← w - η v / (√s + ε).

    Here s ← ρ s + (1 - ρ) v² is a running mean of squares, a number for each weight. λ w
    is added to v first.

    Parameters
    ----------
    parameters, lr, weight_decay, max_norm
        As for `Optimizer`.
    rho
        ρ, from 0 up to, but not including, 1.
    eps
        ε, more than 0.

    Notes
    -----
    Source: Tieleman and Hinton (2012), lecture 6.5 of "Neural Networks for Machine
    Learning", with ε added as in PyTorch.

    Examples
    --------
    The first step is about η / √(1 - ρ) long, whatever the gradient:

    >>> from autograd import Value
    >>> small, large = Value(0.0), Value(0.0)
    >>> small.grad, large.grad = 1e-3, 1e3
    >>> step_size = RMSProp([small, large], lr=0.1, rho=0.75).step()
    >>> f"{small:.4f} {large:.4f}"
    '-0.2000 -0.2000'
    """

    settings = ("rho", "eps")
    remembers = ("s",)

    def __init__(
        self,
        parameters: Iterable[Value | Group],
        lr: StepSizes,
        weight_decay: float = 0.0,
        *,
        rho: float = 0.99,
        eps: float = 1e-8,
        max_norm: float | None = None,
    ) -> None:
        super().__init__(parameters, lr, weight_decay, max_norm=max_norm)
        self.rho = fraction_setting("rho (ρ)", rho)
        self.eps = _more_than_zero(eps)

    def rule(self, rate: float, decay: float) -> Rule:
        """Return the formula of this step."""
        rho, eps = self.rho, self.eps

        def rmsprop(w: float, v: float, s: float) -> tuple[float, ...]:
            v += decay * w
            s = rho * s + (1 - rho) * v * v
            return w - rate * v / (_root(s) + eps), s

        return rmsprop


class Adam(Optimizer):
    """Adaptive moments: w ← w - η m̂ / (√ŝ + ε).

    Here m ← β₁ m + (1 - β₁) v and s ← β₂ s + (1 - β₂) v² are running means of the
    gradient and of its square; m̂ = m / (1 - β₁^i) and ŝ = s / (1 - β₂^i) make up for
    their start at 0. λ w is added to v first; for weight decay see `AdamW`.

    Parameters
    ----------
    parameters, lr, weight_decay, max_norm
        As for `Optimizer`.
    beta1, beta2
        β₁ and β₂, from 0 up to, but not including, 1.
    eps
        ε, more than 0.

    Notes
    -----
    Source: Kingma and Ba (2015), algorithm 1.

    Examples
    --------
    The first step is about η long, whatever the gradient:

    >>> from autograd import Value
    >>> small, large = Value(0.0), Value(0.0)
    >>> small.grad, large.grad = 1e-3, 1e3
    >>> step_size = Adam([small, large], lr=0.1).step()
    >>> f"{small:.4f} {large:.4f}"
    '-0.1000 -0.1000'
    """

    settings = ("beta1", "beta2", "eps")
    remembers = ("m", "s")

    def __init__(
        self,
        parameters: Iterable[Value | Group],
        lr: StepSizes,
        weight_decay: float = 0.0,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        max_norm: float | None = None,
    ) -> None:
        super().__init__(parameters, lr, weight_decay, max_norm=max_norm)
        self.beta1 = fraction_setting("beta1 (β₁)", beta1)
        self.beta2 = fraction_setting("beta2 (β₂)", beta2)
        self.eps = _more_than_zero(eps)

    def rule(self, rate: float, decay: float) -> Rule:
        """Return the formula of this step."""
        beta1, beta2, eps, i = self.beta1, self.beta2, self.eps, self.iteration + 1
        unbias1, unbias2 = 1 - beta1**i, 1 - beta2**i

        def adam(w: float, v: float, m: float, s: float) -> tuple[float, ...]:
            v += decay * w
            m = beta1 * m + (1 - beta1) * v
            s = beta2 * s + (1 - beta2) * v * v
            return w - rate * (m / unbias1) / (_root(s / unbias2) + eps), m, s

        return adam


class AdamW(Adam):
    """Adam with weight decay that is no part of the gradient: w ← w - η (m̂ / (√ŝ + ε) + λ w).

    The parameters are those of `Adam`; with λ = 0 it is Adam.

    Notes
    -----
    Source: Loshchilov and Hutter (2019), "Decoupled weight decay regularization",
    algorithm 2, where η is the product of both of its step sizes.

    Examples
    --------
    >>> from autograd import Value
    >>> w = Value(1.0)
    >>> w.grad = 1e-300
    >>> step_size = AdamW([w], lr=0.5, weight_decay=0.5).step()
    >>> w.data
    0.75
    """

    def rule(self, rate: float, decay: float) -> Rule:
        """Return the formula of this step: Adam's without λ, then decay."""
        adam = super().rule(rate, 0.0)

        def adamw(w: float, v: float, m: float, s: float) -> tuple[float, ...]:
            moved, m, s = adam(w, v, m, s)
            return moved - rate * decay * w, m, s

        return adamw


def _root(x: Any) -> Any:  # noqa: ANN401 - a number, or an array
    return math.sqrt(x) if isinstance(x, float) else np.sqrt(x)


def _more_than_zero(eps: float) -> float:
    if finite_setting("eps (ε)", eps) == 0:
        raise SettingError("eps (ε) must be more than 0: a weight whose gradient stays 0 would divide 0 by 0")
    return float(eps)
