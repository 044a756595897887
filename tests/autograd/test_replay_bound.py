"""Programs bound to arrays: what a call gives, to the last bit, and what it leaves when it fails."""

from __future__ import annotations

import dis
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import autograd
from autograd import DomainError, LengthError, StaleProgram, record
from tests.autograd.random_programs import random_program
from tests.autograd.test_replay import REFUSED, bits
from tests.autograd.test_replay_batches import PARAMETERS, network
from tests.benchmarks import workloads

pytestmark = pytest.mark.usefixtures("nothing_hidden")


def test_a_bound_program_reads_and_writes_arrays() -> None:
    program = record(network, PARAMETERS, [1.0, 1.0], 1.0)
    arrays = np.array(PARAMETERS), np.ones(2), np.ones(())
    bound = program.bind(*arrays)
    value, slopes = program(PARAMETERS, [1.0, 1.0], 1.0)
    assert bound() == value
    assert bound.gradients[0] == pytest.approx(np.array(slopes[0]), abs=0)
    assert bound.gradients[2].shape == ()
    arrays[2][...] = 3.0
    assert bound() == program.value(PARAMETERS, [1.0, 1.0], 3.0)
    with pytest.raises(LengthError, match="18, 2, 1"):
        program.bind(*arrays[:2])
    with pytest.raises(LengthError, match="float64"):
        program.bind(np.array(PARAMETERS), np.ones(2, dtype=int), np.ones(()))


def test_a_bound_program_in_plain_python_gets_plain_floats() -> None:
    for shape in ((2,), (2, 1)):
        program = record(lambda v: v[0] / v[1] + (v[0] / v[1]).exp(), [1.0, 1.0])
        numbers = np.array([1.0, 2.0]).reshape(shape)
        bound = program.bind(numbers)
        assert type(bound()) is float
        assert bound() == program.value([1.0, 2.0])
        numbers[...] = 1e3
        numbers[1] = 1.0
        assert bound() == math.inf
        numbers[1] = 0.0
        with pytest.raises(DomainError):
            bound()
    many = record(lambda a, b: a[0] * b[0], [1.0, 2.0], [1.0, 2.0])
    assert type(many.bind(np.ones(2), np.ones(2))()) is float


def test_a_bound_program_in_numpy_and_out_of_the_ordinary() -> None:
    program = record(lambda v: sum(x.sqrt() for x in v), [1.0] * 100, backend="numpy")
    numbers = np.full(100, 4.0)
    bound = program.bind(numbers)
    assert bound() == 200.0
    assert bound.gradients[0].tolist() == [0.25] * 100
    numbers[7] = 0.0
    assert bound() == 198.0
    assert bound.gradients[0][7] == math.inf


@pytest.mark.parametrize("start", range(0, 200, 50))
def test_random_programs_are_as_exact_bound_as_called(start: int) -> None:
    for seed in range(start, start + 50):
        f, point = random_program(seed, operations=12)
        try:
            program = record(f, point, exact=True)
        except REFUSED:
            continue
        numbers = np.array(point)
        bound = program.bind(numbers)
        for factor in (1.0, 1.01, -1.0):
            numbers[:] = np.multiply(point, factor)
            before = bound.gradients[0].copy()
            try:
                value, (slopes,) = program(numbers.tolist())
            except REFUSED as error:
                with pytest.raises(type(error)):
                    bound()
                assert bits(bound.gradients[0]) == bits(before)
                continue
            assert bits([bound(), *bound.gradients[0]]) == bits([value, *slopes]), seed


