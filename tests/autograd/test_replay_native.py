"""Programs as machine code, where numba is installed."""

from __future__ import annotations

import gc
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from autograd import DomainError, OperandError, PrimitiveError, StaleProgram, atan2, primitive, record
from autograd.replay import native
from autograd.replay.loops.printer import Loops
from autograd.replay.schedule import scheduled
from tests.autograd import test_replay_folds as folds
from tests.autograd.random_programs import random_program, random_vector_program
from tests.autograd.test_replay import REFUSED, eagerly
from tests.autograd.test_replay_descent import DRAWS, GROUPS, SAMPLES, example
from tests.benchmarks import workloads

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("nothing_hidden")

needs_compiler = pytest.mark.skipif(not native.available(), reason="numba is not installed")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path))
    native.folder.cache_clear()


def interpreted(wengert: Any, point: list[float], batched: tuple[int, ...] = (), rows: Any = None) -> Any:
    """Run the text that would be compiled as plain Python."""
    schedule = scheduled(wengert, batched)
    loops = Loops(schedule)
    text = loops.source(gradient=True)
    names: dict[str, Any] = {"math": math, "inf": math.inf, "nan": math.nan}
    exec(text, names)  # noqa: S102 - text printed from the table
    lanes = 1 if rows is None else rows.shape[1]
    v, g = np.zeros(schedule.size), np.zeros(schedule.size)
    u, h = np.zeros((schedule.size, lanes)), np.zeros((schedule.size, lanes))
    with np.errstate(all="ignore"):
        value = names["program"](point, rows, 1.0, v, g, u, h, *loops.constants)
    return value, g[: len(point)], h[list(batched)]


def test_the_loops_are_right_whoever_runs_them() -> None:
    tried = 0
    for seed in range(40):
        f, point = random_vector_program(seed, operations=8)
        rows = np.array([point[3:], point[3:]]).T
        try:
            expected, slopes = eagerly(f, point)
            wengert = record(f, point).wengert
            value, found, _ = interpreted(wengert, point)
            total, shared, varying = interpreted(wengert, point, tuple(range(3, len(point))), rows)
        except (*REFUSED, PrimitiveError):
            continue
        if all(map(math.isfinite, slopes)):
            size = 1 + max(map(abs, slopes))
            assert value == pytest.approx(expected, rel=1e-11)
            assert found == pytest.approx(slopes, rel=1e-9, abs=1e-10 * size)
            assert total == pytest.approx(2 * expected, rel=1e-11)
            assert shared[:3] == pytest.approx(2 * np.array(slopes[:3]), rel=1e-9, abs=1e-10 * size)
            assert varying[:, 1] == pytest.approx(slopes[3:], rel=1e-9, abs=1e-10 * size)
            tried += 1
    assert tried > 10


def test_a_sum_of_negative_zeros_is_one_in_loops() -> None:
    f = lambda v: sum(atan2(x * y + x * 0.5, -1.0) for x, y in zip(v[:9], v[9:], strict=True))  # noqa: E731
    point = [1.0] * 18
    assert interpreted(record(f, point).wengert, [-0.0] * 9 + point[9:])[0] == pytest.approx(-9 * math.pi)


def layer(rows: Any, x: Any) -> Any:
    return sum(sum(a * b for a, b in zip(row, x, strict=True)).tanh() for row in rows)


ROWS = [[0.1 * i - 0.05 * j for j in range(9)] for i in range(9)]


@pytest.mark.skipif(native.available(), reason="numba is installed")
def test_without_a_compiler_numpy_is_used_and_asking_for_it_says_how_to_get_it() -> None:
    with pytest.raises(OperandError, match=r"pip install 'glassgrad\[fast\]'"):
        _ = record(layer, ROWS, [1.0] * 9, backend="numba").backend


@needs_compiler
def test_machine_code_is_used_and_kept_in_a_folder(tmp_path: Path) -> None:
    program = record(layer, ROWS, [1.0] * 9, backend="numba")
    assert program.backend == "numba"
    value, slopes = program(ROWS, [0.5] * 9)
    expected, wanted = record(layer, ROWS, [1.0] * 9, exact=True)(ROWS, [0.5] * 9)
    assert value == pytest.approx(expected, rel=1e-14)
    assert slopes[1] == pytest.approx(wanted[1], rel=1e-12)
    total, (_, rows) = program.map(ROWS, [[0.5] * 9, [0.25] * 9], reduce="sum")
    assert total == pytest.approx(expected + program.value(ROWS, [0.25] * 9), rel=1e-12)
    assert rows[0] == pytest.approx(wanted[1], rel=1e-12)
    assert len(list(tmp_path.glob("program_*.py"))) == 3
    kept = next(tmp_path.glob("program_*.py"))
    kept.write_text("raise SystemExit")
    native.compiled.cache_clear()
    assert record(layer, ROWS, [1.0] * 9, backend="numba")(ROWS, [0.5] * 9)[0] == value
    assert program.value(ROWS, [0.5] * 9) == pytest.approx(value)


@needs_compiler
@pytest.mark.parametrize("seed", range(3))
def test_random_programs_in_machine_code(seed: int) -> None:
    f, point = random_program(seed + 100, operations=10)
    try:
        expected, slopes = eagerly(f, point)
        program = record(f, point, backend="numba")
        value, (found,) = program(point)
    except (*REFUSED, PrimitiveError):
        return
    assert value == pytest.approx(expected, rel=1e-12)
    assert found == pytest.approx(slopes, rel=1e-9, abs=1e-12)


