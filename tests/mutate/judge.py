"""Whether a process notices that a rule is wrong: the accuracy, order and convention tests, in brief.

Imported only after the wrong source is in place.
"""

from __future__ import annotations

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
    for case in test_conventions.CONVENTIONS:
        yield from _raised(test_conventions.test_conventions_at_kinks_ties_and_far_out, case)
    for outside in test_conventions.OUTSIDE:
        yield from _raised(
            test_conventions.test_outside_its_domain_an_operation_is_an_error_or_follows_ieee_754, outside
        )
    for name, test in vars(test_conventions).items():
        if name.startswith("test_") and not getattr(test, "pytestmark", None):
            yield from _raised(test, ())
    for (name, point, direction), exact in orders:
        found = test_orders.autodiff(TABLE[name], point, direction)
        if found != pytest.approx(exact, rel=1e-9, abs=1e-9 * max(map(abs, exact))):
            yield f"{name} at {point}: derivatives {found}, not {exact}"


def _raised(test: Any, arguments: tuple[Any, ...]) -> Iterator[str]:
    try:
        test(*arguments)
    except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - any failure will do
        yield f"{test.__name__}{arguments}: {error!r}"
