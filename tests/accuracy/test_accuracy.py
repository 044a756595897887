"""A short version of `python -m tests.accuracy`; and derivatives up to the fourth."""

from __future__ import annotations

import pytest

from autograd import TABLE
from tests.accuracy.__main__ import worst_of
from tests.accuracy.reference import REFERENCES

POINTS = 12


def test_every_row_has_a_reference() -> None:
    assert REFERENCES.keys() == TABLE.keys()


@pytest.mark.parametrize("name", REFERENCES)
def test_value_and_partials_are_as_accurate_as_the_row_says(name: str) -> None:
    worst, beyond = worst_of(name, 0, POINTS)
    assert not beyond, "\n".join(map(str, beyond))
    assert worst["value"].normal
