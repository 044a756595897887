"""Optimizers: each the formula it says it is, and nothing at all after an error."""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from autograd import LengthError, OperandError, Value
from nn import (
    MLP,
    SGD,
    Adam,
    AdamW,
    Cosine,
    Group,
    Inverse,
    Momentum,
    NonFiniteError,
    Optimizer,
    RMSProp,
    SettingError,
)

finite = st.floats(-1e6, 1e6)
small = st.floats(0, 10)


@given(finite, finite, small, small)
def test_a_step_is_the_formula_to_the_bit(weight: float, gradient: float, rate: float, decay: float) -> None:
    w = Value(weight)
    w.grad = gradient
    assert SGD([w], rate, decay).step() == rate
    assert w.data == weight - rate * (gradient + decay * weight)


@given(finite, finite, st.floats(0, 1), st.floats(0, 1))
def test_weight_decay_is_the_gradient_of_half_the_squared_norm(
    weight: float, factor: float, rate: float, decay: float
) -> None:
    plain, penalised = Value(weight), Value(weight)
    (factor * plain).backward()
    (factor * penalised + 0.5 * decay * penalised**2).backward()
    SGD([plain], rate, decay).step()
    SGD([penalised], rate).step()
    assert plain.data == pytest.approx(penalised.data, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize(
    "lr", [[0.5, 0.25, 0.125], (0.5, 0.25, 0.125), np.array([0.5, 0.25, 0.125]), lambda i: 0.5**i]
)
def test_step_sizes_count_from_one(lr: Any) -> None:
    w = Value(0.0)
    w.grad = 1.0
    optimizer = SGD([w], lr)
    assert [optimizer.step() for _ in range(3)] == [0.5, 0.25, 0.125]
    assert w.data == -0.875
    assert optimizer.iteration == 3


def test_a_sequence_that_is_too_short() -> None:
    w = Value(1.0)
    w.grad = 1.0
    optimizer = SGD([w], [0.5])
    optimizer.step()
    with pytest.raises(SettingError, match=r"iteration 2 needs a step size η_2, .* sequence of T = 1"):
        optimizer.step()
    assert (w.data, optimizer.iteration) == (0.5, 1)


@pytest.mark.parametrize(
    "lr", [-0.1, math.nan, math.inf, "0.1", None, [], [0.1, -0.1], [0.1, math.nan], [[0.1]], "a"]
)
def test_step_sizes_that_are_refused_at_once(lr: Any) -> None:
    with pytest.raises(SettingError, match=r"η|lr"):
        SGD([Value(1.0)], lr)


@pytest.mark.parametrize("rate", [-0.1, math.nan, math.inf, None, "0.1"])
def test_a_function_of_bad_step_sizes(rate: Any) -> None:
    w = Value(1.0)
    w.grad = 1.0
    optimizer = SGD([w], lambda _: rate)
    with pytest.raises(SettingError, match=r"lr\(1\), the step size η_1, must be"):
        optimizer.step()
    assert (w.data, optimizer.iteration) == (1.0, 0)


@pytest.mark.parametrize("decay", [-1e-9, math.nan, math.inf, "0", None])
def test_weight_decay_is_not_negative(decay: Any) -> None:
    with pytest.raises(SettingError, match=r"weight_decay \(λ\) must be a finite number, 0 or more"):
        SGD([Value(1.0)], 0.1, decay)


def test_what_is_no_parameter() -> None:
    with pytest.raises(SettingError, match="no parameters"):
        SGD([], 0.1)
    with pytest.raises(OperandError, match="given, not computed"):
        SGD([Value(1.0) * 2], 0.1)
    with pytest.raises(OperandError, match=r"given, not computed; got 1\.0"):
        SGD([1.0], 0.1)  # type: ignore[list-item]


def test_a_parameter_that_is_listed_twice_moves_once() -> None:
    w = Value(1.0)
    w.grad = 1.0
    SGD([w, w], 0.5).step()
    assert w.data == 0.5


def test_a_parameter_without_a_gradient_only_decays() -> None:
    used, unused = Value(1.0), Value(1.0)
    used.grad = 1.0
    SGD([used, unused], 0.5, 0.5).step()
    assert (used.data, unused.data) == (0.25, 0.75)


def test_forgetting_backward() -> None:
    with pytest.raises(SettingError, match=r"no parameter has a gradient; call backward\(\)"):
        SGD([Value(1.0)], 0.1).step()


def spoil_gradient(model: MLP) -> None:
    model.parameters()[3].grad = math.nan


def spoil_step(model: MLP) -> None:
    model.parameters()[3].grad = 1e308


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (spoil_gradient, r"gradient of parameter w0\[1\]\[0\] is nan"),
        (spoil_step, r"w0\[1\]\[0\] would become -inf"),
    ],
)
def test_nothing_changes_after_an_error(spoil: Callable[[MLP], None], text: str) -> None:
    model = MLP(2, [3, 1])
    optimizer = SGD(model.parameters(), 100.0, 0.1)
    model([1.0, 2.0]).backward()
    spoil(model)
    before = [(w.data, repr(w.grad)) for w in model.parameters()]
    with pytest.raises(NonFiniteError, match=text):
        optimizer.step()
    assert [(w.data, repr(w.grad)) for w in model.parameters()] == before
    assert optimizer.iteration == 0


