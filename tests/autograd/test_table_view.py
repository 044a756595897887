"""The table of conventions, written out from the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from autograd import TABLE, PrimitiveError, conventions
from autograd.views.conventions import ConventionsError

if TYPE_CHECKING:
    from pathlib import Path


def test_every_public_row_is_there_and_the_text_is_narrow() -> None:
    shown = conventions()
    assert [row.name for row in shown.rows] == [name for name in TABLE if not name.startswith("_")]
    assert max(map(len, shown.text.splitlines())) <= 80
    assert shown.markdown.count("\n") == len(shown.rows) + 2
    assert {line.count("|") for line in shown.markdown.splitlines() if "abs" not in line} == {6}
    assert repr(shown) == f"<Conventions of {len(shown.rows)} operations>"
    assert shown._repr_markdown_() == shown.markdown
    assert str(shown) == shown.text


def test_helpers_can_be_asked_for_by_name() -> None:
    text = conventions("_sech2", "clip", "prod").text
    assert "∂/∂low" in text
    assert "low ≤ high" in text
    assert "at most 8 ulp" in text
    assert "∂/∂x1: x2 * x3" in text
    with pytest.raises(PrimitiveError):
        conventions("tan_h")


def test_it_can_be_saved(tmp_path: Path) -> None:
    shown = conventions("tanh")
    shown.save(tmp_path / "t.md")
    shown.save(tmp_path / "t.txt")
    assert (tmp_path / "t.md").read_text(encoding="utf-8") == shown.markdown
    assert (tmp_path / "t.txt").read_text(encoding="utf-8") == f"{shown.text}\n"
    with pytest.raises(ConventionsError):
        shown.save(tmp_path / "t.pdf")
