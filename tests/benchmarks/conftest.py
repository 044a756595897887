"""What may lack its library here holds no tests and no examples; what an engine sets ends with its test."""

import pytest

import nn.run

collect_ignore = ["by_hand/in_numba.py", "libraries"]


@pytest.fixture(autouse=True)
def own_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nn.run, "WORTHWHILE", nn.run.WORTHWHILE)
