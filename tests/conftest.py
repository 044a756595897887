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


BUILT_IN = dict(TABLE)


@pytest.fixture(autouse=True)
def table_unchanged() -> Iterator[None]:
    """Give every test the table as it comes, whatever an example or another test has added."""
    TABLE.clear()
    TABLE.update(BUILT_IN)
    yield
    TABLE.clear()
    TABLE.update(BUILT_IN)
