r"""A sheet for slides and papers: a LaTeX document of one page, drawn with TikZ.

Room: views. It needs `tikz` and `geometry`, and no engine newer than `pdflatex`. What stands
between ``\begin{tikzpicture}`` and ``\end{tikzpicture}`` can be taken into another document, with
the lines before it that define colours and styles.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from autograd.views.formula import GREEK
from autograd.views.picture import (
    CELL,
    CHIP_HEIGHT,
    ROW,
    SMALL_CELL,
    chip,
    items,
    stroke,
)
from autograd.views.sheet import DrawingError
from autograd.views.words import printable, shortened

if TYPE_CHECKING:
    from autograd.views.layout import Item, Layout, Point
    from autograd.views.sheet import Box, Card, Edge, Sheet

LARGEST = 14_000
"""The most points that TeX can measure, and a page can be wide, with something to spare."""

HEAD = r"""\documentclass{article}
\usepackage[paperwidth=%dbp,paperheight=%dbp,margin=0pt]{geometry}
\usepackage{tikz}
\usetikzlibrary{arrows.meta}
\definecolor{edge}{HTML}{8595AB}
\definecolor{ink}{HTML}{0F172A}
\definecolor{quiet}{HTML}{64748B}
\definecolor{slope}{HTML}{6D28D9}
\definecolor{sign}{HTML}{9A3412}
\definecolor{badge}{HTML}{FFEDD5}
\definecolor{given}{HTML}{2563EB}
\newcommand{\missing}{\framebox[1.2ex]{\rule{0pt}{1ex}}}%% a letter that LaTeX may not have
\pagestyle{empty}
\setlength{\parindent}{0pt}
\setlength{\topskip}{0pt}
\begin{document}%%
\begin{tikzpicture}[
  x=1bp, y=-1bp, inner sep=0pt, outer sep=0pt,
  box/.style={draw=edge, fill=quiet, fill opacity=0.07, draw opacity=1, rounded corners=8bp},
  computed/.style={draw=edge, fill=white, line width=0.75bp, rounded corners=6bp},
  leaf/.style={draw=given, fill=given!7, line width=2bp, rounded corners=6bp},
  folded/.style={draw=quiet, fill=white, line width=1bp, rounded corners=6bp},
  cut/.style={draw=quiet, fill=white, dashed, rounded corners=4bp},
  badge/.style={fill=badge, rounded corners=4bp},
  chip/.style={text=slope, fill=white, rounded corners=2bp, font=\ttfamily\fontsize{9}{9}\selectfont},
  faint/.style={opacity=0.45},
  small/.style={font=\ttfamily\fontsize{8}{8}\selectfont},
  words/.style={text=quiet, font=\sffamily\fontsize{9}{9}\selectfont},
  number/.style={text=ink, font=\ttfamily\fontsize{10}{10}\selectfont},
  name/.style={text=ink, font=\ttfamily\bfseries\fontsize{10}{10}\selectfont},
  quiet name/.style={text=quiet, font=\ttfamily\fontsize{10}{10}\selectfont},
]
\useasboundingbox (0,0) rectangle (%d,%d);
"""

SPECIAL = {character: rf"\{character}" for character in "&%$#_{}"}
SPECIAL |= {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
SPECIAL |= {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "'": r"\textquotesingle{}"}
SPECIAL |= {'"': r"\texttt{\char34}", "`": r"\textasciigrave{}", "-": "{-}"}  # no ligatures
SPECIAL |= {"–": r"\textrm{\textendash}", "—": r"\textrm{\textemdash}"}  # typewriter fonts have none
SPECIAL |= {"…": r"\ldots{}", "·": r"$\cdot$", "×": r"$\times$", "−": "$-$", "∂": r"$\partial$"}
SPECIAL |= {
    "∑": r"$\Sigma$",
    "→": r"$\to$",
    "←": r"$\gets$",
    "∞": r"$\infty$",
    "√": r"$\surd$",
    "±": r"$\pm$",
}
SPECIAL |= {"ß": r"\ss{}", "ø": r"\o{}", "Ø": r"\O{}", "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}"}
SPECIAL |= {"Œ": r"\OE{}", "ł": r"\l{}", "Ł": r"\L{}", "ı": r"\i{}", "°": r"$^\circ$"}
ACCENTS = dict(
    zip(
        "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327",
        "`'^~=u.\"rHvc",
        strict=True,
    )
)
RAISED = {"<sub": "_", "<super": "^"}


def document(sheet: Sheet, layout: Layout) -> str:
    """Write a sheet as a LaTeX document.

    Raises
    ------
    DrawingError
        If it is larger than TeX can measure.
    """
    width, height = layout.width, layout.height + 16 * bool(sheet.caption)
    if max(width, height) > LARGEST:
        raise DrawingError(
            f"a picture of {width:,} by {height:,} points is too large for TeX, which holds {LARGEST:,} each "
            "way; draw a part, with depth=4 for example, fold modules, or save the .svg",
        )
    lines = [
        f"% Computation graph of {text(shortened(sheet.title, 80))}",
        HEAD % (width, height, width, height),
    ]
    for box, ((left, top), (right, bottom)) in zip(sheet.boxes, layout.boxes, strict=True):
        lines += _box(box, left, top, right, bottom)
    for edge, route in zip(sheet.edges, layout.routes, strict=True):
        lines += _edge(edge, route)
    for edge, route in zip(sheet.edges, layout.routes, strict=True):
        if edge.text:
            x, y, wide = chip(edge, route)
            room = f"minimum width={wide}bp, minimum height={CHIP_HEIGHT}bp"
            faint = ", faint" * (edge.style == "faint")
            lines.append(rf"\node[chip, {room}{faint}] at ({x},{y}) {{{text(edge.text)}}};")
    for card, corner, size in zip(sheet.cards, layout.corners, items(sheet), strict=True):
        lines += _card(card, *corner, size)
    if sheet.caption:
        lines.append(_words("words", 12, height - 8, sheet.caption))
    return "\n".join([*lines, r"\end{tikzpicture}%", r"\end{document}", ""])


def text(plain: str) -> str:
    r"""Write a text so that it stands for itself in LaTeX; what `pdflatex` has no letter for is a box.

    Examples
    --------
    >>> print(text("50% {a_b} \\x é α₁ 🦊"))
    50\% \{a\_b\} \textbackslash{}x \'{e} $\alpha$$_{1}$ \missing{}
    """
    return "".join([_letter(letter) for letter in printable(plain)])


def _letter(letter: str) -> str:
    """Write one letter."""
    if letter.isascii() or letter in SPECIAL:
        return SPECIAL.get(letter, letter)
    alphabet, _, name = unicodedata.name(letter, "").replace("LAMDA", "LAMBDA").partition(" LETTER ")
    name = name.lower() if alphabet == "GREEK SMALL" else name.capitalize()
    if alphabet in ("GREEK SMALL", "GREEK CAPITAL") and name in GREEK:
        return rf"$\{name}$"
    kind, _, codes = unicodedata.decomposition(letter).rpartition("> ")
    base, *marks = [chr(int(code, 16)) for code in codes.split()] or [letter]
    if kind in RAISED and base.isascii() and not marks:
        return f"${RAISED[kind]}{{{base}}}$"
    if not kind and base.isascii() and len(marks) == 1 and marks[0] in ACCENTS:
        return rf"\{ACCENTS[marks[0]]}{{{base}}}"
    return r"\missing{}"


def _box(box: Box, left: int, top: int, right: int, bottom: int) -> list[str]:
    name = shortened(box.name, (right - left - 20) / SMALL_CELL)
    return [
        rf"\draw[box] ({left},{top}) rectangle ({right},{bottom});",
        _words("small, text=quiet", left + 10, top + 16, name),
    ]


def _edge(edge: Edge, route: list[Point]) -> list[str]:
    drawn = stroke(edge, route)
    colour = "ink" if drawn.bold else "edge"
    first, *others = [f"({x},{y})" for x, y in drawn.route]
    path = first + "".join(
        f" .. controls {a} and {b} .. {c}"
        for a, b, c in zip(others[::3], others[1::3], others[2::3], strict=True)
    )
    faint = ", faint" * (edge.style == "faint")
    dashes = ", dash pattern=on 7bp off 4bp" * drawn.dashed
    (x, y), tip = drawn.route[-1], drawn.tip
    top, bottom = y - tip / 2 + 0.5, y + tip / 2 - 0.5
    return [
        rf"\draw[{colour}, line width={drawn.width:.3g}bp{dashes}{faint}] {path};",
        rf"\fill[{colour}{faint}] ({x},{top:g}) -- ({x + tip},{y}) -- ({x},{bottom:g}) -- cycle;",
    ]


def _card(card: Card, x: int, y: int, size: Item) -> list[str]:
    right, bottom = x + size.width, y + size.height
    badge = round(len(card.operation) * SMALL_CELL + 9) if card.operation else 0
    name = shortened(card.name, (size.width - 18 - badge) / CELL)
    lines = [r"\begin{scope}[faint, transparency group]" * card.faint]
    if card.kind == "folded":
        lines.append(rf"\draw[folded] ({x + 4},{y + 4}) rectangle ({right + 4},{bottom + 4});")
    lines += [
        rf"\draw[{card.kind}] ({x},{y}) rectangle ({right},{bottom});",
        _words("name" if card.labelled else "quiet name", x + 9, y + 17, name),
    ]
    for at, (words, number) in enumerate(card.rows):
        lines.append(_words("words", x + 9, y + 36 + ROW * at, words))
        if number:
            style = "number, text=slope" if "grad" in words else "number"
            lines.append(_words(f"{style}, anchor=base east", right - 9, y + 36 + ROW * at, number))
    if card.operation:
        lines += [
            rf"\fill[badge] ({right - 5 - badge},{y + 5}) rectangle ({right - 5},{y + 21});",
            _words("small, text=sign, anchor=base", right - 5 - badge / 2, y + 16, card.operation),
        ]
    if card.cut:
        lines += [
            rf"\draw[cut] ({x - 11},{bottom - 17}) rectangle ({x + 5},{bottom - 4});",
            _words("name, anchor=base", x - 3, bottom - 9, "…"),
        ]
    return [line for line in [*lines, r"\end{scope}" * card.faint] if line]


def _words(style: str, x: float, y: float, words: str) -> str:
    anchor = "" if "anchor" in style else ", anchor=base west"
    return rf"\node[{style}{anchor}] at ({x:g},{y:g}) {{{text(words)}}};"
