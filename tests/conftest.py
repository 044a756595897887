"""Settings for every test: hypothesis profiles, and a guard against leaked primitives."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from autograd import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

settings.register_profile("quick", max_examples=50, deadline=None)
settings.register_profile("repeatable", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(autouse=True)
def table_unchanged() -> Iterator[None]:
    """Remove what a test adds to the table, so that no test sees another's primitives."""
    before = dict(TABLE)
    yield
    TABLE.clear()
    TABLE.update(before)
