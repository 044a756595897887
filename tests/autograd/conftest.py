"""Fixtures for the tests of the autograd package."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from autograd.replay.runner import Runner


@pytest.fixture(autouse=True)
def no_compiler(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile in the tests about compiling only: hundreds of random programs would take minutes."""
    if "native" not in request.path.name:
        monkeypatch.setattr("autograd.replay.native.available", lambda: False)


@pytest.fixture
def nothing_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let eager evaluation stand in for numbers out of the ordinary, not for wrong shapes."""
    for name in ("eagerly", "sample_by_sample"):
        eager = getattr(Runner, name)

        def checked(*arguments: Any, eager: Any = eager) -> Any:
            error = sys.exc_info()[1]
            assert error is None or type(error) is not ValueError or "math" in str(error), error
            return eager(*arguments)

        monkeypatch.setattr(Runner, name, checked)
