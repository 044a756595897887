"""What all generated text has in common: names, shares of adjoints, guards; and how it becomes code.

The text is compiled once, and registered: tracebacks, debuggers and `inspect` show it.
"""

from __future__ import annotations

import keyword
import linecache
import math
import re
from collections import deque
from functools import lru_cache, partial
from itertools import count
from typing import TYPE_CHECKING, Any

from autograd import primitives
from autograd.errors import OUT_OF_THE_ORDINARY, DomainError, PrimitiveError, StaleProgram
from autograd.primitives import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType

    from autograd.primitives import Primitive
    from autograd.replay.lower import Guard, Operand, WengertList
    from autograd.symbols import Symbol

NAMESPACE: dict[str, object] = {
    "math": math,
    "inf": math.inf,
    "nan": math.nan,
    "DomainError": DomainError,
    "StaleProgram": StaleProgram,
    "OUT_OF_THE_ORDINARY": OUT_OF_THE_ORDINARY,
}
"""What generated programs use besides the rows."""

FRAME = {"program", "inputs", "bound", "eagerly", "slopes"}
"""What they are called, and what they are given."""

USED = {
    *("np", "view", "finite", "inputs", "batch", "lanes", "weight", "constants", "program", "workspace"),
    *("float", *"vguh"),
}
"""Names that every program in numpy uses."""

GIVEN = re.compile(r"v\d+\w*|argument\d+|\w+_(bar|array|values|slopes|partials|depends)\d*")
"""Names that programs give to what they compute."""


def called(row: Primitive) -> str:
    """Return the name of a row in a program: its own, unless that means something else there."""
    taken = row.name in {*NAMESPACE, *FRAME, *USED} or GIVEN.fullmatch(row.name)
    return f"{row.name}_row" if taken else row.name


def built_in(row: Primitive) -> bool:
    """Whether a row is the library's own; one that somebody adds may do anything."""
    own: object = getattr(primitives, row.name, None)
    return own is row


def variable_names(wengert: WengertList) -> list[str]:
    """Name every slot: inputs by their way from the arguments, results by number."""
    taken = {*TABLE, *map(called, wengert.rows), *keyword.kwlist, *NAMESPACE, *FRAME}
    names = []
    for name in wengert.inputs:
        name = re.sub(r"\W", "_", name)  # noqa: PLW2901 - the same name, made fit
        if re.fullmatch(r"v\d+\w*|\w*_bar|argument\d+", name) or name in taken or not name.isidentifier():
            name = next(fit for fit in (f"x_{name}_{k}" for k in count(1)) if fit not in taken)  # noqa: PLW2901
        taken.add(name)
        names.append(name)
    return names + [f"v{k}" for k in range(1, len(wengert.rows) + 1)]


def violated(guard: Guard, name: Callable[[Operand], str], *, arrays: bool = False) -> str:
    """Write the test that a comparison comes out otherwise than while recording; of arrays, anywhere."""
    test = f"{name(guard.left)} {guard.sign} {name(guard.right)}"
    if arrays:
        return f"not np.all({test})" if guard.outcome else f"np.any({test})"
    return f"not {test}" if guard.outcome else test


def share_of(z_bar: Symbol, partial: Any) -> Symbol:  # noqa: ANN401 - a symbol or a number
    """Multiply an adjoint by a partial; by 1 and -1 without a product, which is as exact."""
    if isinstance(partial, int | float) and partial in {1, -1}:
        return z_bar if partial == 1 else -z_bar
    share: Symbol = z_bar * partial
    return share


def without_edge(row: Primitive, partial: object) -> bool:
    """Whether an operand is a constant to its row, as the condition of `where` is."""
    return row.depends is not None and isinstance(partial, float) and partial == 0


def namespace(rows: Iterable[Primitive]) -> dict[str, Any]:
    """Return the names that generated text may use: the rows as functions of floats."""
    names: dict[str, Any] = dict(NAMESPACE)
    known: dict[str, Primitive] = {}
    for row in rows:
        if known.setdefault(row.name, row) is not row:
            raise PrimitiveError(
                f"two primitives called {row.name!r} meet in one program; rename one of them"
            )
    for row in {**TABLE, **known}.values():
        names[called(row)] = row.of_floats if row.domain is not None else row.function
        if row.depends is not None:
            names[f"{row.name}_depends"] = partial(edges_of, row)
    return names


def edges_of(row: Primitive, *operands: float) -> tuple[bool, ...]:
    """Return which operands the value depends on."""
    return tuple(map(bool, row.depends(*operands)))  # type: ignore[misc]  # only asked of a row that chooses


SHOWN = 128
"""How many compiled texts are remembered."""

shown: deque[str] = deque()


@lru_cache(maxsize=SHOWN)
def compiled(source: str) -> CodeType:
    """Compile a text once, and let tracebacks show it."""
    filename = f"<replay {abs(hash(source)):x}>"
    shown.append(filename)
    if len(shown) > SHOWN:
        linecache.cache.pop(shown.popleft(), None)
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    return compile(source, filename, "exec")


def made(source: str, names: dict[str, Any]) -> dict[str, Any]:
    """Compile a printed program, run it among the names it uses, and return what it defines."""
    exec(compiled(source), names)  # noqa: S102 - text printed from the table
    return names
