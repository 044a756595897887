"""The first thing `import nn` does: see whether the `autograd` that Python finds is ours.

HIPS `autograd` on PyPI has the same import name, and pip installs either over the
other without a word. What then fails, fails far from the cause.
"""

from importlib.util import find_spec
from pathlib import Path

REPAIR = "python -m pip uninstall -y autograd && python -m pip install --force-reinstall --no-deps glassgrad"


class PackageConflictError(ImportError):
    """The `autograd` that Python finds is not glassgrad's, or is mixed with another."""


def refuse_another_autograd() -> None:
    """Raise a `PackageConflictError` if the `autograd` on the path is not ours alone.

    Notes
    -----
    Two files tell: ours has `primitives.py`, the other `numpy/__init__.py`. Two
    questions to the file system; asking for the installed metadata would take 75 ms.
    """
    spec = find_spec("autograd")
    if spec is None:
        return  # the import that follows says so
    folders = list(spec.submodule_search_locations or ())
    place = Path(folders[0]) if folders else Path(spec.origin or "autograd")
    ours = (place / "primitives.py").is_file()
    theirs = (place / "numpy" / "__init__.py").is_file()
    if ours and not theirs:
        return
    if theirs:
        relation = "lies in one folder with" if ours else "is found instead of"
        message = (
            f"HIPS autograd {relation} glassgrad's `autograd`: {place}. Both have that import name, "
            f"so only one can be installed. To repair it: {REPAIR}"
        )
    else:
        message = (
            f"`autograd` is something other than glassgrad's package: {place}. "
            f"Rename it or move it away; if pip installed it: {REPAIR}"
        )
    raise PackageConflictError(message, name="autograd", path=str(place))


refuse_another_autograd()  # here, so that whoever imports this module first is safe
