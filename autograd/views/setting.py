"""Text set for a terminal: in columns, in lines of 80 cells, and with … where there is too much.

Room: views. It counts cells, not letters: a wide letter takes two, a combining mark none.
"""

from __future__ import annotations

import math
import re
from typing import Any

from autograd.views.words import shortened

COLUMNS = 80
"""The width of the text, in cells of a terminal."""

ROWS = 12
"""The most rows of a table; from longer ones the middle is left out."""

NO_BREAK = "\N{NO-BREAK SPACE}"

Row = tuple[str, ...] | str
"""The cells of a row, or a text that runs across the columns."""


def cells(text: str) -> int:
    """Count the cells that a terminal gives a text: two for a wide letter, none for a mark on another."""
    from unicodedata import category, east_asian_width

    return sum(
        0 if category(x) in {"Mn", "Me", "Cf"} else 2 if east_asian_width(x) in {"W", "F"} else 1
        for x in text
    )


def cut(text: str, room: int) -> str:
    """Cut a text to so many cells, with … where it ends."""
    return text if cells(text) <= room else shortened(text, room)


def aligned(rows: list[Row]) -> list[str]:
    """Write rows in columns; if need be the widest are cut, which are formulas and not numbers."""
    full = [row for row in rows if isinstance(row, tuple)]
    widths = [max(map(cells, column)) for column in zip(*full, strict=True)]
    excess = 4 + sum(widths) + 2 * (len(widths) - 1) - COLUMNS
    for _ in range(excess):
        widths[widths.index(max(widths))] -= 1
    lines = []
    for row in rows:
        if isinstance(row, tuple):
            texts = [cut(text, width) for text, width in zip(row, widths, strict=True)]
            padded = [text + " " * (width - cells(text)) for text, width in zip(texts, widths, strict=True)]
            lines.append(f"    {'  '.join(padded)}".rstrip())
        else:
            lines.append(f"    {cut(row, COLUMNS - 4)}")
    return lines


def wrapped(text: str, indent: str = "") -> list[str]:
    """Break a sentence into lines; the standard library counts letters, not cells."""
    first, *words = text.split(" ")
    lines = [indent + first]
    for word in words:
        longer = f"{lines[-1]} {word}"
        if cells(longer) <= COLUMNS:
            lines[-1] = longer
        else:
            lines.append(f"{indent}{'  ' * bool(indent)}{word}")
    return [line.replace(NO_BREAK, " ") for line in lines]


def in_parentheses(start: str, expression: str, width: int = COLUMNS) -> str:
    """Write a start and a Python expression in one line, or in several between parentheses.

    Examples
    --------
    >>> print(in_parentheses("z = ", "first + second * third", width=20))
    z = (
        first + second
        * third
    )
    """
    if cells(start + expression) <= width:
        return start + expression
    lines = [""]
    for part in _summands(expression):
        if cells(f"{lines[-1]} {part}") > width - 4 and lines[-1]:
            lines.append("")
        indent = "    " * bool(lines[-1] or len(lines) > 1)
        for word in part.split(" "):
            if cells(f"{lines[-1]} {word}") > width - 4 and lines[-1]:
                lines.append(f"{indent}{word}")
            else:
                lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return "\n".join([f"{start}(", *[f"    {line}".replace(NO_BREAK, " ") for line in lines], ")"])


def _summands(expression: str) -> list[str]:
    """Cut a sum before each sign that no parentheses are around; and keep other signs with what follows."""
    parts: list[str] = [""]
    depth = 0
    for word in re.sub(r" ([-+*/]|\*\*) ", rf" \1{NO_BREAK}", expression).split(" "):
        if depth == 0 and word[:2] in {f"+{NO_BREAK}", f"-{NO_BREAK}"}:
            parts.append(word)
        else:
            parts[-1] = f"{parts[-1]} {word}" if parts[-1] else word
        depth += word.count("(") - word.count(")")
    return parts


def joined(items: list[str], sign: str, room: int) -> str:
    """Join as many items from both ends as there is room for, with … for those between."""
    if len(items) <= room and cells(sign.join(items)) <= room:
        return sign.join(items)
    for kept in range(min(len(items) - 1, room), 1, -1):
        text = sign.join([*items[: (kept + 1) // 2], "…", *items[-(kept // 2) :]])
        if cells(text) <= room:
            return text
    return cut(sign.join([items[0], "…", items[-1]]), room)


def ends(items: list[Any]) -> list[Any]:
    """Keep the first and last of many items, with None for those between."""
    return items if len(items) <= ROWS else [*items[: ROWS // 2], None, *items[-(ROWS // 2) :]]


def counted(count: int) -> str:
    """Write a count, a very large one by its power of ten."""
    return (
        f"{count:,}" if count < 10**24 else f"more than 10^{int(math.log10(2) * (count.bit_length() - 1)):,}"
    )
