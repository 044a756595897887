"""The house: a room imports only from rooms above it, and importing is light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

ROOMS = {
    "autograd": [
        *(
            "errors",
            "conversion",
            "accurate",
            "graph",
            "calls",
            "symbols",
            "rows",
            "primitives",
            "specialize",
            "value",
            "structure",
            "dual",
            "transforms",
            "expression",
            "check",
        ),
        *("replay", "replay.arguments", "replay.lower", "replay.tracing", "replay.emit", "replay.dialects"),
        *("replay.straight", "replay.reading", "replay.folds", "replay.fuse", "replay.access"),
        *("replay.levels", "replay.ragged", "replay.schedule", "replay.workspaces"),
        *("replay.arrays", "replay.arrays.memory", "replay.arrays.calls", "replay.arrays.sharing"),
        *("replay.arrays.rows", "replay.arrays.lines", "replay.arrays.forward", "replay.arrays.backward"),
        *("replay.arrays.printer", "replay.vectorised", "replay.loops", "replay.loops.rows"),
        *("replay.loops.nests", "replay.loops.printer", "replay.native"),
        *("replay.choose", "replay.batches", "replay.runner", "replay.bound", "replay.descent"),
        *("replay.program", "replay.record"),
        *(
            "views.words",
            "views.setting",
            "views.mathml",
            "views.local",
            "views.conventions",
            "views.nonfinite",
            "views.formula",
            "views.staged",
            "views.trace",
            "views.chain",
        ),
        *("views.order", "views.fold", "views.sheet", "views.layout", "views.nesting", "views.picture"),
        *("views.tikz", "views.dot", "views.draw"),
        "views",
        *("marking", "marking.mistakes", "marking.sweep", "marking.slips", "marking.search"),
        *("marking.derivation", "marking.points", "marking.comparison", "marking.compare"),
        *("marking.exercises", "", "__main__"),
    ],
    "nn": [
        *("_conflict", "errors", "module", "initializers", "layers", "losses", "data", "remembered"),
        "outputs",
        *(
            "metrics",
            "plots",
            "schedules",
            "optimizer",
            "optim",
            "history",
            "checkpoints",
            "weights",
            "progress",
            "replayed",
            "stretches",
        ),
        *("run", "training"),
        *("layered", "to_go", "by_hand", "saturation", ""),
    ],
}
"""Every file, in the order in which they may import one another; "" is the package's own front door."""


def imports(path: Path) -> list[tuple[str, list[str], bool]]:
    """Modules imported by a file, the names taken from them, and whether only for type checkers."""
    found: list[tuple[str, list[str], bool]] = []
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_checkers = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for node in ast.walk(branch)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(name.name, [], id(node) in for_checkers) for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found.append((node.module or "", [name.name for name in node.names], id(node) in for_checkers))
    return found


def files() -> list[tuple[str, str, Path]]:
    found = []
    for package in ROOMS:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT / package).with_suffix("").parts
            found.append((package, ".".join(part for part in parts if part != "__init__"), path))
    return found


def test_every_file_is_a_room_of_the_plan() -> None:
    assert sorted((package, room) for package, room, _ in files()) == sorted(
        (package, room) for package, rooms in ROOMS.items() for room in rooms
    )


@pytest.mark.parametrize(("package", "room", "path"), files(), ids=lambda part: str(part)[-30:])
def test_a_room_imports_only_from_rooms_above_it(package: str, room: str, path: Path) -> None:
    above = ROOMS[package][: ROOMS[package].index(room)]
    for module, names, for_checkers in imports(path):
        top, _, rest = module.partition(".")
        if top in {"tests", "demos"} or (package == "autograd" and top == "nn"):
            pytest.fail(f"{path} imports {module}")
        if top == package and not for_checkers:
            rooms = [rest] if rest else names  # from autograd import accurate
            assert set(rooms) <= set(above) or rest in above, (
                f"{package}/{room} imports {module}, which is not above it"
            )
        if package == "nn" and top == "autograd":
            assert not rest, f"{path} imports {module}; nn uses only the public names of autograd"
            assert not any(name.startswith("_") for name in names)


def test_the_top_level_holds_nothing_else() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - whichever git is there
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    top = {name.split("/")[0] for name in tracked if not name.startswith(".")}
    assert top <= {"pyproject.toml", "README.md", "LICENSE", "autograd", "nn", "tests", "demos"}


def test_importing_autograd_imports_neither_numpy_nor_graphviz() -> None:
    program = (
        "import autograd, sys; print([m for m in ('numpy', 'graphviz', 'dataclasses') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
