"""Exercises can be solved, are marked, and do not tell their key."""

from __future__ import annotations

import pytest

from autograd import check_gradients, exercise
from autograd.expression import parse
from autograd.marking.exercises import LEVELS, ExerciseError


@pytest.mark.parametrize("level", LEVELS)
def test_the_key_is_right_and_marked_right(level: int) -> None:
    for seed in range(12):
        task = exercise(seed, level)
        assert task.check(task.key).agrees
        expression = parse(task.expression)

        def f(
            *xs: object, expression: object = expression, names: tuple[str, ...] = tuple(task.values)
        ) -> object:
            return expression.evaluate(dict(zip(names, xs, strict=True)))  # type: ignore[attr-defined]

        assert check_gradients(f, list(task.values.values()))  # type: ignore[arg-type]


def test_a_seed_gives_one_exercise_and_another_another() -> None:
    texts = {str(exercise(seed, level=2)) for seed in range(20)}
    assert len(texts) > 10
    assert str(exercise(3, 2)) == str(exercise(3, 2))


def test_the_question_and_the_marks_do_not_tell_the_key() -> None:
    task = exercise(5, 3)
    name, number = next(iter(task.key.items()))
    marks = task.check({name: number + 1.0})
    assert not marks.agrees
    assert f"{number:.4g}" not in f"{task}\n{marks}"
    assert f"{number:.8g}"[:7] in task.solution
    assert max(map(len, str(task).splitlines())) <= 80


def test_a_level_that_there_is_not_is_refused() -> None:
    with pytest.raises(ExerciseError, match="1, 2, 3, 4; got 9"):
        exercise(0, 9)
