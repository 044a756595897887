"""How names and numbers are written, and views saved, the same for every view.

Room: views. Nothing here knows a picture or a table.
"""

from __future__ import annotations

import math
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from os import PathLike

    from autograd.errors import AutogradError
    from autograd.value import Value

ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def label_of(node: Value) -> str:
    """Return a Value's label as text in one line, whatever has been set for one; empty if it has none.

    Examples
    --------
    >>> from autograd import Value
    >>> v = Value(1.0)
    >>> v.label = 3
    >>> label_of(v)
    '3'
    """
    return "" if node.label is None else printable(str(node.label)).strip()


def names(nodes: Iterable[Value], room: float = math.inf) -> dict[Value, str]:
    """Name each Value by its label, cut to so many cells, or by a number; no two have one name.

    Examples
    --------
    >>> from autograd import Value
    >>> [*names([Value(1.0, label="a"), Value(2.0), Value(3.0, label="a")]).values()]
    ['a', 'v1', 'a_2']
    """
    labels = {node: shortened(label_of(node), room) for node in nodes}
    taken = set(labels.values())
    numbers = (f"v{i}" for i in count(1) if f"v{i}" not in taken)
    met: dict[str, Iterator[int]] = {}
    named: dict[Value, str] = {}
    for node, label in labels.items():
        if label in met:
            indices = (f"_{i}" for i in met[label] if f"{label}{i}" not in taken)  # LaTeX: a2 looks like a_2
            alike = (f"{shortened(label, room - len(index))}{index}" for index in indices)
            named[node] = next(name for name in alike if name not in taken)
            taken.add(named[node])
        elif label:
            met[label] = count(2)
        named.setdefault(node, label or next(numbers))
    return named


def number(x: float, room: int = 10) -> str:
    """Write a number for a reader: five significant digits if there is room, no `-0`, no padded exponent."""
    for digits in (5, 4, 3, 2):
        mantissa, _, exponent = f"{x + 0.0:.{digits}g}".partition("e")
        text = f"{mantissa}e{int(exponent)}" if exponent else mantissa
        if len(text) <= room:
            break
    return text


def counted(count: int, noun: str) -> str:
    """Write a number of things: 1 value, 2,000 values, 3 leaves."""
    return f"{count:,} {noun if count == 1 else 'leaves' if noun == 'leaf' else f'{noun}s'}"


def printable(text: str) -> str:
    """Replace what no XML file may hold, and what would turn the text around it; keep joiners."""
    return "".join(
        [x if x.isprintable() or x in "\u200c\u200d" else " " if x.isspace() else "\ufffd" for x in text],
    )


def shortened(text: str, room: float) -> str:
    """Cut a text to `room` cells; from Hangul on a letter may take two."""
    cells, fits = 0, 0
    for at, character in enumerate(text, start=1):
        cells += 1 if character < "\u1100" else 2
        if cells <= room - 1:
            fits = at
        if cells > room:
            return f"{text[:fits]}…"
    return text


def escaped(text: str) -> str:
    """Write a text so that it stands for itself in HTML, SVG and Graphviz' tables."""
    return text.translate(ESCAPES)


def page(title: str, body: str) -> str:
    """Write an HTML page that follows the reader's choice of light or dark."""
    head = '<meta charset="utf-8"><meta name="color-scheme" content="light dark">'
    return f"<!doctype html>{head}<title>{escaped(title)}</title>\n{body}\n"


def save(
    path: str | PathLike[str],
    what: str,
    forms: Mapping[str, Callable[[], str]],
    error: type[AutogradError],
    remedy: str = "",
) -> None:
    """Write a view to a file in the form that the end of its name asks for, or say which there are."""
    from pathlib import Path

    path = Path(path)
    form = forms.get(path.suffix.lower())
    if form is None:
        *others, last = forms
        raise error(f"{what} is saved as {', '.join(others)} or {last}, not as {path.name!r}{remedy}")
    path.write_text(form(), encoding="utf-8")
