"""The lessons do what they say; the pictures on the front page are what the code draws."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autograd import Value, draw
from demos import (
    best_on_validation,
    block_matrix,
    breast_cancer,
    by_hand,
    chain_rule,
    digits,
    draw_graph,
    losses_to_go,
    saturated,
    step_sizes,
    weight_decay,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]


def test_the_product_of_local_derivatives_is_the_derivative(capsys: pytest.CaptureFixture[str]) -> None:
    chain_rule.main()
    lines = capsys.readouterr().out.splitlines()
    product, backward = (float(line.split()[-1]) for line in lines[-2:])
    assert product == pytest.approx(backward, rel=1e-14)
    assert max(map(len, lines)) <= 80


def test_the_derivation_by_hand_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    assert by_hand.main() < 1e-14
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_the_network_learns_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert breast_cancer.main(seed=0) > 0.95
    out = capsys.readouterr().out
    assert "<- best, w*" in out
    assert max(map(len, out.splitlines())) <= 80


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what a lesson printed, which fits a terminal."""
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    return out


def test_w_o_is_b_w_and_its_derivative_is_b_transposed(capsys: pytest.CaptureFixture[str]) -> None:
    assert block_matrix.main()
    assert "W o = [-1.25, 1.4]" in printed(capsys)


def test_every_loss_to_go_is_the_same_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(losses_to_go.main()) == 1
    assert "l2(o2) = " in printed(capsys)


def test_the_scale_of_the_first_weights_is_judged_and_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    curve = saturated.main(steps=10)
    out = printed(capsys)
    assert str(curve) in out
    assert "The gradients fade" in out
    assert "No layer stalls" in out
    assert "V1 is saturated" in out


@pytest.mark.parametrize("seed", range(10))
def test_weight_decay_is_half_lambda_times_the_squared_norm_in_the_loss(
    seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert weight_decay.main(seed) <= 2
    assert weight_decay.stepped(seed, 0.0, 0.0) != weight_decay.stepped(seed, weight_decay.DECAY, 0.0)
    printed(capsys)


def test_steps_that_shrink_let_the_weights_settle(capsys: pytest.CaptureFixture[str]) -> None:
    constant, small, roots, reciprocals, listed = step_sizes.main().values()
    assert max(roots, listed) < 0.5 * min(constant, small, reciprocals)
    printed(capsys)


def test_the_weights_that_validate_best_are_not_the_last(capsys: pytest.CaptureFixture[str]) -> None:
    lowest, last, same = best_on_validation.main()
    assert last > 1.5 * lowest
    assert same
    assert printed(capsys).count("← best, w*") == 1


def test_digits_are_learned_and_nothing_is_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint = tmp_path / "out" / "digits"
    right = digits.main(str(checkpoint), passes=1)
    assert right > 0.9
    first = printed(capsys)
    assert digits.main(str(checkpoint), passes=1) == right
    again = capsys.readouterr().out  # with the name of a file, however long
    assert "going on from" in again
    assert first.splitlines()[2:-1] == again.splitlines()[3:-1]
    assert "<- best, w*" in first
    assert max(map(len, again.splitlines()[2:])) <= 80


def readme_graph() -> Value:
    x, y = Value(2.0, label="x"), Value(0.5, label="y")
    z = (x * y).tanh() + x**2
    z.label = "z"
    z.backward()
    return z


@pytest.mark.parametrize(("name", "graph"), [("readme", readme_graph), ("neuron", draw_graph.neuron)])
def test_the_pictures_on_the_front_page_are_up_to_date(name: str, graph: Callable[[], Value]) -> None:
    stored = ROOT / "demos" / "pictures" / f"{name}.svg"
    assert stored.read_text(encoding="utf-8") == draw(graph(), engine="builtin").svg


def test_the_picture_of_a_network_is_up_to_date() -> None:
    stored = ROOT / "demos" / "pictures" / "network.svg"
    assert stored.read_text(encoding="utf-8") == draw_graph.network().svg


def test_drawing_writes_the_picture_it_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = draw_graph.main(tmp_path / "new")
    assert path.read_text(encoding="utf-8").startswith("<svg")
    assert str(path) in capsys.readouterr().out


def test_the_tour_runs_from_anywhere(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "demos"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "neuron.svg").exists()
    assert "accuracy on the test set" in done.stdout
    assert "10. The weights that do best on validation" in done.stdout


def test_every_lesson_is_a_script_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for lesson in ("chain_rule", "by_hand", "draw_graph", "block_matrix", "losses_to_go", "weight_decay"):
        runpy.run_path(str(ROOT / "demos" / f"{lesson}.py"), run_name="__main__")
