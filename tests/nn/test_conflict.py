"""`import nn` next to the other package called autograd."""

import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

import nn
from nn._conflict import REPAIR, refuse_another_autograd

ROOT = Path(nn.__file__).parent.parent


def import_nn(*path: Path) -> str:
    """Import nn in a fresh interpreter with `path` searched first; return what it says."""
    search = [str(folder) for folder in (*path, ROOT)]
    code = f"import sys; sys.path[:0] = {search!r}; import nn; print('imported')"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def put(file: Path, text: str = "") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_no_conflict() -> None:
    assert import_nn() == "imported\n"


def test_another_autograd_shadows_ours(tmp_path: Path) -> None:
    put(tmp_path / "autograd" / "__init__.py", "raise RuntimeError('must not be imported')")
    put(tmp_path / "autograd" / "core.py")
    put(tmp_path / "autograd" / "numpy" / "__init__.py")
    said = import_nn(tmp_path)
    assert "PackageConflictError: HIPS autograd is found instead of glassgrad's" in said
    assert str(tmp_path / "autograd") in said
    assert REPAIR in said


def test_another_autograd_lies_over_ours(tmp_path: Path) -> None:
    put(tmp_path / "autograd" / "__init__.py")
    put(tmp_path / "autograd" / "primitives.py")
    put(tmp_path / "autograd" / "numpy" / "__init__.py")
    said = import_nn(tmp_path)
    assert "PackageConflictError: HIPS autograd lies in one folder with glassgrad's" in said
    assert str(tmp_path / "autograd") in said
    assert REPAIR in said


@pytest.mark.parametrize("file", ["autograd.py", "autograd/__init__.py", "autograd/readme.txt"])
def test_something_else_called_autograd(tmp_path: Path, file: str) -> None:
    put(tmp_path / file)
    said = import_nn(tmp_path)
    if file == "autograd/readme.txt":  # a folder that is no package does not hide ours
        assert said == "imported\n"
    else:
        assert "PackageConflictError: `autograd` is something other than glassgrad's package" in said
        assert "Rename it" in said


def test_the_error_says_what_was_found_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "nn._conflict.find_spec", lambda _: ModuleSpec("autograd", None, origin=str(tmp_path))
    )
    with pytest.raises(ImportError, match="something other than") as caught:
        refuse_another_autograd()
    assert (caught.value.name, caught.value.path) == ("autograd", str(tmp_path))
    put(tmp_path / "numpy" / "__init__.py")
    with pytest.raises(nn.PackageConflictError, match="is found instead of"):
        refuse_another_autograd()
    put(tmp_path / "primitives.py")
    with pytest.raises(nn.PackageConflictError, match="lies in one folder with"):
        refuse_another_autograd()


def test_no_autograd_at_all_is_for_python_to_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nn._conflict.find_spec", lambda _: None)
    refuse_another_autograd()
