"""An expression on the command line: its value, its gradient, and how they look.

    python -m autograd "tanh(x*y) + x**2" x=2 y=-3

What is printed is a list of sections; see `sections`. The exit code is for scripts.
"""
# ruff: noqa: T201 - a command prints

from __future__ import annotations

import io
import math
import os
import sys
from textwrap import fill
from typing import TYPE_CHECKING, NamedTuple

from autograd import (
    AutogradError,
    Value,
    check_gradients,
    compare,
    draw,
    explain,
    formula,
    staged_code,
    trace,
)
from autograd.expression import Expression, ExpressionError, parse
from autograd.marking.derivation import CompareError
from autograd.views.sheet import DrawingError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Sequence

FINE, NO_VALUE, WRONG_USAGE, DIFFERENT = range(4)
NEED_VARIABLES = ("latex", "trace", "explain", "compare", "staged", "check", "draw")
CLOSED_PIPE = 141  # what a shell reports for a program that a closed pipe ended

EXAMPLES = """\
examples:
  python -m autograd "tanh(x*y) + x**2" x=2 y=-3
      the value, dz/dx and dz/dy as numbers and as formulas

  python -m autograd "log(1 + exp(-t*w))" t=1 w=1/3 --check --draw loss.svg
      the same, checked against numeric derivatives, and a picture of the graph

  python -m autograd "tanh(x*y)" x=2 y=1/2 --compare "x=1 - tanh(x*y)**2"
      a derivative by hand: whether it is right, and if not the likely slip

  python -m autograd "(a + b)*(b + 1)" a=2 b=1 --explain b --trace
      why dz/db has its value, path by path; and every statement of the two
      sweeps, as in the textbooks

  python -m autograd "(x + sigmoid(y)) / (1 + x**2)" x=3 y=-4 --staged
      the backward pass as a Python program

  python -m autograd "(a*b + c)**2" a=2 b=-3 c=10 --json
      what a script reads: the expression, its value, its gradients

An expression is written as in Python: + - * / **, parentheses, numbers, names
and functions. pi and e are constants, unless they are given: e=3. Quote it, or
the shell will read the * in it.

functions:
{functions}

exit codes:
  0  fine
  1  the expression has no value there, such as log(x) at x=0
  2  wrong usage, or not an expression
  3  --check or --compare found a difference
"""


class Computation(NamedTuple):
    """An expression at a point, computed and differentiated."""

    expression: Expression
    variables: dict[str, Value]
    output: Value
    name: str  # of the output


class Section(NamedTuple):
    """A part of what is printed, and the exit code that it asks for."""

    text: str
    code: int = FINE


# Sections ----------------------------------------------------------------------------------------


def sections(computation: Computation, options: Namespace) -> Iterator[Section]:
    """Yield what was asked for, in the order of printing; a new section gets its line here."""
    if options.json:
        yield as_json(computation)
    else:
        yield value(computation)
        if computation.variables:
            yield gradients(computation)
            yield formulas(computation, latex=options.latex)
    if options.trace:
        yield Section(str(trace(computation.output, list(computation.variables.values()))))
    if options.explain:
        yield explanation(computation, options.explain)
    if options.compare:
        yield comparison(computation, options.compare)
    if options.staged:
        yield Section(str(staged_code(computation.output)))
    if options.check:
        yield check(computation)
    if options.draw:
        yield drawing(computation, options.draw)


def value(computation: Computation) -> Section:
    """Show the expression and its value."""
    name = computation.name
    return Section(
        f"{name} = {computation.expression.text}\n{' ' * len(name)} = {_number(computation.output)}"
    )


def gradients(computation: Computation) -> Section:
    """Show the point and the gradient there, aligned."""
    rows = [
        (x, _number(v), f"d{computation.name}/d{x}", f"{v.grad + 0.0: .12g}")
        for x, v in computation.variables.items()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        f"{x:<{widths[0]}} = {at:<{widths[1]}}    {slope:<{widths[2]}} = {number}"
        for x, at, slope, number in rows
    ]
    return Section("\n".join(lines))


def formulas(computation: Computation, *, latex: bool) -> Section:
    """Show the formula of each derivative; in LaTeX, that of the expression too."""
    output, variables = computation.output, computation.variables.values()
    try:
        written = [formula(output, wrt=x) for x in variables]
        if latex:
            return Section("\n\n".join([formula(output).latex, *(found.latex for found in written)]))
    except AutogradError as error:  # the numbers are worth having without it
        return Section(fill(f"no formula: {error}", 79))
    between = "\n\n" if any("\n" in found.text for found in written) else "\n"
    return Section(between.join([found.text for found in written]))


def explanation(computation: Computation, name: str) -> Section:
    """Tell the chain rule for one variable."""
    if name not in computation.variables:
        known = ", ".join(computation.variables)
        raise ExpressionError(f"--explain {name}: the expression has no such variable; it has {known}")
    return Section(str(explain(computation.output, computation.variables[name])))


def check(computation: Computation) -> Section:
    """Compare the gradient with numeric derivatives."""
    names, point = computation.variables, [x.data for x in computation.variables.values()]

    def f(*xs: Value) -> Value:
        return computation.expression.evaluate(dict(zip(names, xs, strict=True)))  # type: ignore[no-any-return]

    report = check_gradients(f, point)
    rows = [row._replace(name=name) for name, row in zip(names, report.comparisons, strict=True)]
    text = str(report._replace(comparisons=tuple(rows)))
    return Section(f"check\n{text}", FINE if report.passed else DIFFERENT)


