"""Fixtures for the tests of the autograd package."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from autograd import Program


@pytest.fixture
def nothing_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let eager evaluation stand in for numbers out of the ordinary, not for wrong shapes."""
    for name in ("_eagerly", "_sample_by_sample"):
        eager = getattr(Program, name)

        def checked(*arguments: Any, eager: Any = eager) -> Any:
            error = sys.exc_info()[1]
            assert error is None or type(error) is not ValueError or "math" in str(error), error
            return eager(*arguments)

        monkeypatch.setattr(Program, name, checked)
