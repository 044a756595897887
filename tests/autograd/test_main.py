"""The command: what it prints, its exit codes, and its manners in a shell."""

from __future__ import annotations

import json
import math
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

import autograd
from autograd import check_gradients
from autograd.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    class Command(Protocol):
        def __call__(self, *arguments: str) -> Outcome: ...


ROOT = Path(__file__).resolve().parents[2]


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str) -> Outcome:
        try:
            code = main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
        return Outcome(code, *capsys.readouterr())

    return run


def test_value_gradients_and_formulas(command: Command) -> None:
    code, out, err = command("tanh(x*y) + x**2", "x=2", "y=-3")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "z = tanh(x*y) + x**2",
        "  = 3.00001228835",
        "",
        "x = 2     dz/dx =  3.99992627036",
        "y = -3    dz/dy =  4.91530948107e-05",
        "",
        "dz/dx = (1 - tanh(x * y) ** 2) * y + 2 * x",
        "dz/dy = (1 - tanh(x * y) ** 2) * x",
    ]


def test_variables_come_as_they_are_given_and_intermediates_have_lines(command: Command) -> None:
    out = command("a" + "*sin(a*b)" * 5, "b=1", "a=2").out
    assert out.index("dz/db =") < out.index("dz/da =")
    assert "\n\ndz_d" in out  # several lines each, so a blank line between


def test_an_expression_without_variables_has_a_value(command: Command) -> None:
    assert command("1/3") == (0, "z = 1/3\n  = 0.333333333333\n", "")


def test_the_output_takes_a_name_that_no_variable_has(command: Command) -> None:
    assert "df/dz =  6" in command("z**2", "z=3").out
    assert "dx/dx =  1" in command("x", "x=3").out


@pytest.mark.parametrize("text", ["-x**2", "-(x)**2", " -x**2", "-3*x + 0*e"])
def test_an_expression_may_begin_with_a_minus(command: Command, text: str) -> None:
    assert command(text, "x=2").code == 0
    assert command("--latex", "-h*2", "h=2").code == 0


def test_options_may_stand_anywhere(command: Command) -> None:
    expected = command("x*y", "x=1", "y=2", "--json")
    assert command("--json", "x*y", "x=1", "y=2") == command("x*y", "x=1", "--json", "y=2") == expected


@pytest.mark.parametrize(
    ("word", "value"),
    [("x=2", 2), ("x=-3e-2", -0.03), ("x=1/3", 1 / 3), (" x = 2*pi ", 6.283185307179586), ("x=-2**2", -4)],
)
def test_values_are_arithmetic_on_numbers(command: Command, word: str, value: float) -> None:
    assert json.loads(command("x", word, "--json").out)["value"] == value


def test_names_are_normalised_as_in_the_expression(command: Command) -> None:
    assert json.loads(command("𝛼*e", "α=2", "e=3", "--json").out)["gradients"] == {"α": 3, "e": 2}
    assert json.loads(command("α", "𝛼=2", "--json").out)["gradients"] == {"α": 1}


def test_latex(command: Command) -> None:
    out = command("tanh(x*y)/2", "x=2", "y=3", "--latex").out
    assert "z = \\frac{\\tanh\\left(x \\, y\\right)}{2}\n\n\\frac{\\partial z}{\\partial x} = " in out
    assert "tanh(x * y)" not in out


def test_json_is_all_there_is_on_the_standard_output(command: Command, tmp_path: Path) -> None:
    assert json.loads(command("x*y", "x=2", "y=-3", "--json").out) == {
        "expression": "x*y",
        "value": -6.0,
        "gradients": {"x": -3.0, "y": 2.0},
    }
    path = tmp_path / "g.svg"
    code, out, err = command("x*y", "x=2", "y=-3", "--json", "--check", "--draw", str(path))
    assert (code, json.loads(out)["value"]) == (0, -6)
    assert "agree" in err
    assert f"wrote {path}" in err


def test_json_has_no_infinities_and_no_nan(command: Command) -> None:
    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is not JSON")

    found = json.loads(command("exp(x) - exp(x) + y", "x=1000", "y=1", "--json").out, parse_constant=refuse)
    assert (found["value"], found["gradients"]) == ("nan", {"x": "nan", "y": 1.0})
    assert json.loads(command("-exp(x)", "x=1000", "--json").out)["value"] == "-inf"


