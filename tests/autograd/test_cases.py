"""Worked examples with published answers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

import autograd
from autograd import Value
from tests.benchmarks.workloads import readme_function

if TYPE_CHECKING:
    from collections.abc import Callable


def baydin(x1: Value, x2: Value) -> Value:
    """Baydin et al. 2018, tables 2 and 3."""
    return x1.log() + x1 * x2 - x2.sin()


def griewank(x1: Value, x2: Value) -> Value:
    """Griewank and Walther 2008, table 1.2."""
    return ((x1 / x2).sin() + x1 / x2 - x2.exp()) * (x1 / x2 - x2.exp())


def cs231n_staged(x: Value, y: Value) -> Value:
    return (x + y.sigmoid()) / (x.sigmoid() + (x + y) ** 2)


def colah(a: Value, b: Value) -> Value:
    return (a + b) * (b + 1)


def diamond(a: Value) -> Value:
    b = a + a
    return b + b


def micrograd_sanity(x: Value) -> Value:
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    return h + q + q * x


def tanh_neuron(x1: Value, x2: Value, w1: Value, w2: Value, b: Value) -> Value:
    return (x1 * w1 + x2 * w2 + b).tanh()


def tanh_neuron_in_exp(x1: Value, x2: Value, w1: Value, w2: Value, b: Value) -> Value:
    e = (2 * (x1 * w1 + x2 * w2 + b)).exp()
    return (e - 1) / (e + 1)


def rosenbrock(x: Value, y: Value) -> Value:
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def helmholtz(*x: Value) -> Value:
    """Helmholtz energy of a mixture, with the Hilbert matrix for A (Griewank)."""
    n, b = len(x), 0.1
    root = math.sqrt(2)
    bx = autograd.sum([b * xi for xi in x])
    entropy = autograd.sum([xi * (xi / (1 - bx)).log() for xi in x])
    quadratic = autograd.sum([x[i] * x[j] / (i + j + 1) for i in range(n) for j in range(n)])
    return entropy - quadratic / (math.sqrt(8) * bx) * ((1 + (1 + root) * bx) / (1 + (1 - root) * bx)).log()


NEURON = (2.0, 0.0, -3.0, 1.0, 6.8813735870195432)
CASES: list[tuple[Callable[..., Value], tuple[float, ...], float, tuple[float, ...], float]] = [
    (baydin, (2, 5), 11.652071455223084, (5.5, 1.7163378145367738), 1e-12),
    (griewank, (1.5, 0.5), 2.0166466694282, (3.011843327673907, -13.723961509314078), 1e-12),
    (lambda x, y, z: (x + y) * z, (-2, 5, -4), -12, (-4, -4, 3), 0),
    (cs231n_staged, (3, -4), 1.5456448841, (2.0595697956, 1.5922327515), 1e-9),
    (colah, (2, 1), 6, (2, 5), 0),
    (diamond, (1,), 4, (4,), 0),
    (readme_function, (-4, 2), 24.70408163265306, (138.83381924198252, 645.5772594752186), 1e-12),
    (micrograd_sanity, (-4,), -20, (46,), 0),
    (tanh_neuron, NEURON, 0.7071067812, (-1.5, 0.5, 1, 0, 0.5), 1e-9),
    (tanh_neuron_in_exp, NEURON, 0.7071067812, (-1.5, 0.5, 1, 0, 0.5), 1e-9),
    (rosenbrock, (-1.2, 1), 24.2, (-215.6, -88), 1e-12),
    (
        helmholtz,
        (0.25,) * 4,
        -1.5709587974,
        (-1.0986439483, -0.7329839714, -0.5806256477, -0.4935637484),
        1e-9,
    ),
]


@pytest.mark.parametrize(("f", "point", "value", "gradient", "tolerance"), CASES)
def test_published_case(
    f: Callable[..., Value],
    point: tuple[float, ...],
    value: float,
    gradient: tuple[float, ...],
    tolerance: float,
) -> None:
    leaves = [Value(x) for x in point]
    output = f(*leaves)
    output.backward()
    assert output.data == pytest.approx(value, rel=tolerance, abs=0)
    assert [x.grad for x in leaves] == pytest.approx(list(gradient), rel=tolerance, abs=1e-15)
    assert autograd.gradients(f(*leaves), leaves) == [x.grad for x in leaves]


def test_cs231n_neuron_to_its_printed_digits() -> None:
    w0, w1, w2, x0, x1 = (Value(x) for x in (2, -3, -3, -1, -2))
    out = (w0 * x0 + w1 * x1 + w2).sigmoid()
    out.backward()
    assert round(out.data, 10) == 0.7310585786
    assert [round(w.grad, 4) for w in (w0, w1, w2)] == [-0.1966, -0.3932, 0.1966]
    assert [round(x.grad, 4) for x in (x0, x1)] == [0.3932, -0.5898]


def test_mazur_two_two_two_network_after_one_step() -> None:
    """The step-by-step example by Matt Mazur (2015); his learning rate, his biases left alone."""
    weights = [Value(w) for w in (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)]
    w1, w2, w3, w4, w5, w6, w7, w8 = weights
    i1, i2, b1, b2 = 0.05, 0.10, 0.35, 0.60
    h1 = (w1 * i1 + w2 * i2 + b1).sigmoid()
    h2 = (w3 * i1 + w4 * i2 + b1).sigmoid()
    o1 = (w5 * h1 + w6 * h2 + b2).sigmoid()
    o2 = (w7 * h1 + w8 * h2 + b2).sigmoid()
    error = 0.5 * (0.01 - o1) ** 2 + 0.5 * (0.99 - o2) ** 2
    error.backward()
    assert error.data == pytest.approx(0.2983711088, abs=5e-11)
    stepped = [w.data - 0.5 * w.grad for w in weights]
    published = [
        *(0.149780716, 0.19956143, 0.24975114, 0.29950229),
        *(0.35891648, 0.408666186, 0.511301270, 0.561370121),
    ]
    assert stepped == pytest.approx(published, abs=5e-9)


@pytest.mark.parametrize("n", [1, 2, 10, 500])
def test_speelpenning_product(n: int) -> None:
    """The product of i / (1 + i) is 1 / (n + 1), and its derivative value / x_i."""
    xs = [Value(i / (1 + i)) for i in range(1, n + 1)]
    product = xs[0]
    for x in xs[1:]:
        product = product * x
    product.backward()
    assert product.data == pytest.approx(1 / (n + 1), rel=1e-12)
    assert [x.grad for x in xs] == pytest.approx([product.data / x.data for x in xs], rel=1e-12)


def test_speelpenning_product_with_a_zero_factor_does_not_divide() -> None:
    x, y, z = Value(2.0), Value(0.0), Value(5.0)
    (x * y * z).backward()
    assert (x.grad, y.grad, z.grad) == (0.0, 10.0, 0.0)


def test_siskind_and_pearlmutter_nested_derivative() -> None:
    """d/dx [x · d/dy (x + y)] is 1: the inner derivative knows nothing of the outer."""
    x, y = Value(3.0), Value(7.0)
    (inner,) = autograd.gradients(x + y, [y], create_graph=True)
    assert autograd.gradients(x * inner, [x]) == [1.0]


def test_hessian_of_rosenbrock() -> None:
    point = [Value(-1.2), Value(1.0)]
    slopes = autograd.gradients(rosenbrock(*point), point, create_graph=True)
    hessian = [autograd.gradients(slope, point) for slope in slopes]
    assert hessian[0] == pytest.approx([1330, 480], rel=1e-12)
    assert hessian[1] == pytest.approx([480, 200], rel=1e-12)


def test_third_derivative_of_tanh() -> None:
    x = Value(0.3)
    derivative = x.tanh()
    for _ in range(3):
        (derivative,) = autograd.gradients(derivative, [x], create_graph=True)
    assert derivative.data == pytest.approx(-1.3643061, abs=5e-8)


def test_black_scholes_call_and_its_greeks() -> None:
    """Hull's example; the normal distribution is a primitive made here from the error function."""
    normal_cdf = autograd.primitive(
        "normal_cdf",
        lambda x: 0.5 * math.erfc(-x / math.sqrt(2)),
        (lambda z, x: autograd.exp(-0.5 * x * x) / math.sqrt(2 * math.pi),),
    )
    spot, rate, volatility, time = (Value(x) for x in (49, 0.05, 0.2, 20 / 52))
    strike = 50
    spread = volatility * time.sqrt()
    d1 = ((spot / strike).log() + (rate + volatility**2 / 2) * time) / spread
    call = spot * normal_cdf(d1) - strike * (-rate * time).exp() * normal_cdf(d1 - spread)
    delta, rho, vega, decay = autograd.gradients(call, [spot, rate, volatility, time], create_graph=True)
    (gamma,) = autograd.gradients(delta, [spot])
    assert round(call.data, 4) == 2.4005
    assert [round(x, 4) for x in (delta.data, gamma)] == [0.5216, 0.0655]
    assert [round(x, 3) for x in (vega.data, rho.data, -decay.data)] == [12.105, 8.907, -4.305]