def test_the_name_of_a_parameter_without_a_label() -> None:
    w = Value(1.0)
    w.grad = math.inf
    with pytest.raises(NonFiniteError, match="parameter 0, without a label, is inf"):
        SGD([w], 0.1).step()


def test_zero_grad() -> None:
    w = Value(1.0)
    w.grad = 2.0
    SGD([w], 0.1).zero_grad()
    assert not w.has_grad


def test_repr() -> None:
    w = Value(1.0)
    assert repr(SGD([w], 0.1)) == "SGD(<1 parameter>, lr=Constant(lr=0.1), weight_decay=0.0)"
    assert repr(Momentum([w], [0.1, 0.2], max_norm=1)) == (
        "Momentum(<1 parameter>, lr=Listed(<2 step sizes>), weight_decay=0.0, "
        "momentum=0.9, nesterov=False, max_norm=1.0)"
    )
    assert repr(SGD([Group([w], factor=2.0)], 0.1)) == (
        "SGD([Group(<1 parameter>, factor=2.0)], lr=Constant(lr=0.1), weight_decay=0.0)"
    )


# Each optimizer against its formula, as five lines of numpy -----------------------------------------

RATE, DECAY, STEPS = 0.05, 0.02, 1000
STIFFNESS = np.geomspace(0.1, 10.0, 6)
START = np.linspace(-2.0, 2.0, 6)


def gradient(w: np.ndarray, i: int) -> np.ndarray:
    """The gradient of Σ k (w - c)²/2 with other c each time, as samples differ: it never comes to rest."""
    return np.asarray(STIFFNESS * (w - np.cos(i * np.arange(1, 7))))


def reference_sgd(w: np.ndarray, rates: list[float]) -> Iterator[np.ndarray]:
    for i, rate in enumerate(rates, start=1):
        w = w - rate * (gradient(w, i) + DECAY * w)
        yield w


def reference_momentum(w: np.ndarray, rates: list[float], *, nesterov: bool = False) -> Iterator[np.ndarray]:
    u = np.zeros(6)
    for i, rate in enumerate(rates, start=1):
        v = gradient(w, i) + DECAY * w
        u = 0.9 * u + v
        w = w - rate * (v + 0.9 * u if nesterov else u)
        yield w


def reference_rmsprop(w: np.ndarray, rates: list[float]) -> Iterator[np.ndarray]:
    s = np.zeros(6)
    for i, rate in enumerate(rates, start=1):
        v = gradient(w, i) + DECAY * w
        s = 0.99 * s + 0.01 * v * v
        w = w - rate * v / (np.sqrt(s) + 0.3)
        yield w


def reference_adam(w: np.ndarray, rates: list[float], *, decoupled: bool = False) -> Iterator[np.ndarray]:
    m, s = np.zeros(6), np.zeros(6)
    for i, rate in enumerate(rates, start=1):
        v = gradient(w, i) + (0 if decoupled else DECAY) * w
        m, s = 0.8 * m + 0.2 * v, 0.95 * s + 0.05 * v * v
        unbiased = m / (1 - 0.8**i), s / (1 - 0.95**i)
        w = w - rate * unbiased[0] / (np.sqrt(unbiased[1]) + 0.3) - (rate * DECAY * w if decoupled else 0)
        yield w


REFERENCES: list[tuple[type[Optimizer], dict[str, Any], Callable[..., Iterator[np.ndarray]]]] = [
    (SGD, {}, reference_sgd),
    (Momentum, {}, reference_momentum),
    (Momentum, {"nesterov": True}, partial(reference_momentum, nesterov=True)),
    (RMSProp, {"eps": 0.3}, reference_rmsprop),
    (Adam, {"beta1": 0.8, "beta2": 0.95, "eps": 0.3}, reference_adam),
    (AdamW, {"beta1": 0.8, "beta2": 0.95, "eps": 0.3}, partial(reference_adam, decoupled=True)),
]


@pytest.mark.parametrize(("kind", "settings", "reference"), REFERENCES)
def test_a_thousand_steps_are_those_of_the_formula(
    kind: type[Optimizer], settings: dict[str, Any], reference: Callable[..., Iterator[np.ndarray]]
) -> None:
    schedule = Cosine(RATE, STEPS, least=0.01)
    parameters = [Value(w) for w in START]
    optimizer = kind(parameters, schedule, DECAY, **settings)
    w = START
    for i, expected in enumerate(reference(START, [schedule(i) for i in range(1, STEPS + 1)]), start=1):
        for parameter, v in zip(parameters, gradient(w, i), strict=True):
            parameter.grad = v
        optimizer.step()
        w = np.array([parameter.data for parameter in parameters])
        assert np.abs(w - expected).max() < 1e-12
    assert optimizer.iteration == STEPS