@needs_compiler
def test_guards_domains_special_values_and_what_cannot_be_compiled() -> None:
    def f(v: Any) -> Any:
        return sum(x.sqrt() for x in v) if v[0] > v[1] else v[0]

    point = [20.0 - i for i in range(20)]
    program = record(f, point, backend="numba")
    assert program(point)[0] == pytest.approx(eagerly(f, point)[0])
    assert program([*point[:-1], 0.0])[1][0][-1] == math.inf
    with pytest.raises(StaleProgram):
        program(point[::-1])
    with pytest.raises(DomainError, match="v_19"):
        program([*point[:-1], -1.0])
    least = primitive("least", min, lambda z, *xs: [1.0 * (x == z) for x in xs])
    mixed = record(lambda v: sum(x.exp() for x in v) + least(v), point)
    assert mixed.backend in {"numpy", "python"}


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("mixture", folds.MIXTURES)
@pytest.mark.parametrize("row", folds.ROWS, ids=str)
def test_rows_of_many_in_loops(row: Any, mixture: str, ties: bool) -> None:  # noqa: FBT001
    f = folds.rows_of(row, mixture)
    w, samples = folds.numbers(len(mixture), ties=ties)
    wengert = record(f, w, samples[0]).wengert
    varying = range(len(w), len(wengert.inputs))
    value, slopes, rows = interpreted(wengert, [*w, *samples[0]], tuple(varying), np.array(samples).T)
    folds.agree((value, slopes[: len(w)], rows.T), folds.eagerly(f, w, samples))
    value, slopes, _ = interpreted(wengert, [*w, *samples[0]])
    one, shared, (own,) = folds.eagerly(f, w, samples[:1])
    folds.agree((value, slopes), (one, [*shared, *own]))


@needs_compiler
def test_rows_of_many_in_machine_code() -> None:
    f = lambda w, x: sum(row(folds.MIXTURES["all"](w, x, 0.5)) for row in folds.FOLDED)  # noqa: E731
    w, samples = folds.numbers(0, ties=False)
    program = record(f, w, samples[0], backend="numba")
    value, (shared, rows) = program.map(w, np.array(samples), reduce="sum")
    folds.agree((value, shared, rows), folds.eagerly(f, w, samples))


@needs_compiler
def test_steps_in_machine_code_are_those_on_arrays() -> None:
    program, rule = example()
    steps, settings = [[0.1 / i, float(i)] for i in range(1, 8)], [[1.0, 0.3], [0.5, 9.0]]
    found = []
    for backend in ("numpy", "numba"):
        x, memory = np.linspace(-0.5, 0.5, 5), np.zeros((1, 4))
        descent = program.descent(rule, SAMPLES, GROUPS, backend=backend)
        found.append(np.concatenate([*descent.run(x, memory, DRAWS, steps, settings), x, memory[0]]))
    assert found[0] == pytest.approx(found[1], rel=1e-12)


@needs_compiler
def test_a_bound_program_in_machine_code_reads_and_writes_arrays() -> None:
    program = record(layer, ROWS, [1.0] * 9, backend="numba")
    rows, x = np.array(ROWS), np.arange(18.0)[::2]
    bound = program.bind(rows, x)
    native.compiled.cache_clear()
    gc.collect()
    for _ in range(3):
        value, slopes = program(rows.tolist(), x.tolist())
        assert bound() == pytest.approx(value, rel=1e-14)
        assert bound.gradients[0] == pytest.approx(np.array(slopes[0]), rel=1e-12)
        assert bound.gradients[1] == pytest.approx(slopes[1], rel=1e-12)
        rows *= 0.5
        x -= 1.0
    with pytest.raises(ValueError, match="resize"):
        rows.resize((3, 3))


@needs_compiler
def test_a_bound_program_in_machine_code_that_fails_leaves_the_gradients_as_they_were() -> None:
    def f(v: Any, shift: Any) -> Any:
        return sum(x.sqrt() for x in v) + shift if v[0] > v[1] else v[0]

    numbers, shift = np.array([20.0 - i for i in range(20)]), np.array(1.0)
    bound = record(f, numbers.tolist(), 1.0, backend="numba").bind(numbers, shift)
    bound()
    before = bound.gradients[0].tolist()
    for k, wrong, error in ((19, -1.0, DomainError), (0, 0.0, StaleProgram)):
        kept, numbers[k] = numbers[k], wrong
        with pytest.raises(error):
            bound()
        assert bound.gradients[0].tolist() == before
        numbers[k] = kept
    numbers[19] = 0.0
    bound()
    assert bound.gradients[0][19] == math.inf
    shift[...] = math.inf
    assert (bound(), bound.gradients[1]) == (math.inf, 1.0)


@needs_compiler
def test_a_constant_program_and_one_of_numbers_are_bound_in_machine_code_too() -> None:
    a, b = np.array(-4.0), np.array(2.0)
    program = record(workloads.readme_function, 1.0, 1.0, backend="numba")
    bound = program.bind(a, b)
    assert bound() == pytest.approx(24.70408163265306, rel=1e-14)
    assert bound.gradients == pytest.approx((138.83381924198252, 645.5772594752186), rel=1e-13)
    assert record(lambda _: 5.0, 1.0, backend="numba").bind(a)() == 5.0
