"""The changes to rules that nobody need notice, and that each is one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_excuse_is_proved() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tests.mutate", "--excuses"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout == "15 excuses proved\n", result.stdout + result.stderr