@pytest.mark.parametrize("backend", ["python", "numpy"])
def test_arrays_of_every_kind_are_read_where_they_are(backend: str) -> None:
    program = record(
        lambda a, b, c: (a @ a * b).sum() + c[0] * 0, np.ones((2, 2)), 1.0, [1.0], backend=backend
    )
    wide = np.arange(24.0).reshape(4, 6)
    packed = np.frombuffer(bytearray(b"-" + wide.tobytes()), dtype=float, count=4, offset=1).reshape(2, 2)
    fixed = wide[2:, :2].copy()
    fixed.flags.writeable = False
    number, one = np.array(2.0), np.ones((1, 1))
    for a in (wide[:2, :2], wide[::-2, ::-3][:2, :2], np.asfortranarray(wide[1:3, 1:3]), packed, fixed):
        bound = program.bind(a, number, one)
        assert bound() == program.value(a, 2.0, [1.0])
        assert bound.gradients[0].tolist() == program(a, 2.0, [1.0])[1][0].tolist()
        assert bound.arrays[0] is a
        if a is not fixed:
            a[1, 0] = -7.0
            assert bound() == program.value(a, 2.0, [1.0])
    assert [slopes.shape for slopes in bound.gradients] == [(2, 2), (), (1, 1)]


def test_names_that_a_bound_program_uses_itself() -> None:
    program = record(
        lambda slopes, bound, eagerly, argument1: slopes * bound - eagerly / argument1, *[1.0] * 4
    )
    arrays = [np.array(x) for x in (2.0, 3.0, 4.0, 8.0)]
    bound = program.bind(*arrays)
    assert (bound(), *bound.gradients) == (5.5, 3.0, 2.0, -0.125, 0.0625)
    assert record(lambda x: x, 1.0).bind(arrays[0])() == 2.0
    assert record(lambda _, x: x * 0.5, [], 1.0).bind(np.zeros(0), arrays[0])() == 1.0


@pytest.mark.parametrize("backend", ["python", "numpy"])
def test_a_call_that_fails_leaves_the_gradients_as_they_were(backend: str) -> None:
    program = record(lambda v: (v[0] * 3).sqrt() / v[1] if v[2] > 0 else v[0], [1.0] * 3, backend=backend)
    numbers = np.array([3.0, 2.0, 1.0])
    bound = program.bind(numbers)
    assert bound() == 1.5
    before = bound.gradients[0].tolist()
    for k, wrong, error in ((0, -1.0, DomainError), (1, 0.0, DomainError), (2, -1.0, StaleProgram)):
        numbers[k] *= wrong
        with pytest.raises(error):
            bound()
        assert bound.gradients[0].tolist() == before
        numbers[:] = 3.0, 2.0, 1.0
    numbers[0] = math.nan
    assert math.isnan(bound())
    assert math.isnan(bound.gradients[0][0])
    numbers[0] = 0.0
    assert (bound(), bound.gradients[0][0]) == (0.0, math.inf)


def test_an_interrupt_comes_before_all_gradients_are_written_or_after() -> None:
    asked = []

    def tired(x: float) -> float:
        asked.append(x)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return x * x

    row = autograd.primitive("tired", tired, (lambda z, x: 2 * x,))
    try:
        program = record(lambda x, y: row(x) * y, 1.0, 1.0)
        x, y = np.array(3.0), np.array(5.0)
        bound = program.bind(x, y)
        assert (bound(), *bound.gradients) == (45.0, 30.0, 9.0)
        x[...] = 4.0
        with pytest.raises(KeyboardInterrupt):
            bound()
        assert (*bound.gradients,) == (30.0, 9.0)
        assert (bound(), *bound.gradients) == (80.0, 40.0, 16.0)
    finally:
        del autograd.TABLE["tired"]
    code = [instruction.opname for instruction in dis.get_instructions(bound)]
    stores = [k for k, name in enumerate(code) if name == "STORE_SUBSCR"]
    assert len(stores) == 2
    between = code[stores[0] : stores[-1]]  # Python looks for signals at calls and backward jumps
    assert not any("CALL" in name or "BACKWARD" in name for name in between)


def test_each_thread_may_bind_a_program_to_arrays_of_its_own() -> None:
    program = record(workloads.readme_function, 1.0, 1.0)

    def descend(start: float) -> tuple[float, float]:
        a, b = np.array(start), np.array(2.0)
        bound = program.bind(a, b)
        for _ in range(200):
            bound()
            a -= 1e-5 * bound.gradients[0]
            b -= 1e-5 * bound.gradients[1]
        return a.item(), b.item()

    starts = [-4.0 + 0.1 * k for k in range(16)]
    alone = [descend(start) for start in starts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(descend, starts)) == alone