def comparison(computation: Computation, answers: Sequence[str]) -> Section:
    """Mark derivatives by hand, and look for the slip in what is wrong."""
    derived: list[tuple[str, str]] = []  # not a dict, in which a second answer would hide the first
    for answer in answers:
        name, equals, text = answer.partition("=")
        if not equals or name.strip() not in computation.variables:
            given = ", ".join(computation.variables)
            raise ExpressionError(
                f"--compare {answer!r} gives no derivative\nwrite NAME=FORMULA with a name of {given}"
            )
        derived.append((name.strip(), text))
    try:
        report = compare(computation.output, derived)
    except CompareError as error:
        raise ExpressionError(f"--compare: {error}") from error
    return Section(f"compare\n{report}", FINE if report.agrees else DIFFERENT)


def drawing(computation: Computation, path: str) -> Section:
    """Write a picture of the graph to a file."""
    try:
        draw(computation.output).save(path)
    except DrawingError as error:
        raise ExpressionError(f"--draw: {error}") from error
    except OSError as error:
        raise AutogradError(f"cannot write {path}: {error.strerror}") from None
    return Section(f"wrote {path}")


def as_json(computation: Computation) -> Section:
    """Write what a script needs; infinities and nan, which JSON has not, as text."""
    import json

    def plain(x: float) -> float | str:
        return x if math.isfinite(x) else str(x)

    found = {
        "expression": computation.expression.text,
        "value": plain(computation.output.data),
        "gradients": {name: plain(x.grad) for name, x in computation.variables.items()},
    }
    return Section(json.dumps(found, indent=2))


def _number(x: Value) -> str:
    return f"{x.data + 0.0:.12g}"


# The command -------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console may know no Greek
    try:
        code = run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough, as in `| head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    return code


def run(arguments: Sequence[str]) -> int:
    """Compute what the arguments ask for, print it, and return the exit code."""
    parser = command_line()
    # a space before -x**2 keeps it from being taken for an option
    words = [f" {x}" if x[:1] == "-" and x[:2] != "--" and x != "-h" else x for x in arguments]
    options = parser.parse_intermixed_args(words)
    if options.expression is None:
        parser.error('no expression; write one, such as "x*y + 1" x=2 y=3')
    code = FINE
    try:
        computation = compute(options.expression, options.values)
        if not computation.variables:
            of_variables = [name for name in NEED_VARIABLES if getattr(options, name)]
            if of_variables:
                parser.error(f"--{of_variables[0]} needs an expression with variables, such as x**2 x=3")
        for at, section in enumerate(sections(computation, options)):
            beside = options.json and at > 0  # nothing but JSON on the standard output
            print(section.text if at == 0 else f"\n{section.text}", file=sys.stderr if beside else sys.stdout)
            code = max(code, section.code)
    except ExpressionError as error:
        print(error, file=sys.stderr)
        return WRONG_USAGE
    except AutogradError as error:
        print(fill(str(error), 79), *getattr(error, "__notes__", []), sep="\n", file=sys.stderr)
        return NO_VALUE
    return code


def compute(text: str, values: Sequence[str]) -> Computation:
    """Evaluate an expression at values such as ``x=1/3``, and differentiate it."""
    expression = parse(text)
    variables = point(values)
    output = expression.evaluate(variables)
    if not isinstance(output, Value):
        output = Value(output)
    name = output.label or next(name for name in ("z", "f", "output", "_") if name not in variables)
    output.label = name
    output.backward()
    return Computation(expression, variables, output, name)


def point(values: Sequence[str]) -> dict[str, Value]:
    """Read the values of variables: a name, an equals sign, and a number or arithmetic on numbers."""
    from unicodedata import normalize

    variables: dict[str, Value] = {}
    for word in values:
        name, equals, text = normalize("NFKC", word).partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            raise ExpressionError(f"{word.strip()!r} gives no variable a value\nwrite NAME=NUMBER, as in x=2")
        if name in variables:
            raise ExpressionError(f"{name!r} is given twice")
        number = parse(text) if text.strip() else None
        if number is None or number.names:
            raise ExpressionError(
                f"{word.strip()!r} gives {name!r} no number\n"
                f"write one, as in {name}=2, {name}=-3e-2 or {name}=1/3"
            )
        variables[name] = Value(number(), label=name)
    return variables


def command_line() -> ArgumentParser:
    """Describe the arguments."""
    import argparse

    from autograd import TABLE

    functions = ", ".join([name for name in TABLE if not name.startswith("_")])
    parser = argparse.ArgumentParser(
        prog="python -m autograd",
        usage="%(prog)s EXPRESSION [NAME=NUMBER ...] [options]",
        description="Evaluate an expression and differentiate it by every variable.",
        epilog=EXAMPLES.format(functions=fill(functions, 78, initial_indent="  ", subsequent_indent="  ")),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("expression", metavar="EXPRESSION", nargs="?", help='such as "tanh(x*y) + x**2"')
    parser.add_argument("values", metavar="NAME=NUMBER", nargs="*", help="x=2, x=-3e-2 or x=1/3")
    parser.add_argument("--latex", action="store_true", help="write the formulas in LaTeX")
    parser.add_argument("--trace", action="store_true", help="write every statement, forward and in reverse")
    parser.add_argument("--explain", metavar="NAME", help="tell the chain rule for one variable")
    parser.add_argument(
        "--compare",
        metavar="NAME=FORMULA",
        action="append",
        help="mark a derivative by hand; may be repeated",
    )
    parser.add_argument("--staged", action="store_true", help="write the backward pass as a Python program")
    parser.add_argument("--check", action="store_true", help="compare with numeric derivatives")
    parser.add_argument("--draw", metavar="FILE", help="draw the graph to a .svg, .tex or .dot file")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    return parser


if __name__ == "__main__":
    sys.exit(main())