def test_the_references_differ_from_one_another() -> None:
    ends = [list(reference(START, [RATE] * STEPS))[-1] for _, _, reference in REFERENCES]
    for k, end in enumerate(ends):
        assert all(np.abs(end - other).max() > 1e-4 for other in ends[:k])


@pytest.mark.parametrize("kind", [Adam, AdamW, RMSProp])
def test_eps_is_honoured(kind: type[Optimizer]) -> None:
    moved = []
    for eps in (1e-8, 1.0):
        w = Value(0.0)
        w.grad = 1e-3
        kind([w], 0.1, eps=eps).step()  # type: ignore[call-arg]
        moved.append(w.data)
    assert moved[0] < -0.09
    assert -1.1e-3 < moved[1] < 0


# Groups and clipping --------------------------------------------------------------------------------


def test_groups_have_settings_of_their_own() -> None:
    ws = [Value(1.0) for _ in range(3)]
    for w in ws:
        w.grad = 1.0
    SGD([Group(ws[:1]), Group(ws[1:2], weight_decay=0.0), Group(ws[2:], factor=0.5)], 0.5, 0.5).step()
    assert [w.data for w in ws] == [0.25, 0.5, 0.625]


def test_groups_that_are_refused() -> None:
    w = Value(1.0)
    with pytest.raises(SettingError, match="in two groups"):
        SGD([Group([w]), Group([w])], 0.1)
    with pytest.raises(SettingError, match="no parameters"):
        SGD([Group([w]), Group([])], 0.1)
    with pytest.raises(SettingError, match="factor of a group must be"):
        SGD([Group([w], factor=-1.0)], 0.1)
    with pytest.raises(SettingError, match="of a group must be"):
        SGD([Group([w], weight_decay=math.nan)], 0.1)
    with pytest.raises(OperandError, match="given, not computed; got Group"):
        SGD([w, Group([Value(1.0)])], 0.1)


@given(st.lists(finite, min_size=1, max_size=5), st.floats(0, 100))
def test_a_clipped_gradient_has_the_norm_and_keeps_its_direction(vs: list[float], most: float) -> None:
    ws = [Value(0.0) for _ in vs]
    for w, v in zip(ws, vs, strict=True):
        w.grad = v
    optimizer = SGD(ws, 1.0, max_norm=most)
    optimizer.step()
    norm = math.hypot(*vs)
    assert optimizer.gradient_norm == norm
    scale = min(1.0, most / norm) if norm else 1.0
    assert [-w.data for w in ws] == pytest.approx([scale * v for v in vs], rel=1e-12, abs=1e-300)


def test_a_norm_that_overflows_cannot_be_clipped() -> None:
    ws = [Value(0.0), Value(0.0)]
    for w in ws:
        w.grad = 1.5e308
    with pytest.raises(NonFiniteError, match="norm overflows"):
        SGD(ws, 1.0, max_norm=1.0).step()
    assert [w.data for w in ws] == [0.0, 0.0]


@pytest.mark.parametrize("kind", [RMSProp, Adam, AdamW])
def test_a_mean_of_squares_that_overflows_is_an_error_and_changes_nothing(kind: type[Optimizer]) -> None:
    w = Value(1.0, label="w")
    w.grad = 1e200
    optimizer = kind([w], 0.1)
    with pytest.raises(NonFiniteError, match="s, remembered for parameter w is inf"):
        optimizer.step()
    assert (w.data, optimizer.iteration, optimizer.memory["s"]) == (1.0, 0, [0.0])


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda w: Momentum([w], 0.1, momentum=1.0), r"momentum \(μ\)"),
        (lambda w: RMSProp([w], 0.1, rho=-0.1), r"rho \(ρ\)"),
        (lambda w: Adam([w], 0.1, beta1=math.nan), r"beta1 \(β₁\)"),
        (lambda w: Adam([w], 0.1, beta2=2), r"beta2 \(β₂\)"),
        (lambda w: AdamW([w], 0.1, eps=0.0), r"eps \(ε\) must be more than 0"),
        (lambda w: SGD([w], 0.1, max_norm=-1.0), "max_norm"),
    ],
)
def test_settings_out_of_range(make: Callable[[Value], Optimizer], text: str) -> None:
    with pytest.raises(SettingError, match=text):
        make(Value(1.0))


def test_an_optimizer_goes_on_from_its_state() -> None:
    w, twin = Value(1.0), Value(1.0)
    optimizer = Adam([w], Inverse(0.1))
    for v in (1.0, -0.5, 2.0):
        w.grad = v
        optimizer.step()
    second = Adam([twin], Inverse(0.1))
    second.restore(optimizer.state())
    twin.data = w.data
    for optimizer_of, parameter in ((optimizer, w), (second, twin)):
        parameter.grad = 0.7
        optimizer_of.step()
    assert w.data == twin.data
    assert second.iteration == 4
    with pytest.raises(LengthError, match="cannot go on from a state that remembers m of 1, s of 1"):
        Momentum([w], 0.1).restore(optimizer.state())


def test_an_optimizer_without_a_rule_says_so() -> None:
    w = Value(1.0)
    w.grad = 1.0
    with pytest.raises(NotImplementedError, match="define rule"):
        Optimizer([w], 0.1).step()