def test_draw_writes_the_picture_and_says_so(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "graph.svg"
    code, out, _ = command("tanh(x*y)", "x=2", "y=3", "--draw", str(path))
    assert code == 0
    assert out.endswith(f"\nwrote {path}\n")
    assert path.read_text(encoding="utf-8").startswith("<svg")


def test_draw_says_what_it_cannot_write(command: Command, tmp_path: Path) -> None:
    code, _, err = command("x", "x=2", "--draw", str(tmp_path / "none" / "g.svg"))
    assert (code, err.startswith("cannot write"), "Traceback" in err) == (1, True, False)
    code, _, err = command("x", "x=2", "--draw", "g.png")
    assert code == 2
    assert "saved as .svg, .tex, .dot or .gv, not as 'g.png'" in err


def test_draw_writes_latex_for_slides(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "graph.tex"
    assert command("tanh(x*y)", "x=2", "y=3", "--draw", str(path)).code == 0
    assert "tikzpicture" in path.read_text(encoding="utf-8")


def test_check_agrees_and_names_the_variables(command: Command) -> None:
    code, out, _ = command("x*sin(y)", "x=2", "y=3", "--check")
    assert code == 0
    x, y = out.splitlines()[-2:]
    assert x.startswith("x: autodiff 0.14112")
    assert y.startswith("y: autodiff -1.9799")
    expected = check_gradients(lambda x, y: x * y.sin(), [2, 3]).comparisons[0]
    assert x == str(expected._replace(name="x"))


def test_check_reports_a_difference_by_its_exit_code(command: Command) -> None:
    autograd.primitive("wrong", math.sin, (lambda z, x: 2 * autograd.cos(x),))
    code, out, _ = command("wrong(x)", "x=0", "--check")
    assert code == 3
    assert "DIFFER by 1" in out


def test_check_counts_no_difference_at_a_kink(command: Command) -> None:
    code, out, _ = command("relu(x)", "x=0", "--check")
    assert code == 0
    assert "differ, at a kink, by 0.5" in out
    assert "kink: relu" in out


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (
            ["log(x - 2)", "x=1"],
            ["where x is the operand of the marked part:", "    log(x - 2)", "    ^^^^^^^^^^"],
        ),
        (["1/x", "x=0"], ["    1/x", "    ^^^"]),
        (["x", "x=1/0"], ["    1/0", "    ^^^"]),
    ],
)
def test_where_it_has_no_value(command: Command, arguments: Sequence[str], lines: Sequence[str]) -> None:
    code, out, err = command(*arguments)
    assert (code, out) == (1, "")
    assert "is not defined at" in err.splitlines()[0]
    assert err.splitlines()[-len(lines) :] == lines
    assert max(map(len, err.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no expression; write one"),
        (["--json"], "no expression"),
        (["2 * sen(x)", "x=1"], "at column 5\n    2 * sen(x)\n        ^^^\ndid you mean 'sin'?\n"),
        (["x*y", "x=1"], "no value for 'y' at column 3\n    x*y\n      ^\n"),
        (["x*y", "x=1", "y=2", "t=3"], "'t' is no variable of 'x*y'\nits variables are x, y\n"),
        (["x", "x=abc"], "'x=abc' gives 'x' no number\nwrite one, as in x=2, x=-3e-2 or x=1/3\n"),
        (["x", "x="], "'x=' gives 'x' no number"),
        (["x", "x=2x"], "no operator between '2' and 'x'"),
        (["x", "x=1", "x=2"], "'x' is given twice"),
        (["x", "3"], "'3' gives no variable a value\nwrite NAME=NUMBER, as in x=2\n"),
        (["x", "2=3"], "'2=3' gives no variable a value"),
        (["1/3", "--latex"], "--latex needs an expression with variables"),
        (["x", "x=1", "--bogus"], "unrecognized arguments: --bogus"),
        (["x", "x=1", "--js"], "unrecognized arguments: --js"),
    ],
)
def test_wrong_usage(command: Command, arguments: Sequence[str], message: str) -> None:
    code, out, err = command(*arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_numbers_without_a_formula_are_still_worth_having(command: Command) -> None:
    code, out, _ = command("+".join(["x"] * 2100), "x=1")
    assert code == 0
    assert "dz/dx =  2100\n" in out
    assert "no formula: 2,100 values are too many" in out


def test_help_teaches_by_example_in_80_columns(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = command("--help")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    monkeypatch.chdir(tmp_path)
    examples = [line.split("autograd ")[1] for line in out.splitlines() if line.startswith("  python -m")]
    assert len(examples) == 6
    for example in examples:
        assert command(*shlex.split(example)).code == (3 if "--compare" in example else 0)
    assert [path.name for path in tmp_path.iterdir()] == ["loss.svg"]


# As a process ------------------------------------------------------------------------------------


def process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "autograd", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )


def test_it_runs_as_a_module() -> None:
    result = process("x**2", "x=3")
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"dz/dx =  6" in result.stdout
    assert process("log(x)", "x=0").returncode == 1


def test_it_survives_a_console_that_knows_no_greek() -> None:
    result = process("α*x", "α=2", "x=3", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"= 6" in result.stdout
    every = ["--trace", "--explain", "θ", "--staged", "--check", "--latex"]
    result = process("sin(θ)*θ", "θ=2", *every, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"Forward primal trace" in result.stdout
    result = process("1/ω", "ω=0", PYTHONIOENCODING="ascii")
    assert result.returncode == 1
    assert b"Traceback" not in result.stderr


@pytest.mark.parametrize("closed_at", ["before", "while"])
def test_a_closed_pipe_leaves_no_traceback(closed_at: str) -> None:
    long = "+".join(["x"] * (1 if closed_at == "before" else 2400))
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        result = subprocess.run(
            [sys.executable, "-m", "autograd", long, "x=1"],
            cwd=ROOT,
            stdout=pipe,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (result.returncode, result.stderr) == (141, b"")


def test_trace_and_explain(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log(x1) + x1*x2 - sin(x2)", "x1=2", "x2=5", "--trace"]) == 0
    assert "Reverse adjoint trace" in capsys.readouterr().out
    assert main(["(a + b)*(b + 1)", "a=2", "b=1", "--explain", "b"]) == 0
    assert "is a sum over 2 paths" in capsys.readouterr().out
    assert main(["a*b", "a=2", "b=1", "--explain", "c"]) == 2
    assert "it has a, b" in capsys.readouterr().err


def test_a_derivative_by_hand_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tanh(x*y)", "x=2", "y=1/2", "--compare", "x=y*(1 - tanh(x*y)**2)"]) == 0
    assert "the derivative agrees, at 7 points" in capsys.readouterr().out
    assert main(["x**3*y", "x=2", "y=1/2", "--compare", "x=3*x**3*y", "--compare", "y=x**3"]) == 3
    assert "The likely slip (power)" in capsys.readouterr().out
    assert main(["x**3", "x=2", "--compare", "3*x**2"]) == 2
    assert "write NAME=FORMULA with a name of x" in capsys.readouterr().err
    assert main(["x**3", "x=2", "--compare", "x=3*x^2"]) == 2
    assert main(["x**3", "x=2", "--compare", "x=3*q"]) == 2
    assert main(["x**3", "x=2", "--compare", "x=12", "--compare", "x=13"]) == 2
    assert main(["x/3", "x=2", "--compare", "x=0.3333"]) == 0
    assert "write ** for a power" in capsys.readouterr().err


def test_staged_prints_a_program_that_runs(command: Command) -> None:
    code, out, _ = command("(x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)", "x=3", "y=-4", "--staged")
    assert code == 0
    names: dict[str, float] = {}
    exec(out[out.index("from autograd import TABLE") :], names)  # noqa: S102 - text that the test made
    assert f"dz/dx = {names['dx']: .12g}" in out
    assert f"dz/dy = {names['dy']: .12g}" in out


def test_nothing_is_coloured() -> None:
    for environment in ({"NO_COLOR": "1"}, {"CLICOLOR_FORCE": "1", "FORCE_COLOR": "1"}):
        result = process("x*y", "x=2", "y=3", "--trace", "--explain", "x", "--staged", **environment)
        assert b"\x1b" not in result.stdout
