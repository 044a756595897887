"""Whether a process notices that a rule is wrong: the accuracy, order and convention tests, in brief.

Imported only after the wrong source is in place.
"""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Any

import pytest

from autograd import TABLE
from tests.accuracy import test_orders
from tests.accuracy.measure import Check, checks_at, examine
from tests.accuracy.reference import draw
from tests.autograd import test_conventions

if TYPE_CHECKING:
    from collections.abc import Iterator

POINTS = 30

Truth = Any
"""What `truth` returns: checks by row, and derivatives by case; made once, by the right rules."""


def truth() -> Truth:
    checks: dict[str, list[Check]] = {}
    for name, row in TABLE.items():
        r = random.Random(f"{name} mutate")
        checks[name] = [check for _ in range(POINTS) for check in checks_at(row, draw(row, r))]
    orders = [(case, test_orders.truth(*case)) for case in test_orders.CASES]
    return checks, orders


def complaints(known: Truth, place: str) -> Iterator[str]:
    """Yield whatever is found to be wrong, what is nearest to the change first."""
    checks, orders = known
    for name in sorted(checks, key=lambda name: place.strip("_") not in name):
        for check in checks[name]:
            finding = examine(check)
            if not finding.within:
                yield str(finding)
    for name, test in vars(test_conventions).items():
        if name.startswith("test_"):
            for arguments in _cases(test):
                try:
                    test(**arguments)
                except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - any failure will do
                    yield f"{name}{arguments}: {error!r}"
    for (name, point, direction), exact in orders:
        found = test_orders.autodiff(TABLE[name], point, direction)
        if found != pytest.approx(exact, rel=1e-9, abs=1e-9 * max(map(abs, exact))):
            yield f"{name} at {point}: derivatives {found}, not {exact}"


def _cases(test: Any) -> Iterator[dict[str, Any]]:
    """List the arguments that a test is to be called with, by its marks."""
    marks = getattr(test, "pytestmark", [])
    for chosen in itertools.product(*[mark.args[1] for mark in marks]):
        arguments: dict[str, Any] = {}
        for mark, values in zip(marks, chosen, strict=True):
            names = mark.args[0]
            arguments.update(zip(names, values, strict=True) if isinstance(names, tuple) else {names: values})
        yield arguments
