"""Exercises: a fresh expression to differentiate by hand, and the key to it.

Room: beside `compare`, which marks the answers. An exercise is text that was filled in at
random, read by `parse` like any other expression.
"""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING, Any

from autograd.errors import AutogradError
from autograd.expression import parse
from autograd.marking.compare import compare
from autograd.value import Value, gradients
from autograd.views.chain import Lesson
from autograd.views.formula import formula
from autograd.views.setting import wrapped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from autograd.marking.comparison import Comparison

LEVELS = {
    1: (
        "{a}*x**{n} + {b}*x",
        "{a}*x**{n} - {b}/x",
        "{a}*sin(x) + {b}*x**{n}",
        "{a}*exp(x) - {b}*x**{n}",
        "{a}*log(x) + x**{n}",
    ),
    2: (
        "{f}({a}*x**{n} + {b})",
        "({a}*x + {f}(x))**{n}",
        "exp(-{a}*x**2 / {b})",
        "log({a} + {f}(x)**2)",
        "sqrt({a} + x**2) * {f}(x)",
    ),
    3: (
        "{f}(x*y) + {a}*x**{n}",
        "(x + {a}*y) * {f}(x*y)",
        "{f}(x) / ({a} + y**2)",
        "(x*y + {a}) / (x**2 + {b})",
        "exp(-x*y) * {f}(x + {a}*y)",
    ),
    4: (
        "({f}(w1*x1 + w2*x2 + b) - {t})**2",
        "log(1 + exp(-{a}*(w1*x1 + w2*x2 + b)))",
        "({f}(w2*{f}(w1*x1) + b) - {t})**2",
        "({f}(w1*x1 + b) * w2 - {t})**2 + 0.5*(w1**2 + w2**2)",
    ),
}
"""What the expressions of each level look like: rules, chains, several inputs, neurons."""

FUNCTIONS = ("sin", "cos", "tanh", "sigmoid", "exp")
VALUES = (-1.5, -1.25, -0.75, -0.5, 0.25, 0.5, 0.75, 1.25, 1.5, 2.0)


class ExerciseError(AutogradError, ValueError):
    """A level that there is not."""


class Exercise(Lesson):
    """An expression to differentiate by hand; made by `exercise`.

    Attributes
    ----------
    expression
        The expression as text.
    values
        The numbers of its inputs, by name.
    output
        The expression at these numbers, as a Value; `explain`, `trace` and `draw` take it.
    key
        The derivative by each input, by name.
    """

    __slots__ = ("expression", "key", "output", "values")

    def __init__(self, expression: str, values: dict[str, float]) -> None:
        self.expression, self.values = expression, values
        inputs = {name: Value(x, label=name) for name, x in values.items()}
        self.output: Value = parse(expression).evaluate(inputs)
        self.key = dict(zip(inputs, gradients(self.output, list(inputs.values())), strict=True))
        at = ", ".join([f"{name} = {x:g}" for name, x in values.items()])
        by = ", ".join(inputs)
        question = (
            f"at {at}. What is its derivative by {by}? A formula, or a number with four digits or more."
        )
        super().__init__(
            "\n".join(["Differentiate by hand", "", f"    {expression}", "", *wrapped(question)])
        )

    @property
    def solution(self) -> str:
        """The derivatives as formulas and numbers, a line each."""
        inputs = {node.label: node for node in _leaves(self.output)}
        lines = []
        for name, number in self.key.items():
            lines += [
                f"by {name}: {number:.10g}",
                f"    {str(formula(self.output, inputs[name])).replace(chr(10), chr(10) + '    ')}",
            ]
        return "\n".join(lines)

    def check(self, answers: Mapping[str, Any], *, reveal: bool = False, hints: int = 0) -> Comparison:
        """Mark answers, a number or formula for each input, as `compare` does; without telling the key."""
        return compare(self.output, answers, reveal=reveal, hints=hints)


def exercise(seed: int, level: int = 1) -> Exercise:
    """Make a fresh expression to differentiate by hand, with its key.

    Parameters
    ----------
    seed
        The same seed gives the same exercise.
    level
        1 for the rules, 2 for the chain rule, 3 for several inputs and shared ones, 4 for neurons.

    Raises
    ------
    ExerciseError
        If there is no such level.

    Examples
    --------
    >>> task = exercise(seed=7, level=2)
    >>> print(task)
    Differentiate by hand
    ...
    >>> print(task.check({"x": 0.0}))
    By hand and by autodiff: the derivative differs.
    ...
    """
    if level not in LEVELS:
        raise ExerciseError(f"there are levels {', '.join(map(str, LEVELS))}; got {level!r}")
    random = Random(f"{seed} {level}")  # noqa: S311 - exercises need not be secret
    while True:
        text = random.choice(LEVELS[level])
        numbers = {"a": random.randint(2, 5), "b": random.randint(2, 7), "n": random.randint(2, 4)}
        text = text.format(**numbers, f=random.choice(FUNCTIONS), t=random.choice((0.25, 0.5, 0.75)))
        task = parse(text)
        chosen = random.sample(VALUES, len(task.names))
        try:
            made = Exercise(text, dict(zip(task.names, chosen, strict=True)))
        except AutogradError:  # a logarithm of something negative
            continue
        if all(0.01 < abs(x) < 100 for x in made.key.values()) and math.isfinite(made.output.data):  # noqa: PLR2004 - so that no digit is lost
            return made


def _leaves(output: Value) -> list[Value]:
    from autograd.graph import topological_order

    return topological_order(output)[1]
